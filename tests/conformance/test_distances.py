"""Distances of near points that lie far from everything else are as exact as any."""

import pytest
import torch

from lookalike.distances import squared_distances
from lookalike.registry import build
from lookalike.selection import MedoidsSelection
from lookalike.selection.medoids import medoid_loss, medoids_of_points
from lookalike.similarities import L2Similarity, NegativeKernel


def far_group(distance, n=60, d=3, far=20, seed=0):
    """Points of spread 1, some of them far out."""
    points = torch.randn(n, d, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    points[:far] += distance
    return points


def exact(rows, points):
    return (rows.double()[:, None] - points.double()[None]).square().sum(2)


@pytest.mark.parametrize("distance", [0.0, 1e3, 1e5, 1e7, 1e9, 1e12])
def test_squared_distances_equal_those_of_differences(distance):
    points = far_group(distance)
    torch.testing.assert_close(squared_distances(points, points[:30]), exact(points, points[:30]), rtol=1e-6, atol=0)
    assert squared_distances(points, points).diagonal().count_nonzero() == 0


def test_gradients_of_near_distances_are_exact():
    points = far_group(1e9).requires_grad_()
    squared_distances(points, points[:5].detach()).sum().backward()
    wanted = 2 * (points.detach()[:, None] - points.detach()[None, :5]).sum(1)
    torch.testing.assert_close(points.grad, wanted, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("distance", [1e4, 1e6, 1e8])
@pytest.mark.parametrize("max_matrix", [2000, 2])
def test_medoids_of_a_class_with_a_far_group_have_the_exact_loss(distance, max_matrix):
    points = far_group(distance, n=40, far=20)
    chosen = medoids_of_points(points, 2, max_matrix, torch.Generator().manual_seed(0))
    distances = exact(points, points).sqrt()
    pairs = torch.combinations(torch.arange(len(points)))
    best = min(medoid_loss(distances[:, pair]) for pair in pairs)
    assert medoid_loss(distances[:, chosen]) == pytest.approx(best, rel=1e-9)


@pytest.mark.parametrize(
    "name",
    ["medoids", "kmeans", "density_peaks", "quick_shift", "mean_shift", "facility_location", "mmd_critic",
     "farthest_first", "means"],
)  # fmt: skip
def test_a_far_group_is_chosen_from_as_if_it_were_near(name):
    """Moving a class far away from another changes nothing within either."""
    near, far = (torch.cat([far_group(0, far=0), far_group(0, far=0, seed=1) + distance]) for distance in (1e3, 1e7))
    labels = [0] * 60 + [1] * 60
    found = [build("selection", name, {}, {})(points, labels, 3) for points in (near, far)]
    assert found[0].indices.tolist() == found[1].indices.tolist()


def test_selection_tells_a_far_group_of_one_class_apart():
    points = far_group(1e6)
    found = MedoidsSelection()(points, None, 2).indices
    assert sorted((found < 20).tolist()) == [False, True]


@pytest.mark.parametrize("window", [(1, 1), (2, 2), (4, 4)])
def test_l2_is_exact_far_from_the_origin(window):
    generator = torch.Generator().manual_seed(0)
    activations = torch.randn(3, 2, 4, 4, generator=generator) + 1000
    prototypes = activations[:2, :, : window[0], : window[1]] + 0.01 * torch.randn(2, 2, *window, generator=generator)
    found = L2Similarity(kernel=NegativeKernel(scale=1, learn_scale=False), mean=False)(activations, prototypes)
    rows = torch.nn.functional.unfold(activations.double(), window).transpose(1, 2)
    wanted = -(rows[:, :, None] - prototypes.double().flatten(1)[None, None]).square().sum(3)
    torch.testing.assert_close(found, wanted.transpose(1, 2).reshape(found.shape).float(), rtol=1e-5, atol=0)
