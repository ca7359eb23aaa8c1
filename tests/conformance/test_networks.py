"""Backbones against their oracles, the laws of the family, and normalisation that a siamese net can bear."""

import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from lookalike.backbones import ConvnetBackbone, ModuleBackbone, activation_shape
from lookalike.backbones.module import network_by_name
from lookalike.backbones.siamese import SiamesePass
from lookalike.errors import DataError, MissingExtraError, ParameterError
from lookalike.heads import MaxHead
from lookalike.network import PrototypeNetwork
from lookalike.pooling import MaxPooling
from lookalike.prototypes import PixelPrototypes
from lookalike.similarities import CosineSimilarity
from lookalike.transforms import IdentityTransform
from tests.conformance import specimens
from tests.oracles.networks import ORACLES

every = pytest.mark.parametrize("backbone", list(specimens.backbones()), ids=specimens.name)


@every
def test_equals_its_oracle_in_evaluation_mode(backbone):
    backbone.eval()
    state = {name: tensor.numpy().astype(np.float64) for name, tensor in backbone.state_dict().items()}
    for seed in range(2):
        inputs = torch.randn(3, *backbone.input_shape, generator=torch.Generator().manual_seed(seed))
        with torch.no_grad():
            found = backbone(inputs).numpy()
        expected = ORACLES[type(backbone).__name__](backbone, state, inputs.numpy().astype(np.float64))
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)


@every
def test_keeps_its_contract_of_shapes(backbone):
    shape = activation_shape(backbone)
    assert len(shape) == 3
    assert shape[0] == backbone.out_channels
    assert backbone(torch.randn(5, *backbone.input_shape)).shape == (5, *shape)


@every
def test_an_input_does_not_depend_on_its_batch_in_evaluation_mode(backbone):
    backbone.eval()
    inputs = torch.randn(6, *backbone.input_shape)
    torch.testing.assert_close(backbone(inputs)[2:4], backbone(inputs[2:4]), rtol=1e-5, atol=1e-5)


@every
def test_gradients_reach_the_inputs(backbone):
    backbone.train()
    inputs = torch.randn(6, *backbone.input_shape, requires_grad=True)
    (gradient,) = torch.autograd.grad(backbone(inputs).square().sum(), inputs)
    assert bool(torch.isfinite(gradient).all())
    assert bool((gradient != 0).any())


def test_every_backbone_has_a_specimen():
    assert {type(backbone) for backbone in specimens.backbones()} == {
        cls for _, cls in specimens.components("backbone")
    }


def normalized(rows, n_real, layer):
    with SiamesePass(n_real):
        return layer(rows)


@pytest.mark.parametrize("shape", [(7, 3), (7, 3, 5), (7, 3, 4, 5)])
@pytest.mark.parametrize("affine", [True, False])
def test_real_rows_alone_make_the_statistics(shape, affine):
    """Values, running statistics and gradients equal the formula written out with autograd."""
    kind = {2: nn.BatchNorm1d, 3: nn.BatchNorm1d, 4: nn.BatchNorm2d}[len(shape)]
    for seed in specimens.SEEDS:
        torch.manual_seed(seed)
        layer = kind(3, affine=affine).double()
        if affine:
            nn.init.normal_(layer.weight)
            nn.init.normal_(layer.bias)
        rows = torch.randn(shape, dtype=torch.float64, requires_grad=True)
        weights = torch.randn(shape, dtype=torch.float64)
        result = normalized(rows, 5, layer)
        axes = [axis for axis in range(len(shape)) if axis != 1]
        variance, mean = torch.var_mean(rows[:5], axes, correction=0, keepdim=True)
        by_channel = (1, 3, *(1,) * (len(shape) - 2))
        expected = (rows - mean) / (variance + layer.eps).sqrt()
        if affine:
            expected = expected * layer.weight.view(by_channel) + layer.bias.view(by_channel)
        torch.testing.assert_close(result, expected)
        leaves = [rows, *layer.parameters()]
        found = torch.autograd.grad((result * weights).sum(), leaves)
        wanted = torch.autograd.grad((expected * weights).sum(), leaves)
        torch.testing.assert_close(found, wanted)
        count = 5 * math.prod(shape[2:])
        unbiased = variance.flatten() * count / (count - 1)
        torch.testing.assert_close(layer.running_mean, 0.1 * mean.detach().flatten())
        torch.testing.assert_close(layer.running_var, 0.9 + 0.1 * unbiased.detach())
        assert int(layer.num_batches_tracked) == 1


