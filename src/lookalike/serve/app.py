"""The page and the JSON interface, over one desk."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import resources
from typing import Any

import anyio
import numpy as np
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse
from starlette.exceptions import HTTPException

from lookalike import __version__
from lookalike.errors import DataError, LookalikeError, describe
from lookalike.serve import messages, page
from lookalike.serve.changes import Change
from lookalike.serve.desk import Desk
from lookalike.serve.limits import Application, Doorkeeper, Limits
from lookalike.serve.pictures import Row
from lookalike.serve.standing import StaleError

_LOG = logging.getLogger(__name__)
_MODEL_WORKERS = 2
_NO_EFFECT: dict[str, Any] = {"n": 0, "before": None, "after": None, "mended": 0, "spoiled": 0}
_PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": messages.Problem, "description": meaning}
    for status, meaning in {
        400: "Not a request as it should be",
        401: "The token is missing",
        403: "From another site",
        404: "Nothing there",
        405: "Another method",
        409: "The model was changed meanwhile",
        408: "Too slow",
        413: "Too large",
        422: "Not as it should be, or refused by the model",
        429: "Too many at once",
        503: "Took too long",
    }.items()
}


def make_app(desk: Desk, limits: Limits | None = None) -> Application:
    """An ASGI application.

    Parameters
    ----------
    desk : Desk
    limits : Limits, optional

    Returns
    -------
    callable
        For uvicorn, or a test client.
    """
    return Doorkeeper(bare_app(desk), limits or Limits())


def bare_app(desk: Desk) -> FastAPI:
    """What answers, without the doorkeeper.

    Parameters
    ----------
    desk : Desk
    """
    app = FastAPI(
        title="lookalike",
        version=__version__,
        description="A model that compares inputs with prototypes.",
        docs_url=None,
        redoc_url=None,
        lifespan=_working,
        responses=_PROBLEMS,
    )
    _word_problems(app)
    _add_page(app, desk)
    _add_answers(app, desk)
    _add_changes(app, desk)
    _add_self_test(app, desk)
    return app


@asynccontextmanager
async def _working(_: FastAPI) -> AsyncIterator[None]:
    """Two questions at a time reach the model; others wait."""
    anyio.to_thread.current_default_thread_limiter().total_tokens = _MODEL_WORKERS
    yield


def _word_problems(app: FastAPI) -> None:
    def problem(status: int, text: str, headers: Any = None) -> JSONResponse:
        return JSONResponse({"error": text}, status, headers)

    @app.exception_handler(LookalikeError)
    def refused(_: Request, error: LookalikeError) -> JSONResponse:
        return problem(422, str(error))

    @app.exception_handler(StaleError)
    def stale(_: Request, error: StaleError) -> JSONResponse:
        return problem(409, str(error))

    @app.exception_handler(RequestValidationError)
    def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        found = error.errors()[:3]
        told = "; ".join(f"{'.'.join(str(part) for part in each['loc'][:4])}: {each['msg']}" for each in found)
        # What came may hold half a letter, which no answer can carry.
        return problem(422, told.encode("utf-8", "replace").decode())

    @app.exception_handler(HTTPException)
    def unknown(_: Request, error: HTTPException) -> JSONResponse:
        return problem(error.status_code, str(error.detail), error.headers)

    @app.exception_handler(Exception)
    def broken(_: Request, error: Exception) -> JSONResponse:
        _LOG.exception("a request failed", exc_info=error)
        return problem(500, "something broke; the program's log says what")


def _add_page(app: FastAPI, desk: Desk) -> None:
    @app.get("/", response_class=HTMLResponse, include_in_schema=False)
    def front() -> HTMLResponse:
        return HTMLResponse(page.front(desk))

    @app.get("/style.css", include_in_schema=False)
    async def style() -> Response:
        return Response(page.style(), media_type="text/css")

    @app.get("/page.js", include_in_schema=False)
    async def script() -> Response:
        content = resources.files("lookalike.serve").joinpath("templates", "page.js").read_bytes()
        return Response(content, media_type="text/javascript")

    @app.get("/cards")
    def cards() -> messages.Fragment:
        """The prototypes as the page shows them."""
        return messages.Fragment(html=page.cards(desk.standing))

    @app.post("/strip")
    def strip(question: messages.Question) -> messages.Fragment:
        """One input's explanation as the page shows it."""
        inputs, name, true = _asked(desk, question.input, question.test, question.name)
        contents, example = desk.explain(inputs, name, true, most=question.most, coverage=question.coverage)
        return messages.Fragment(html=page.strip(contents, example))

    @app.get("/examples")
    def examples(only_wrong: bool = False, seed: messages.Place = 0) -> messages.ShownExamples:
        """Test examples to choose from, drawn by a seed."""
        return messages.ShownExamples(examples=page.examples(desk, only_wrong, seed))


