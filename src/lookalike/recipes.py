"""Published methods as short compositions; each returns a classifier, or a few-shot learner, that is not fitted yet.

Every recipe takes further parameters, which win over its own.
"""

from typing import Any

from lookalike.estimators import PrototypeClassifier
from lookalike.fewshot import EpisodicLearner


def lookalike(**parameters: Any) -> PrototypeClassifier:
    """Our defaults: the estimator without arguments.

    Examples
    --------
    >>> lookalike().similarity
    'cosine'
    """
    return PrototypeClassifier(**parameters)


def siamese(**parameters: Any) -> PrototypeClassifier:
    """Our defaults without what makes prototypes pictures: they and the network learn from decisions alone.

    Notes
    -----
    The yardstick for aligned matching and residual swap. Its prototypes look as they did when they began, and the
    network does not go by what they show; see `docs/how-to/pictures.md`.

    Examples
    --------
    >>> siamese().training
    'joint'
    """
    own = {"regularizers": "none", "counterfactuals": "none", "training": "joint"}
    return PrototypeClassifier(**{**own, **parameters})


def photographs(**parameters: Any) -> PrototypeClassifier:
    """For photographs: prototypes are training examples of their class, and training chooses which.

    Notes
    -----
    Photographs of one class hardly agree pixel by pixel, so that free pixels become blurs or codes, and to hold the
    network to what they show costs accuracy. Chosen examples are photographs whatever happens; on CIFAR-10 the network
    is as accurate as one without prototypes. It does not decide by what they show alone. See `docs/how-to/pictures.md`.
    Learning rate, contrast and what is double are those that were measured. While training, 64 examples of each class
    are held in memory to choose among (``prototypes__candidates``).

    Examples
    --------
    >>> photographs().prototypes
    'chosen'
    """
    own: dict[str, Any] = {"prototypes": "chosen", "counterfactuals": "none", "training__prototype_learning_rate": 0.3}
    if "regularizers" not in parameters:
        own["regularizers__aligned_matching__contrast"] = 0.5
    if "training" not in parameters:
        own["training"] = [{"name": "joint", "reseed": 0.01, "merge": True, "doubles": 0.005, "alike": 0.75}]
    return PrototypeClassifier(**{**own, **parameters})


def singh2019_siamese(**parameters: Any) -> PrototypeClassifier:
    """The research scripts this library grew from: one network for inputs and prototype pictures, cosine, maximum.

    Notes
    -----
    An MLP (784-128-128), no scale, no head beyond the maximum over a class's prototypes; Adam at .01 throughout,
    batches of 100, 35 epochs; started at training pictures, or at ``initializer="uniform"`` noise. The scripts' sizes
    are 784-128-128-128 with the last layer unused. For its convolutional networks: ``backbone="lenet"`` or
    ``"cifar"``; for its spatial mode: ``prototypes__size=20, similarity="dot", similarity__scaled=False``.

    References
    ----------
    [chen2019protopnet]

    Examples
    --------
    >>> singh2019_siamese(similarity="dot").backbone
    'mlp'
    """
    similarity = parameters.get("similarity", "cosine")
    plain: dict[str, Any] = {}
    if similarity == "cosine":
        plain = {"similarity__scale": 1.0, "similarity__learn_scale": False}
    elif similarity == "dot":
        plain = {"similarity__scaled": False}
    own = {
        "backbone": "mlp",
        "prototypes__n_per_class": 1,
        "head": "max",
        "augmentation": "none",
        "regularizers": "none",
        "counterfactuals": "none",
        "training": "joint",
        "training__optimizer": "adam",
        "training__learning_rate": 0.01,
        "training__weight_decay": 0.0,
        "training__schedule": "constant",
        "training__batch_size": 100,
        "training__epochs": 35,
        "training__keep": "last",
        "training__stop_on_collapse": False,
    }
    return PrototypeClassifier(**{**own, **plain, **parameters})


def glvq(**parameters: Any) -> PrototypeClassifier:
    """Generalised learning vector quantisation: raw inputs, squared distance, relative difference, no network.

    Notes
    -----
    With ``backbone="mlp"`` it is the siamese variant. The relative difference does not depend on the distance's scale.

    References
    ----------
    [sato1995glvq]

    Examples
    --------
    >>> glvq().objective
    'glvq'
    """
    own = {
        "backbone": "identity",
        "prototypes__n_per_class": 1,
        "initializer": "means",
        "similarity": "l2",
        "similarity__kernel": "negative",
        "similarity__kernel__scale": 1.0,
        "similarity__kernel__learn_scale": False,
        "head": "max",
        "objective": "glvq",
        "augmentation": "none",
        "regularizers": "none",
        "training__learning_rate": 0.01,
        "training__weight_decay": 0.0,
    }
    return PrototypeClassifier(**{**own, **parameters})


