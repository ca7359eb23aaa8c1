"""Similarities and kernels against their oracles, and the laws of the family."""

import itertools
import shutil
import subprocess
import sys

import numpy as np
import pytest
import torch

from lookalike.errors import DataError
from lookalike.similarities import CosineSimilarity, DotSimilarity, L2Similarity, LkSimilarity, NegativeKernel
from lookalike.similarities.lk import lk_distances
from tests.conformance import specimens
from tests.oracles.similarities import KERNELS, ORACLES

WINDOWS = ((1, 1), (2, 3), (3, 4))
every = pytest.mark.parametrize("similarity", list(specimens.similarities()), ids=specimens.name)


def draw(seed, window, n=4, p=3):
    generator = torch.Generator().manual_seed(seed)
    activations = torch.randn(n, 3, 3, 4, generator=generator)
    return activations, torch.randn(p, 3, *window, generator=generator)


@every
@pytest.mark.parametrize("window", WINDOWS)
def test_equals_its_oracle(similarity, window):
    for seed in range(2):
        activations, prototypes = draw(seed, window)
        with torch.no_grad():
            found = similarity(activations, prototypes).numpy()
        expected = ORACLES[type(similarity).__name__](similarity, activations.numpy(), prototypes.numpy())
        np.testing.assert_allclose(found, expected, rtol=2e-4, atol=2e-4)


@every
def test_is_equivariant_in_inputs_and_prototypes(similarity):
    for seed in specimens.SEEDS:
        activations, prototypes = draw(seed, (2, 2))
        rows, columns = torch.randperm(4), torch.randperm(3)
        whole = similarity(activations, prototypes)
        permuted = similarity(activations[rows], prototypes[columns])
        torch.testing.assert_close(permuted, whole[rows][:, columns])


@every
def test_moves_with_the_activations(similarity):
    """Activations one position further give maps one position further."""
    for seed in specimens.SEEDS:
        activations, prototypes = draw(seed, (2, 2))
        moved = similarity(activations[:, :, :, 1:], prototypes)
        torch.testing.assert_close(moved, similarity(activations, prototypes)[:, :, :, 1:], rtol=1e-4, atol=1e-4)


@every
def test_nothing_is_more_alike_than_the_same(similarity):
    """Not a law of the inner product: a longer vector can score higher there."""
    if isinstance(similarity, DotSimilarity):
        longer = similarity(torch.full((1, 2, 1, 1), 2.0), torch.ones(1, 2, 1, 1))
        assert longer > similarity(torch.ones(1, 2, 1, 1), torch.ones(1, 2, 1, 1))
        return
    for seed in specimens.SEEDS:
        activations, _ = draw(seed, (3, 4), n=6)
        scores = similarity(activations, activations)[:, :, 0, 0]
        assert bool((scores.diagonal()[:, None] >= scores - 1e-5).all())


@every
def test_larger_is_closer(similarity):
    """Along the line from a prototype to an input, similarity rises towards the prototype."""
    if isinstance(similarity, DotSimilarity):
        scores = [float(similarity(t * torch.ones(1, 2, 1, 1), torch.ones(1, 2, 1, 1))) for t in (-1.0, 0.0, 1.0)]
        assert scores == sorted(scores)
        return
    for seed in specimens.SEEDS:
        activations, prototypes = draw(seed, (3, 4), n=1, p=1)
        path = torch.cat([activations + t * (prototypes - activations) for t in (0.0, 0.3, 0.6, 0.9)])
        scores = similarity(path, prototypes).flatten().tolist()
        assert all(later >= earlier - 1e-5 for earlier, later in itertools.pairwise(scores))


@every
def test_gradients_are_finite_where_prototypes_start(similarity):
    """At data points, where a distance is 0, and at activations that are all zero."""
    activations = torch.zeros(3, 4, 1, 1)
    activations[0] = 1.0
    activations.requires_grad_()
    prototypes = activations.detach().clone().requires_grad_()
    similarity(activations, prototypes).sum().backward()
    assert bool(torch.isfinite(activations.grad).all())
    assert bool(torch.isfinite(prototypes.grad).all())