def test_without_prototypes_it_is_plain_batch_normalisation():
    torch.manual_seed(0)
    rows = torch.randn(6, 3, 4, 4)
    plain, ours = nn.BatchNorm2d(3), nn.BatchNorm2d(3)
    torch.testing.assert_close(normalized(rows, 6, ours), plain(rows))
    torch.testing.assert_close(ours.running_var, plain.running_var)


def test_later_passes_are_normalised_by_the_first():
    """For prototypes of another size than the inputs."""
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.ReLU(), nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)
    ).double()
    inputs = torch.randn(5, 1, 9, 9, dtype=torch.float64)
    with SiamesePass(5):
        expected = net(torch.cat([inputs, inputs[:2]]))[5:]
    with SiamesePass(None) as statistics:
        net(inputs)
        before = {name: buffer.clone() for name, buffer in net.named_buffers()}
        statistics.replay()
        torch.testing.assert_close(net(inputs[:2]), expected)
    assert all(
        torch.equal(buffer, before[name]) for name, buffer in net.named_buffers() if not name.endswith("tracked")
    )


@pytest.mark.parametrize("bias", [True, False])
def test_the_first_convolution_has_the_same_gradients_where_they_are_wanted(bias):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(2, 3, 3, 2, 1, bias=bias), nn.ReLU(), nn.Conv2d(3, 2, 3)).double()
    inputs, prototypes = torch.randn(5, 2, 9, 8).double(), torch.randn(3, 2, 9, 8).double().requires_grad_()
    weights = torch.randn(8, 2, 3, 2).double()
    leaves = [prototypes, *net.parameters()]
    plain = torch.autograd.grad((net(torch.cat([inputs, prototypes])) * weights).sum(), leaves)
    rows = torch.cat([inputs, prototypes])
    with SiamesePass(5, rows):
        result = net(rows)
    torch.testing.assert_close(torch.autograd.grad((result * weights).sum(), leaves), plain)


def test_inputs_that_want_a_gradient_get_it():
    net = job_network(nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten()))
    inputs = torch.randn(4, 1, 6, 6, requires_grad=True)
    (gradient,) = torch.autograd.grad(net(inputs).logits.sum(), inputs)
    assert bool((gradient != 0).any(dim=(1, 2, 3)).all())


def job_network(module):
    prototypes = PixelPrototypes((1, 6, 6), 2, (torch.tensor(0.0), torch.tensor(1.0)), n_per_class=1)
    prototypes.set_values(torch.randn(2, 1, 6, 6))
    return PrototypeNetwork(
        backbone=ModuleBackbone((1, 6, 6), module=module),
        prototypes=prototypes,
        similarity=CosineSimilarity(),
        transform=IdentityTransform(),
        pooling=MaxPooling(),
        head=MaxHead(prototypes.labels, 2),
    )


class BorrowedNorm(nn.BatchNorm2d):
    """A subclass with a forward of its own, as libraries have them."""

    def forward(self, inputs):
        mean, var = self.running_mean, self.running_var
        return functional.relu(functional.batch_norm(inputs, mean, var, self.weight, self.bias, self.training))


