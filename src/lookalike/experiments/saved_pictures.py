"""Whether a run's pictures are its prototypes: the files beside the model, and the logits that they lead to."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from lookalike.data import Part, Preprocessing
from lookalike.errors import DataError, ModelFileError, describe
from lookalike.estimators.inputs import require_same_shape, table_or_pictures
from lookalike.estimators.storage import PROTOTYPES
from lookalike.evaluation import Verification, verify
from lookalike.experiments.runs import Run

_VERIFIED = 1000
_MODES = {1: "L", 3: "RGB"}


def verify_run(run: Run, part: Part) -> Verification:
    """Whether the saved prototypes reproduce the logits on some examples, and the files beside them are these, rounded.

    Parameters
    ----------
    run : Run
    part : Part
        Up to 1,000 of its examples are classified.
    """
    classifier = run.classifier
    preprocessing = classifier.preprocessing_
    inputs = table_or_pictures(classifier, part.inputs[:_VERIFIED], reset=False)
    require_same_shape(inputs, preprocessing)
    pictures = torch.from_numpy(classifier.prototypes_)
    if not preprocessing.is_picture or not len(pictures):
        return verify(classifier.network_, preprocessing, inputs, pictures)
    found, problems = read_saved(run.folder / PROTOTYPES, preprocessing.to_eight_bit(pictures), preprocessing)
    eight_bit = None if found is None else preprocessing.from_eight_bit(found)
    verification = verify(classifier.network_, preprocessing, inputs, pictures, eight_bit)
    return replace(verification, holds=verification.holds and not problems, problems=tuple(problems))


def read_saved(folder: Path, expected: np.ndarray, preprocessing: Preprocessing) -> tuple[np.ndarray | None, list[str]]:
    """Pictures of a folder in their order, and what is wrong with them.

    Parameters
    ----------
    folder : Path
    expected : ndarray
        What they should be, 8-bit integers.
    preprocessing : Preprocessing

    Returns
    -------
    tuple
        The pictures, ``None`` where not all can be read; and a sentence for every file that is not what it should be.
    """
    files = sorted(each for each in _entries(folder) if each.suffix.lower() == ".png" and each.name[0] != ".")
    if len(files) != len(expected):
        return None, [describe(f"{len(expected)} pictures in {folder}", f"{len(files)}", "save the model again")]
    found, problems = [], []
    for file, should in zip(files, expected, strict=True):
        try:
            array = _read_picture(file, preprocessing)
        except ModelFileError as error:
            problems.append(str(error))
            continue
        found.append(array)
        if not np.array_equal(array, should):
            largest = int(np.abs(array.astype(int) - should.astype(int)).max())
            came = f"another one, up to {largest} of 255 away"
            problems.append(describe(f"the rounded prototype in {file}", came, "save the model again"))
    return (np.stack(found) if len(found) == len(files) else None), problems


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []


def _read_picture(file: Path, preprocessing: Preprocessing) -> np.ndarray:
    channels, height, width = preprocessing.shape
    expected = (height, width, channels) if channels > 1 else (height, width)
    try:
        with Image.open(file, formats=["PNG"]) as opened:
            # Its size is known before a bomb is unpacked.
            if opened.size != (width, height):
                raise DataError(f"a picture of shape {opened.size[::-1]}")
            mode = _MODES.get(channels)
            same = opened if mode is None or opened.mode == mode else opened.convert(mode)
            array = np.asarray(same)
            if array.shape != expected or array.dtype != np.uint8:
                raise DataError(f"a picture of shape {array.shape} and type {array.dtype}")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        wanted = f"an 8-bit picture of shape {expected} in {file}"
        raise ModelFileError(describe(wanted, str(error), "save the model again")) from error
    return array
