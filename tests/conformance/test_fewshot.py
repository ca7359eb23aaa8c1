"""Episodes, gatherings and episodic networks: against their oracles, their laws, and what they refuse."""

import numpy as np
import pytest
import torch

from lookalike.backbones import Conv4Backbone, ConvnetBackbone, IdentityBackbone, MlpBackbone
from lookalike.data import Preprocessing
from lookalike.errors import DataError, ParameterError, TrainingError
from lookalike.fewshot import (
    EpisodeSampler,
    EpisodeSettings,
    EpisodicNetwork,
    ExemplarGathering,
    MeanGathering,
    PictureGathering,
    episode_accuracies,
    learn_episodes,
)
from lookalike.fewshot.episodes import class_counts
from lookalike.objectives import CrossEntropyObjective
from lookalike.pooling import MaxPooling
from lookalike.similarities import CosineSimilarity, L2Similarity, NegativeKernel
from lookalike.transforms import IdentityTransform, ShiftTransform
from tests.conformance import specimens
from tests.oracles import fewshot as oracles

every = pytest.mark.parametrize("gathering", list(specimens.gatherings()), ids=specimens.name)


def squared():
    return L2Similarity(kernel=NegativeKernel(scale=1.0, learn_scale=False), mean=False)


def network_of(gathering=None, similarity=None, transform=None, backbone=None, head="log_sum_exp"):
    torch.manual_seed(0)
    return EpisodicNetwork(
        backbone=backbone or ConvnetBackbone((1, 9, 8), widths=(4, 6)),
        gathering=gathering or MeanGathering(),
        similarity=similarity or squared(),
        transform=transform or IdentityTransform(),
        pooling=MaxPooling(),
        head=head,
    )


def drawn(seed, counts=(3, 1, 2), shape=(2, 6, 5)):
    random = np.random.default_rng(seed)
    labels = random.permutation(np.repeat(np.arange(len(counts)), counts))
    return random.normal(size=(len(labels), *shape)), labels


@every
@pytest.mark.parametrize("seed", specimens.SEEDS)
def test_gathering_equals_its_oracle(gathering, seed):
    support, labels = drawn(seed)
    found, found_labels = gathering(torch.from_numpy(support).float(), torch.from_numpy(labels), 3)
    expected, expected_labels = oracles.ORACLES[type(gathering).__name__](gathering, support, labels, 3)
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-4, atol=1e-5)
    assert found_labels.tolist() == list(expected_labels)


@every
@pytest.mark.parametrize("seed", specimens.SEEDS)
def test_the_order_of_the_support_does_not_matter(gathering, seed):
    support, labels = drawn(seed)
    order = np.random.default_rng(seed).permutation(len(labels))
    inputs = torch.from_numpy(support).float()
    found, found_labels = gathering(inputs, torch.from_numpy(labels), 3)
    other, other_labels = gathering(inputs[order], torch.from_numpy(labels[order]), 3)
    assert torch.equal(found_labels, other_labels)
    for label in range(3):
        own, again = (rows[found_labels == label].flatten(1) for rows in (found, other))
        assert torch.cdist(own, again).amin(1).max() < 1e-4


@every
def test_one_example_a_class_stands_for_itself(gathering):
    support = torch.randn(4, 1, 6, 5)
    found, labels = gathering(support, torch.tensor([2, 0, 3, 1]), 4)
    torch.testing.assert_close(found, support[[1, 3, 0, 2]])
    assert labels.tolist() == [0, 1, 2, 3]


def test_pictures_of_rows_are_refused():
    with pytest.raises(DataError, match="gathering='mean'"):
        PictureGathering()(torch.rand(3, 4), torch.tensor([0, 1, 1]), 2)
    for wrong in ({"pixels": -1}, {"rounds": -1}):
        with pytest.raises(ParameterError, match=r"of (0 or above|from 0 to 100)"):
            PictureGathering(**wrong)


