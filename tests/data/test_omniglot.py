"""Omniglot in both layouts, its turns and its splits, and what happens when it is damaged."""

import numpy as np
import pytest
from PIL import Image

from lookalike.data import load_dataset
from lookalike.data.omniglot import averaged_over_areas, turned
from lookalike.errors import DataError, DataNotFoundError, ParameterError
from tests.oracles import fewshot as oracles

N_BACKGROUND, N_EVALUATION, N_DRAWERS = 5, 3, 2
CHARACTERS = [f"Abc/character{number:02d}" for number in range(1, 9)]


def drawings():
    ink = np.random.default_rng(0).random((len(CHARACTERS), N_DRAWERS, 105, 105)) < 0.2
    ink[:, :, :30, :30] = True
    return ink


def pack(folder, **changed):
    ink, arrays = drawings(), {}
    for part, kept in (("background", slice(0, N_BACKGROUND)), ("evaluation", slice(N_BACKGROUND, None))):
        some = ink[kept]
        arrays[f"{part}_x"] = np.packbits(some.reshape(-1, 105 * 105), axis=1)
        arrays[f"{part}_y"] = np.arange(len(some), dtype=np.int16).repeat(N_DRAWERS)
        arrays[f"{part}_names"] = np.array(CHARACTERS[kept])
    arrays = {name: value for name, value in {**arrays, **changed}.items() if value is not None}
    np.savez(folder / "omniglot_packbits105.npz", **arrays)


def unpack(folder):
    for index, (name, some) in enumerate(zip(CHARACTERS, drawings(), strict=True)):
        part = "images_background" if index < N_BACKGROUND else "images_evaluation"
        (folder / part / name).mkdir(parents=True)
        for drawer, ink in enumerate(some):
            Image.fromarray(np.where(ink, 0, 255).astype(np.uint8)).save(folder / part / name / f"{drawer:02d}.png")


@pytest.mark.parametrize("side", [1, 4, 7, 28])
def test_smaller_pictures_are_means_over_areas(side):
    pictures = np.random.default_rng(side).random((2, 28, 28))
    expected = [oracles.averaged_over_areas(picture, side) for picture in pictures]
    np.testing.assert_allclose(averaged_over_areas(pictures, side), expected, atol=1e-12)


def test_every_turn_is_a_class():
    part = turned(np.arange(24).reshape(3, 2, 2, 2), np.array(["a", "b", "c"]), np.array([1]))
    assert part.labels.tolist() == ["b 0", "b 0", "b 90", "b 90", "b 180", "b 180", "b 270", "b 270"]
    for turn in range(4):
        np.testing.assert_array_equal(part.inputs[2 * turn], np.rot90(np.arange(8, 12).reshape(2, 2), turn))


@pytest.mark.parametrize("write", [pack, unpack])
def test_both_layouts_give_the_same(bare, write):
    write(bare)
    found = load_dataset("omniglot:alphabets")
    assert found.train.inputs.shape == (N_BACKGROUND * 4 * N_DRAWERS, 28, 28)
    assert found.test.inputs.shape == (N_EVALUATION * 4 * N_DRAWERS, 28, 28)
    assert found.train.inputs.dtype == np.uint8
    expected = oracles.averaged_over_areas(drawings()[0, 0].astype(float)[:105, :105], 28) * 255
    np.testing.assert_allclose(found.train.inputs[0], expected, atol=0.51)
    assert found.train.inputs[0, :7, :7].min() == 255
    assert found.test.labels[0] == f"{CHARACTERS[N_BACKGROUND]} 0"


def test_characters_are_drawn_by_seed_and_never_on_both_sides(bare):
    pack(bare)
    plain, again, other = (load_dataset(name) for name in ("omniglot", "omniglot:0", "omniglot:3"))
    np.testing.assert_array_equal(plain.train.inputs, again.train.inputs)
    assert set(plain.train.labels) != set(other.train.labels)
    for found in (plain, other):
        train, test = ({label.split()[0] for label in part.labels} for part in (found.train, found.test))
        assert not train & test
        assert train | test == set(CHARACTERS)
    with pytest.raises(ParameterError, match="omniglot:SEED"):
        load_dataset("omniglot:half")


def test_missing_and_damaged_files(bare):
    with pytest.raises(DataNotFoundError, match=r"images_background.zip"):
        load_dataset("omniglot")
    pack(bare, evaluation_names=None)
    with pytest.raises(DataError, match="evaluation_names"):
        load_dataset("omniglot")
    pack(bare, background_x=np.zeros((10, 7), np.uint8))
    with pytest.raises(DataError, match="packed bits"):
        load_dataset("omniglot")
    pack(bare, background_y=np.array([0, 0, 0, 1, 1, 2, 2, 3, 3, 4]))
    with pytest.raises(DataError, match="as many drawings of every character"):
        load_dataset("omniglot")
    pack(bare, background_names=np.array(CHARACTERS[:3]))
    with pytest.raises(DataError, match="drawings of all 3 characters"):
        load_dataset("omniglot")


def test_a_drawing_that_cannot_be_read(bare):
    unpack(bare)
    file = bare / "images_background" / CHARACTERS[0] / "00.png"
    Image.fromarray(np.zeros((50, 50), np.uint8)).save(file)
    with pytest.raises(DataError, match="105x105 pixels"):
        load_dataset("omniglot")
    file.write_bytes(b"no picture")
    with pytest.raises(DataError, match="PNG"):
        load_dataset("omniglot")


def test_the_real_omniglot():
    """Where somebody has put it: no package brings it, so that it cannot be promised as other data are."""
    try:
        found = load_dataset("omniglot")
    except DataNotFoundError:
        pytest.skip("omniglot is not on this machine, and no package brings it")
    assert found.train.inputs.shape == (1200 * 4 * 20, 28, 28)
    assert found.test.inputs.shape == (423 * 4 * 20, 28, 28)
    assert len(np.unique(found.train.labels)) == 4800
    assert 0.05 < found.train.inputs.mean() / 255 < 0.12
    alphabets = load_dataset("omniglot:alphabets")
    assert len(np.unique(alphabets.train.labels)) == 964 * 4
