"""What a user asks a model about: files, folders, tables, or examples of its test part."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lookalike.data.archives import inputs_of
from lookalike.data.delimited import is_table, read_table
from lookalike.data.encoding import Encoding
from lookalike.data.files import list_pictures
from lookalike.data.listing import PassedOver
from lookalike.data.picture_sets import named, read_set
from lookalike.data.pictures import PictureForm
from lookalike.errors import DataError, DataNotFoundError, describe
from lookalike.experiments.run_data import data_of, encoding_of, learned_from, news_of
from lookalike.experiments.runs import Run

_ROW = re.compile(
    r"(?P<file>.+\.[ct]sv(\.gz)?), line (?P<line>[0-9]+)|(?P<arrays>.+\.npz), (?P<index>[0-9]+)", re.IGNORECASE
)


@dataclass(frozen=True)
class Asked:
    """Inputs as the classifier takes them.

    Attributes
    ----------
    inputs : ndarray
    names : list of str
    true : list of str or None
        The true class of each, where it is known.
    notes : list of str
        What was done on the way and should be said.
    """

    inputs: np.ndarray
    names: list[str]
    true: list[str | None]
    notes: list[str]


def asked_inputs(run: Run, wanted: Sequence[str], *, strict: bool = False, data: str | None = None) -> Asked:
    """Read what is asked about.

    Parameters
    ----------
    run : Run
    wanted : sequence of str
        Pictures and folders of pictures; or one .npz, one .csv, or rows of it, ``FILE.csv, line 3``; or ``test:17``,
        examples of the run's own test part; or names of examples of its data. The names that are printed of these are
        taken back.
    strict : bool
        Refuse pictures that cannot be read, or that have another size or other colours than the model's.
    data : str, optional
        Of whose test part ``test:17`` is, in place of the run's own.

    Raises
    ------
    DataNotFoundError
        If something is not there.
    DataError
        If it cannot be read, or does not fit the model.
    """
    if all(name.startswith("test:") for name in wanted):
        return _from_test(run, wanted, data)
    if any(name.startswith("test:") for name in wanted):
        raise DataError(describe("either files or test:N", ", ".join(wanted), "two commands"))
    called = _called(run, wanted, data)
    if called is not None:
        return called
    if data is not None:
        expected = "test:N, or names of examples, which --data is about"
        raise DataError(describe(expected, ", ".join(wanted), "leave --data out"))
    path, rows = _rows_of(wanted)
    if not is_table(path) and path.suffix.lower() != ".npz":
        return _from_pictures(run, [Path(name) for name in wanted], strict)
    asked = _from_table(run, path) if is_table(path) else _from_arrays(path)
    return _only(asked, rows, path) if rows else asked


def _rows_of(wanted: Sequence[str]) -> tuple[Path, Sequence[str]]:
    """The table that is asked about and which of its rows, none meaning all; no table if several things are asked."""
    matches = [match for match in map(_ROW.fullmatch, wanted) if match]
    files = {Path(match["file"] or match["arrays"]) for match in matches}
    if files and (len(files) > 1 or len(matches) < len(wanted)):
        raise DataError(describe("rows of one file", ", ".join(wanted), "a command for each file"))
    if files:
        file = files.pop()
        return file, [_name_of(file, int(match["line"] or match["index"])) for match in matches]
    return Path(wanted[0] if len(wanted) == 1 else ""), ()


def _name_of(file: Path, number: int) -> str:
    return f"{file}, line {number}" if is_table(file) else f"{file}, {number}"


def _only(asked: Asked, rows: Sequence[str], file: Path) -> Asked:
    unknown = [name for name in rows if name not in asked.names]
    if unknown:
        found = f"rows from {asked.names[0]!r} to {asked.names[-1]!r}" if asked.names else "no rows"
        advice = "a line that is neither the header nor empty" if is_table(file) else "places count from 0"
        raise DataError(describe(f"a row of {file}, which has {found}", repr(unknown[0]), advice))
    places = [asked.names.index(name) for name in rows]
    return Asked(asked.inputs[places], list(rows), [asked.true[place] for place in places], asked.notes)


def _from_test(run: Run, wanted: Sequence[str], data: str | None) -> Asked:
    dataset = data_of(run, data)
    test = dataset.test
    places = []
    for name in wanted:
        place = name.removeprefix("test:")
        if not place.isdigit() or int(place) >= len(test):
            raise DataError(describe(f"test:N with N from 0 to {len(test) - 1}", name))
        places.append(int(place))
    names = [test.name_of(place, "test") for place in places]
    return Asked(test.inputs[places], names, [str(label) for label in test.labels[places]], news_of(run, dataset))


def _called(run: Run, wanted: Sequence[str], data: str | None) -> Asked | None:
    """Examples of the run's data, or of others, by their names, if all have one and none is a path; else nothing."""
    if any(Path(name).exists() for name in wanted) or not (data or run.extras.get("place")):
        return None
    dataset = learned_from(run) if data is None else data_of(run, data)
    if dataset is None:
        return None
    named = [(part, part.names.tolist()) for part in (dataset.test, dataset.train) if part.names is not None]
    places = {name: (part, place) for part, names in named for place, name in enumerate(names)}
    if not places.keys() >= set(wanted):
        return None
    found = [places[name] for name in wanted]
    inputs = np.stack([part.inputs[place] for part, place in found])
    return Asked(inputs, list(wanted), [str(part.labels[place]) for part, place in found], news_of(run, dataset))