def sampler(seed=0, counts=(7, 4, 9, 5, 6), **sizes):
    labels = np.random.default_rng(1).permutation(np.repeat(np.arange(len(counts)), counts))
    return labels, EpisodeSampler(labels, **{"n_way": 3, "n_shot": 2, "n_query": 2, "seed": seed, **sizes})


@pytest.mark.parametrize("seed", specimens.SEEDS)
def test_an_episode_has_different_classes_and_no_example_twice(seed):
    labels, made = sampler(seed)
    episodes = made.draw(50)
    assert len(episodes) == 50
    assert episodes.support.shape == episodes.queries.shape == (50, 3, 2)
    for classes, support, queries in zip(episodes.classes, episodes.support, episodes.queries, strict=True):
        assert len(set(classes)) == 3
        together = np.concatenate([support, queries], 1)
        assert len(set(together.ravel())) == together.size
        assert (labels[together] == classes[:, None]).all()


def test_episodes_follow_from_their_seed_however_they_are_drawn(monkeypatch):
    whole = sampler()[1].draw(20)
    again = sampler()[1]
    parts = [again.draw(7), *again.each(3), again.draw(10)]
    np.testing.assert_array_equal(whole.support, np.concatenate([part.support for part in parts]))
    np.testing.assert_array_equal(whole.queries, np.concatenate([part.queries for part in parts]))
    monkeypatch.setattr("lookalike.fewshot.episodes._CELLS", 1)
    np.testing.assert_array_equal(whole.support, sampler()[1].draw(20).support)
    assert not np.array_equal(whole.support, sampler(seed=1)[1].draw(20).support)


def test_every_class_and_every_example_has_the_same_chance():
    labels, made = sampler(n_way=2, n_shot=1, n_query=1)
    episodes = made.draw(20_000)
    classes = np.bincount(episodes.classes.ravel(), minlength=5) / 40_000
    np.testing.assert_allclose(classes, 1 / 5, atol=0.01)
    examples = np.bincount(episodes.support.ravel(), minlength=len(labels)) / 40_000
    np.testing.assert_allclose(examples, 1 / 5 / np.bincount(labels)[labels], atol=0.005)


@pytest.mark.parametrize(
    ("labels", "match"),
    [
        (np.array([1, 2, 2]), "no example of class 0"),
        (np.array([0, 2, 2]), "no example of class 1"),
        (np.array([0, 7, 1]), "label 7 among 3 examples"),
        (np.array([-1, 0, 1]), "label -1"),
        (np.array([0.0, 1.0]), "float64"),
        (np.array(["a", "b"]), "np.unique"),
        (np.zeros((2, 2), int), r"shape \(2, 2\)"),
        (np.array([], int), "shape"),
    ],
)
def test_labels_are_0_to_k_minus_1(labels, match):
    with pytest.raises(DataError, match=match):
        class_counts(labels)


def test_too_few_classes_or_examples_for_an_episode():
    labels = np.repeat(np.arange(4), [5, 5, 2, 5])
    with pytest.raises(DataError, match=r"at least 5 classes for episodes of 5, got 4; try: a smaller n_way"):
        EpisodeSampler(labels, n_way=5, n_shot=1, n_query=1, seed=0)
    with pytest.raises(DataError, match=r"at least 3 examples of every class.*got 2 of class number 2; try"):
        EpisodeSampler(labels, n_way=2, n_shot=1, n_query=2, seed=0)
    for wrong in ({"n_way": 1}, {"n_shot": 0}, {"n_query": 0}):
        with pytest.raises(ParameterError, match="of at least"):
            EpisodeSampler(labels, **{"n_way": 2, "n_shot": 1, "n_query": 1, "seed": 0, **wrong})
    with pytest.raises(ParameterError, match="n_episodes"):
        EpisodeSampler(labels, n_way=2, n_shot=1, n_query=1, seed=0).draw(0)


