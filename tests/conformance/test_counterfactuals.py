"""Counterfactuals against their oracles, and the second pass that they are made for."""

import weakref

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from lookalike.backbones.siamese import SiamesePass
from lookalike.comparison import Comparison
from lookalike.counterfactuals import FeatureSwapCounterfactual, ResidualSwapCounterfactual
from lookalike.data.knownproto import KnownWorld
from lookalike.errors import ParameterError
from lookalike.estimators import PrototypeClassifier
from lookalike.objectives import CrossEntropyObjective
from lookalike.regularizers import AlignedMatchingRegularizer, FeatureMatchingRegularizer
from lookalike.training import Learner
from lookalike.training.ahead import mean_ahead
from lookalike.transforms import ColorTransform, decompose
from tests.conformance import specimens
from tests.conformance.test_decisions import as_arrays, draw_record
from tests.conformance.test_priors import compared
from tests.oracles import decisions

every_counterfactual = pytest.mark.parametrize("made", list(specimens.counterfactuals()), ids=specimens.name)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@every_counterfactual
def test_counterfactual_is_one_that_its_oracle_allows(made):
    for seed in specimens.SEEDS:
        record = draw_record(seed)
        allowed = decisions.ORACLES[type(made).__name__](made, as_arrays(record))
        inputs, labels = made(record, 0.9, generator(seed))
        assert not inputs.requires_grad
        sources = sorted({own for own, _ in allowed})
        sources = [own for own in sources if own < max(1, round(made.share * len(record.inputs)))]
        assert labels.tolist() == [int(record.targets[own]) for own in sources]
        for own, picture in zip(sources, inputs.numpy(), strict=True):
            parts = [each for (first, _), each in allowed.items() if first == own]
            assert min(distance_from(made, picture, record, *each) for each in parts) < 1e-3


def distance_from(made, picture, record, explained, residual, own):
    """How far a hybrid is from what these parts can make, with the best factor that is allowed."""
    left = picture - explained
    least = record.taps[0.3][0].min().item() if made.depth is not None else -np.inf
    if made.blend:
        # From the partner's residual as far towards the input's own, in every place, as the blend allows.
        farthest = (1 - made.blend) * residual + made.blend * own
        low, high = (np.maximum(explained + either(residual, farthest), least) for either in (np.minimum, np.maximum))
        return np.abs(picture - np.clip(picture, low, high)).max()
    factor = np.clip(np.median(left / residual), 1 - made.strength, 1 + made.strength)
    return np.abs(picture - np.maximum(explained + factor * residual, least)).max()


@every_counterfactual
def test_the_same_generator_makes_the_same(made):
    record = draw_record(0)
    first, again = (made(record, 0.9, generator(3))[0] for _ in range(2))
    torch.testing.assert_close(first, again)


def test_residual_swap_waits_and_needs_partners():
    record = draw_record(0)
    swap = ResidualSwapCounterfactual(begin=0.5, residuals="other_class", share=1.0)
    assert len(swap(record, 0.4, generator())[0]) == 0
    assert len(swap(record, 0.5, generator())[0]) == len(record.inputs)
    alone = Comparison(**{**vars(record), "targets": torch.zeros(7, dtype=torch.long)})
    assert len(swap(alone, 0.5, generator())[0]) == 0
    for share, made in ((1.0, 7), (0.5, 4), (0.01, 1)):
        assert len(ResidualSwapCounterfactual(share=share)(alone, 0.5, generator())[0]) == made
    strangers = Comparison(**{**vars(record), "targets": torch.full((7,), 5)})
    assert len(swap(strangers, 0.5, generator())[0]) == 0
    both = ({"begin": 1.0}, {"residuals": "mine"}, {"strength": 2.0}, {"share": 0.0}, {"blend": 1.5})
    for wrong in (*both, {"pixels": -1}):
        with pytest.raises(ParameterError):
            ResidualSwapCounterfactual(**wrong)
    for wrong in (*both, {"positions": -1}, {"depth": 2.0}):
        with pytest.raises(ParameterError):
            FeatureSwapCounterfactual(**wrong)
    rows = Comparison(**{**vars(record), "prototypes": torch.zeros(6, 9)})
    with pytest.raises(ParameterError, match="residual swap"):
        swap(rows, 0.5, generator())
    with pytest.raises(ParameterError, match="counterfactuals='none' for tables"):
        FeatureSwapCounterfactual()(rows, 0.5, generator())
    colored = ResidualSwapCounterfactual(transforms=ColorTransform())
    with pytest.raises(ParameterError, match="counterfactuals__residual_swap__transforms"):
        colored(record, 0.5, generator())


@pytest.mark.parametrize("swap", [ResidualSwapCounterfactual, FeatureSwapCounterfactual])
def test_a_blend_keeps_some_of_the_inputs_own_residual_here_and_there(swap):
    record = draw_record(1)
    plain, blended = (swap(strength=0.0, share=1.0, blend=blend)(record, 0.9, generator())[0] for blend in (0.0, 0.9))
    moved = (blended - plain).abs().flatten(1)
    assert bool((moved.amax(1) > 0.05).all())
    assert bool((moved.std(1) > 0.01).all())