def _from_table(run: Run, file: Path) -> Asked:
    if run.classifier.preprocessing_.is_picture:
        raise DataError(describe("pictures, as the model takes them", f"a table, {file}", "a picture or a folder"))
    table, encoding, notes = read_table(file), encoding_of(run), []
    if encoding is None:
        encoding = Encoding.of_numbers(table.header)
        notes = ["the model knows no names of columns: they are taken in the order of the file"]
    inputs, said = encoding.apply(table)
    names = [_name_of(file, line) for line in table.lines]
    return Asked(inputs, names, [None] * len(names), [*notes, *said])


def _from_arrays(file: Path) -> Asked:
    inputs = inputs_of(file)
    return Asked(inputs, [_name_of(file, index) for index in range(len(inputs))], [None] * len(inputs), [])


def _from_pictures(run: Run, paths: Sequence[Path], strict: bool) -> Asked:
    preprocessing = run.classifier.preprocessing_
    if not preprocessing.is_picture:
        raise DataError(
            describe(
                f"a .csv or .npz of rows with {preprocessing.shape[0]} columns, a row of it (FILE.csv, line 3; "
                "FILE.npz, 0), or names of the run's examples",
                f"{paths[0]}",
                "a table, or test:0",
            )
        )
    for path in paths:
        if not path.exists():
            raise DataNotFoundError(
                describe(
                    "pictures and folders, or names of the run's examples",
                    f"nothing at {path}",
                    "check the path",
                )
            )
    passed = PassedOver()
    files = [file for path in paths for file in list_pictures(path, passed)]
    if not files:
        came = "; ".join([f"none in {', '.join(map(str, paths))}", *passed.notes()])
        raise DataError(describe("at least one picture", came))
    found = read_set(files, form=PictureForm.of(preprocessing))
    if found.failed and strict:
        raise DataError(describe("pictures that can be read", named(found.failed), "remove or replace them"))
    names = [str(files[index]) for index in found.arrays]
    notes = passed.notes()
    if found.failed:
        notes.append(f"unreadable and left out: {len(found.failed)} of {len(files)} files, {named(found.failed)}")
    channels, height, width = preprocessing.shape
    n, kind = len(names), "grey" if channels == 1 else "colour"
    resized = sum(count for size, count in found.sizes.items() if size != (height, width))
    recolored = (n - found.greys) if channels == 1 else found.greys
    notes += [f"cut and resized to {height}x{width}, as the model takes them: {resized} of {n}"] if resized else []
    notes += [f"converted to {kind}: {recolored} of {n}"] if recolored else []
    if strict and (resized or recolored):
        raise DataError(describe(f"{kind} pictures of {height}x{width}", "; ".join(notes), "leave out --strict"))
    return Asked(np.stack(list(found.arrays.values())), names, [None] * len(names), notes)
