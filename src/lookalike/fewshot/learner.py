"""The estimator of few-shot learning: fit on many classes, then be told new ones by a few examples each."""

import copy
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from lookalike.data import Preprocessing
from lookalike.errors import DataError, describe
from lookalike.estimators import PrototypeClassifier
from lookalike.estimators.arrays import plain_input
from lookalike.estimators.columns import columns_of, take_over, without_columns
from lookalike.estimators.inputs import labels_and_classes, require_same_shape, table_or_pictures
from lookalike.estimators.parameters import NamedOptions, options_of, require_known, seed_from
from lookalike.fewshot import storage
from lookalike.fewshot.adapting import adapted_classifier
from lookalike.fewshot.assembly import assemble_episodic, resolve
from lookalike.fewshot.episodes import EpisodeSampler
from lookalike.fewshot.evaluation import episode_accuracies
from lookalike.fewshot.learning import EpisodeReport, EpisodeSettings, learn_episodes
from lookalike.fewshot.network import EpisodicNetwork
from lookalike.persistence import load_model, save_model
from lookalike.randomness import RandomStream, draws, untouched
from lookalike.registry import build


class EpisodicLearner(NamedOptions):
    """Learns from many classes a space in which new classes are known by a few examples, and makes classifiers of them.

    Every argument that names a component takes a name, listed by ``lookalike list``, or an instance. Options of a
    component are given as ``argument__option``, as in ``similarity__scale=20.0``.

    Parameters
    ----------
    backbone : str, Backbone or Module
        Where activations come from. ``"auto"``: ``"conv4"`` for pictures, ``"mlp"`` for tables.
    gathering : str or Gathering
        How the examples of a class become its prototypes: the ``"mean"`` of their activations; a ``"picture"``; or
        every ``"exemplar"`` by itself.
    similarity : str or Similarity
        How activations are compared.
    transforms : str or Transform
        Deformations that a prototype may undergo to meet an input; not for ``gathering="mean"``.
    pooling : str or Pooling
        From similarity maps to scores.
    head : str
        ``"log_sum_exp"`` or ``"max"``.
    objective : str or Objective
        What training minimises.
    episodes : int
        Steps of training, at least 1; each is a classification problem of its own.
    n_way : int or str
        Classes of a training episode, at least 2. ``"auto"``: 60, or all there are.
    n_shot : int or sequence of int
        Examples that stand for a class in training, at least 1. Several: every step has the loss of each.
    n_query : int
        Examples of a class beyond the largest ``n_shot``, at least 1.
    learning_rate : float
        Of Adam, above 0.
    schedule : str
        Of the learning rate: ``"cosine"``, ``"one_cycle"`` or ``"constant"``.
    random_state : int, RandomState or None
        Everything random follows from it.
    **options
        Options of the arguments above; unknown ones are reported by ``fit``.

    Attributes
    ----------
    classes_ : ndarray
        The base classes, shape ``(k,)``. They are forgotten but for the space they left.
    network_ : EpisodicNetwork
    preprocessing_ : Preprocessing
    history_ : tuple of EpisodeReport
    resolved_ : dict
        Parameters with every ``"auto"`` replaced.
    seed_ : int
    n_features_in_ : int
        Columns of a table; not set for pictures.

    References
    ----------
    [snell2017prototypical]

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> X, y = load_digits(return_X_y=True)
    >>> old, new = y < 7, y >= 7
    >>> learner = EpisodicLearner(backbone="mlp", episodes=20, random_state=0).fit(X[old], y[old])
    >>> classifier = learner.adapt(X[new][:12], y[new][:12])
    >>> classifier.classes_, classifier.predict(X[new][12:]).shape
    (array([7, 8, 9]), (521,))
    """

    def __init__(
        self,
        backbone: Any = "auto",
        gathering: Any = "mean",
        similarity: Any = "cosine",
        transforms: Any = "identity",
        pooling: Any = "max",
        head: str = "log_sum_exp",
        objective: Any = "cross_entropy",
        episodes: int = 1000,
        n_way: Any = "auto",
        n_shot: Any = (1, 5),
        n_query: int = 1,
        learning_rate: float = 2e-3,
        schedule: str = "cosine",
        random_state: Any = None,
        **options: Any,
    ) -> None:
        self.backbone = backbone
        self.gathering = gathering
        self.similarity = similarity
        self.transforms = transforms
        self.pooling = pooling
        self.head = head
        self.objective = objective
        self.episodes = episodes
        self.n_way = n_way
        self.n_shot = n_shot
        self.n_query = n_query
        self.learning_rate = learning_rate
        self.schedule = schedule
        self.random_state = random_state
        for name, value in options.items():
            setattr(self, name, value)

    def fit(self, X: Any, y: Any, *, callbacks: Any = ()) -> "EpisodicLearner":
        """Learn the space from base classes.

        Parameters
        ----------
        X : array-like
            Rows ``(n, columns)``, grey pictures ``(n, height, width)``, or colour pictures; 8-bit integers or numbers.
        y : array-like
            Labels, shape ``(n,)``: words or integers.
        callbacks : sequence of callable
            Told an `EpisodeReport` every 50 episodes.

        Returns
        -------
        EpisodicLearner

        Raises
        ------
        LookalikeError
        """
        parameters = self.get_params(deep=False)
        require_known(parameters, self._get_param_names())
        asked = without_columns(self)
        X, pixels = plain_input(X)
        inputs = table_or_pictures(asked, X, reset=True)
        labels, classes = labels_and_classes(y)
        _require_as_many(len(inputs), len(labels))
        preprocessing = Preprocessing.of(inputs).with_pixels(pixels)
        inputs = preprocessing.compact(inputs)
        resolved = resolve(parameters, preprocessing, len(classes))
        settings = EpisodeSettings(**{name: resolved[name] for name in EpisodeSettings.__dataclass_fields__})
        settings.check()
        seed = seed_from(self.random_state)
        stream = RandomStream(seed)
        with stream.lent():
            network = assemble_episodic(resolved, preprocessing)
            objective = build("objective", resolved["objective"], options_of("objective", resolved), {})
        with stream.lent() if draws(network) or draws(objective) else nullcontext():
            history = learn_episodes(network, objective, inputs, labels, preprocessing, settings, seed, callbacks)
        take_over(self, columns_of(asked))
        return self._take(network, preprocessing, history, resolved, classes, seed)

    def adapt(self, X: Any, y: Any) -> PrototypeClassifier:
        """A classifier of other classes, from a few examples of each; nothing is trained.

        Parameters
        ----------
        X : array-like
            The support set, as for `fit`.
        y : array-like
            Labels, shape ``(n,)``: words or integers, at least two different ones.

        Returns
        -------
        PrototypeClassifier
            Fitted: it predicts, explains, and is saved as any other. Its neighbors are among the support.

        Raises
        ------
        DataError
            For a single class, values that are not finite, or inputs of another shape than in training.
        """
        check_is_fitted(self)
        inputs = table_or_pictures(self, X, reset=False)
        require_same_shape(inputs, self.preprocessing_)
        inputs = self.preprocessing_.compact(inputs)
        labels, classes = labels_and_classes(y)
        _require_as_many(len(inputs), len(labels))
        adapted = adapted_classifier(
            self.network_, self.preprocessing_, self.resolved_, self.seed_, inputs, torch.from_numpy(labels), classes
        )
        self._hand_on_columns(adapted)
        return adapted

    def gathered_by(self, gathering: Any, transforms: Any = "identity", **options: Any) -> "EpisodicLearner":
        """The same space, with prototypes made in another way; nothing is trained.

        Parameters
        ----------
        gathering : str or Gathering
        transforms : str or Transform
        **options
            Of these two, as ``transforms__pixels=1``.

        Returns
        -------
        EpisodicLearner
            Fitted; this one stays as it is.
        """
        check_is_fitted(self)
        replaced = {"gathering": gathering, "transforms": transforms, **options}
        own = ("gathering", "transforms")
        kept, resolved = (
            {name: value for name, value in values.items() if name.partition("__")[0] not in own}
            for values in (self.get_params(deep=False), self.resolved_)
        )
        require_known(replaced, own)
        learner = type(self)(**kept, **replaced)
        self._hand_on_columns(learner)
        resolved = copy.deepcopy({**resolved, **replaced})
        with untouched():
            network = assemble_episodic(resolved, self.preprocessing_)
        network.backbone.load_state_dict(self.network_.backbone.state_dict())
        network.similarity.load_state_dict(self.network_.similarity.state_dict())
        return learner._take(network, self.preprocessing_, self.history_, resolved, self.classes_, self.seed_)

    def episode_accuracies(
        self,
        X: Any,
        y: Any,
        *,
        n_way: int = 5,
        n_shot: int = 1,
        n_query: int = 15,
        episodes: int = 1000,
        seed: int = 0,
    ) -> np.ndarray:
        """Accuracy in each of many test episodes; `lookalike.metrics.mean_interval` says how sure their mean is.

        Parameters
        ----------
        X, y : array-like
            Classes that were not in training.
        n_way, n_shot, n_query : int
            Classes, examples that stand for each, and examples of each to be classified.
        episodes : int
        seed : int

        Returns
        -------
        ndarray
            Shape ``(episodes,)``, from 0 to 1.

        Raises
        ------
        DataError
            For too few classes or examples.
        """
        check_is_fitted(self)
        inputs = table_or_pictures(self, X, reset=False)
        require_same_shape(inputs, self.preprocessing_)
        labels, _ = labels_and_classes(y)
        _require_as_many(len(inputs), len(labels))
        sampler = EpisodeSampler(labels, n_way=n_way, n_shot=n_shot, n_query=n_query, seed=seed)
        return episode_accuracies(self.network_, inputs, self.preprocessing_, [sampler.draw(episodes)])[0]

    def save(self, folder: str | Path) -> None:
        """Write a folder of JSON and safetensors.

        Parameters
        ----------
        folder : path
            Made if it is not there.
        """
        check_is_fitted(self)
        save_model(Path(folder), storage.to_stored(self, self.get_params(deep=False)))

    @classmethod
    def load(cls, folder: str | Path, **instances: Any) -> "EpisodicLearner":
        """Read what `save` wrote.

        Parameters
        ----------
        folder : path
        **instances
            Components that were passed to the constructor as instances: code is not stored.

        Raises
        ------
        ModelFileError
            If the folder holds none, one of a newer version, a classifier, or one that was altered or cut short.
        """
        restored = storage.from_stored(load_model(Path(folder)), instances, cls)
        learner = cls(**restored.parameters)
        if restored.n_features is not None:
            learner.n_features_in_ = restored.n_features
        if restored.feature_names is not None:
            learner.feature_names_in_ = np.array(restored.feature_names, dtype=object)
        with untouched():
            network = assemble_episodic(restored.resolved, restored.preprocessing)
        storage.load_weights(network, restored)
        return learner._take(
            network.eval(),
            restored.preprocessing,
            restored.history,
            restored.resolved,
            restored.classes,
            restored.seed,
        )

    def _hand_on_columns(self, other: Any) -> None:
        """What scikit-learn keeps of the columns that a fit has seen."""
        for name, value in columns_of(self).items():
            setattr(other, name, value)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.target_tags.required = True
        return tags

    def _take(
        self,
        network: EpisodicNetwork,
        preprocessing: Preprocessing,
        history: tuple[EpisodeReport, ...],
        resolved: dict[str, Any],
        classes: np.ndarray,
        seed: int,
    ) -> "EpisodicLearner":
        self.network_ = network.eval().requires_grad_(False)
        self.preprocessing_ = preprocessing
        self.history_ = history
        self.resolved_ = resolved
        self.classes_ = classes
        self.seed_ = seed
        return self


def _require_as_many(n_inputs: int, n_labels: int) -> None:
    if n_inputs != n_labels:
        raise DataError(describe("as many labels as inputs", f"{n_inputs} inputs and {n_labels} labels"))