@pytest.mark.parametrize("value", [1e4, -1e4, 1e30, float("nan")])
@pytest.mark.parametrize(
    "net",
    [
        nn.Sequential(
            nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(144, 3), nn.BatchNorm1d(3)
        ),
        nn.Sequential(nn.Conv2d(1, 4, 3), BorrowedNorm(4)),
        nn.Sequential(nn.Conv2d(1, 4, 3), nn.InstanceNorm2d(4, track_running_stats=True)),
    ],
    ids=["ours", "a subclass", "instance"],
)
def test_a_prototype_of_extreme_pixels_leaves_every_buffer_bit_equal(net, value):
    inputs = torch.randn(6, 1, 8, 8)

    def buffers_after(prototype):
        torch.manual_seed(0)
        backbone = ModuleBackbone((1, 8, 8), module=net).train()
        with SiamesePass(len(inputs)):
            backbone(torch.cat([inputs, prototype]))
        return dict(backbone.named_buffers())

    plain = buffers_after(torch.zeros(2, 1, 8, 8))
    extreme = buffers_after(torch.full((2, 1, 8, 8), value))
    assert plain.keys() == extreme.keys()
    assert all(torch.equal(plain[name], extreme[name]) for name in plain)


def test_a_module_is_copied_and_stopped_at_its_layer():
    net = nn.Sequential(nn.Flatten(), nn.Linear(4, 3), nn.Linear(7, 2))
    backbone = ModuleBackbone((1, 2, 2), module=net, layer="1")
    with torch.no_grad():
        backbone.module[1].weight.zero_()
    assert bool((net[1].weight != 0).any())
    assert backbone.out_channels == 3


@pytest.mark.parametrize(("tokens", "shape"), [("mean", (6, 1, 1)), ("first", (6, 1, 1)), ("all", (6, 5, 1))])
def test_a_transformers_tokens(tokens, shape):
    class Tokens(nn.Module):
        def forward(self, inputs):
            return inputs.flatten(1)[:, :30].view(-1, 5, 6)

    backbone = ModuleBackbone((1, 6, 6), module=Tokens(), tokens=tokens)
    assert activation_shape(backbone) == shape


def test_a_module_that_cannot_serve_is_refused():
    class Two(nn.Module):
        def forward(self, inputs):
            return inputs, inputs

    flatten = nn.Flatten()
    with pytest.raises(ParameterError, match="name of a layer"):
        ModuleBackbone((1, 2, 2), module=nn.Sequential(nn.Linear(2, 2)), layer="1")
    unused = nn.Sequential(nn.Flatten(), nn.Linear(4, 2))
    unused.register_module("aside", nn.Identity())
    unused.forward = lambda inputs: unused[1](unused[0](inputs))
    with pytest.raises(ParameterError, match="goes through"):
        ModuleBackbone((1, 2, 2), module=unused, layer="aside")
    with pytest.raises(ParameterError, match="output is a tensor"):
        ModuleBackbone((1, 2, 2), module=Two())
    with pytest.raises(ParameterError, match="running statistics"):
        ModuleBackbone((1, 2, 2), module=nn.Sequential(flatten, nn.BatchNorm1d(4, track_running_stats=False)))
    with pytest.raises(ParameterError, match="tokens as one of"):
        ModuleBackbone((1, 2, 2), module=flatten, tokens="men")
    with pytest.raises(ParameterError, match="torchvision:NAME"):
        network_by_name("os:system")


def test_a_named_network_needs_its_library():
    try:
        import timm  # noqa: F401
    except (ImportError, RuntimeError):
        with pytest.raises(MissingExtraError, match="pip install"):
            network_by_name("timm:resnet18")
    else:
        with pytest.raises(ParameterError, match="did you mean"):
            network_by_name("timm:resnet_18")


def test_pictures_too_small_are_refused_with_the_shape():
    with pytest.raises(DataError, match=r"\(1, 2, 2\)"):
        activation_shape(ConvnetBackbone((1, 2, 2)))
    with pytest.raises(DataError, match="backbone='mlp'"):
        ConvnetBackbone((4,))
