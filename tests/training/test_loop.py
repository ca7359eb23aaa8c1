"""The training loop: what moves, what is kept, when it stops, and that a resumed run has the same bits."""

import math
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest
import torch
from torch import nn

from lookalike.backbones import ModuleBackbone
from lookalike.data import Augmentation, Examples
from lookalike.errors import ModelFileError, ParameterError, TrainingError
from lookalike.regularizers import Regularizer
from lookalike.training import EpochEnded, Finished, Learner, Phase, Started, Stepped, train
from lookalike.training.checkpoints import optimizer_tensors, restore_optimizer
from lookalike.training.health import require_no_collapse
from lookalike.training.history import Epoch
from tests.training.jobs import examples, job, network


class KilledError(Exception):
    pass


def killer(after):
    def on_event(event):
        if isinstance(event, Stepped) and event.epoch == after + 1 and event.step == 2:
            raise KilledError

    return on_event


def figures(history):
    return [{**epoch.to_dict(), "seconds": 0} for epoch in history]


def state_of(learner):
    return {name: tensor.clone() for name, tensor in learner.state_dict().items()}


def assert_same_bits(first, second):
    assert first.keys() == second.keys()
    for name in first:
        assert torch.equal(first[name], second[name]), name


VARIANTS = {
    "joint": {},
    "averaged": {"averaging": 0.9},
    "sgd with early stopping": {"optimizer": "sgd", "patience": 2, "epochs": 9, "learning_rate": 0.3},
    "projected": {"plan": "projected", "latent": True},
    "last, clipped, regularized": {"keep": "last", "gradient_clip": 0.5, "regularizers": [("cluster", 0.1)]},
    "two phases": {"plan": [Phase("a", trains=("head", "similarity")), Phase("b", share=2.0)]},
}


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("after", [0, 1, 2, 4, 5])
def test_killed_after_any_epoch_and_resumed_it_ends_with_the_same_bits(variant, after, tmp_path):
    alone = job(**VARIANTS[variant])
    history = train(alone)
    broken = job(**VARIANTS[variant], checkpoint=tmp_path / "run" / "checkpoint.safetensors")
    try:
        train(broken, [killer(after)])
    except KilledError:
        torch.manual_seed(int(time.time()))
        resumed = job(**VARIANTS[variant], checkpoint=broken.checkpoint)
        assert figures(train(resumed, resume=True)) == figures(history)
        assert_same_bits(state_of(resumed.learner), state_of(alone.learner))
    else:
        assert len(history) <= after, "the run ended before it could be killed"


@pytest.mark.parametrize("variant", ["projected", "two phases"])
def test_killed_between_the_last_epoch_of_a_phase_and_its_end(variant, tmp_path, monkeypatch):
    """The checkpoint of a phase's last epoch is written before the phase ends: the end must not be lost."""
    alone = job(**VARIANTS[variant])
    train(alone)
    broken = job(**VARIANTS[variant], checkpoint=tmp_path / "checkpoint.safetensors")
    with monkeypatch.context() as patched:
        patched.setattr("lookalike.training.state.RunState.end_phase", lambda self: (_ for _ in ()).throw(KilledError))
        with pytest.raises(KilledError):
            train(broken)
    resumed = job(**VARIANTS[variant], checkpoint=broken.checkpoint)
    train(resumed, resume=True)
    assert_same_bits(state_of(resumed.learner), state_of(alone.learner))