def test_residuals_are_scaled_by_no_more_than_was_asked():
    record = draw_record(1)
    plain, scaled = (
        ResidualSwapCounterfactual(strength=strength, share=1.0)(record, 0.9, generator()) for strength in (0.0, 0.5)
    )
    parts = decompose(record.inputs, record.targets, record.prototypes, record.labels, 2)
    ratio = (scaled[0] - parts.explained) / (plain[0] - parts.explained)
    factors = ratio.flatten(1).median(1).values
    assert bool(((factors >= 0.49) & (factors <= 1.51)).all())
    assert float(factors.std()) > 0.01


def test_made_up_inputs_are_normalised_as_the_real_ones_and_leave_no_trace():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.ReLU(), nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
    rows = torch.randn(7, 1, 9, 9)
    with SiamesePass(5) as statistics:
        expected = net(rows)[5:]
    before = {name: buffer.clone() for name, buffer in net.named_buffers()}
    with SiamesePass(None, moments=statistics.moments):
        torch.testing.assert_close(net(rows[5:]), expected)
    assert all(torch.equal(buffer, before[name]) for name, buffer in net.named_buffers() if "tracked" not in name)


def test_passes_of_what_was_made_up_are_not_counted():
    """A layer without momentum weighs its batches by this count."""
    network, record = compared([])
    counts = [buffer for name, buffer in network.named_buffers() if name.endswith("tracked")]
    before = [count.item() for count in counts]
    assert before == [1] * len(before)
    known = {"prototype_activations": record.prototype_activations, "moments": record.moments}
    network(record.inputs, record.targets, **known)
    assert [count.item() for count in counts] == before
    network(record.inputs, record.targets)
    assert [count.item() for count in counts] == [2] * len(before) != []


def test_activations_that_nobody_saw_take_the_place_of_a_layers_own():
    """The layers above decide as if these had come from below; those below learn nothing from it."""
    network, record = compared([0.4])
    made, labels = FeatureSwapCounterfactual(depth=0.4, begin=0.0)(record, 0.5, generator())
    assert made.shape == (4, 3, 4, 4)
    known = {"prototype_activations": record.prototype_activations.detach(), "moments": record.moments}
    second = network(record.inputs[:4], labels, replaced=(0.4, made), **known)
    with SiamesePass(None, moments=record.moments[3:]):
        expected = network.backbone.pool(network.backbone.layers[5:](made))
    torch.testing.assert_close(second.activations, expected)
    second.logits.sum().backward()
    layers = network.backbone.layers
    assert all(not parameter.grad.any() for parameter in layers[:5].parameters() if parameter.grad is not None)
    assert any(parameter.grad.any() for parameter in layers[5:].parameters())


@pytest.mark.parametrize(
    "made", [ResidualSwapCounterfactual(begin=0.0, share=0.8), FeatureSwapCounterfactual(depth=0.4, begin=0.0)]
)
def test_gradients_taken_ahead_in_halves_are_those_of_one_pass(made):
    network, record = compared(made.taps)
    learner = Learner(network, CrossEntropyObjective(), [], [(made, 0.3)])
    inputs, targets = record.inputs, record.targets
    torch.manual_seed(5)
    terms = learner(inputs, targets, 0.5)
    learner.zero_grad()
    terms["loss"].backward()
    halves = {name: parameter.grad for name, parameter in network.named_parameters()}
    network, record = compared(made.taps)
    torch.manual_seed(5)
    hybrids, labels = made(record, 0.5, torch.default_generator)
    assert len(hybrids) > 2
    known = {"prototype_activations": record.prototype_activations, "moments": record.moments}
    if made.depth is None:
        second = network(hybrids, labels, **known)
    else:
        second = network(inputs[: len(hybrids)], labels, replaced=(made.depth, hybrids), **known)
    losses = [functional.cross_entropy(each.logits, each.targets) for each in (record, second)]
    torch.testing.assert_close(terms[type(made).__name__], losses[1].detach())
    network.zero_grad()
    (losses[0] + 0.3 * losses[1]).backward()
    assert set(halves) == {name for name, _ in network.named_parameters()}
    for name, parameter in network.named_parameters():
        assert bool(halves[name].any()), name
        torch.testing.assert_close(halves[name], parameter.grad, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    "made", [ResidualSwapCounterfactual(begin=0.0, share=0.8), FeatureSwapCounterfactual(depth=0.4, begin=0.0)]
)
def test_pictures_are_compared_in_single_precision_where_passes_are_cast(made):
    """In half precision a variance as a difference of squares would be noise, and hybrids could not be made."""
    terms = []
    for enabled in (False, True):
        network, record = compared(made.taps)
        matching = [(AlignedMatchingRegularizer(tolerant_from=0.0), 1.0), (FeatureMatchingRegularizer(depth=0.4), 1.0)]
        learner = Learner(network, CrossEntropyObjective(), matching, [(made, 0.3)])
        torch.manual_seed(5)
        with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
            terms.append(learner(record.inputs.bfloat16().float(), record.targets, 0.5))
        terms[-1]["loss"].backward()
        assert bool(network.prototypes.values.grad.isfinite().all())
    whole, cast = terms
    same = "AlignedMatchingRegularizer"
    torch.testing.assert_close(cast[same], whole[same], rtol=1e-6, atol=1e-6)
    assert cast["FeatureMatchingRegularizer"] != whole["FeatureMatchingRegularizer"]
    for name in ("FeatureMatchingRegularizer", type(made).__name__, "loss"):
        torch.testing.assert_close(cast[name], whole[name], rtol=0.1, atol=0.05)


