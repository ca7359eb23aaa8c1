"""Training on several devices: what comes back, what all of them agree on, and what an interruption leaves."""

import os
import subprocess
import sys
import tempfile
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from lightning_fabric import Fabric
from lightning_fabric.strategies import DDPStrategy

from lookalike.backbones import MlpBackbone
from lookalike.errors import TrainingError
from lookalike.training import Finished, Learner, Started, train
from lookalike.training.devices import launch
from tests.training.crossing import BREAK, Breaking, Diary, with_gaps
from tests.training.jobs import job, network
from tests.training.test_loop import assert_same_bits, figures, state_of

SCRIPT = """
import os, sys
import numpy as np
import torch
from lookalike import PrototypeClassifier

generator = np.random.default_rng(0)
labels = np.arange(200) % 2
pictures = (generator.integers(0, 160, (200, 8, 8)) + 60 * labels[:, None, None]).astype(np.uint8)
options = {"devices": 2, "accelerator": "cpu", "strategy": "ddp", "epochs": 2, "averaging": 0.9}
model = PrototypeClassifier(random_state=0, **{f"training__{name}": value for name, value in options.items()})
model.fit(pictures, labels)
np.save(os.path.join(sys.argv[1], f"{os.environ['LOCAL_RANK']}.npy"), model.predict_proba(pictures))
torch.distributed.barrier()
"""
LAUNCH = """
import os, sys
import numpy as np
import torch
from lightning_fabric import Fabric
from lookalike.training.checkpoints import Checkpoint
from lookalike.training.devices import launch

def work(fabric):
    return Checkpoint({"rank": torch.full((2,), float(fabric.global_rank))}, {"rank": fabric.global_rank})

found = launch(Fabric(accelerator="cpu", devices=2, strategy="ddp"), work)
np.save(os.path.join(sys.argv[1], f"{os.environ['LOCAL_RANK']}.npy"), [found.facts["rank"], *found.tensors["rank"]])
torch.distributed.barrier()
"""


@pytest.mark.slow
def test_two_devices_learn_what_one_learns(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    done = job(epochs=30, learning_rate=0.02, devices=2, accelerator="cpu", batch_size=10)
    before = state_of(done.learner)
    events = []
    history = train(done, [events.append])
    assert history[-1].validation_accuracy > 0.9
    assert len(history) == 30
    assert events[0] == Started(1, 30, len(done.training) // 2 // 10)
    assert isinstance(events[-1], Finished)
    learned = state_of(done.learner)
    assert not torch.equal(before["network.prototypes.values"], learned["network.prototypes.values"])
    assert learned["network.prototypes.values"].dtype == torch.float32
    # What came back is what was judged and kept there.
    inputs, targets = next(iter(done.validation.batches(len(done.validation))))
    with torch.no_grad():
        loss, _ = done.learner.judge(inputs, targets, done.learner.given())
    kept = history[events[-1].kept - 1]
    assert loss == pytest.approx(kept.validation_loss, rel=1e-4)
    assert not list(tmp_path.glob("lookalike-*"))


@pytest.mark.slow
def test_an_error_on_one_of_several_devices_is_the_error_it_was():
    broken = job(learning_rate=1e30, optimizer="sgd", schedule="constant", epochs=3, devices=2, accelerator="cpu")
    with pytest.raises(TrainingError, match="learning_rate"):
        train(broken)


@pytest.mark.slow
def test_interrupted_on_two_devices_and_resumed_it_ends_with_the_same_bits(tmp_path, monkeypatch):
    """Prototypes are projected on every device; the last phase comes after it."""
    settings = {"devices": 2, "accelerator": "cpu", "batch_size": 10, "averaging": 0.9, "epochs": 10}

    def made(checkpoint):
        one = job(plan="projected", latent=True, checkpoint=checkpoint, **settings)
        learner = Learner(one.learner.network, one.learner.objective, [(Breaking(), 1.0)])
        return replace(one, learner=learner)

    alone = made(None)
    history = train(alone)
    monkeypatch.setenv(BREAK, "1")
    file = tmp_path / "checkpoint.safetensors"
    with pytest.raises(TrainingError, match="broken"):
        train(made(file))
    assert file.exists()
    monkeypatch.delenv(BREAK)
    resumed = made(file)
    assert figures(train(resumed, resume=True)) == figures(history)
    assert_same_bits(state_of(resumed.learner), state_of(alone.learner))


@pytest.mark.slow
@pytest.mark.parametrize("averaging", [0.0, 0.9])
def test_all_devices_judge_with_the_same_statistics(averaging, tmp_path):
    backbone = MlpBackbone((4,), widths=(8, 6), normalize=True)
    backbone.register_forward_pre_hook(Diary(tmp_path))
    settings = {"devices": 2, "accelerator": "cpu", "batch_size": 10, "averaging": averaging, "epochs": 3}
    train(job(model=network(backbone=backbone), **settings))
    first, second = ((tmp_path / f"{rank}.txt").read_text().splitlines() for rank in (0, 1))
    assert len(set(first)) == 3
    assert first == second


@pytest.mark.slow
def test_tensors_become_the_first_devices_and_nothing_else_does(tmp_path):
    fabric = Fabric(accelerator="cpu", devices=2, strategy=DDPStrategy(start_method="spawn"))
    found = launch(fabric, partial(with_gaps, folder=tmp_path))
    assert found.facts == {"rank": 0}
    agreed = np.full((4, 4), 2.0)
    agreed[::2, ::2] = agreed[0, 1] = 1
    np.testing.assert_array_equal(np.load(tmp_path / "1.npy"), agreed)
    np.testing.assert_array_equal(np.load(tmp_path / "0.npy"), np.ones((4, 4)))


def _run_on_two(code, folder):
    """What both processes of a script wrote."""
    script = folder / "script.py"
    script.write_text(code)
    environment = {**os.environ, "LOOKALIKE_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    subprocess.run([sys.executable, str(script), str(folder)], env=environment, check=True, timeout=300)
    return [np.load(folder / f"{rank}.npy") for rank in (0, 1)]


@pytest.mark.slow
def test_a_script_that_every_device_runs_goes_on_with_one_model(tmp_path):
    first, second = _run_on_two(SCRIPT, tmp_path)
    assert len(np.unique(first)) > 10
    np.testing.assert_array_equal(first, second)


@pytest.mark.slow
def test_where_every_device_runs_the_script_all_get_what_the_first_found(tmp_path):
    for found in _run_on_two(LAUNCH, tmp_path):
        assert found.tolist() == [0, 0, 0]


def test_a_strategy_on_one_device_trains():
    history = train(job(epochs=2, strategy="ddp", accelerator="cpu"))
    assert len(history) == 2
