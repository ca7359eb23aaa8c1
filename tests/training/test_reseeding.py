"""Prototypes that stand for nothing begin anew, and no others."""

import logging
import re
from functools import cache

import numpy as np
import pytest
import torch

from lookalike.data import Examples, Preprocessing
from lookalike.data.knownproto import KnownWorld
from lookalike.errors import ParameterError
from lookalike.estimators import PrototypeClassifier
from lookalike.initializers import Initializer
from lookalike.prototypes import PixelPrototypes
from lookalike.registry import build
from lookalike.training import Phase
from lookalike.training.merging import superfluous, unused
from lookalike.training.phases import plan_from
from lookalike.training.reseeding import reseed
from lookalike.transforms import align
from tests.evaluation.subjects import LABELS, TEMPLATES, matching_network

WORLD = KnownWorld.of(0)


def examples(n=600):
    samples = WORLD.sample("L1", n, seed=0)
    inputs = torch.from_numpy(samples.inputs)[:, None]
    return Examples(inputs, torch.from_numpy(samples.labels), Preprocessing.of(inputs))


def generator():
    return torch.Generator().manual_seed(0)


def test_true_prototypes_stay():
    training = examples()
    network = matching_network(training.preprocessing)
    before = network.prototypes().clone()
    assert reseed(network, training, 0.1, generator()) == []
    torch.testing.assert_close(network.prototypes(), before)


def test_what_the_network_never_uses_is_found_whatever_it_shows():
    training = examples()
    assert unused(matching_network(training.preprocessing).eval(), training, generator()) == []
    pictures = TEMPLATES.clone()
    pictures[3] = pictures[2]  # a double, of which the first always wins
    pictures[8] = torch.rand(1, 28, 28, generator=generator())
    network = matching_network(training.preprocessing, pictures).eval()
    assert unused(network, training, generator()) == [3, 8]
    network.retire([8])
    assert unused(network, training, generator()) == [3]


def halves_of_one_kind():
    """Two prototypes of class 4 show one kind, each with half of it faint."""
    training, pictures = examples(), TEMPLATES.clone()
    pictures[6], pictures[7] = TEMPLATES[6], TEMPLATES[6]
    pictures[6, :, :14] *= 0.5
    pictures[7, :, 14:] *= 0.5
    return training, pictures


def test_doubles_that_pixels_miss_go_where_no_decision_is_lost():
    training, pictures = halves_of_one_kind()
    network = matching_network(training.preprocessing, pictures)
    assert reseed(network, training, 0.01, generator()) == []
    assert superfluous(network, training, 0.01, 0.0, generator()) == []
    assert superfluous(network, training, 0.01, 0.005, generator()) == [6]
    true = matching_network(training.preprocessing)
    assert superfluous(true, training, 0.01, 0.005, generator()) == []


def test_doubles_stay_where_decisions_would_be_lost():
    training, pictures = halves_of_one_kind()
    # Another class shows the same kind, nearly as well as the two together, and better than the second alone.
    pictures[5] = TEMPLATES[6]
    pictures[5, :, 9:] *= 0.5
    network = matching_network(training.preprocessing, pictures)
    inputs, labels = training.inputs[training.labels == 4], 4
    standardized = training.preprocessing.standardize(inputs)
    right = (network(standardized).logits.argmax(1) == labels).float().mean()
    network.retire([6])
    assert (network(standardized).logits.argmax(1) == labels).float().mean() < right - 0.01
    network = matching_network(training.preprocessing, pictures)
    assert 6 not in superfluous(network, training, 0.01, 0.005, generator())


@pytest.mark.parametrize(("noise", "double"), [(0.16, []), (0.3, [7])])
def test_doubles_are_more_alike_than_inputs_are_like_their_prototypes(noise, double):
    _, pictures = halves_of_one_kind()
    labels = LABELS.repeat(20)
    inputs = pictures.repeat(20, 1, 1, 1) + noise * torch.randn(240, 1, 28, 28, generator=generator())
    training = Examples(inputs, labels, Preprocessing.of(inputs))
    network = matching_network(training.preprocessing, pictures)
    # The two correlate .85.
    assert superfluous(network, training, 0.01, 0.005, generator()) == double
    assert superfluous(network, training, 0.01, 0.005, generator(), alike=0.75) == [7]
    assert superfluous(network, training, 0.01, 0.005, generator(), alike=0.9) == []