@every
def test_gradients_are_those_of_the_formula(similarity):
    similarity = type(similarity)(**_arguments(similarity)).double()
    activations, prototypes = (tensor.double().requires_grad_() for tensor in draw(0, (2, 2), n=2, p=2))
    assert torch.autograd.gradcheck(similarity, (activations, prototypes), atol=1e-4, rtol=1e-3)


def _arguments(similarity):
    if isinstance(similarity, CosineSimilarity | DotSimilarity):
        return {}
    own = {"kernel": type(similarity.kernel)(), "mean": similarity.mean}
    if isinstance(similarity, LkSimilarity):
        own |= {"order": similarity.order, "epsilon": 0.1, "chunk": similarity.chunk}
    return own


@pytest.mark.parametrize("key", sorted(KERNELS))
def test_kernels_equal_their_oracles_and_fall(key):
    kernel = {cls.__name__: cls for _, cls in specimens.components("kernel")}[key]()
    distances = torch.linspace(0, 20, 101)
    with torch.no_grad():
        found = kernel(distances)
    expected = [KERNELS[key](kernel, float(distance)) for distance in distances]
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-4, atol=1e-5)
    assert bool((found.diff() <= 0).all())
    assert found[0] > found[-1]


def test_order_two_is_the_squared_distance():
    for seed in specimens.SEEDS:
        activations, prototypes = draw(seed, (2, 2))
        squared = L2Similarity(kernel=NegativeKernel())(activations, prototypes)
        of_order = LkSimilarity(kernel=NegativeKernel(), order=2.0)(activations, prototypes)
        torch.testing.assert_close(of_order, squared, rtol=1e-4, atol=1e-4)


def test_the_chunk_changes_nothing():
    points, others = torch.randn(50, 6), torch.randn(7, 6)
    whole = lk_distances(points, others, 0.5, 1e-3)
    for chunk in (1, 6, 13, 100):
        torch.testing.assert_close(lk_distances(points, others, 0.5, 1e-3, chunk), whole)


def test_one_row_and_no_row():
    assert lk_distances(torch.randn(1, 3), torch.randn(2, 3), 0.5, 1e-3).shape == (1, 2)
    assert lk_distances(torch.randn(0, 3), torch.randn(2, 3), 0.5, 1e-3).shape == (0, 2)


COMPILED = """
import torch
from lookalike.similarities.lk import compiler_found, lk_distances

if not compiler_found():
    print("no compiler")
    raise SystemExit
torch.manual_seed(0)
points, others = torch.randn(40, 9), torch.randn(5, 9)
for order in (0.5, 1.3):
    results = []
    for compiled in (False, True):
        x, y = points.clone().requires_grad_(), others.clone().requires_grad_()
        distances = lk_distances(x, y, order, 1e-3, compiled=compiled)
        (distances * torch.arange(5)).sum().backward()
        results.append((distances.detach(), x.grad, y.grad))
    for eager, fast in zip(*results, strict=True):
        torch.testing.assert_close(fast, eager, rtol=1e-4, atol=1e-4)
print("equal")
"""


@pytest.mark.slow
def test_compiled_equals_eager_forward_and_backward():
    """In an interpreter of its own: a compiler cannot look through functions whose shapes are checked."""
    run = subprocess.run([sys.executable, "-c", COMPILED], capture_output=True, text=True, check=True)
    expected = "equal" if shutil.which("g++") or shutil.which("clang++") else "no compiler"
    assert run.stdout.strip() == expected


def test_without_a_compiler_the_eager_way_runs(monkeypatch):
    monkeypatch.setattr("lookalike.similarities.lk.compiler_found", lambda: False)
    points, others = torch.randn(4, 3), torch.randn(2, 3)
    eager = lk_distances(points, others, 0.5, 1e-3)
    assert torch.equal(lk_distances(points, others, 0.5, 1e-3, compiled=True), eager)


def test_a_prototype_larger_than_the_map_is_refused():
    with pytest.raises(DataError, match="expected prototypes that fit"):
        CosineSimilarity()(torch.zeros(1, 2, 3, 3), torch.zeros(1, 2, 4, 4))


def test_scale_is_learned_only_where_asked():
    assert [name for name, _ in CosineSimilarity().named_parameters()] == ["scale.logarithm"]
    assert not list(CosineSimilarity(learn_scale=False).parameters())
    assert "scale.logarithm" in CosineSimilarity(learn_scale=False).state_dict()
