"""A data set as it was found, before anything is learned from it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from lookalike.data.classes import class_indices
from lookalike.data.encoding import Encoding
from lookalike.data.labels import as_labels
from lookalike.data.pixel_scale import PixelScale
from lookalike.data.splits import content_digests, stratified_split
from lookalike.errors import DataError, describe

if TYPE_CHECKING:
    from lookalike.data.knownproto import KnownWorld

Progress = Callable[[int, int], None]
_REPEATED_ROWS = 0.05
# Rows of so many whole numbers are pictures, as a rule, and not equal by chance.
_WIDE = 64


@dataclass(frozen=True)
class Part:
    """Inputs and labels side by side.

    Attributes
    ----------
    inputs : ndarray
        Pictures ``(n, height, width)`` or ``(n, height, width, 3)`` of 8-bit integers or floats, or rows
        ``(n, columns)`` of floats.
    labels : ndarray
        Shape ``(n,)``: integers or words.
    modes : ndarray or None
        Shape ``(n,)``: what kind of its class each example is, where a class is known to have several.
    names : ndarray or None
        Shape ``(n,)``: what the user calls each example, where it has a name: a file in a folder, a line of a table.
    """

    inputs: np.ndarray
    labels: np.ndarray
    modes: np.ndarray | None = None
    names: np.ndarray | None = None

    def __post_init__(self) -> None:
        for name, given in (("labels", self.labels), ("modes", self.modes), ("names", self.names)):
            if given is not None and len(self.inputs) != len(given):
                raise DataError(
                    describe(f"as many {name} as inputs", f"{len(self.inputs)} inputs and {len(given)} {name}")
                )

    def __len__(self) -> int:
        return len(self.labels)

    def select(self, indices: np.ndarray) -> "Part":
        """Some of the examples, in the given order."""
        beside = [None if each is None else each[indices] for each in (self.modes, self.names)]
        return Part(self.inputs[indices], self.labels[indices], *beside)

    def name_of(self, index: int, part: str) -> str:
        """The name of an example, or which one of a part it is."""
        return f"{part} example {index}" if self.names is None else str(self.names[index])


@dataclass(frozen=True)
class Dataset:
    """What to learn from and what to be judged on.

    Attributes
    ----------
    name : str
        As it was asked for.
    train, test : Part
    columns : tuple of str
        Names of the inputs of a table, in their order; empty for pictures.
    notes : tuple of str
        What was done on the way and should be said: pictures resized, files skipped, a test part split off.
    judging : Part or None
        Left out of ``train`` for judges to learn from, where a share was asked for.
    validation : Part or None
        To choose and to calibrate by, where it is not for the fit to set some of ``train`` aside.
    world : KnownWorld or None
        The true prototypes, where the data were made from some.
    pixels : PixelScale or None
        What the numbers of pictures mean, where the files say so.
    encoding : Encoding or None
        How the columns of a table became numbers.
    """

    name: str
    train: Part
    test: Part
    columns: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    judging: Part | None = None
    validation: Part | None = None
    world: "KnownWorld | None" = None
    pixels: PixelScale | None = None
    encoding: Encoding | None = None

    @property
    def held_out(self) -> tuple[np.ndarray, np.ndarray] | None:
        """The validation part as ``fit`` takes it."""
        return None if self.validation is None else (self.validation.inputs, self.validation.labels)


def split_off_test(name: str, whole: Part, fraction: float, columns: tuple[str, ...] = ()) -> Dataset:
    """Set a share of every class aside for testing, always the same for the same labels.

    Parameters
    ----------
    name : str
    whole : Part
    fraction : float
        From 0 to below 1.
    columns : tuple of str
    """
    train, test = stratified_split(whole.labels, fraction, seed=0)
    notes = [f"no test part: {len(test)} of {len(whole)} examples set aside for testing"] if len(test) else []
    return Dataset(name, whole.select(train), whole.select(test), columns, tuple(notes))


def require_consistent(dataset: Dataset) -> None:
    """Refuse parts that a model of the training part could not be asked about, before anything is trained.

    Parameters
    ----------
    dataset : Dataset

    Raises
    ------
    DataError
        For labels that are no training classes, and for inputs of another shape or of another type.
    """
    train = dataset.train
    classes = np.unique(as_labels(train.labels))
    for kind in ("test", "validation", "judging"):
        part = getattr(dataset, kind)
        if part is None or not len(part):
            continue
        class_indices(part.labels, classes, f"{kind} labels")
        shape, known = _shape_of(part.inputs), _shape_of(train.inputs)
        if shape != known:
            raise DataError(
                describe(f"{kind} inputs of shape {known}, as in training", f"{shape}", "bring both to one shape")
            )
        if len(shape) > 1 and (part.inputs.dtype.kind == "f") != (train.inputs.dtype.kind == "f"):
            came = f"{part.inputs.dtype}"
            advice = "the same type and range for all parts"
            raise DataError(describe(f"{kind} pictures of type {train.inputs.dtype}, as in training", came, advice))


def told_of_repeats(dataset: Dataset) -> Dataset:
    """A data set with a note on test examples that are in the training part as well, where there are any.

    Parameters
    ----------
    dataset : Dataset

    Notes
    -----
    Rows of a table may be equal by chance, so that they are told of only from a twentieth of the test part on, and only
    where a column has values that are no whole numbers, or there are at least 64 columns. Values are compared as
    numbers, whatever their type.

    Examples
    --------
    >>> part = Part(np.arange(18).reshape(2, 3, 3), np.array([0, 1]))
    >>> told_of_repeats(Dataset("two", part, part.select(np.array([1])))).notes
    ('1 of 1 test examples are in the training part as well: accuracy on them says nothing about new ones',)
    """
    train, test = dataset.train.inputs, dataset.test.inputs
    is_table = train.ndim == 2
    if not len(test) or (is_table and test.shape[1] < _WIDE and not np.mod(test, 1).any()):
        return dataset
    if train.dtype != test.dtype:
        common = np.result_type(train, test)
        train, test = train.astype(common), test.astype(common)
    n = int(np.isin(content_digests(test), content_digests(train)).sum())
    if n == 0 or (is_table and n < _REPEATED_ROWS * len(test)):
        return dataset
    counted = f"{n} of {len(test)} test examples are in the training part as well"
    return replace(dataset, notes=(*dataset.notes, f"{counted}: accuracy on them says nothing about new ones"))


def _shape_of(inputs: np.ndarray) -> tuple[int, ...]:
    """The shape of one input, with the channels last and left out for one channel."""
    shape = inputs.shape[1:]
    if len(shape) == 3 and shape[0] in (1, 3, 4) and shape[2] not in (1, 3, 4):
        shape = (*shape[1:], shape[0])
    return shape[:2] if len(shape) == 3 and shape[2] == 1 else shape