@pytest.mark.parametrize("seed", specimens.SEEDS)
def test_a_prototypical_network_is_the_nearest_mean(seed):
    support, labels = drawn(seed)
    queries, _ = drawn(seed + 100)
    network = network_of(backbone=IdentityBackbone((2, 6, 5)))
    tensors = (torch.from_numpy(support).float(), torch.from_numpy(labels), torch.from_numpy(queries).float())
    record = network(*tensors, targets=torch.zeros(len(queries), dtype=torch.long))
    expected = oracles.nearest_mean_logits(support, labels, queries, 3)
    np.testing.assert_allclose(record.logits.numpy(), expected, rtol=1e-4, atol=1e-3)
    assert record.n_classes == 3
    assert record.prototypes.shape == (3, 2, 6, 5)
    again = network.adapted(*tensors[:2])(tensors[2])
    torch.testing.assert_close(again.logits, record.logits)


VARIANTS = {
    "mean": (MeanGathering(), IdentityTransform(), "log_sum_exp"),
    "picture": (PictureGathering(pixels=1), IdentityTransform(), "log_sum_exp"),
    "picture, shifted": (PictureGathering(pixels=1), ShiftTransform(pixels=1), "max"),
    "exemplar": (ExemplarGathering(), IdentityTransform(), "log_sum_exp"),
    "aligned": (ExemplarGathering(), ShiftTransform(pixels=1), "max"),
}
every_variant = pytest.mark.parametrize("variant", VARIANTS)


def variant_of(name, **options):
    gathering, transform, head = VARIANTS[name]
    return network_of(gathering, transform=transform, head=head, **options)