def test_a_fit_lets_unused_prototypes_go_where_prototypes_merge():
    samples = WORLD.sample("L0", 300, seed=0)
    small = {"backbone": "mlp", "prototypes": "chosen", "training__epochs": 3, "random_state": 0}
    made = PrototypeClassifier(**small, prototypes__n_per_class=6, prototypes__candidates=2)
    made.fit(samples.inputs, samples.labels)
    # Six of two examples: at least four are doubles.
    assert all(np.sum(made.prototype_labels_ == label) <= 2 for label in range(6))
    assert len(made.fitted_.merged) >= 24
    kept = PrototypeClassifier(**small, prototypes__n_per_class=6, prototypes__candidates=2, training="joint")
    assert len(kept.fit(samples.inputs, samples.labels).prototypes_) == 36


def test_dead_ones_and_doubles_begin_anew_at_what_is_least_explained():
    training = examples()
    pictures = TEMPLATES.clone()
    pictures[3] = pictures[2]  # a double, of class 2
    pictures[8] = torch.rand(1, 28, 28, generator=generator())  # noise, of class 4
    network = matching_network(training.preprocessing, pictures)
    optimizer = torch.optim.Adam(network.prototypes.requires_grad_().parameters(), lr=0.0)
    network.prototypes().square().sum().backward()
    optimizer.step()
    begun = reseed(network, training, 0.1, generator(), optimizer)
    assert sorted(begun) in ([2, 8], [3, 8])
    values = training.preprocessing.restore(network.prototypes().detach())
    alike = align(values[begun], TEMPLATES, 3).correlation
    # The input that was least explained shows the mode that had lost its prototype.
    lost = {begun[0]: {2, 3}, begun[1]: {2, 3}} | {8: {8}}
    for place, prototype in enumerate(begun):
        own = (LABELS[prototype] == LABELS).nonzero()[:, 0].tolist()
        best = max(own, key=lambda template: float(alike[place, template]))
        assert best in lost[prototype]
    (state,) = optimizer.state.values()
    stays = [place for place in range(12) if place not in begun]
    assert bool((state["exp_avg"][begun] == 0).all())
    assert bool((state["exp_avg"][stays].flatten(1).abs().sum(1) > 0).all())


def test_a_lone_prototype_stays_whatever_it_shows():
    training = examples()
    pictures = torch.rand(12, 1, 28, 28, generator=generator())
    begun = reseed(matching_network(training.preprocessing, pictures), training, 0.9, generator())
    assert not {0, 1} & set(begun)
    for label in range(2, 6):
        assert set((label == LABELS).nonzero()[:, 0].tolist()) - set(begun)


@pytest.mark.parametrize("kind", ["hull", "chosen", "generated", "pixel"])
def test_prototypes_that_stay_keep_what_they_have_learned(kind):
    training = examples()
    network = matching_network(training.preprocessing)
    options = {"steps": 2} if kind == "generated" else {}
    supplied = {"input_shape": (1, 28, 28), "n_classes": 6, "value_range": (torch.tensor(0.0), torch.tensor(1.0))}
    network.prototypes = build("prototypes", kind, {"n_per_class": [1, 1, 2, 2, 3, 3], **options}, supplied)
    generated = torch.randn(12, 1, 28, 28, generator=generator())
    network.prototypes.begin(generated, training.standardized(), training.labels, generator())
    with torch.no_grad():
        network.prototypes.values.normal_(generator=generator())
    before = network.eval().prototypes.values.clone()
    begun = reseed(network, training, 0.5, generator())
    stays = [place for place in range(12) if place not in begun]
    assert begun
    assert stays
    assert torch.equal(network.prototypes.values[stays], before[stays])
    assert not torch.equal(network.prototypes.values[begun], before[begun])


def planned(kind, until, merge, **options):
    plan = [Phase("joint", reseed=0.5, reseed_until=until, merge=merge)]
    common = {"backbone": "mlp", "prototypes__n_per_class": 3, "initializer": "uniform", "random_state": 0}
    common |= {"prototypes": kind, "training": plan, "training__epochs": 4, "training__keep": "last"}
    return PrototypeClassifier(**{**common, **options})


@cache
def learned(kind, *plan):
    """What a plan ends with where nothing stops it; without one, the plan that begins nothing anew."""
    samples = WORLD.sample("L0", 300, seed=0)
    made = planned(kind, *plan) if plan else planned(kind, 1.0, False, training="joint")
    return made.fit(samples.inputs, samples.labels)


