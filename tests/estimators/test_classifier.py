"""The estimator: scikit-learn's contract, parameters, inputs of every kind, and what it refuses."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn

from lookalike import recipes
from lookalike.data import load_dataset
from lookalike.data.knownproto import KnownWorld
from lookalike.errors import DataError, LookalikeError, ModelFileError, ParameterError
from lookalike.estimators import PrototypeClassifier
from lookalike.estimators.inputs import table_or_pictures
from lookalike.similarities import CosineSimilarity

QUICK = {"training__epochs": 3, "random_state": 0}


@pytest.fixture(scope="module")
def iris():
    return load_iris(return_X_y=True)


@pytest.fixture(scope="module")
def digits():
    part = load_dataset("digits", limit=300)
    return part.train.inputs, part.train.labels


def test_defaults_learn_a_table(iris):
    X, y = iris
    classifier = PrototypeClassifier(random_state=0).fit(X[::2], y[::2])
    assert classifier.score(X[1::2], y[1::2]) > 0.93
    assert classifier.fitted_.resolved["backbone"] == "mlp"
    assert classifier.prototypes_.shape == (12, 4)


def test_prototypes_are_in_the_units_of_the_data(iris):
    X, y = iris
    classifier = PrototypeClassifier(training="none", random_state=0).fit(1000 * X, y)
    for prototype, label in zip(classifier.prototypes_, classifier.prototype_labels_, strict=True):
        distances = abs(1000 * X[y == label] - prototype).max(1)
        assert distances.min() < 0.1


def test_grid_search_and_pipelines(iris):
    X, y = iris
    search = GridSearchCV(
        PrototypeClassifier(random_state=0, training__epochs=2),
        {"similarity": ["cosine", "dot"], "prototypes__n_per_class": [1, 2]},
        cv=2,
    ).fit(X, y)
    assert search.best_params_.keys() == {"similarity", "prototypes__n_per_class"}
    pipeline = make_pipeline(StandardScaler(), PrototypeClassifier(**QUICK)).fit(X, y)
    assert pipeline.predict(X[:3]).shape == (3,)
    pipeline.set_params(prototypeclassifier__similarity="dot").fit(X, y)
    assert pipeline[-1].explanation_.similarity == "dot"


def test_pandas_in_numpy_out(iris):
    X, y = iris
    frame = pd.DataFrame(X, columns=list("abcd"))
    words = pd.Series(np.array(["one", "two", "three"])[y])
    classifier = PrototypeClassifier(**QUICK).fit(frame, words)
    assert classifier.feature_names_in_.tolist() == list("abcd")
    assert type(classifier.predict(frame)) is np.ndarray
    assert set(classifier.predict(frame)) <= {"one", "two", "three"}
    with pytest.raises(ValueError, match="feature names"):
        classifier.predict(frame[["b", "a", "c", "d"]])


def test_same_seed_same_model_and_copies_are_alike(digits):
    X, y = digits
    first = PrototypeClassifier(**QUICK, training__batch_size=50).fit(X, y)
    again = clone(first).fit(X, y)
    other = clone(first).set_params(random_state=1).fit(X, y)
    assert np.array_equal(first.decision_scores(X), again.decision_scores(X))
    assert not np.array_equal(first.decision_scores(X), other.decision_scores(X))


@pytest.mark.parametrize("layout", ["grey", "last", "first", "colour last", "floats", "tensor"])
def test_pictures_in_every_layout(digits, layout):
    X, y = digits
    shaped = {
        "grey": X,
        "last": X[..., None],
        "first": X[:, None],
        "colour last": np.repeat(X[..., None], 3, axis=3),
        "floats": X / 255,
        "tensor": torch.from_numpy(X),
    }[layout]
    classifier = PrototypeClassifier(backbone="mlp", **QUICK).fit(shaped, y)
    assert classifier.transform(shaped[:5]).shape == (5, len(classifier.prototypes_))
    assert classifier.prototypes_.shape[1] == (3 if "colour" in layout else 1)
    if layout in ("last", "first", "tensor"):
        plain = PrototypeClassifier(backbone="mlp", **QUICK).fit(X, y)
        assert np.array_equal(plain.predict_proba(X), classifier.predict_proba(shaped))


def test_floats_from_0_to_1_serve_where_bytes_were_learned_from(digits):
    X, y = digits
    classifier = PrototypeClassifier(backbone="mlp", **QUICK).fit(X, y)
    np.testing.assert_allclose(classifier.predict_proba(X / 255), classifier.predict_proba(X), atol=1e-5)
    with pytest.raises(DataError, match=r"X / 255"):
        classifier.predict(X.astype(float))


@pytest.mark.parametrize(
    "parameters",
    [
        {"prototypes": "latent", "training__epochs": 6},
        {"prototypes": "latent", "prototypes__size": None},
        {"prototypes": "exemplar"},
        {"prototypes__bounded": True},
        {"prototypes__size": 16, "backbone": "lenet", "backbone__last_pool": False},
        {"initializer": "uniform"},
        {"initializer": "normal"},
        {"initializer": "means"},
        {"initializer": "kmeans"},
        {"initializer": "points", "initializer__own_class": False},
        {"similarity": "dot", "similarity__scaled": False},
        {"similarity": "l2", "similarity__kernel": "gaussian"},
        {"similarity": "l2", "similarity__kernel": "log_ratio", "head": "linear", "prototypes": "latent"},
        {"similarity": "lk", "similarity__order": 0.5},
        {"pooling": "mean"},
        {"pooling": "log_sum_exp", "pooling__temperature": 0.5},
        {"head": "max"},
        {"head": "linear"},
        {"objective": "signed_target"},
        {"objective": "squared_hinge"},
        {"regularizers": {"total_variation": 0.1, "pixel_pull": 0.1}},
        {"transforms": "rotation_scale", "transforms__angles": 3},
        {"transforms": "elastic"},
        {"transforms": "tone"},
        {"regularizers": "cluster", "regularizers__separation": 0.08},
        {"regularizers": {"aligned_matching": 3.0}, "counterfactuals": {"residual_swap": 1.0}},
        {"backbone": "resnet", "backbone__blocks": 1},
        {"backbone": "identity"},
        {"training": "frozen_prototypes"},
        {"training": [{"name": "a", "trains": ["backbone"]}, {"name": "b"}]},
        {"prototypes__n_per_class": [1, 2, 3, 4, 1, 1, 1, 1, 1, 1]},
    ],
    ids=str,
)
def test_every_part_fits_every_other(parameters, tmp_path):
    """Pictures of 28x28: fit, explain, save, load, and the same again."""
    generator = np.random.default_rng(0)
    labels = np.arange(60) % 10
    pictures = (generator.random((60, 28, 28)) * 100 + 15 * labels[:, None, None]).astype(np.uint8)
    backbone = {"backbone": "convnet", "backbone__widths": [8, 8, 8]} if "backbone" not in parameters else {}
    classifier = PrototypeClassifier(**{**QUICK, "prototypes__n_per_class": 2, **backbone, **parameters})
    classifier.fit(pictures, labels)
    classifier.save(tmp_path / "model")
    loaded = PrototypeClassifier.load(tmp_path / "model")
    assert np.array_equal(loaded.decision_scores(pictures), classifier.decision_scores(pictures))
    assert loaded.explanation_ == classifier.explanation_
    for explanation, logits in zip(loaded.explain(pictures[:4]), loaded.decision_scores(pictures[:4]), strict=True):
        total = explanation.bias + sum(match.contribution for match in explanation.matches)
        assert total == pytest.approx(logits.max(), rel=1e-4, abs=1e-4)
        assert explanation.margin >= 0


def test_a_network_of_the_users_own(digits, tmp_path):
    X, y = digits
    net = nn.Sequential(
        nn.Conv2d(1, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(), nn.Linear(288, 16), nn.Linear(16, 3)
    )
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    classifier = PrototypeClassifier(backbone=net, backbone__layer="4", **QUICK).fit(X, y)
    assert all(torch.equal(before[name], tensor) for name, tensor in net.state_dict().items())
    classifier.save(tmp_path)
    with pytest.raises(ModelFileError, match=r"load\(folder, backbone="):
        PrototypeClassifier.load(tmp_path)
    loaded = PrototypeClassifier.load(tmp_path, backbone=net)
    assert np.array_equal(loaded.predict_proba(X), classifier.predict_proba(X))
    assert all(torch.equal(before[name], tensor) for name, tensor in net.state_dict().items())
    assert loaded.get_params()["backbone"] is net


def test_an_instance_is_taken_as_it_is_and_left_untouched(digits, tmp_path):
    X, y = digits
    similarity = CosineSimilarity(scale=3.0)
    classifier = PrototypeClassifier(backbone="mlp", similarity=similarity, **QUICK).fit(X, y)
    assert similarity.scale().item() == pytest.approx(3.0)
    assert classifier.network_.similarity.scale().item() != pytest.approx(3.0)
    classifier.save(tmp_path)
    loaded = PrototypeClassifier.load(tmp_path, similarity=CosineSimilarity())
    assert np.array_equal(loaded.predict_proba(X), classifier.predict_proba(X))


@pytest.mark.parametrize(
    "other",
    [
        {"similarity__scale": 5.0},
        {"pooling": "mean"},
        {"objective": "squared_hinge"},
        {"regularizers": {"total_variation": 0.5}},
        {"prototypes__bounded": True},
        {"initializer": "means"},
        {"validation_fraction": 0.2},
        {"random_state": 1},
    ],
    ids=str,
)
def test_a_run_is_resumed_with_its_own_parameters_only(digits, tmp_path, other):
    X, y = digits
    parameters = {"backbone": "mlp", "training__epochs": 2, "random_state": 0}

    def stop(event):
        if type(event).__name__ == "EpochEnded":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        PrototypeClassifier(**parameters).fit(X, y, folder=tmp_path, callbacks=[stop])
    with pytest.raises(ModelFileError, match="another run"):
        PrototypeClassifier(**{**parameters, **other}).fit(X, y, folder=tmp_path, resume=True)
    PrototypeClassifier(**parameters).fit(X, y, folder=tmp_path, resume=True)


def test_projected_prototypes_stay_the_activations_of_their_sources():
    """Also through the phase after the projection, which trains no backbone: its batch statistics stay, too."""
    generator = np.random.default_rng(0)
    labels = np.arange(80) % 4
    pictures = (generator.random((80, 16, 16)) * 100 + 35 * labels[:, None, None]).astype(np.uint8)
    classifier = PrototypeClassifier(
        backbone="convnet", backbone__widths=[8, 8], prototypes="latent", training__epochs=8, random_state=0
    ).fit(pictures, labels)
    network = classifier.network_
    assert [epoch.phase for epoch in classifier.history_][-1] == "head"
    standardized = classifier.preprocessing_.standardize(torch.from_numpy(pictures)[:, None])
    for summary, values, place in zip(
        classifier.explanation_.prototypes,
        network.prototypes(),
        network.prototypes.source_positions.tolist(),
        strict=True,
    ):
        activations = network.backbone(standardized[summary.source][None])[0]
        row, column = place
        torch.testing.assert_close(values[:, 0, 0], activations[:, row, column], rtol=1e-4, atol=1e-5)


def test_exemplars_are_training_examples(digits):
    X, y = digits
    classifier = PrototypeClassifier(backbone="mlp", prototypes="exemplar", initializer="kmeans", **QUICK).fit(X, y)
    for summary, picture in zip(classifier.explanation_.prototypes, classifier.prototypes_, strict=True):
        assert str(y[summary.source]) == summary.class_name
        np.testing.assert_allclose(picture[0], X[summary.source] / 255, atol=1e-6)


def test_neighbors_are_the_nearest_by_the_models_own_scores(digits):
    X, y = digits
    classifier = PrototypeClassifier(backbone="mlp", validation_fraction=0.0, **QUICK).fit(X, y)
    scores = classifier.prototype_scores(X)
    for summary in classifier.explanation_.prototypes:
        own = [i for i in np.argsort(-scores[:, summary.prototype], kind="stable") if str(y[i]) == summary.class_name]
        assert [neighbor.index for neighbor in summary.neighbors] == own[:5]
        assert all(neighbor.class_name != summary.class_name for neighbor in summary.foreign_neighbors)
        assert summary.neighbors[0].score == pytest.approx(scores[own[0], summary.prototype], abs=1e-4)
    usage = {}
    for summary in classifier.explanation_.prototypes:
        usage[summary.class_name] = usage.get(summary.class_name, 0) + summary.usage
    given = set(classifier.predict(X).astype(str))
    assert all(total == pytest.approx(1.0 if name in given else 0.0) for name, total in usage.items())


def test_probabilities_are_calibrated_on_validation_data():
    data = load_dataset("digits")
    classifier = PrototypeClassifier(backbone="mlp", validation_fraction=0.3, training__epochs=8, random_state=0)
    classifier.fit(data.train.inputs, data.train.labels)
    from lookalike.experiments import quality_of

    quality = quality_of(classifier, data.test)
    assert classifier.temperature_ != 1.0
    assert quality.calibration_error < 0.08
    probabilities = classifier.predict_proba(data.test.inputs)
    np.testing.assert_allclose(probabilities.sum(1), 1.0)


def test_validation_may_be_given(digits):
    X, y = digits
    classifier = PrototypeClassifier(backbone="mlp", **QUICK).fit(X[:200], y[:200], validation=(X[200:], y[200:]))
    assert classifier.fitted_.n_training == 200
    assert classifier.fitted_.n_validation == len(X) - 200
    with pytest.raises(DataError, match="validation labels"):
        PrototypeClassifier(**QUICK).fit(X, y, validation=(X[:2], np.array([3, 77])))


def test_a_fit_resumes_from_its_folder(digits, tmp_path):
    X, y = digits

    def stop(event):
        if type(event).__name__ == "EpochEnded" and len(event.history) == 2:
            raise KeyboardInterrupt

    classifier = PrototypeClassifier(backbone="mlp", random_state=0, training__epochs=5)
    with pytest.raises(KeyboardInterrupt):
        clone(classifier).fit(X, y, folder=tmp_path, callbacks=[stop])
    resumed = clone(classifier).fit(X, y, folder=tmp_path, resume=True)
    alone = clone(classifier).fit(X, y)
    assert np.array_equal(resumed.decision_scores(X), alone.decision_scores(X))
    assert [epoch.loss for epoch in resumed.history_] == [epoch.loss for epoch in alone.history_]


@pytest.mark.parametrize(
    ("parameters", "match"),
    [
        ({"similarty": "dot"}, "did you mean 'similarity'"),
        ({"training_epochs": 3}, "training__epochs, with two underscores"),
        ({"similarity": "cosin"}, "did you mean 'cosine'"),
        ({"similarity__scal": 3.0}, "did you mean 'scale'"),
        ({"similarity__scale": "large"}, "similarity__scale to be float"),
        ({"prototypes__n_per_class": 1.5}, "an int, or 10 of them, one per class, or 'auto'"),
        ({"prototypes__n_per_class": "many"}, "or 'auto', got 'many'"),
        ({"prototypes__n_per_class": 0}, "at least 1"),
        ({"prototypes__n_per_class": [1, 2]}, "10 of them"),
        ({"prototypes__size": 99}, "fits into an input"),
        ({"validation_fraction": 1.0}, "validation_fraction"),
        ({"verbose__loud": True}, "without options"),
        ({"training": "jointly"}, "did you mean 'joint'"),
        ({"training": 3}, "a list of phases"),
        ({"training": ["joint"]}, "a phase"),
        ({"training": [{"name": "a", "share": "much"}]}, "share of a phase"),
        ({"training": [{"name": "a", "trains": "head"}]}, "list of rooms"),
        ({"training": [{"name": "a", "project": True}, {"name": "b"}]}, "after the last projection"),
        ({"regularizers": 5}, "names with weights"),
        ({"backbone": "mlp", "backbone__widths": []}, "widths of at least one"),
        ({"backbone": "mlp", "backbone__widths": [8, 0]}, "widths of at least one"),
        ({"backbone": "resnet", "backbone__blocks": 0}, "blocks of from 1 to 100"),
        ({"similarity__scale": -1.0}, "scale of above 0"),
        ({"augmentation": "shift", "augmentation__pixels": -1}, "pixels of from 0 to 100"),
        ({"objective__label_smoothing": 2.0}, "label_smoothing of 0 to below 1"),
        ({"initializer": "kmeans", "initializer__max_points": 0}, "max_points of 1 or above"),
        ({"pooling": "log_sum_exp", "pooling__temperature": 0.0}, "temperature of above 0"),
        ({"training__epoch": 3}, "did you mean 'epochs'"),
        ({"regularizers": {"total_variatio": 0.1}}, "did you mean 'total_variation'"),
        ({"regularizers": {"total_variation": "much"}}, "a weight"),
        ({"regularizers__cluster__x": 1.0}, "chosen regularizer"),
        ({"regularizers": [1.0]}, "pairs"),
        ({"backbone": "module"}, "backbone__module"),
        ({"backbone": 7}, "a backbone by name"),
        ({"similarity": CosineSimilarity(), "similarity__scale": 2.0}, "no options beside an instance"),
        ({"backbone": "mlp", "backbone__widths": [8, "a"]}, "backbone__widths"),
        ({"objective": "glvq"}, "similarity='l2'"),
        ({"prototypes": "latent", "training": "reseeded", "training__epochs": 1}, "prototypes that are whole pictures"),
    ],
    ids=str,
)
def test_wrong_parameters_are_reported_by_fit_in_three_parts(digits, parameters, match):
    X, y = digits
    classifier = PrototypeClassifier(**{"backbone": "mlp", **QUICK, **parameters})
    with pytest.raises(ParameterError if "size" not in str(match) else LookalikeError, match=match) as caught:
        classifier.fit(X, y)
    assert str(caught.value).startswith("expected ")
    assert ", got " in str(caught.value)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda X, y: (X[:0], y[:0]), "at least one picture|minimum of 1"),
        (lambda X, y: (X, y[:-1]), "as many labels"),
        (lambda X, y: (X, np.zeros(len(X), int)), "at least two classes"),
        (lambda X, y: ([*X[:-1].reshape(-1, 8, 8), np.zeros((9, 8))], y), r"\(9, 8\) at index"),
        (lambda X, y: (np.where(np.arange(8) == 3, np.nan, X / 255), y), "NaN"),
        (lambda X, y: (np.where(np.arange(8) == 3, np.inf, X / 255), y), "inf"),
        (lambda X, y: (X.astype(str), y), "pictures of numbers"),
        (lambda X, y: (X[:, None, None], y), "shape"),
        (lambda X, y: (X, y + 0.5), "Unknown label type"),
        (lambda X, y: (X, np.where(y == 3, np.nan, y)), "a label for every input"),
        (lambda X, y: (X, np.array([None, *y[1:]], dtype=object)), "None at 1 of .*, first at index 0"),
        (lambda X, y: (X, np.array([float("nan"), *map(str, y[1:])], dtype=object)), "nan at 1 of"),
        (lambda X, y: (None, y), "got None"),
    ],
)
def test_wrong_data_are_refused(digits, change, match):
    X, y = change(*digits)
    with pytest.raises(ValueError, match=match):
        PrototypeClassifier(backbone="mlp", **QUICK).fit(X, y)


def test_a_list_of_pictures_is_as_good_as_an_array(digits):
    X, _ = digits
    listed = table_or_pictures(None, list(X), reset=True)
    torch.testing.assert_close(listed, table_or_pictures(None, X, reset=True))
    learned = [torch.rand(8, 8, requires_grad=True) for _ in range(2)]
    assert table_or_pictures(None, learned, reset=True).shape == (2, 1, 8, 8)


def test_a_handful_of_validation_examples_does_not_calibrate(iris):
    X, y = iris
    classifier = PrototypeClassifier(random_state=0, training__epochs=20).fit(X, y)
    assert classifier.fitted_.n_validation == 15
    assert classifier.temperature_ == 1.0


def test_points_in_time_keep_their_digits():
    """Columns whose differences are far smaller than their values; the class is in the seconds."""
    generator = np.random.default_rng(0)
    seconds = generator.integers(0, 100, 200).astype(float)
    X, y = (1_700_000_000 + seconds)[:, None], seconds >= 50
    classifier = PrototypeClassifier(training__epochs=20, random_state=0).fit(X, y)
    assert classifier.score(X, y) > 0.95
    assert classifier.prototypes_.dtype == np.float64
    again = classifier.preprocessing_.standardize(torch.from_numpy(classifier.prototypes_))
    torch.testing.assert_close(again, classifier.network_.prototypes().float(), rtol=1e-4, atol=1e-5)


def test_bytes_are_refused_where_floats_up_to_1_were_learned_from(digits):
    X, y = digits
    classifier = PrototypeClassifier(backbone="mlp", **QUICK).fit(X / 255, y)
    with pytest.raises(DataError, match="X / 255"):
        classifier.predict(X)


def test_inputs_of_another_shape_are_refused_at_prediction(digits):
    X, y = digits
    classifier = PrototypeClassifier(backbone="mlp", **QUICK).fit(X, y)
    with pytest.raises(DataError, match=r"\(1, 8, 8\) \(channels, height, width\)"):
        classifier.predict(np.zeros((2, 9, 8), np.uint8))
    with pytest.raises(DataError, match=r"\(3, 8, 8\)"):
        classifier.predict(np.zeros((2, 8, 8, 3), np.uint8))
    with pytest.raises(DataError, match="NaN"):
        classifier.predict(np.full((2, 8, 8), np.nan))
    table = PrototypeClassifier(**QUICK).fit(X.reshape(len(X), -1).astype(float), y)
    with pytest.raises(ValueError, match="64 features"):
        table.predict(np.zeros((2, 9)))


def test_lists_of_pictures_are_pictures(digits):
    X, _ = digits
    pixels = X[:6].astype(float)
    expected = table_or_pictures(PrototypeClassifier(), pixels, reset=True)
    lists = ([list(each) for each in pixels], [list(torch.from_numpy(each)) for each in pixels], pixels.tolist())
    for given in (*lists, list(pixels), tuple(torch.from_numpy(pixels))):
        assert torch.equal(table_or_pictures(PrototypeClassifier(), given, reset=True), expected)
    with Image.new("L", (4, 4), 7) as image:
        assert table_or_pictures(PrototypeClassifier(), [image] * 2, reset=True).shape == (2, 1, 4, 4)
    with pytest.raises(DataError, match="index 1"):
        table_or_pictures(PrototypeClassifier(), [[[1, 2], [3, 4]], [[1, 2], [3]]], reset=True)
    for names in (["a.png", "b.png"], [Path("a.png")], (b"a.png",), "a.png"):
        with pytest.raises(DataError, match=r"a\.png.* the first.*load_dataset"):
            table_or_pictures(PrototypeClassifier(), names, reset=True)


def test_a_class_with_fewer_examples_than_prototypes():
    X = np.random.default_rng(0).normal(size=(43, 3))
    y = np.array(["many"] * 40 + ["few"] * 3)
    with pytest.raises(DataError, match="at least 4 training examples"):
        PrototypeClassifier(prototypes__n_per_class=4, **QUICK).fit(X, y)
    automatic = PrototypeClassifier(**QUICK).fit(X, y)
    assert (automatic.prototype_labels_ == "few").sum() == 3
    assert (automatic.prototype_labels_ == "many").sum() == 4


@pytest.mark.parametrize("labels", [[True, False], ["a", "b"], [3, 7], [0.5, 1.5], ["Ünï", "<script>"]])
def test_classes_of_every_kind_survive_saving(labels, tmp_path):
    X = np.random.default_rng(0).normal(size=(40, 3))
    if labels == [0.5, 1.5]:
        labels = [0.0, 2.0]
    y = np.array(labels)[np.arange(40) % 2]
    classifier = PrototypeClassifier(**QUICK).fit(X, y)
    classifier.save(tmp_path)
    loaded = PrototypeClassifier.load(tmp_path)
    assert loaded.classes_.dtype.kind == classifier.classes_.dtype.kind
    assert np.array_equal(loaded.predict(X), classifier.predict(X))


def test_recipes_are_compositions(digits):
    X, y = digits
    assert recipes.nearest_class_mean().fit(X, y).score(X, y) > 0.85
    means = recipes.nearest_class_mean(validation_fraction=0.0).fit(X, y)
    for label, prototype in zip(means.prototype_labels_, means.prototypes_, strict=True):
        np.testing.assert_allclose(prototype[0], X[y == label].mean(0) / 255, atol=1e-4)
    assert recipes.glvq(training__epochs=10, random_state=0).fit(X, y).score(X, y) > 0.88
    original = recipes.singh2019_siamese(training__epochs=10, random_state=0).fit(X, y)
    assert original.score(X, y) > 0.8
    assert not list(original.network_.similarity.parameters())
    assert original.network_.head(torch.eye(10)).tolist() == torch.eye(10).tolist()


def test_prototypes_of_photographs_are_photographs():
    generator = np.random.default_rng(0)
    y = np.arange(40) % 2
    X = (generator.integers(0, 90, (40, 12, 12, 3)) + 80 * y[:, None, None, None]).astype(np.uint8)
    chosen = recipes.photographs(training__epochs=3, prototypes__n_per_class=2, random_state=0).fit(X, y)
    for label, prototype in zip(chosen.prototype_labels_, chosen.prototypes_, strict=True):
        examples = X[y == label].transpose(0, 3, 1, 2) / 255
        assert np.abs(examples - prototype).max((1, 2, 3)).min() < 1e-4
    assert chosen.score(X, y) > 0.9


def test_the_defaults_find_pictures_from_noise_and_go_by_them():
    world = KnownWorld.of(0)
    known, test = (world.sample("L1", n, seed=0, training=training) for n, training in ((800, True), (300, False)))
    common = {"backbone": "mlp", "initializer": "uniform", "prototypes__n_per_class": 3, "training__epochs": 6}
    found = {}
    for make in (recipes.lookalike, recipes.siamese):
        classifier = make(**common, random_state=0).fit(known.inputs, known.labels)
        card = classifier.scorecard(test.inputs, test.labels, world=world, rows=["TR*", "BIND"])
        found[make.__name__] = card.value_of("TR*"), card.value_of("BIND")
        assert "TR*" in str(card)
        assert "TRANSFER" not in str(card).partition("verdict:")[0]
    assert min(found["lookalike"]) > 0.8
    assert max(found["siamese"]) < 0.2


def test_get_and_set_params_speak_one_vocabulary():
    classifier = PrototypeClassifier(prototypes__n_per_class=3)
    assert classifier.get_params()["prototypes__n_per_class"] == 3
    classifier.set_params(prototypes__n_per_class=5, similarity="dot")
    assert clone(classifier).get_params() == classifier.get_params()
    assert "prototypes__n_per_class=5" in repr(classifier)


@pytest.mark.parametrize(
    ("wrong", "advice"),
    [
        (np.zeros((3, 64)), r"X\.reshape\(-1, 8, 8\)"),
        (np.zeros((8, 8)), r"X\[None\] for one picture"),
        (np.zeros((3, 5)), r"pictures of shape \(8, 8\)"),
        (np.zeros((100, 8)), r"pictures of shape \(8, 8\)"),
        (np.zeros((3, 9, 9)), "resize pictures"),
        (np.full((3, 8, 8), 200), "numbers up to 200 that are no 8-bit integers"),
    ],
)
def test_inputs_of_another_form_are_told_what_to_do(wrong, advice):
    X = np.random.default_rng(0).integers(0, 256, (20, 8, 8), dtype=np.uint8)
    classifier = PrototypeClassifier(backbone="identity", training="none", random_state=0).fit(X, np.arange(20) % 2)
    with pytest.raises(DataError, match=advice):
        classifier.predict(wrong)


def test_rows_of_a_colour_model_are_told_both_ways_they_may_have_been_made():
    X = np.random.default_rng(0).integers(0, 256, (20, 8, 8, 3), dtype=np.uint8)
    classifier = PrototypeClassifier(backbone="identity", training="none", random_state=0).fit(X, np.arange(20) % 2)
    with pytest.raises(DataError, match=r"X\.reshape\(-1, 8, 8, 3\) or X\.reshape\(-1, 3, 8, 8\)"):
        classifier.predict(X.reshape(20, -1))
    rows = PrototypeClassifier(backbone="identity", training="none", random_state=0)
    rows.fit(X.reshape(20, -1).astype(float), np.arange(20) % 2)
    with pytest.raises(DataError, match=r"X\.reshape\(len\(X\), -1\)"):
        rows.predict(X[..., :1].repeat(3, axis=3))


def test_validation_labels_that_are_missing_are_refused(iris):
    X, y = iris
    missing = np.array([None, *y[1:]], dtype=object)
    with pytest.raises(DataError, match="None at 1 of 150"):
        PrototypeClassifier(**QUICK).fit(X, y, validation=(X, missing))


def test_feature_names_and_data_frames_out(iris):
    X, y = iris
    classifier = PrototypeClassifier(prototypes__n_per_class=1, **QUICK).set_output(transform="pandas").fit(X, y)
    assert list(classifier.transform(X[:2]).columns) == [f"prototypeclassifier{i}" for i in range(3)]


def test_right_in_every_validation_example_is_not_certain_of_everything():
    generator = np.random.default_rng(0)
    y = np.arange(1200) % 3
    X = 8 * np.eye(3)[y] + generator.normal(size=(1200, 3))
    classifier = PrototypeClassifier(prototypes__n_per_class=1, random_state=0, training__epochs=5).fit(X, y)
    probabilities = classifier.predict_proba(X)
    assert (probabilities.argmax(1) == y).all()
    assert 0.9 < probabilities.max(1).mean() < 0.9999


def test_a_scorecard_of_chosen_rows():
    data = load_dataset("digits", limit=200)
    classifier = PrototypeClassifier(backbone="mlp", training__epochs=2, random_state=0)
    classifier.fit(data.train.inputs, data.train.labels)
    test = data.test.inputs[:100], data.test.labels[:100]
    card = classifier.scorecard(*test, rows=["SIZE"])
    assert [row.name for row in card.rows if row.value is not None] == ["SIZE"]
    with pytest.raises(ParameterError, match="did you mean 'SIZE'"):
        classifier.scorecard(*test, rows=["SIZ"])
    with pytest.raises(DataError, match="as many modes"):
        classifier.scorecard(*test, rows=["SIZE"], modes=np.arange(99))
    training = data.train.inputs, data.train.labels
    full = classifier.scorecard(*test, training, full=True, modes=data.test.labels[:100] % 2)
    assert full.row("COVER").beside["mode recall"] == pytest.approx(1.0)
    assert full.diagnostics["moved from the start, two real examples = 1"] > 0
    # Examples that the model cannot have been fitted on say nothing about its start.
    other = classifier.scorecard(*test, (training[0][:150], training[1][:150]), full=True)
    assert "moved from the start, two real examples = 1" not in other.diagnostics


def test_a_deformation_that_does_not_fit_is_refused_with_those_that_do(iris, digits):
    X, y = iris
    with pytest.raises(ParameterError, match=r"expected .* pictures .*rotation_scale.* try: transforms of .*'tone'"):
        PrototypeClassifier(transforms="rotation_scale", **QUICK).fit(X, y)
    with pytest.raises(ParameterError, match="try: transforms of 'identity'"):
        PrototypeClassifier(transforms="tone", prototypes="latent", **QUICK).fit(X, y)
    with pytest.raises(ParameterError, match=r"color pictures .*'affine', 'elastic'"):
        PrototypeClassifier(transforms="color", **QUICK).fit(*digits)
    fitted = PrototypeClassifier(transforms="tone", **QUICK).fit(X, y)
    comparison = fitted.compare(X[:3])[0]
    assert set(comparison.alignments) == {"gain", "offset"}
