"""Options that would need absurd memory, time or accuracy are refused before they do."""

import math

import numpy as np
import pytest
import torch

from lookalike import PrototypeClassifier
from lookalike.allocation import bounded_memory, physical_memory
from lookalike.errors import ParameterError
from lookalike.prototypes import PixelPrototypes

X = np.random.default_rng(0).random((12, 8, 8)).astype(np.float32)
Y = np.arange(12) % 2


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"backbone": "mlp", "backbone__widths": [10**9]}, "a quarter of this machine's memory"),
        ({"backbone": "convnet", "backbone__widths": [10**9, 10**9]}, "a quarter of this machine's memory"),
        ({"backbone": "resnet", "backbone__widths": [10**6, 10**6]}, "a quarter of this machine's memory"),
        ({"backbone": "resnet", "backbone__blocks": 10**8}, "from 1 to 100"),
        ({"backbone": "mlp", "backbone__widths": [1] * 101}, "at most 100 of them"),
        ({"backbone": "mlp", "backbone__widths": [10**30]}, "at most"),
        ({"prototypes": "generated", "prototypes__width": 10**9}, "a quarter of this machine's memory"),
        ({"transforms": "shift", "transforms__pixels": 10**6}, "from 0 to 100"),
        ({"transforms": "affine", "transforms__steps": 99}, "at most 100,000 members"),
        ({"transforms": "rotation_scale", "transforms__angles": 10**8 + 1}, "from 1 to 999"),
        ({"regularizers": {"warped_matching": 1.0}, "regularizers__warped_matching__slant": 1e300}, "at most"),
        ({"regularizers": {"warped_matching": 1.0}, "regularizers__warped_matching__slant": 1e8}, "from 0 to 10"),
        ({"regularizers": {"aligned_matching": 1.0}, "regularizers__aligned_matching__pixels": 10**6}, "from 0 to 100"),
        ({"similarity__scale": math.nan}, "finite"),
        ({"similarity__scale": math.inf}, "finite"),
        ({"training__learning_rate": math.nan}, "finite"),
        ({"training__devices": 10**6}, "devices"),
        ({"training__epochs": 10**10}, "at most"),
    ],
    ids=str,
)
def test_absurd_options_are_refused(options, told):
    with pytest.raises(ParameterError, match=told):
        PrototypeClassifier(**{"training__epochs": 1, **options}).fit(X, Y)


def test_prototypes_are_counted_before_they_are_made():
    with pytest.raises(ParameterError, match="at most 1,000,000 prototypes"):
        PixelPrototypes((1, 4, 4), 3, (torch.tensor(0.0), torch.tensor(1.0)), n_per_class=10**9)


def test_what_fits_is_made_as_without_a_bound():
    torch.manual_seed(0)
    free = torch.nn.Linear(30, 20)
    torch.manual_seed(0)
    with bounded_memory("a layer"):
        bounded = torch.nn.Linear(30, 20)

    assert torch.equal(free.weight, bounded.weight)
    with pytest.raises(ParameterError, match="expected a layer of at most"), bounded_memory("a layer"):
        torch.zeros(physical_memory())
    with pytest.raises(ParameterError, match="expected a layer of at most"), bounded_memory("a layer"):
        torch.full(size=(physical_memory(), 10), fill_value=0.0)