@pytest.mark.parametrize(("cast", "passed"), [(torch.bfloat16, [3, 2]), (torch.float16, [5])])
def test_halves_pass_one_after_the_other_and_leave_no_graph(cast, passed):
    """Gradients in float16 need the scale of the whole loss: there all pass at once."""

    class Saved:
        def __init__(self, tensor):
            self.tensor = tensor
            graph.append(weakref.ref(self))

    def loss(part, given):
        lengths.append(len(rows[part]))
        return (given * weight * rows[part]).mean()

    lengths, graph, rows, weight = [], [], torch.arange(5.0), nn.Parameter(torch.tensor(3.0))
    saved = torch.autograd.graph.saved_tensors_hooks(Saved, lambda each: each.tensor)
    with torch.autocast("cpu", cast), saved:
        mean = mean_ahead(loss, 5, torch.tensor(2.0), [weight])
    assert lengths == passed
    kept = [each for each in graph if each() is not None]
    # Of halves the gradient alone is left.
    assert len(graph) > len(kept) == 1 if cast == torch.bfloat16 else len(kept) == len(graph) > 0
    mean.backward()
    assert mean.item() == pytest.approx(12)
    assert weight.grad.item() == pytest.approx(4)


def test_a_frozen_part_has_no_gradient_ahead_and_a_double_stays_one():
    frozen, learned = nn.Parameter(torch.tensor(3.0).double(), False), nn.Parameter(torch.tensor(2.0).double())
    given = torch.tensor(1.0).double().requires_grad_()
    mean = mean_ahead(
        lambda rows, met: (frozen * learned * met).expand(4)[rows].mean(), 4, 2 * given, [frozen, learned]
    )
    (0.1 * mean).backward()
    assert mean.dtype == torch.float64
    assert frozen.grad is None
    assert (learned.grad.item(), given.grad.item()) == (pytest.approx(0.6, abs=1e-15), pytest.approx(1.2, abs=1e-15))


def test_a_network_of_reentrant_checkpoints_learns_from_what_was_made_up():
    class Checkpointed(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.Sequential(nn.Conv2d(1, 4, 3, stride=2), nn.ReLU(), nn.Conv2d(4, 4, 3, stride=2))

        def forward(self, inputs):
            return checkpoint(self.layers, inputs.requires_grad_(), use_reentrant=True)

    samples = KnownWorld.of(0).sample("L0", 120, seed=0)
    options = {"training__epochs": 2, "counterfactuals__residual_swap__begin": 0.0, "prototypes__n_per_class": 1}
    fitted = PrototypeClassifier(backbone=Checkpointed(), random_state=0, **options).fit(samples.inputs, samples.labels)
    assert fitted.history_[0].penalties["ResidualSwapCounterfactual"] > 0


def test_what_learns_nothing_has_no_gradient_ahead():
    weight = nn.Parameter(torch.tensor(3.0), requires_grad=False)
    mean = mean_ahead(lambda rows, given: (weight * given[rows]).mean(), 5, torch.arange(5.0), [weight])
    assert mean.item() == pytest.approx(6)
    assert not mean.requires_grad


def test_a_fit_learns_from_what_was_made_up():
    samples = KnownWorld.of(0).sample("L0", 300, seed=0)
    common = {"backbone": "convnet", "backbone__widths": [8, 8, 8], "prototypes__n_per_class": 2, "random_state": 0}
    quick = {**common, "training__epochs": 3, "regularizers": "aligned_matching"}
    plain = PrototypeClassifier(**quick).fit(samples.inputs, samples.labels)
    swapped = PrototypeClassifier(**quick, counterfactuals="residual_swap", counterfactuals__residual_swap__begin=0.4)
    swapped.fit(samples.inputs, samples.labels)
    assert not np.array_equal(plain.prototypes_, swapped.prototypes_)
    told = [epoch.penalties["ResidualSwapCounterfactual"] for epoch in swapped.history_]
    assert told[0] == 0
    assert told[-1] > 0
    with pytest.raises(ParameterError, match="did you mean 'residual_swap'"):
        PrototypeClassifier(counterfactuals="residual_swp").fit(samples.inputs, samples.labels)
    with pytest.raises(ParameterError, match="counterfactuals='none'"):
        PrototypeClassifier(counterfactuals="residual_swap", training__epochs=1).fit(
            samples.inputs.reshape(300, -1)[:, :20], samples.labels
        )