@pytest.mark.parametrize(
    ("until", "merge", "after"), [(1.0, False, 2), (0.0, True, 1), (0.0, True, 3), (0.25, True, 3)]
)
@pytest.mark.parametrize("kind", ["pixel", "chosen"])
def test_a_plan_begins_anew_and_resumes_exactly(tmp_path, kind, until, merge, after):
    samples = WORLD.sample("L0", 300, seed=0)

    class StopError(Exception):
        pass

    def stop(event):
        if getattr(event, "history", ()) and len(event.history) == after:
            raise StopError

    whole, plain = learned(kind, until, merge), learned(kind)
    made = [planned(kind, until, merge) for _ in range(2)]
    with pytest.raises(StopError):
        made[0].fit(samples.inputs, samples.labels, folder=tmp_path, callbacks=[stop])
    again = made[1].fit(samples.inputs, samples.labels, folder=tmp_path, resume=True)
    np.testing.assert_array_equal(whole.prototypes_, again.prototypes_)
    assert whole.fitted_.merged == again.fitted_.merged
    assert bool(whole.fitted_.merged) == merge
    assert not np.array_equal(whole.prototypes_, plain.prototypes_)


def test_what_cannot_begin_anew_says_so():
    samples = WORLD.sample("L0", 200, seed=0)
    rows = samples.inputs.reshape(200, -1)[:, :30]
    for plan in ("reseeded", "merged"):
        with pytest.raises(ParameterError, match="a phase without reseed or merge"):
            PrototypeClassifier(training=plan, training__epochs=4).fit(rows, samples.labels)
    for wrong in (
        {"reseed": 1.5},
        {"reseed_until": 2.0},
        {"reseed": "often"},
        {"doubles": 0.1},
        {"merge": True, "doubles": -1.0},
        {"merge": True, "doubles": 0.1, "alike": 2.0},
        {"merge": True, "alike": 0.8},
    ):
        with pytest.raises(ParameterError):
            plan_from([{"name": "a", **wrong}])


class Given(Initializer):
    """Templates, the first four of them several times."""

    def __call__(self, shape, prototype_labels, *, inputs, labels, generator):
        order = torch.tensor([0, 0, 0, 1, 1, 1, 2, 3, 2, 4, 5, 4, 6, 7, 8, 9, 10, 11])
        return TEMPLATES[order]


def fitted(merge, **options):
    samples = WORLD.sample("L1", 900, seed=0)
    plan = [Phase("joint", reseed=0.1, reseed_until=0.0, merge=merge)]
    classifier = PrototypeClassifier(
        backbone="mlp", prototypes__n_per_class=3, random_state=0, initializer=Given(), training=plan
    )
    classifier.set_params(regularizers="none", counterfactuals="none")
    still = {"training__learning_rate": 1e-30, "training__weight_decay": 0.0, "training__epochs": 2}
    return classifier.set_params(**{**still, **options}).fit(samples.inputs, samples.labels)


@pytest.mark.parametrize("head", ["log_sum_exp", "max"])
def test_a_class_keeps_as_many_prototypes_as_it_has_kinds_of_inputs(tmp_path, head):
    whole, smaller = fitted(False, head=head), fitted(True, head=head)
    assert smaller.prototype_labels_.tolist() == LABELS.tolist()
    stays = [place for place in range(18) if place not in smaller.fitted_.merged]
    assert len(stays) == 12
    inputs = WORLD.sample("L1", 50, seed=1).inputs
    before, after = whole.compare(inputs)[0], smaller.compare(inputs)[0]
    torch.testing.assert_close(after.scores, before.scores[:, stays])
    own = torch.nn.functional.one_hot(LABELS, 6).bool()
    scores = before.scores[:, stays, None].masked_fill(~own, float("-inf"))
    torch.testing.assert_close(after.logits, torch.logsumexp(scores, 1) if head == "log_sum_exp" else scores.amax(1))
    smaller.save(tmp_path)
    loaded = PrototypeClassifier.load(tmp_path, initializer=Given())
    assert loaded.fitted_.merged == smaller.fitted_.merged
    assert loaded.fitted_.resolved["prototypes__n_per_class"] == [1, 1, 2, 2, 3, 3]
    assert (loaded.predict_proba(inputs) == smaller.predict_proba(inputs)).all()


