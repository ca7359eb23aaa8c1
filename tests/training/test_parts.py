"""Settings, phases, learning rates, averages and logs."""

import csv
import logging
import platform

import pytest
import torch
from torch import nn

from lookalike.errors import MissingExtraError, ParameterError
from lookalike.training import PLANS, Phase, TrainingSettings, plan_from, settings_from, train
from lookalike.training.logs import csv_log, message_log, tensorboard_log
from lookalike.training.memory import keep_freed_memory
from lookalike.training.optimization import WeightAverage, learning_rate_factor, make_optimizer
from lookalike.training.phases import epochs_of
from tests.training.jobs import job


def test_auto_settings_follow_the_data():
    pictures = TrainingSettings().resolve(60_000, is_picture=True)
    rows = TrainingSettings().resolve(120, is_picture=False)
    assert pictures.batch_size == 128
    assert rows.batch_size == 16
    assert rows.epochs * (120 // 16) >= 300
    assert TrainingSettings(epochs=0).resolve(10, is_picture=True).epochs == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("epochs", -1),
        ("batch_size", 0),
        ("learning_rate", 0.0),
        ("prototype_learning_rate", -0.1),
        ("weight_decay", -1.0),
        ("warmup", 1.5),
        ("averaging", 1.0),
        ("patience", 0),
        ("optimizer", "adma"),
        ("schedule", "linear"),
        ("keep", "worst"),
        ("devices", 0),
        ("epochs", "many"),
    ],
)
def test_a_setting_out_of_range_is_named(name, value):
    with pytest.raises(ParameterError, match=f"training__{name}"):
        settings_from({name: value}).resolve(100, is_picture=True)


def test_unknown_and_mistyped_settings_are_named():
    with pytest.raises(ParameterError, match=r"did you mean 'epochs'"):
        settings_from({"epoch": 3})
    with pytest.raises(ParameterError, match="training__learning_rate to be float"):
        settings_from({"learning_rate": "fast"})


def test_epochs_are_shared_out_whole():
    for plan in PLANS.values():
        for epochs in range(0, 40):
            counts = epochs_of(plan, epochs)
            assert sum(counts) == (epochs if plan else 0)
            assert all(count >= 0 for count in counts)
            if epochs >= 10:
                assert all(count >= 1 for phase, count in zip(plan, counts, strict=True) if phase.share)
    assert epochs_of([Phase("project", share=0.0, project=True)], 5) == [0]


def test_phases_come_by_name_or_one_by_one():
    assert plan_from("none") == ()
    given = plan_from([{"name": "a", "trains": ["head"]}, Phase("b")])
    assert given[0].trains == ("head",)
    assert given[1].share == 1.0
    for wrong, match in (
        ("joined", "did you mean 'joint'"),
        ([{"trains": ["head"]}], "a phase with a name"),
        ([{"name": "a", "epochs": 3}], "a phase with a name"),
        ([{"name": "a", "trains": ["haed"]}], "did you mean 'head'"),
        ([Phase("a"), Phase("a")], "different names"),
    ):
        with pytest.raises(ParameterError, match=match):
            plan_from(wrong)


def test_learning_rates_rise_and_fall():
    cycle = [learning_rate_factor("one_cycle", 0.25, step / 100) for step in range(100)]
    assert cycle.index(max(cycle)) == 25
    assert max(cycle) == 1.0
    assert cycle[:26] == sorted(cycle[:26])
    assert cycle[25:] == sorted(cycle[25:], reverse=True)
    assert cycle[-1] < 0.02
    assert learning_rate_factor("constant", 0.25, 0.9) == 1.0
    assert learning_rate_factor("one_cycle", 0.0, 0.0) == 1.0


def test_weights_decay_and_prototypes_do_not():
    training = job(weight_decay=0.5, prototype_learning_rate=0.2)
    groups = make_optimizer(training.learner, Phase("joint"), training.settings).param_groups
    decays = {id(parameter): group["weight_decay"] for group in groups for parameter in group["params"]}
    rates = {id(parameter): group["peak"] for group in groups for parameter in group["params"]}
    for name, parameter in training.learner.named_parameters():
        decayed = parameter.ndim > 1 and "prototypes" not in name
        assert decays[id(parameter)] == (0.5 if decayed else 0.0), name
        assert rates[id(parameter)] == (0.2 if "prototypes" in name else 0.01), name


def test_the_average_is_the_average():
    module = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    average = WeightAverage(module, decay=0.8)
    expected = module[0].weight.detach().clone()
    for step in range(30):
        with torch.no_grad():
            module[0].weight.add_(1.0)
            module[1].running_mean.add_(1.0)
        average.update()
        decay = min(0.8, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * module[0].weight.detach()
    torch.testing.assert_close(average.tensors["0.weight"], expected)
    current = module[0].weight.detach().clone()
    with average.applied():
        torch.testing.assert_close(module[0].weight.detach(), expected)
        assert module[1].running_mean[0] < 30
    assert torch.equal(module[0].weight.detach(), current)
    assert module[1].running_mean[0] == 30


def test_freed_memory_is_kept_only_where_it_may_be(monkeypatch):
    assert keep_freed_memory() is (platform.libc_ver()[0] == "glibc")
    monkeypatch.setenv("LOOKALIKE_MALLOC", "default")
    assert keep_freed_memory() is False


def test_the_csv_has_a_line_per_epoch(tmp_path):
    file = tmp_path / "history.csv"
    history = train(job(epochs=3, regularizers=[("cluster", 0.1)]), [csv_log(file)])
    with file.open() as opened:
        rows = list(csv.DictReader(opened))
    assert [row["number"] for row in rows] == ["1", "2", "3"]
    assert float(rows[2]["loss"]) == history[2].loss
    assert float(rows[2]["ClusterRegularizer"]) == history[2].penalties["ClusterRegularizer"]
    assert [path.name for path in tmp_path.iterdir()] == ["history.csv"]


def test_every_epoch_is_logged(caplog):
    with caplog.at_level(logging.INFO, logger="lookalike"):
        train(job(epochs=2), [message_log])
    assert sum("validation accuracy" in message for message in caplog.messages) == 2


def test_tensorboard_gets_every_epoch(tmp_path):
    pytest.importorskip("tensorboard")
    train(job(epochs=2), [tensorboard_log(tmp_path)])
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(tmp_path))
    events.Reload()
    assert [event.step for event in events.Scalars("validation_accuracy")] == [1, 2]


def test_tensorboard_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "torch.utils.tensorboard", None)
    with pytest.raises(MissingExtraError, match=r"lookalike\[tensorboard\]"):
        tensorboard_log(tmp_path)
