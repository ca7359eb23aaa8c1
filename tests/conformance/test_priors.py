"""What is wanted of prototypes beside decisions: whom each prior moves, and where it is least."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from lookalike.backbones import ConvnetBackbone, ModuleBackbone, stages
from lookalike.comparison import Comparison
from lookalike.errors import ParameterError
from lookalike.estimators import PrototypeClassifier
from lookalike.heads import MaxHead
from lookalike.network import PrototypeNetwork
from lookalike.pooling import MaxPooling
from lookalike.prototypes import PixelPrototypes
from lookalike.regularizers import (
    AlignedMatchingRegularizer,
    AutoencoderRegularizer,
    CriticRegularizer,
    DiversityRegularizer,
    FeatureMatchingRegularizer,
    FeatureStatisticsRegularizer,
    SpectrumRegularizer,
    WarpedMatchingRegularizer,
)
from lookalike.similarities import CosineSimilarity
from lookalike.transforms import (
    AffineTransform,
    AlignmentPredictor,
    ColorTransform,
    ElasticTransform,
    IdentityTransform,
    RotationScaleTransform,
    ShiftTransform,
    warped,
)
from tests.conformance.test_decisions import LABELS, draw_record
from tests.oracles import decisions, networks


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def with_(record, **changes):
    return Comparison(**{**vars(record), **changes})


def pictured(inputs, targets, prototypes, labels):
    """A record of which only pictures and labels matter."""
    n, p = len(inputs), len(prototypes)
    empty = {"activations": torch.zeros(n, 1, 1, 1), "prototype_activations": torch.zeros(p, 1, 1, 1), "taps": {}}
    scores = {"maps": torch.zeros(n, p, 1, 1), "scores": torch.zeros(n, p), "logits": torch.zeros(n, 2)}
    return Comparison(inputs=inputs, targets=targets, prototypes=prototypes, labels=labels, **empty, **scores)


def compared(depths, transform=None):
    """A pass of a small convnet over random pictures, with its network."""
    torch.manual_seed(0)
    prototypes = PixelPrototypes((1, 8, 8), 3, (torch.tensor(0.0), torch.tensor(1.0)), n_per_class=2)
    prototypes.set_values(torch.randn(6, 1, 8, 8))
    network = PrototypeNetwork(
        backbone=ConvnetBackbone((1, 8, 8), widths=[3, 4]),
        prototypes=prototypes,
        similarity=CosineSimilarity(),
        transform=transform or IdentityTransform(),
        pooling=MaxPooling(),
        head=MaxHead(prototypes.labels, 3),
    )
    inputs, targets = torch.randn(9, 1, 8, 8), torch.arange(9) % 3
    return network, network(inputs, targets, taps=depths)


@pytest.mark.parametrize("prior", [FeatureMatchingRegularizer(depth=0.4), FeatureStatisticsRegularizer(depth=0.4)])
def test_what_is_wanted_in_a_lower_layer_is_wanted_of_prototypes_alone(prior):
    network, record = compared(prior.taps)
    before = prior(record, 0.5)
    before.backward()
    assert all(parameter.grad is None for parameter in network.backbone.parameters())
    gradient = network.prototypes.values.grad
    assert bool((gradient != 0).flatten(1).any(1).all())
    with torch.no_grad():
        network.prototypes.values -= 0.1 * gradient / gradient.norm()
    again = prior(network(record.inputs, record.targets, taps=prior.taps), 0.5)
    assert again.item() < before.item()


def test_depths_are_places_in_the_backbone():
    _, record = compared([0.0, 1.0, "layers.4"])
    assert record.taps[0.0][0].shape == (9, 3, 8, 8)
    assert record.taps["layers.4"][1].shape == (6, 3, 4, 4)
    assert record.taps[1.0][1].shape[0] == 6
    _, deformed = compared([0.4], ShiftTransform(pixels=1))
    for prior in (FeatureMatchingRegularizer(depth=0.4), FeatureStatisticsRegularizer(depth=0.4)):
        with pytest.raises(ParameterError, match="a smaller depth"):
            prior(deformed, 0.5)


def test_depths_reach_into_a_network_of_ones_own_and_no_further_than_its_layer():
    net = nn.Sequential(
        nn.Sequential(nn.Conv2d(1, 3, 3), nn.ReLU()), nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(64, 2)
    )
    whole, part = (ModuleBackbone((1, 8, 8), module=copy.deepcopy(net), layer=layer) for layer in (None, "1"))
    assert stages(whole) == ["module.0", "module.1", "module.3"]
    assert stages(part) == ["module.0"]
    network, _ = compared([])
    network.backbone = part
    record = network(torch.randn(5, 1, 8, 8), torch.arange(5) % 3, taps=[0.9])
    assert record.taps[0.9][0].shape == (5, 3, 6, 6)
    assert record.taps[0.9][1].shape == (6, 3, 6, 6)
    with pytest.raises(ParameterError, match="another depth or name"):
        network(torch.randn(5, 1, 8, 8), taps=["module.3"])


def test_patches_have_no_place_in_a_comparison_of_layers():
    samples = torch.rand(30, 1, 8, 8)
    options = {"backbone__widths": [4], "prototypes__size": 4, "prototypes__n_per_class": 1, "training__epochs": 1}
    patches = PrototypeClassifier(backbone="convnet", backbone__pool=False, regularizers="feature_matching", **options)
    with pytest.raises(ParameterError, match="regularizers='none' for tables and patches"):
        patches.fit(samples.numpy(), torch.arange(30).numpy() % 3)


def test_a_silent_channel_does_not_drown_the_others():
    record = draw_record(0)
    inputs, prototypes = (each.clone() for each in record.taps[0.3])
    inputs[:, 0] = 0
    silent = FeatureStatisticsRegularizer()(with_(record, taps={0.3: (inputs, prototypes)}), 0.5)
    assert float(silent) < 10 * float(FeatureStatisticsRegularizer()(record, 0.5))


def test_prototypes_that_are_the_inputs_want_nothing_more():
    record = draw_record(0, n=6)
    taps = {0.3: (record.taps[0.3][1],) * 2}
    same = with_(record, prototypes=record.inputs, targets=LABELS, taps=taps)
    assert float(FeatureMatchingRegularizer()(same, 1.0)) == pytest.approx(-1, abs=2e-2)
    assert float(FeatureStatisticsRegularizer()(same, 1.0)) == pytest.approx(0, abs=1e-5)
    assert float(SpectrumRegularizer()(same, 1.0)) == pytest.approx(0, abs=1e-6)
    smooth = with_(same, prototypes=record.inputs.cumsum(3))
    assert float(SpectrumRegularizer()(smooth, 1.0)) > 0.1


def test_diversity_is_about_pairs_of_a_class():
    record = draw_record(0, n=6)
    one = with_(record, prototypes=record.inputs[:1].repeat(6, 1, 1, 1).requires_grad_())
    assert DiversityRegularizer()(one, 0.0).item() == pytest.approx(1, abs=1e-3)
    alone = with_(one, labels=torch.arange(6))
    assert DiversityRegularizer()(alone, 0.0).item() == 0


@pytest.mark.parametrize("cotrained", [True, False])
def test_a_critic_learns_from_both_and_prototypes_learn_from_it(cotrained):
    record = draw_record(0)
    record.prototypes.requires_grad_()
    torch.manual_seed(0)
    prior = CriticRegularizer((2, 5, 4), width=3, cotrained=cotrained)
    prior(record, 0.5).backward()
    by_prototypes = record.prototypes.grad.clone()
    with torch.no_grad():
        moved = prior(with_(record, prototypes=record.prototypes - 0.01 * by_prototypes / by_prototypes.norm()), 0.5)
        shown = torch.nn.functional.softplus(-prior.critic(record.prototypes)).mean()
        better = record.prototypes - 0.01 * by_prototypes / by_prototypes.norm()
        assert torch.nn.functional.softplus(-prior.critic(better)).mean() < shown
    assert bool(torch.isfinite(moved))
    # The critic's own gradient is that of telling, as if prototypes were given.
    found = [parameter.grad.clone() for parameter in prior.parameters()]
    if cotrained:
        plus = torch.nn.functional.softplus
        told = plus(-prior.critic(record.inputs)).mean() + plus(prior.critic(record.prototypes.detach())).mean()
        for grad, wanted in zip(found, torch.autograd.grad(told, list(prior.parameters())), strict=True):
            torch.testing.assert_close(grad, wanted)


def test_an_autoencoder_asks_nothing_of_prototypes_it_draws_as_well_as_inputs():
    record = draw_record(0)
    prior = AutoencoderRegularizer((2, 5, 4), latent=2, width=2)
    flat = with_(record, prototypes=torch.zeros(6, 2, 5, 4, requires_grad=True))
    prior(flat, 0.5).backward()
    assert not bool(flat.prototypes.grad.any())
    wild = with_(record, prototypes=(9 * torch.randn(6, 2, 5, 4, generator=seeded(0))).requires_grad_())
    prior(wild, 0.5).backward()
    assert bool(wild.prototypes.grad.flatten(1).any(1).all())


def test_an_alignment_is_learned_and_its_warp_is_what_it_says():
    """Bars turned and moved: after a short training the net explains most of what no alignment leaves."""
    pictures = torch.zeros(2, 1, 12, 12)
    pictures[0, 0, 5:7, 1:11] = 1
    pictures[1, 0, 2:10, 2:4] = 1
    truth = torch.stack(
        [torch.empty(80).uniform_(-reach, reach, generator=seeded(k)) for k, reach in enumerate((25.0, 0.0, 1.5, 1.5))],
        1,
    )
    truth[:, 1] = 1.0
    rows, labels = torch.arange(80), torch.arange(80) % 2
    inputs = warped(pictures, truth[:, None].expand(-1, 2, -1))[rows, labels]
    record = pictured(inputs, labels, pictures, torch.tensor([0, 1]))
    torch.manual_seed(0)
    matching = WarpedMatchingRegularizer(degrees=25.0, scale=1.0, pixels=1.5)
    optimizer = torch.optim.Adam(matching.parameters(), lr=1e-2)
    first = 1 + matching(record, 1.0).item()
    for _ in range(150):
        optimizer.zero_grad()
        matching(record, 1.0).backward()
        optimizer.step()
    assert 1 + matching(record, 1.0).item() < 0.35 * first
    found = matching.predictor(inputs, pictures)[rows, labels].detach()
    for column in (0, 2, 3):
        assert float(torch.corrcoef(torch.stack([found[:, column], truth[:, column]]))[0, 1]) > 0.6


@pytest.mark.parametrize(
    ("options", "columns"),
    [({"slant": 0.4}, [5]), ({"stretch": 1.6}, [4]), ({"bend": 1.5}, [4, 5, 6, 7])],
)
def test_affine_and_elastic_alignments_are_learned(options, columns):
    """One picture, deformed at random: the net says how, and of examples that it has not seen."""
    pictures = torch.zeros(1, 1, 12, 12)
    pictures[0, 0, 2:10, 2:4] = pictures[0, 0, 5:7, 2:10] = pictures[0, 0, 2:4, 8:10] = 1
    torch.manual_seed(0)
    matching = WarpedMatchingRegularizer(degrees=0.0, scale=1.0, pixels=0.0, **options)
    predictor = matching.predictor
    truth = torch.zeros(300, 1, len(predictor.names))
    truth[..., 1] = 1.0
    if "stretch" in predictor.names:
        truth[..., 4] = 1.0
    for place in columns:
        drawn = torch.empty(300, 1).uniform_(-1, 1, generator=seeded(place)) * predictor.reach[place]
        truth[..., place] = drawn.exp() if predictor.names[place] == "stretch" else drawn
    inputs = warped(pictures, truth, predictor.names)[:, 0]
    labels = torch.zeros(300, dtype=torch.long)
    seen, unseen = (pictured(inputs[k], labels[k], pictures, labels[:1]) for k in (slice(200), slice(200, 300)))
    first = 1 + matching(unseen, 1.0).item()
    optimizer = torch.optim.Adam(matching.parameters(), lr=1e-2)
    for _ in range(150):
        optimizer.zero_grad()
        matching(seen, 1.0).backward()
        optimizer.step()
    assert 1 + matching(unseen, 1.0).item() < 0.5 * first
    found = predictor(inputs[200:], pictures).detach()
    for column in columns:
        pair = torch.stack([found[:, 0, column], truth[200:, 0, column]])
        assert float(torch.corrcoef(pair)[0, 1]) > 0.6


@pytest.mark.parametrize(
    ("family", "options"),
    [
        (AffineTransform(degrees=20.0, scale=1.3, stretch=1.4, slant=0.3), {"stretch": 1.4}),
        (ElasticTransform(pixels=1.2), {"bend": 1.2}),
    ],
)
def test_a_predicted_warp_is_the_familys_with_the_same_parameters(family, options):
    prototypes, names = torch.rand(2, 3, 9, 12, generator=seeded(0)), AlignmentPredictor(**options).names
    still = {name: 1.0 if name in {"scale", "stretch"} else 0.0 for name in names}
    members = [dict(zip(family.members, values, strict=True)) for values in zip(*family.members.values(), strict=True)]
    wanted = torch.tensor([[{**still, **member}[name] for name in names] for member in members])
    views = warped(prototypes, wanted[:, None].expand(-1, 2, -1), names)
    torch.testing.assert_close(views.transpose(0, 1), family.deformed(prototypes), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("options", [{}, {"stretch": 1.3, "bend": 2.0}, {"slant": 0.2}, {"bend": 1.0}])
@pytest.mark.parametrize("shape", [(1, 12, 12), (3, 15, 9), (2, 28, 28)])
def test_the_net_that_predicts_alignments_equals_its_oracle(shape, options):
    torch.manual_seed(3)
    predictor = AlignmentPredictor(degrees=40.0, scale=1.5, pixels=3.0, width=7, **options)
    torch.nn.init.normal_(predictor.predicted.weight)
    torch.nn.init.normal_(predictor.predicted.bias)
    inputs, prototypes = torch.rand(3, *shape), torch.rand(2, *shape)
    found = predictor(inputs, prototypes).detach()
    assert all(float(found[..., k].std()) > 0 for k, reach in enumerate(predictor.reach.tolist()) if reach)
    state, reach = networks.state_of(predictor), predictor.reach.tolist()
    for row, picture in zip(found, inputs.double().numpy(), strict=True):
        for values, prototype in zip(row, prototypes.double().numpy(), strict=True):
            expected = decisions.predicted_alignment(state, reach, picture, prototype)
            np.testing.assert_allclose(values.numpy(), expected, atol=1e-4, rtol=1e-4)


def test_matching_tries_a_family_beside_shifts():
    picture = torch.zeros(1, 1, 9, 9)
    picture[0, 0, 4, 1:8] = 1
    family = RotationScaleTransform(degrees=45.0, angles=3, scales=1)
    inputs = family.views(picture)[[0, 2]].roll(1, 2)
    record = pictured(inputs, torch.zeros(2).long(), picture, torch.tensor([0]))
    common = {"pixels": 1, "tolerance": None, "contrast": 0.0, "mutual": 0.0}
    assert float(AlignedMatchingRegularizer(transforms=family, **common)(record, 1.0)) == pytest.approx(-1, abs=1e-2)
    assert float(AlignedMatchingRegularizer(**common)(record, 1.0)) > -0.7
    with pytest.raises(ParameterError, match="lookalike list transforms"):
        AlignedMatchingRegularizer(transforms=ColorTransform())(record, 1.0)


@pytest.mark.parametrize(
    ("prior", "options"),
    [
        (AlignedMatchingRegularizer, {"error": "absolute"}),
        (AlignedMatchingRegularizer, {"assignment": "none"}),
        (FeatureMatchingRegularizer, {"depth": 1.1}),
        (FeatureMatchingRegularizer, {"positions": -1}),
        (FeatureMatchingRegularizer, {"first_temperature": 0.0}),
        (FeatureMatchingRegularizer, {"until": 0.0}),
        (FeatureMatchingRegularizer, {"mutual": -0.1}),
        (FeatureMatchingRegularizer, {"tolerance": 0.0}),
        (FeatureMatchingRegularizer, {"tolerant_from": 1.1}),
        (FeatureMatchingRegularizer, {"assignment": "none"}),
        (FeatureStatisticsRegularizer, {"depth": -0.1}),
        (DiversityRegularizer, {"largest": 1.0}),
        (DiversityRegularizer, {"pixels": -1}),
        (WarpedMatchingRegularizer, {"degrees": 200.0}),
        (WarpedMatchingRegularizer, {"until": 2.0}),
        (WarpedMatchingRegularizer, {"last_temperature": 0.0}),
        (AlignmentPredictor, {"scale": 0.5}),
        (AlignmentPredictor, {"pixels": -1.0}),
        (AlignmentPredictor, {"width": 0}),
        (AlignmentPredictor, {"stretch": 0.9}),
        (AlignmentPredictor, {"slant": -0.1}),
        (WarpedMatchingRegularizer, {"bend": -1.0}),
    ],
)
def test_priors_out_of_range_are_refused(prior, options):
    with pytest.raises(ParameterError, match=f"expected {next(iter(options))} of"):
        prior(**options)


def test_priors_of_pictures_refuse_rows_and_patches():
    rows = with_(draw_record(0), prototypes=torch.zeros(6, 9))
    for prior in (
        FeatureMatchingRegularizer(),
        FeatureStatisticsRegularizer(),
        SpectrumRegularizer(),
        DiversityRegularizer(),
        CriticRegularizer((2, 5, 4)),
        AutoencoderRegularizer((2, 5, 4)),
        WarpedMatchingRegularizer(),
    ):
        with pytest.raises(ParameterError, match="regularizers='none'"):
            prior(rows, 0.5)
    for kind in (CriticRegularizer, AutoencoderRegularizer):
        with pytest.raises(ParameterError, match="pictures for the regularizer"):
            kind((9,))
