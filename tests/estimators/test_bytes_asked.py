"""Bytes that are asked of a model of normalized pictures, or of few levels, are refused, whatever their type."""

import numpy as np
import pytest
import torch

from lookalike.data import Preprocessing
from lookalike.data.pixel_scale import PixelScale
from lookalike.errors import DataError
from lookalike.estimators.held_out import require_same_kind
from lookalike.estimators.pixel_ranges import require_same_range

PICTURES = np.random.default_rng(0).integers(0, 256, (4, 1, 6, 6)).astype(np.uint8)
LEARNED = {
    "ImageNet's moments": (PICTURES / 255 - 0.485) / 0.229,
    "-1 to 1": PICTURES / 127.5 - 1,
    "levels of 0 to 16": np.rint(PICTURES / 16),
}


def preprocessing_of(learned: np.ndarray) -> Preprocessing:
    inputs = torch.from_numpy(learned.astype(np.float32))
    return Preprocessing.of(inputs).with_pixels(PixelScale.of(learned))


@pytest.mark.parametrize("learned", LEARNED.values(), ids=LEARNED)
@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32, torch.float64])
def test_bytes_are_refused_where_other_numbers_were_learned(learned: np.ndarray, dtype: torch.dtype) -> None:
    with pytest.raises(DataError, match="as in training"):
        require_same_range(torch.from_numpy(PICTURES).to(dtype), preprocessing_of(learned))


@pytest.mark.parametrize("learned", LEARNED.values(), ids=LEARNED)
def test_numbers_as_in_training_are_taken_and_so_are_others_a_few_times_as_large(learned: np.ndarray) -> None:
    preprocessing = preprocessing_of(learned)
    asked = torch.from_numpy(learned).float()

    require_same_range(asked, preprocessing)
    require_same_range(asked.round() * 5, preprocessing)


def test_bytes_are_taken_where_dark_bytes_were_learned_as_integers() -> None:
    dark = np.minimum(PICTURES, 20).astype(np.int64)

    require_same_range(torch.from_numpy(PICTURES).float(), preprocessing_of(dark))


def test_normalized_pictures_are_no_held_out_ones_of_shares_of_white() -> None:
    shares, normalized = PICTURES / 255, PICTURES / 127.5 - 1
    preprocessing = preprocessing_of(shares)

    require_same_kind(torch.from_numpy(shares * 0.9 - 0.1).float(), preprocessing)
    with pytest.raises(DataError, match="held-out pictures of the scale of training, from 0 to 1"):
        require_same_kind(torch.from_numpy(normalized).float(), preprocessing)