@every_variant
def test_the_adapted_network_says_what_the_episode_says(variant):
    network = variant_of(variant).eval()
    support, labels = torch.randn(6, 1, 9, 8), torch.tensor([1, 0, 2, 0, 1, 1])
    queries = torch.randn(4, 1, 9, 8)
    record, adapted = network(support, labels, queries), network.adapted(support, labels)
    again = adapted(queries, prototype_activations=adapted.activate_prototypes())
    torch.testing.assert_close(again.logits, record.logits, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(again.scores, record.scores, rtol=1e-4, atol=1e-4)
    assert again.alignments.keys() == record.alignments.keys()
    contributions = adapted.head.contributions(again.scores).sum(1)
    torch.testing.assert_close(contributions + adapted.head.bias(), again.logits, rtol=1e-4, atol=1e-4)


@every_variant
def test_gradients_reach_the_backbone_and_episodes_share_a_pass(variant):
    network = variant_of(variant)
    inputs = torch.randn(12, 1, 9, 8)
    labels, places = torch.arange(3).repeat_interleave(4), torch.arange(12)
    one = (places[::4], labels[::4]), (places % 4 > 0).nonzero()[:, 0]
    three = (places[places % 4 < 3], labels[places % 4 < 3]), (places % 4 == 3).nonzero()[:, 0]
    supports = [one[0], three[0]]
    queries = [(chosen, labels[chosen]) for _, chosen in (one, three)]
    records = network.train().compare(inputs, supports, queries)
    sum(record.logits.sum() for record in records).backward()
    assert all(bool((parameter.grad != 0).any()) for parameter in network.backbone.parameters() if parameter.ndim > 1)
    network.eval()
    for record, (rows, own), (asked, _) in zip(
        network.compare(inputs, supports, queries), supports, queries, strict=True
    ):
        alone = network(inputs[rows], own, inputs[asked])
        torch.testing.assert_close(alone.logits, record.logits, rtol=1e-4, atol=1e-4)


@every_variant
def test_accuracies_equal_those_of_episodes_passed_one_by_one(variant):
    network = variant_of(variant)
    inputs = torch.randint(0, 256, (30, 1, 9, 8), dtype=torch.uint8)
    labels = np.arange(30) % 5
    preprocessing = Preprocessing.of(inputs)
    tasks = [
        EpisodeSampler(labels, n_way=way, n_shot=shot, n_query=3, seed=0).draw(6) for way, shot in ((2, 1), (3, 2))
    ]
    found = episode_accuracies(network, inputs, preprocessing, tasks)
    standard = preprocessing.standardize(inputs)
    for accuracies, episodes in zip(found, tasks, strict=True):
        n_way, n_shot = episodes.support.shape[1:]
        expected = []
        for support, queries in zip(episodes.support, episodes.queries, strict=True):
            own = torch.arange(n_way).repeat_interleave(n_shot)
            with torch.no_grad():
                logits = network(standard[support.ravel()], own, standard[queries.ravel()]).logits
            expected.append((logits.argmax(1) == torch.arange(n_way).repeat_interleave(3)).float().mean().item())
        np.testing.assert_allclose(accuracies, expected, atol=1e-6)


def test_a_picture_of_one_example_is_a_prototypical_network():
    mean, picture = (variant_of(name).eval() for name in ("mean", "picture"))
    support, labels, queries = torch.randn(3, 1, 9, 8), torch.arange(3), torch.randn(5, 1, 9, 8)
    torch.testing.assert_close(
        mean(support, labels, queries).logits, picture(support, labels, queries).logits, rtol=1e-4, atol=1e-4
    )


def test_a_shifted_drawing_is_met_by_aligned_prototypes():
    """The best view is the drawing itself: distance 0, and the record says how far it went."""
    network = variant_of("aligned").eval()
    drawing = torch.zeros(1, 1, 9, 8)
    drawing[..., 3:6, 3:5] = 1
    other = torch.zeros(1, 1, 9, 8)
    other[..., 1:8, 3] = 1
    record = network(torch.cat([drawing, other]), torch.tensor([0, 1]), drawing.roll((1, -1), (2, 3)))
    assert record.scores[0, 0].item() == pytest.approx(0, abs=1e-4)
    assert (record.alignments["down"][0, 0].item(), record.alignments["right"][0, 0].item()) == (1, -1)


@pytest.mark.parametrize(
    ("labels", "match"),
    [
        ([0, 0, 2], r"labels \[0, 2\]; try: torch.unique"),
        ([1, 2, 3], "few-shot labels 0 to k - 1"),
        ([-1, 0, 1], r"\[-1, 0, 1\]"),
        ([0, 0, 0], "at least two classes, got 3 of one class"),
    ],
)
def test_support_labels_are_checked(labels, match):
    network, support = network_of(), torch.randn(3, 1, 9, 8)
    for call in (lambda *given: network(*given, support), network.adapted):
        with pytest.raises(DataError, match=match):
            call(support, torch.tensor(labels))


def test_one_image_is_no_support_set():
    with pytest.raises(DataError, match="got 1 of one class; try: examples of a second class"):
        network_of().adapted(torch.randn(1, 1, 9, 8), torch.tensor([0]))


@every_variant
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_nothing_that_is_not_finite_becomes_a_prototype(variant, value):
    network, support, labels = variant_of(variant), torch.randn(4, 1, 9, 8), torch.tensor([0, 1, 0, 1])
    support[2, 0, 4, 4] = value
    with pytest.raises(DataError, match=r"(NaN|infinity) in 1 inputs, first at index 2; try"):
        network.adapted(support, labels)
    with pytest.raises(DataError, match="finite values"):
        network(support, labels, torch.randn(2, 1, 9, 8))
    preprocessing = Preprocessing.of(torch.rand(4, 1, 9, 8))
    tasks = [EpisodeSampler(labels.numpy(), n_way=2, n_shot=1, n_query=1, seed=0).draw(2)]
    with pytest.raises(DataError, match="finite values"):
        episode_accuracies(network, support, preprocessing, tasks)


def test_activations_that_overflow_are_no_prototypes():
    network = network_of(backbone=IdentityBackbone((1, 9, 8)))
    support = torch.full((4, 1, 9, 8), 3e38)
    with pytest.raises(DataError, match="finite prototypes"):
        network.adapted(support, torch.tensor([0, 0, 1, 1]))


def test_heads_that_learn_and_deformed_activations_are_refused():
    with pytest.raises(ParameterError, match="without anything to learn"):
        network_of(head="linear")
    with pytest.raises(ParameterError, match="gathering='exemplar'"):
        network_of(transform=ShiftTransform())


def pictures(n_classes=14, n_each=5):
    return torch.rand(n_classes * n_each, 1, 16, 16), np.arange(n_classes).repeat(n_each)


def hidden_classes(seed, n_classes=60, n_each=8):
    """Rows of which three columns tell the class, and twenty louder ones nothing."""
    random = np.random.default_rng(seed)
    centers = random.normal(size=(n_classes, 3)).repeat(n_each, 0)
    told = centers + 0.2 * random.normal(size=centers.shape)
    rows = np.concatenate([told, 2 * random.normal(size=(len(told), 20))], 1)
    return torch.from_numpy(rows).float(), np.arange(n_classes).repeat(n_each)


def conv4():
    torch.manual_seed(0)
    return Conv4Backbone((1, 16, 16), width=16)


SHORT = EpisodeSettings(episodes=6, n_way=12, n_shot=(1, 3), n_query=1)


def learned(seed=0, settings=SHORT, gathering=None, **options):
    network = network_of(gathering, backbone=conv4())
    inputs, labels = pictures()
    preprocessing = Preprocessing.of(inputs)
    history = learn_episodes(network, CrossEntropyObjective(), inputs, labels, preprocessing, settings, seed, **options)
    return network, history


@pytest.mark.parametrize("gathering", [MeanGathering(), PictureGathering(pixels=1)], ids=specimens.name)
def test_learning_follows_from_its_seed(gathering):
    network, history = learned(gathering=gathering)
    again, other = learned(gathering=gathering)[0].state_dict(), learned(1, gathering=gathering)[0].state_dict()
    state = network.state_dict()
    assert all(torch.equal(state[name], again[name]) for name in state)
    assert not all(torch.equal(state[name], other[name]) for name in state)
    assert [report.episode for report in history] == [6]
    assert not network.training


def test_learning_helps_with_classes_it_has_not_seen():
    (inputs, labels), (new, new_labels) = hidden_classes(0), hidden_classes(1)
    preprocessing = Preprocessing.of(inputs)
    tasks = [EpisodeSampler(new_labels, n_way=5, n_shot=1, n_query=5, seed=0).draw(100)]
    torch.manual_seed(0)
    network = network_of(backbone=MlpBackbone((23,), widths=(32, 16), signed=True))
    before = episode_accuracies(network, new, preprocessing, tasks)[0].mean()
    settings = EpisodeSettings(episodes=300, n_way=20)
    learn_episodes(network, CrossEntropyObjective(), inputs, labels, preprocessing, settings, 0)
    after = episode_accuracies(network, new, preprocessing, tasks)[0].mean()
    assert after > before + 0.2


def test_reports_come_every_fifty_episodes_and_at_the_end():
    told = []
    _, history = learned(settings=EpisodeSettings(episodes=52, n_way=3, n_shot=1), callbacks=[told.append])
    assert [report.episode for report in history] == [50, 52]
    assert told == list(history)
    assert 0 <= history[0].accuracy <= 1


def test_a_loss_that_is_not_finite_ends_training():
    with pytest.raises(TrainingError, match="a smaller learning_rate"):
        learned(settings=EpisodeSettings(episodes=30, n_way=6, n_shot=1, learning_rate=1e30))


@pytest.mark.parametrize(
    "wrong",
    [
        {"episodes": 0},
        {"n_way": 1},
        {"n_shot": ()},
        {"n_shot": (1, 0)},
        {"n_query": True},
        {"learning_rate": 0.0},
        {"schedule": "steps"},
    ],
)
def test_settings_out_of_range_are_refused(wrong):
    with pytest.raises(ParameterError, match=next(iter(wrong))):
        learned(settings=EpisodeSettings(**{"n_way": 6, "n_shot": 1, **wrong}))


def test_a_learned_scale_is_learned():
    inputs, labels = pictures()
    network = network_of(similarity=CosineSimilarity(), backbone=conv4())
    before = network.similarity.scale().item()
    learn_episodes(network, CrossEntropyObjective(), inputs, labels, Preprocessing.of(inputs), SHORT, 0)
    assert network.similarity.scale().item() != pytest.approx(before, abs=1e-3)
