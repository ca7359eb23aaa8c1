"""Fits in threads equal fits alone, and leave every generator of the caller as it was."""

import hashlib
import random
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from sklearn.datasets import load_iris
from torch import nn

from lookalike import PrototypeClassifier
from lookalike.fewshot import EpisodicLearner
from lookalike.randomness import RandomStream, draws, seeded, untouched

X, y = load_iris(return_X_y=True)
PICTURES = np.random.RandomState(0).randint(0, 255, (40, 12, 12)).astype(np.uint8)
CLASSES = np.arange(40) % 2


class Noisy(nn.Module):
    """A module that draws from process-wide generators."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 3)
        self.dropout = nn.Dropout(0.5)

    def forward(self, inputs):
        noise = np.random.rand() if self.training else 1.0
        return self.dropout(self.layer(inputs)) * noise


def states():
    """Python's own generator is not among them: what checks types in tests draws from it."""
    numpy_state = np.random.get_state()
    return torch.get_rng_state().numpy().tobytes(), numpy_state[1].tobytes(), numpy_state[2]


def fitted(seed, inputs=X, labels=y, **options):
    return PrototypeClassifier(**{"training__epochs": 2, "random_state": seed, **options}).fit(inputs, labels)


NOISY = Noisy()
KINDS = {
    "table": (X, y, {}),
    "pictures": (PICTURES, CLASSES, {}),
    "module": (X, y, {"backbone": NOISY}),
    "critic": (PICTURES, CLASSES, {"backbone": "mlp", "regularizers": {"critic": 1.0}, "training": "joint"}),
}


@pytest.mark.parametrize("kind", KINDS)
def test_fits_in_threads_equal_fits_alone(kind):
    inputs, labels, options = KINDS[kind]
    alone = [fitted(seed, inputs, labels, **options).predict_proba(inputs[:20]) for seed in range(2)]
    with ThreadPoolExecutor(4) as threads:
        found = list(
            threads.map(lambda place: fitted(place % 2, inputs, labels, **options).predict_proba(inputs[:20]), range(4))
        )
    for place, proba in enumerate(found):
        np.testing.assert_array_equal(proba, alone[place % 2])


@pytest.mark.parametrize("kind", KINDS)
def test_the_generators_of_the_caller_stay_as_they_were(kind, tmp_path):
    inputs, labels, options = KINDS[kind]
    before = states()
    classifier = fitted(0, inputs, labels, **options)
    assert states() == before
    classifier.predict_proba(inputs)
    classifier.explain(inputs[:2])
    classifier.save(tmp_path)
    instances = {"backbone": NOISY} if kind == "module" else {}
    loaded = PrototypeClassifier.load(tmp_path, **instances)
    loaded.add_class(7, inputs[:4])
    loaded.remove_prototypes([0])
    assert states() == before


def test_a_few_shot_learner_leaves_them_too(tmp_path):
    before = states()
    learner = EpisodicLearner(backbone=NOISY, episodes=2, random_state=0).fit(X, y)
    learner.save(tmp_path)
    EpisodicLearner.load(tmp_path, backbone=NOISY).gathered_by("exemplar")
    learner.adapt(X[::10], y[::10])
    assert states() == before
    again = EpisodicLearner(backbone=NOISY, episodes=2, random_state=0).fit(X, y)
    for name, value in again.network_.state_dict().items():
        assert torch.equal(value, learner.network_.state_dict()[name])


def test_what_a_callback_draws_does_not_reach_the_training():
    plain = fitted(0, backbone=NOISY).predict_proba(X)
    drawing = PrototypeClassifier(backbone=NOISY, training__epochs=2, random_state=0)
    drawing.fit(X, y, callbacks=[lambda event: torch.rand(3)])
    np.testing.assert_array_equal(drawing.predict_proba(X), plain)


@pytest.mark.parametrize("fails", [False, True])
def test_generators_are_given_back(fails):
    before = states()
    for context in (seeded(3), untouched(), RandomStream(1).lent()):
        python = random.getstate()
        try:
            with context:
                torch.rand(3), np.random.rand(), random.random()
                if fails:
                    raise KeyError
        except KeyError:
            assert fails
        assert states() == before
        assert random.getstate() == python


def test_a_stream_goes_on_where_it_was():
    stream = RandomStream(5)
    parts = [torch.rand(2, generator=stream.generator)]
    with stream.lent():
        parts.append(torch.rand(2))
        numbers = [np.random.rand()]
    parts.append(torch.rand(2, generator=stream.generator))
    with stream.lent():
        numbers.append(np.random.rand())
    assert torch.equal(torch.cat(parts), torch.rand(6, generator=torch.Generator().manual_seed(5)))
    assert numbers == np.random.RandomState(5).rand(2).tolist()


def test_which_modules_draw():
    assert not draws(fitted(0).network_)
    assert not draws(nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()))
    drawing = (nn.Dropout(), nn.RReLU(), nn.MultiheadAttention(4, 2), nn.LSTM(2, 2), nn.FractionalMaxPool2d(2, 2))
    hooked, replaced = nn.Linear(2, 2), nn.Linear(2, 2)
    hooked.register_forward_hook(lambda *_: None)
    replaced.forward = lambda inputs: inputs
    for module in (*drawing, Noisy(), hooked, replaced):
        assert draws(nn.Sequential(module))


def test_first_weights_of_a_seed_are_those_of_earlier_versions():
    """Digests of before generators were lent."""
    wanted = {"mlp": "fce62902687915de", "convnet": "cf7d82228d219391"}
    found = {}
    for name, inputs, labels in (("mlp", X, y), ("convnet", PICTURES, CLASSES)):
        weights = fitted(7, inputs, labels, backbone=name, training__epochs=0).network_.backbone.state_dict()
        digest = hashlib.sha256(b"".join(weights[each].float().numpy().tobytes() for each in sorted(weights)))
        found[name] = digest.hexdigest()[:16]
    assert found == wanted