@pytest.mark.parametrize("kind", ["adamw", "sgd"])
def test_moments_come_back_in_the_order_of_their_parameters(kind):
    def made():
        torch.manual_seed(0)
        net = nn.Conv2d(3, 4, 3).to(memory_format=torch.channels_last)
        parameters = [*net.parameters(), nn.Parameter(torch.tensor(2.0))]
        fast = torch.optim.AdamW(parameters, lr=0.1, fused=True)
        return net, parameters, fast if kind == "adamw" else torch.optim.SGD(parameters, lr=0.1, momentum=0.9)

    def step(net, parameters, optimizer):
        optimizer.zero_grad()
        inputs = torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(1))
        (net(inputs).square().mean() * parameters[-1]).backward()
        optimizer.step()

    first, second = made(), made()
    step(*first)
    second[0].load_state_dict(first[0].state_dict())
    second[1][-1].data.copy_(first[1][-1])
    # As a file has them.
    kept = {name: tensor.contiguous().clone() for name, tensor in optimizer_tensors(first[2]).items()}
    restore_optimizer(second[2], kept)
    for _ in range(2):
        step(*first)
        step(*second)
    for one, other in zip(first[1], second[1], strict=True):
        assert torch.equal(one, other)


SCRIPT = """
import sys
from pathlib import Path
from lookalike.training import train
from tests.training.jobs import job
train(job(epochs=100, checkpoint=Path(sys.argv[1])), resume=True)
"""


@pytest.mark.slow
def test_a_process_killed_at_any_moment_leaves_a_checkpoint_that_resumes(tmp_path):
    file = tmp_path / "checkpoint.safetensors"
    for delay in (0.05, 0.31, 0.17):
        process = subprocess.Popen([sys.executable, "-c", SCRIPT, str(file)])
        deadline = time.monotonic() + 60
        before = file.stat().st_mtime_ns if file.exists() else 0
        while not file.exists() or file.stat().st_mtime_ns == before:
            assert time.monotonic() < deadline
            assert process.poll() is None
            time.sleep(0.01)
        time.sleep(delay)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    resumed, alone = job(epochs=100, checkpoint=file), job(epochs=100)
    starts = []
    train(resumed, [lambda event: starts.append(event) if isinstance(event, Started) else None], resume=True)
    train(alone)
    assert starts[0].first_epoch > 1
    assert_same_bits(state_of(resumed.learner), state_of(alone.learner))


def test_a_checkpoint_of_another_run_is_refused(tmp_path):
    first = job(checkpoint=tmp_path / "checkpoint.safetensors")
    train(first)
    permuted = examples()
    permuted = permuted.select(torch.arange(len(permuted)).flip(0))
    for other in (
        job(checkpoint=first.checkpoint, learning_rate=0.02),
        job(checkpoint=first.checkpoint, training=examples(seed=5)),
        job(checkpoint=first.checkpoint, plan=[Phase("joint", share=3.0)]),
        job(checkpoint=first.checkpoint, training=permuted),
        replace(job(checkpoint=first.checkpoint), validation=examples(n=30, seed=6)),
        replace(job(checkpoint=first.checkpoint), described="another"),
    ):
        with pytest.raises(ModelFileError, match="another run"):
            train(other, resume=True)