def nearest_class_mean(**parameters: Any) -> PrototypeClassifier:
    """Every class is its mean, an input goes to the nearest; nothing is trained.

    References
    ----------
    [hastie2009elements]

    Examples
    --------
    >>> nearest_class_mean().training
    'none'
    """
    own = {"prototypes__n_per_class": 1, "initializer": "means"}
    return PrototypeClassifier(**{**_NEAREST_UNTRAINED, **own, **parameters})


def nearest_prototype(**parameters: Any) -> PrototypeClassifier:
    """Some examples of every class, an input goes to the nearest; nothing is trained.

    Notes
    -----
    ``selection`` says which examples, the medoids unless told otherwise, and ``prototypes__n_per_class`` how many. With
    the backbone of a fitted model, ``backbone=fitted.network_.backbone, selection__space="activation"``, examples are
    chosen and compared in its activations.

    References
    ----------
    [bien2011prototype]

    Examples
    --------
    >>> nearest_prototype(selection="density_peaks").prototypes
    'exemplar'
    """
    own = {"prototypes": "exemplar", "selection": "medoids"}
    return PrototypeClassifier(**{**_NEAREST_UNTRAINED, **own, **parameters})


def prototypical_network(**parameters: Any) -> EpisodicLearner:
    """Prototypical networks: a class is the mean of its activations, compared by squared Euclidean distance.

    Notes
    -----
    Every training step has the loss of one and of five shots over the same pictures, so that one network serves both;
    the paper trains one for each. The backbone takes the maximum before it normalises, see `Conv4Backbone`.

    References
    ----------
    [snell2017prototypical]

    Examples
    --------
    >>> prototypical_network().gathering
    'mean'
    """
    return EpisodicLearner(**{**_SQUARED_EUCLIDEAN, **parameters})


def cosine_prototypical_network(**parameters: Any) -> EpisodicLearner:
    """Prototypical networks with the cosine and a learned scale: the learner without arguments.

    Notes
    -----
    The paper compares with a cosine without scale, whose probabilities stay flat: see `CosineSimilarity`. For that one:
    ``similarity__scale=1.0, similarity__learn_scale=False``.

    References
    ----------
    [snell2017prototypical]

    Examples
    --------
    >>> cosine_prototypical_network().similarity
    'cosine'
    """
    return EpisodicLearner(**parameters)


def siamese_few_shot(**parameters: Any) -> EpisodicLearner:
    """A class is a picture, the mean of its pictures under shifts, that passes the same network as the inputs.

    Examples
    --------
    >>> siamese_few_shot().gathering
    'picture'
    """
    return EpisodicLearner(**{**_SQUARED_EUCLIDEAN, "gathering": "picture", **parameters})


def aligned_few_shot(**parameters: Any) -> EpisodicLearner:
    """Every example of a class stands for it, and meets an input at the shift that makes them most alike.

    Notes
    -----
    Training passes nine views of each of them. One that was fitted as `prototypical_network` can be used so too, at no
    more than the cost of the views: `EpisodicLearner.gathered_by`.

    Examples
    --------
    >>> aligned_few_shot().transforms
    'shift'
    """
    own = {"gathering": "exemplar", "transforms": "shift", "transforms__pixels": 1}
    return EpisodicLearner(**{**_SQUARED_EUCLIDEAN, **own, **parameters})


_SQUARED_EUCLIDEAN: dict[str, Any] = {
    "similarity": "l2",
    "similarity__kernel": "negative",
    "similarity__kernel__scale": 1.0,
    "similarity__kernel__learn_scale": False,
    "similarity__mean": False,
}

_NEAREST_UNTRAINED: dict[str, Any] = {
    "backbone": "identity",
    "similarity": "l2",
    "similarity__kernel": "negative",
    "similarity__mean": False,
    "head": "max",
    "augmentation": "none",
    "regularizers": "none",
    "counterfactuals": "none",
    "training": "none",
}