class Halves(Given):
    """The same, but for two of class 4, which show one kind, each with half of it faint."""

    def __call__(self, shape, prototype_labels, *, inputs, labels, generator):
        order = torch.tensor([0, 0, 0, 1, 1, 1, 2, 3, 2, 4, 5, 4, 6, 7, 8, 9, 10, 11])
        return halves_of_one_kind()[1][order]


@pytest.mark.parametrize("precision", ["32-true", "64-true", "bf16-true"])
def test_a_fit_tells_doubles_by_decisions_in_every_precision(precision):
    def left(doubles, alike=None):
        plan = [Phase("joint", reseed=0.01, reseed_until=0.0, merge=True, doubles=doubles, alike=alike)]
        made = fitted(True, training=plan, initializer=Halves(), training__precision=precision)
        return np.bincount(made.prototype_labels_, minlength=6).tolist()

    # Pixels miss both halves; no decision is allowed to count for them, or every one of them.
    assert left(0.0) == [1, 1, 2, 2, 3, 3]
    assert left(0.5) == [1, 1, 2, 2, 2, 3]
    # They correlate .85, and are asked for more.
    assert left(0.5, alike=0.9) == [1, 1, 2, 2, 3, 3]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"training__epochs": 2}, "2 epochs are too few for prototypes to merge"),
        ({"training__epochs": 8, "training__patience": 1}, "joint has ended before prototypes merged"),
    ],
)
def test_training_that_ends_before_prototypes_merge_says_so(caplog, options, said):
    plan = [Phase("joint", reseed=0.01, reseed_until=0.7, merge=True)]
    with caplog.at_level(logging.INFO, logger="lookalike"):
        # At no learning rate to speak of, no epoch is better than the one before.
        made = fitted(True, training=plan, **options)
    assert len(made.fitted_.history) == 2
    assert len(made.prototypes_) > 12
    assert said in caplog.text


def test_training_goes_on_without_what_was_let_go():
    samples = WORLD.sample("L1", 300, seed=1)
    learned = fitted(True, training__learning_rate=2e-3, training__epochs=6, regularizers={"aligned_matching": 1.0})
    assert learned.prototype_labels_.tolist() == LABELS.tolist()
    assert learned.score(samples.inputs, samples.labels) > 0.5
    gone = torch.tensor(learned.fitted_.merged)
    assert len(gone) == 6


def test_a_linear_head_cannot_do_without():
    with pytest.raises(ParameterError, match="log_sum_exp"):
        fitted(True, head="linear")
    # Before anything is trained, whether or not a prototype would go.
    with pytest.raises(ParameterError, match="training='begun_anew'"):
        fitted(True, head="linear", training__epochs=0)


def test_by_default_nothing_goes_where_nothing_can():
    samples = WORLD.sample("L0", 200, seed=0)
    small = {"backbone": "mlp", "prototypes__n_per_class": 4, "training__epochs": 2, "random_state": 0}
    linear = PrototypeClassifier(head="linear", **small).fit(samples.inputs, samples.labels)
    assert linear.fitted_.resolved["training"] == "begun_anew"
    assert len(linear.prototypes_) == 24
    given = PixelPrototypes((1, 28, 28), 6, (torch.tensor(-1.0), torch.tensor(1.0)), n_per_class=2)
    quick = {"backbone": "mlp", "prototypes": given, "training__epochs": 2, "random_state": 0}
    assert len(PrototypeClassifier(**quick).fit(samples.inputs, samples.labels).prototypes_) == 12
    with pytest.raises(ParameterError, match="training='begun_anew'"):
        PrototypeClassifier(**quick, training="reseeded").fit(samples.inputs, samples.labels)


def test_doubles_go_though_none_begins_anew(caplog):
    samples = WORLD.sample("L0", 400, seed=0)
    small = {"backbone": "mlp", "initializer": "means", "prototypes__n_per_class": 4, "training__epochs": 4}
    kept = PrototypeClassifier(training="joint", **small, random_state=0).fit(samples.inputs, samples.labels)
    with caplog.at_level("INFO", logger="lookalike.training.loop"):
        merged = PrototypeClassifier(training="merged", **small, random_state=0).fit(samples.inputs, samples.labels)
    # In training already, not only when it is over and the unused go.
    assert re.search(r"epoch 4: prototypes \[.+\] go", caplog.text)
    assert "begin anew" not in caplog.text
    assert len(kept.prototypes_) == 24
    assert len(merged.prototypes_) < 24
    assert set(merged.prototype_labels_) == set(kept.prototype_labels_)