def test_a_damaged_checkpoint_is_refused(tmp_path):
    file = tmp_path / "checkpoint.safetensors"
    train(job(checkpoint=file))
    content = file.read_bytes()
    for damaged in (b"", content[:100], content[: len(content) // 2], b"\x00" * 64):
        file.write_bytes(damaged)
        with pytest.raises(ModelFileError, match="start the run anew"):
            train(job(checkpoint=file), resume=True)


def test_training_learns_and_tells_what_happens():
    events = []
    done = job(epochs=30, learning_rate=0.02)
    history = train(done, [events.append])
    assert history[-1].validation_accuracy > 0.9
    assert isinstance(events[0], Started)
    assert isinstance(events[-1], Finished)
    assert sum(isinstance(event, Stepped) for event in events) == 30 * events[0].steps_per_epoch == 180
    assert [len(event.history) for event in events if isinstance(event, EpochEnded)] == list(range(1, 31))
    assert not done.learner.training
    assert not any(parameter.requires_grad for parameter in done.learner.parameters())


def test_training_leaves_the_global_random_state_alone():
    one = job(epochs=1)
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    train(one)
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize("room", ["backbone", "prototypes", "similarity"])
def test_a_phase_moves_only_what_it_trains(room):
    one = job(plan=[Phase("one", trains=(room,))], epochs=2)
    before = state_of(one.learner)
    train(one)
    after = state_of(one.learner)
    moved = {name.split(".")[1] for name in before if not torch.equal(before[name], after[name])}
    # Running statistics follow the inputs in every phase: they are no parameters.
    assert moved - {"backbone"} == ({room} - {"backbone"})
    parameters = {name for name, _ in one.learner.named_parameters()}
    moved_parameters = {name for name in parameters if not torch.equal(before[name], after[name])}
    assert {name.split(".")[1] for name in moved_parameters} == {room}


def test_prototypes_have_their_own_learning_rate():
    frozen = job(prototype_learning_rate=0.0, epochs=2)
    before = state_of(frozen.learner)
    train(frozen)
    after = state_of(frozen.learner)
    assert torch.equal(before["network.prototypes.values"], after["network.prototypes.values"])
    assert not torch.equal(before["network.backbone.layers.1.weight"], after["network.backbone.layers.1.weight"])


def test_the_best_epoch_is_kept():
    done = job(epochs=8, learning_rate=0.5, optimizer="sgd", schedule="constant")
    kept = []
    history = train(done, [lambda event: kept.append(event.kept) if isinstance(event, Finished) else None])
    best = max(history, key=lambda epoch: (epoch.validation_accuracy, -epoch.validation_loss))
    assert kept == [best.number]
    inputs, labels = next(done.validation.batches(100))
    found = (done.learner.network(inputs).logits.argmax(1) == labels).float().mean()
    assert found == pytest.approx(best.validation_accuracy)


def test_patience_ends_a_phase_early():
    history = train(job(epochs=200, patience=3, learning_rate=0.3, optimizer="sgd", schedule="constant"))
    losses = [epoch.validation_loss for epoch in history]
    assert len(history) < 200
    assert len(history) - 1 - losses.index(min(losses)) == 3


def test_a_loss_that_is_not_finite_stops_with_advice():
    with pytest.raises(TrainingError, match="learning_rate"):
        train(job(learning_rate=1e30, optimizer="sgd", schedule="constant", epochs=3))


def test_a_collapse_is_seen():
    def epoch(number, accuracy, phase="joint"):
        return Epoch(number, phase, 1.0, accuracy, None, None, 0.01, 0.0)

    falling = [epoch(n + 1, a) for n, a in enumerate([0.5, 0.93, 0.4, 0.38])]
    with pytest.raises(TrainingError, match="collapsed"):
        require_no_collapse(falling, n_examples=1000)
    require_no_collapse(falling[:3], n_examples=1000)
    require_no_collapse(falling, n_examples=100)
    require_no_collapse([epoch(1, 0.9, "before"), *falling[2:], epoch(9, 0.39)], n_examples=1000)


def test_regularizers_are_weighted_and_reported():
    history = train(job(regularizers=[("cluster", 0.0), ("separation", 0.1)], epochs=1))
    assert history[0].penalties.keys() == {"ClusterRegularizer", "SeparationRegularizer"}
    assert all(math.isfinite(value) for value in history[0].penalties.values())


def test_a_network_with_nothing_to_train_is_left_as_it_is():
    one = job(plan=[Phase("head", trains=("head",))])
    before = state_of(one.learner)
    assert train(one) == ()
    assert_same_bits(before, state_of(one.learner))


def test_projection_needs_prototypes_in_activation_space():
    with pytest.raises(ParameterError, match="prototypes='latent'"):
        train(job(plan=[Phase("joint", project=True)], epochs=1))


def test_projected_prototypes_are_patches_of_their_sources():
    done = job(plan=[Phase("joint", project=True)], latent=True, epochs=3)
    train(done)
    prototypes, network_ = done.learner.network.prototypes, done.learner.network
    for value, label, source in zip(prototypes(), prototypes.labels, prototypes.sources, strict=True):
        inputs, labels = done.training.batch(source[None])
        assert labels[0] == label
        torch.testing.assert_close(network_.backbone(inputs)[0], value)


def test_projection_takes_the_nearest_patch_anywhere():
    """Against a search over every position of every picture."""
    torch.manual_seed(0)
    conv = ModuleBackbone((1, 6, 6), module=nn.Conv2d(1, 3, 3))
    from lookalike.heads import MaxHead
    from lookalike.network import PrototypeNetwork
    from lookalike.pooling import MaxPooling
    from lookalike.prototypes import LatentPrototypes
    from lookalike.similarities import CosineSimilarity
    from lookalike.training.projection import project
    from lookalike.transforms import IdentityTransform

    prototypes = LatentPrototypes((3, 4, 4), 2, n_per_class=2, size=2)
    prototypes.set_values(torch.randn(4, 3, 2, 2))
    wanted = prototypes().detach().clone()
    net = PrototypeNetwork(
        backbone=conv,
        prototypes=prototypes,
        similarity=CosineSimilarity(),
        transform=IdentityTransform(),
        pooling=MaxPooling(),
        head=MaxHead(prototypes.labels, 2),
    )
    from lookalike.data import Preprocessing

    inputs = torch.randn(30, 1, 6, 6)
    data = Examples(inputs, torch.arange(30) % 2, Preprocessing.of(inputs))
    project(net, data)
    activations = conv(data.standardized())
    for index, label in enumerate(prototypes.labels.tolist()):
        best = min(
            (((activations[i, :, y : y + 2, x : x + 2] - wanted[index]) ** 2).sum().item(), i, y, x)
            for i in range(30)
            if data.labels[i] == label
            for y in range(3)
            for x in range(3)
        )
        assert prototypes.sources[index] == best[1]
        assert prototypes.source_positions[index].tolist() == [best[2], best[3]]


@pytest.mark.parametrize("precision", ["bf16-mixed", "64-true"])
def test_other_precisions_learn_too(precision):
    done = job(epochs=30, learning_rate=0.02, precision=precision)
    assert train(done)[-1].validation_accuracy > 0.85


def test_a_last_batch_of_one_is_not_trained_on():
    """Batch normalisation has no variance of a single row."""
    history = train(job(training=examples(41), batch_size=20, epochs=1))
    assert math.isfinite(history[0].loss)


def test_the_network_is_a_composition():
    net = network()
    assert set(net.parameter_groups()) == {"backbone", "prototypes", "similarity"}
    taps = net(torch.zeros(5, 4), taps=["layers.1"]).taps
    assert taps["layers.1"][0].shape == (5, 8)
    assert taps["layers.1"][1].shape == (6, 8)


class Seen(Regularizer):
    """Notes what it is shown."""

    def __init__(self):
        super().__init__()
        self.inputs, self.originals = [], []

    def forward(self, comparison, progress):
        self.inputs.append(comparison.inputs)
        self.originals.append(comparison.unaugmented())
        return comparison.logits.sum() * 0


class Doubled(Augmentation):
    """Twice the values."""

    def __call__(self, inputs, generator):
        return 2 * inputs


def test_what_compares_pictures_is_shown_them_as_they_were_before_augmentation():
    one, seen = job(epochs=1), Seen()
    learner = Learner(one.learner.network, one.learner.objective, [(seen, 1.0)])
    train(replace(one, learner=learner, augmentation=Doubled()))
    known, _ = one.training.batch(torch.arange(len(one.training)))
    shown, moved = (torch.cat(each)[: len(known)] for each in (seen.originals, seen.inputs))
    distances = torch.cdist(shown.flatten(1), known.flatten(1))
    assert float(distances.amin(1).max()) < 1e-2
    torch.testing.assert_close(moved, 2 * shown)
