"""What goes over the wire: the questions and answers of the JSON interface, as its OpenAPI description shows them."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from lookalike.estimators.showing import RESEMBLING
from lookalike.serve.trials import N_TRIALS

MOST_INPUTS = 64
Number = Annotated[float, Field(allow_inf_nan=False)]
Input = Annotated[
    str | Annotated[list[Number], Field(max_length=10_000)],
    Field(
        description="A picture as a file in base64, with or without data:...;base64, before it; or a row of numbers."
    ),
]
Place = Annotated[int, Field(ge=0, le=2**31 - 1)]
Word = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[^\x00-\x1f\x7f]+$")]
Coverage = Annotated[float, Field(gt=0, le=1, description="Share of usual inputs that resemble some prototype.")]


class _Question(BaseModel):
    """Nothing but what is declared."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Problem(BaseModel):
    """Why there is no answer."""

    error: str = Field(description="What was expected, what came, and what to do.")


class Inputs(_Question):
    """What is asked about."""

    inputs: list[Input] = Field(min_length=1, max_length=MOST_INPUTS)


class Prediction(BaseModel):
    """What one input is given to."""

    predicted: str
    probability: float = Field(description="Calibrated.")
    probabilities: dict[str, float]
    similarity: float = Field(description="The largest measured similarity to any prototype.")
    resembles_none: bool | None = Field(
        description="Whether that is below what 95% of validation inputs reach; null where these are too few."
    )


class Predictions(BaseModel):
    """One for every input, in their order."""

    predictions: list[Prediction]


class Explanations(BaseModel):
    """One for every input, in their order; see `lookalike.explanations.LocalExplanation`."""

    explanations: list[dict[str, Any]]


class ShownPrototype(BaseModel):
    """A prototype and what stands for it."""

    prototype: int
    class_name: str
    usage: float
    kept: bool
    picture: str | None = Field(description="A data: address of a PNG file; null for rows of a table.")
    values: dict[str, float] | None = Field(description="By column; null for pictures.")


class ShownPrototypes(BaseModel):
    """All of them, as they are now."""

    prototypes: list[ShownPrototype]
    changes: list[dict[str, Any]]
    version: int = Field(description="Of the model; a change that names another one is refused.")


class Health(BaseModel):
    """That there is somebody, and who."""

    status: Literal["ok"]
    version: str
    title: str
    classes: list[str]
    input_shape: list[int] = Field(description="Channels, height and width, or columns.")
    n_prototypes: int
    n_test: int
    n_validation: int


class Question(_Question):
    """One input of one's own, or an example of the test part; and how it is to be answered."""

    input: Input | None = None
    test: Place | None = None
    name: Word = "your input"
    most: Annotated[int, Field(ge=1, le=1000)] | None = Field(None, description="Prototypes of every class, at most.")
    coverage: Coverage = RESEMBLING


class BlendQuestion(_Question):
    """What is to become which prototype."""

    input: Input | None = None
    test: Place | None = None
    prototype: Place


class Step(BaseModel):
    """One step of the way from an input to a prototype."""

    share: float
    similarity: float
    predicted: str
    probability: float


class Blend(BaseModel):
    """The way from an input to a prototype."""

    steps: list[Step]


class ChangeQuestion(_Question):
    """A change of prototypes; see `lookalike.serve.changes.Change`."""

    kind: Literal["forget", "keep", "release", "replace", "add", "add_class"]
    prototype: Place | None = None
    class_name: Word | None = None
    inputs: list[Input] | None = Field(None, min_length=1, max_length=MOST_INPUTS)
    test: Place | None = Field(None, description="A test example in place of an input of one's own.")
    version: Place | None = Field(None, description="Of the model that the preview told of; another one is refused.")


class ChangeEffect(BaseModel):
    """What a change would do."""

    asked: str = Field(description="The change as a question.")
    version: int = Field(description="Of the model that it was tried on.")
    n: int = Field(description="Validation examples that it was measured on; 0 where there are none.")
    before: float | None
    after: float | None
    mended: int
    spoiled: int


class Sizes(BaseModel):
    """What fewer prototypes would do."""

    accuracies: list[float] = Field(description="On validation examples, with at most one, two, ... of every class.")


class Saved(BaseModel):
    """Where a changed model is now: the name of a folder beside the run that was opened."""

    folder: str


class Fragment(BaseModel):
    """A piece of the page."""

    html: str


class Shown(BaseModel):
    """A test example to choose."""

    index: int
    name: str = Field(description="Its file or line; 'test example N' where it has none.")
    true: str
    predicted: str
    picture: str | None
    values: list[float] | None = Field(description="Of its columns; null for pictures.")


class ShownExamples(BaseModel):
    """Some test examples."""

    examples: list[Shown]


class ShownTrial(BaseModel):
    """A prototype and two pictures; which of them was matched with it is not said."""

    prototype: str
    choices: list[str]


class ShownTrials(BaseModel):
    """A self-test."""

    seed: int
    trials: list[ShownTrial]


class TestAnswers(_Question):
    """What a person chose in every trial of a self-test."""

    seed: Place
    answers: list[Annotated[int, Field(ge=0, le=1)]] = Field(min_length=N_TRIALS, max_length=N_TRIALS)


class TestResult(BaseModel):
    """How a person did."""

    seed: int
    right: int
    of: int
    by_chance: float = Field(description="The probability that who guesses is right as often.")
    interval: list[float] = Field(description="95%, exact, of the share.")
    answers: list[int]
