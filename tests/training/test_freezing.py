"""What is frozen, or not trained by a phase, keeps its bits: weights and statistics of batches; nothing drops out."""

import numpy as np
import pytest
import torch
from torch import nn

from lookalike import PrototypeClassifier
from lookalike.errors import LookalikeError, ParameterError
from lookalike.fewshot import EpisodicLearner
from lookalike.training import Phase

PICTURES = np.random.RandomState(0).randint(0, 255, (60, 8, 8)).astype(np.uint8)
CLASSES = np.arange(60) % 2


class CountingDropout(nn.Dropout):
    """Dropout that knows whether it ever was in training mode."""

    dropped = False

    def forward(self, inputs):
        type(self).dropped |= self.training
        return super().forward(inputs)


def net():
    torch.manual_seed(0)
    first = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), CountingDropout(0.5), nn.ReLU())
    second = nn.Sequential(nn.Conv2d(4, 4, 3), nn.BatchNorm2d(4, affine=False), nn.ReLU())
    return nn.Sequential(first, second)


def fitted(backbone, **options):
    made = PrototypeClassifier(**{"backbone": backbone, "training__epochs": 2, "random_state": 0, **options})
    return made.fit(PICTURES, CLASSES)


def same(before, after):
    after = after.state_dict()
    return {name: torch.equal(value, after[name]) for name, value in before.state_dict().items()}


@pytest.mark.parametrize("options", [{}, {"prototypes": "latent"}, {"training__averaging": 0.9}])
def test_a_frozen_network_keeps_its_bits(options):
    CountingDropout.dropped = False
    given = net().requires_grad_(False)
    classifier = fitted(given, **options)
    assert all(same(given, classifier.network_.backbone.module).values())
    assert not CountingDropout.dropped


def test_a_frozen_part_keeps_its_bits_and_the_rest_learns():
    given = net()
    given[0].requires_grad_(False)
    kept = same(given, fitted(given).network_.backbone.module)
    assert all(held for name, held in kept.items() if name.startswith("0."))
    assert not kept["1.0.weight"]
    assert not kept["1.1.running_mean"]


def test_a_single_frozen_parameter_keeps_its_bits():
    given = net()
    given[1][0].bias.requires_grad_(False)
    kept = same(given, fitted(given).network_.backbone.module)
    assert kept["1.0.bias"]
    assert not kept["1.0.weight"]


@pytest.mark.parametrize(
    "plan",
    [
        [Phase("prototypes", trains=("prototypes", "similarity", "head"))],
        [Phase("head", trains=("head",)), Phase("similarity", trains=("similarity", "prototypes"))],
    ],
)
@pytest.mark.parametrize("prototypes", ["pixel", "latent"])
def test_phases_that_do_not_train_the_backbone_leave_it(plan, prototypes):
    CountingDropout.dropped = False
    given = net()
    classifier = fitted(given, training=plan, prototypes=prototypes)
    assert all(same(given, classifier.network_.backbone.module).values())
    assert not CountingDropout.dropped
    assert classifier.history_


def test_a_network_that_is_not_frozen_learns():
    given = net()
    kept = same(given, fitted(given).network_.backbone.module)
    assert not any(held for name, held in kept.items() if "num_batches" not in name)
    assert all(parameter.requires_grad for parameter in given.parameters())


def test_a_resumed_fit_keeps_what_is_frozen(tmp_path):
    def stop(event):
        if type(event).__name__ == "EpochEnded":
            raise KeyboardInterrupt

    given = net()
    given[0].requires_grad_(False)
    options = {"backbone": given, "training__epochs": 2, "random_state": 0}
    with pytest.raises(KeyboardInterrupt):
        PrototypeClassifier(**options).fit(PICTURES, CLASSES, folder=tmp_path, callbacks=[stop])
    resumed = PrototypeClassifier(**options).fit(PICTURES, CLASSES, folder=tmp_path, resume=True)
    assert same(resumed.network_, fitted(given).network_) == dict.fromkeys(resumed.network_.state_dict(), True)


def test_a_few_shot_learner_keeps_what_is_frozen():
    given = net().requires_grad_(False)
    learner = EpisodicLearner(backbone=given, episodes=2, n_shot=1, random_state=0).fit(PICTURES, CLASSES)
    assert all(same(given, learner.network_.backbone.module).values())


def traced(network, inputs):
    torch.jit.trace(network, inputs, check_trace=False)


def exported(network, inputs):
    torch.export.export(network, (inputs,))


@pytest.mark.filterwarnings("ignore:.*is deprecated")
@pytest.mark.parametrize("record", [traced, exported])
def test_a_fitted_network_is_not_recorded(record):
    """A recording would keep the number of inputs that it was made with, and answer wrongly for others."""
    network = fitted("mlp", training__epochs=0).network_
    for part in (network, _Logits(network)):
        with pytest.raises(Exception, match="expected a network that is run, not recorded") as raised:
            record(part, torch.zeros(3, 1, 8, 8))
        assert "try: save(folder)" in str(raised.value)
        if record is traced:
            assert isinstance(raised.value, LookalikeError)


class _Logits(nn.Module):
    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, inputs):
        return self.network(inputs).logits


def test_tensorboard_is_written_from_python(tmp_path):
    pytest.importorskip("tensorboard")
    fitted_here = PrototypeClassifier(backbone="mlp", training__epochs=2, training__tensorboard=True, random_state=0)
    fitted_here.fit(PICTURES, CLASSES, folder=tmp_path)
    assert len(list((tmp_path / "tensorboard").glob("events.*"))) == 1
    with pytest.raises(ParameterError, match=r"expected fit\(\.\.\., folder=\.\.\.\).*got no folder; try"):
        fitted_here.fit(PICTURES, CLASSES)