def _add_answers(app: FastAPI, desk: Desk) -> None:
    @app.get("/health")
    async def health() -> messages.Health:
        """That there is somebody, and who."""
        standing = desk.standing
        classifier = standing.run.classifier
        return messages.Health(
            status="ok",
            version=__version__,
            title=standing.contents.title,
            classes=list(classifier.explanation_.classes),
            input_shape=list(classifier.preprocessing_.shape),
            n_prototypes=len(classifier.prototype_labels_),
            n_test=0 if desk.test is None else len(desk.test),
            n_validation=0 if desk.validation is None else len(desk.validation),
        )

    @app.post("/predict")
    def predict(question: messages.Inputs) -> messages.Predictions:
        """Classes with calibrated probabilities, up to 64 inputs at a time."""
        found = desk.predict(desk.read(question.inputs))
        return messages.Predictions(predictions=[messages.Prediction(**each) for each in found])

    @app.post("/explain", response_model=messages.Explanations)
    def explain(question: messages.Inputs) -> JSONResponse:
        """Why: every prototype's similarity and contribution, up to 64 inputs at a time."""
        found = desk.standing.run.classifier.explain(desk.read(question.inputs))
        # Plain values already: to check them again would take as long as to find them.
        return JSONResponse({"explanations": [each.to_dict() for each in found]})

    @app.get("/prototypes")
    def prototypes() -> messages.ShownPrototypes:
        """What stands for each class, as it is now."""
        return page.prototypes(desk.standing)

    @app.post("/blend")
    def blend(question: messages.BlendQuestion) -> messages.Blend:
        """The score of a prototype, and the decision, as an input becomes that prototype."""
        inputs, _, _ = _asked(desk, question.input, question.test, "")
        steps = desk.blend(inputs, question.prototype)
        return messages.Blend(steps=[messages.Step(**each) for each in steps])


def _add_changes(app: FastAPI, desk: Desk) -> None:
    def change_of(question: messages.ChangeQuestion) -> Change:
        inputs = None
        if question.inputs is not None:
            inputs = desk.read(question.inputs)
        elif question.test is not None:
            inputs = desk.example(question.test)[0]
        return Change(question.kind, question.prototype, question.class_name, inputs)

    @app.post("/changes/preview")
    def preview(question: messages.ChangeQuestion) -> messages.ChangeEffect:
        """What a change would do to the accuracy on validation examples; nothing is changed."""
        change = change_of(question)
        before, effect = desk.effect(change)
        found = _NO_EFFECT if effect is None else vars(effect)
        return messages.ChangeEffect(asked=change.asked(before.run.classifier), version=before.version, **found)

    @app.post("/changes")
    def accept(question: messages.ChangeQuestion) -> messages.ShownPrototypes:
        """Make a change."""
        return page.prototypes(desk.accept(change_of(question), question.version))

    @app.delete("/changes/last")
    def undo(version: messages.Place | None = None) -> messages.ShownPrototypes:
        """Take the last change back; of another version of the model, it is refused."""
        return page.prototypes(desk.undo(version))

    @app.get("/sizes")
    def sizes() -> messages.Sizes:
        """Accuracy on validation examples with at most one, two, ... prototypes of every class."""
        return messages.Sizes(accuracies=desk.accuracy_by_size())

    @app.post("/save")
    def save() -> messages.Saved:
        """The changed model as a run of its own, beside the one that was opened."""
        return messages.Saved(folder=desk.save().name)


def _add_self_test(app: FastAPI, desk: Desk) -> None:
    @app.get("/self-test")
    def self_test(seed: messages.Place = 0) -> messages.ShownTrials:
        """Twenty trials of telling which of two examples was matched with a prototype."""
        return messages.ShownTrials(seed=seed, trials=page.trials(desk, seed))

    @app.post("/self-test")
    def grade(answers: messages.TestAnswers) -> messages.TestResult:
        """How a person did; the result is kept in the run's folder."""
        return messages.TestResult(**desk.grade(answers.seed, answers.answers))


def _asked(desk: Desk, given: str | Row | None, test: int | None, name: str) -> tuple[np.ndarray, str, str | None]:
    """One input, what to call it, and its class where that is known."""
    if test is not None and given is None:
        inputs, true, called = desk.example(test)
        return inputs, called, true
    if given is not None and test is None:
        return desk.read([given]), name, None
    raise DataError(describe("either an input or a test example", "neither" if given is None else "both"))
