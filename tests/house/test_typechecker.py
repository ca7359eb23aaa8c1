"""The type checker of the tests: wrong shapes are refused where array types are annotated, and nothing else slows."""

from dataclasses import dataclass

import pytest
import torch
from beartype.roar import BeartypeCallHintViolation

from lookalike.comparison import Comparison
from lookalike.data import load_dataset
from lookalike.shapes import Activations, Labels, Scores
from lookalike.similarities import CosineSimilarity
from tests.typechecker import checked, holds_arrays


@pytest.mark.parametrize(
    "annotation",
    [Scores, Scores | None, list[Scores], dict[str, tuple[Scores, ...]], "Scores", "Scores | None", "list[Scores]"],
    ids=str,
)
def test_array_types_are_found_wherever_they_stand(annotation):
    assert holds_arrays(annotation, {"Scores": Scores})


@pytest.mark.parametrize("annotation", [int, torch.Tensor, "int", "torch.Tensor | None", "Unknown", None], ids=str)
def test_other_annotations_hold_none(annotation):
    assert not holds_arrays(annotation, {"Scores": Scores, "torch": torch})


def test_functions_without_array_types_stay_as_they_are():
    def plain(x: int) -> str:
        return str(x)

    assert checked(plain) is plain
    assert not hasattr(load_dataset, "__wrapped__")


def test_shapes_are_checked_across_arguments_and_results():
    @checked
    def wrong(scores: Scores, labels: Labels) -> Scores:
        return scores[:1]

    with pytest.raises(BeartypeCallHintViolation, match="labels"):
        wrong(torch.zeros(2, 3), torch.zeros(3, dtype=torch.int64))
    with pytest.raises(BeartypeCallHintViolation, match="return"):
        wrong(torch.zeros(2, 3), torch.zeros(2, dtype=torch.int64))
    assert wrong(torch.zeros(1, 3), torch.zeros(1, dtype=torch.int64)).shape == (1, 3)


def test_dataclasses_are_checked_when_they_are_made():
    @checked
    @dataclass
    class Record:
        activations: Activations
        scores: Scores

    Record(torch.zeros(2, 1, 1, 1), torch.zeros(2, 3))
    with pytest.raises(BeartypeCallHintViolation, match="scores"):
        Record(torch.zeros(2, 1, 1, 1), torch.zeros(1, 3))


def test_the_library_is_checked():
    with pytest.raises(BeartypeCallHintViolation, match="prototypes"):
        CosineSimilarity()(torch.zeros(2, 3, 1, 1), torch.zeros(2, 4, 1, 1))
    assert hasattr(Comparison.__init__, "__wrapped__")
