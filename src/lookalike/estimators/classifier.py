"""The scikit-learn estimator: fit, predict, predict_proba, transform, explain, save, load."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.base import ClassifierMixin, ClassNamePrefixFeaturesOutMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from lookalike.comparison import Comparison
from lookalike.data import PixelScale
from lookalike.errors import ParameterError, describe
from lookalike.estimators import fitting, storage
from lookalike.estimators.aligning import aligned_with
from lookalike.estimators.columns import columns_of, take_over
from lookalike.estimators.deciding import Deciding, require_finite_answers
from lookalike.estimators.fit_request import checked_request
from lookalike.estimators.inputs import require_same_shape, table_or_pictures
from lookalike.estimators.looking import Looking
from lookalike.estimators.parameters import NamedOptions
from lookalike.estimators.progress import progress_bar
from lookalike.persistence import load_model, require_no_file
from lookalike.training import Callback
from lookalike.training.logs import tensorboard_log

_BATCH = 500
CHECKPOINT = "checkpoint.safetensors"


class PrototypeClassifier(ClassNamePrefixFeaturesOutMixin, Deciding, Looking, ClassifierMixin, NamedOptions):
    """A classifier that compares every input with prototypes of classes, and shows the comparison as its reason.

    Every argument that names a component takes a name, listed by ``lookalike list``, or an instance. Options of a
    component are given as ``argument__option``, as in ``prototypes__n_per_class=4`` or ``similarity__scale=20.0``.

    Parameters
    ----------
    backbone : str, Backbone or torch.nn.Module
        Where activations come from. ``"auto"``: ``"convnet"`` for pictures, ``"mlp"`` for tables. Any network of your
        own serves, up to a layer: ``backbone=net, backbone__layer="features"``.
    prototypes : str or Prototypes
        What stands for a class. ``prototypes__n_per_class="auto"`` is 4, or all examples of a class that has fewer, or
        that by their weights count for fewer.
    initializer : str or Initializer
        Where prototypes start.
    selection : str or Selection
        Which training examples prototypes start at, or, if ``prototypes="exemplar"``, are: ``"medoids"``, say.
        ``"none"``: what the initializer says. ``selection__space``: the ``"input"``, the default, or the
        ``"activation"`` of a backbone that has learned something already, in which they are chosen.
    similarity : str or Similarity
        How activations are compared.
    transforms : str or Transform
        Deformations that a prototype may undergo to meet an input.
    pooling : str or Pooling
        From similarity maps to scores.
    head : str or Head
        From scores to logits.
    objective : str or Objective
        What training minimises.
    regularizers : str, mapping or sequence
        What else is wanted: a name, names with weights, or pairs of an instance and its weight. ``"auto"``: aligned
        matching for learned prototypes that are whole pictures, nothing else. Wherever these are matched with pictures,
        ``training__prototype_learning_rate=0.2`` and ``training__keep="last"`` come with it, unless given.
    counterfactuals : str, mapping or sequence
        Inputs that nobody saw and whose class is known, on which the objective is to be small too; given as
        regularizers are. ``"auto"``: residual swap where there is aligned matching.
    augmentation : str or Augmentation
        Random changes of training inputs. ``"auto"``: shifts of up to a fourteenth of a picture's side (2 pixels of
        28), none for tables.
    training : str or sequence of Phase or mapping
        The schedule. ``"auto"``: ``"projected"`` for prototypes in activation space, ``"reseeded"`` where there is
        aligned matching, else ``"joint"``. Its options are the fields of `lookalike.training.TrainingSettings`.
    class_weight : str, mapping or None
        How much the examples of each class count: ``"balanced"``, so that every class counts the same in all, or
        weights by class, 1 for classes that are left out; ``None``: all examples alike.
    validation_fraction : float
        Share of each class set aside to choose the best epoch and to calibrate probabilities, from 0 to below 1.
    pixel_range : str or tuple of float
        Which numbers of pictures are black and white, ``(0, 4095)`` for 12 bits, so that picture files can be asked
        about. ``"auto"``: as `lookalike.data.PixelScale` finds it; where arrays leave it unclear, files are refused.
    random_state : int, RandomState or None
        Everything random follows from it.
    verbose : bool
        Show a progress bar on standard error; where that is no terminal, a line now and then.
    **options
        Options of the arguments above; unknown ones are reported by ``fit``.

    Attributes
    ----------
    classes_ : ndarray
        Shape ``(k,)``.
    network_ : PrototypeNetwork
    prototypes_ : ndarray
        Prototypes in data units, shape ``(p, ...)``: the inputs they are or, after a projection, were cut from.
    prototype_labels_ : ndarray
        The class of each, shape ``(p,)``.
    explanation_ : GlobalExplanation
        Each prototype's nearest training examples and usage.
    history_ : tuple of Epoch
    temperature_ : float
        Divides the logits for `predict_proba`.
    preprocessing_ : Preprocessing
    seed_ : int
    fitted_ : Fitted
        All of this in one piece, with the pictures of nearest training examples.
    n_features_in_ : int
        Columns of a table; not set for pictures.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> classifier = PrototypeClassifier(prototypes__n_per_class=2, random_state=0).fit(X, y)
    >>> classifier.prototypes_.shape, classifier.transform(X[:5]).shape
    ((6, 4), (5, 6))
    """

    def __init__(
        self,
        backbone: Any = "auto",
        prototypes: Any = "pixel",
        initializer: Any = "points",
        selection: Any = "none",
        similarity: Any = "cosine",
        transforms: Any = "identity",
        pooling: Any = "max",
        head: Any = "log_sum_exp",
        objective: Any = "cross_entropy",
        regularizers: Any = "auto",
        counterfactuals: Any = "auto",
        augmentation: Any = "auto",
        training: Any = "auto",
        validation_fraction: float = 0.1,
        pixel_range: Any = "auto",
        random_state: Any = None,
        verbose: bool = False,
        class_weight: Any = None,
        **options: Any,
    ) -> None:
        self.backbone = backbone
        self.prototypes = prototypes
        self.initializer = initializer
        self.selection = selection
        self.similarity = similarity
        self.transforms = transforms
        self.pooling = pooling
        self.head = head
        self.objective = objective
        self.regularizers = regularizers
        self.counterfactuals = counterfactuals
        self.augmentation = augmentation
        self.training = training
        self.validation_fraction = validation_fraction
        self.pixel_range = pixel_range
        self.random_state = random_state
        self.verbose = verbose
        self.class_weight = class_weight
        for name, value in options.items():
            setattr(self, name, value)

    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        validation: tuple[Any, ...] | None = None,
        pixels: PixelScale | None = None,
        folder: str | Path | None = None,
        resume: bool = False,
        callbacks: Sequence[Callback] = (),
    ) -> "PrototypeClassifier":
        """Learn prototypes and the network around them.

        Parameters
        ----------
        X : array-like
            Rows ``(n, columns)``, grey pictures ``(n, height, width)``, or colour pictures with the channels last or
            second; 8-bit integers or numbers.
        y : array-like
            Labels, shape ``(n,)``: words, integers or truth values.
        sample_weight : array-like, optional
            How much each example counts, not negative, shape ``(n,)``; only ratios matter. Weighed are the objective
            and whatever else is a mean over inputs, first values, the choice of the best epoch, calibration and the
            threshold for abstaining. An example of weight 0 is as good as not there.
        validation : tuple, optional
            ``(X, y)`` or ``(X, y, sample_weight)`` held out by the caller; without it, ``validation_fraction`` of the
            examples are set aside.
        pixels : PixelScale, optional
            What the numbers of pictures mean, as ``load_dataset(...).pixels`` says; ``pixel_range`` goes before it.
        folder : path, optional
            Where a checkpoint is kept after every epoch while training runs, and TensorBoard's files are written to
            with ``training__tensorboard=True``.
        resume : bool
            Go on from the checkpoint in ``folder`` if there is one; the result has the same bits as a run left alone.
        callbacks : sequence of callable
            Called with every event of training; see `lookalike.training.Event`.

        Returns
        -------
        PrototypeClassifier

        Raises
        ------
        LookalikeError
        """
        request, classes = self.request(X, y, validation, sample_weight, pixels)
        callbacks = [*callbacks, *([progress_bar()] if self.verbose else [])]
        if request.parameters.get("training__tensorboard"):
            callbacks = [*callbacks, _tensorboard(folder)]
        if folder is not None:
            require_no_file(Path(folder))
        checkpoint = None if folder is None else Path(folder) / CHECKPOINT
        fitted = fitting.fit(replace(request, callbacks=callbacks, checkpoint=checkpoint, resume=resume))
        take_over(self, {**_attributes(fitted, classes), **request.columns, "seed_": request.seed})
        return self

    def request(
        self,
        X: Any,
        y: Any,
        validation: tuple[Any, ...] | None = None,
        sample_weight: Any = None,
        pixels: PixelScale | None = None,
    ) -> tuple[fitting.Request, np.ndarray]:
        """What ``fit`` would ask for with these data, everything checked; and the classes. Nothing is changed.

        Parameters
        ----------
        X, y : array-like
        validation : tuple, optional
        sample_weight : array-like, optional
        pixels : PixelScale, optional
            As for `fit`.
        """
        return checked_request(self, X, y, validation, sample_weight, pixels)

    def aligned(self, X: Any, prototypes: Sequence[Sequence[int]]) -> tuple[np.ndarray, np.ndarray]:
        """Some prototypes as they meet each picture, and what is left of it; both add up to the picture.

        Parameters
        ----------
        X : array-like
        prototypes : sequence of sequence of int
            Which ones for each picture: those of `explain`'s matches, say. See `lookalike.estimators.aligning`.
        """
        return aligned_with(self.compare(X), self.network_.transform, self.preprocessing_, prototypes)

    @torch.no_grad()
    def compare(self, X: Any) -> list[Comparison]:
        """The records of the passes that predictions are read from, 500 inputs each."""
        check_is_fitted(self)
        inputs = table_or_pictures(self, X, reset=False)
        require_same_shape(inputs, self.preprocessing_)
        given = self._prototype_activations
        records = [
            self.network_(self.preprocessing_.standardize(batch, given.dtype), prototype_activations=given)
            for batch in inputs.split(_BATCH)
        ]
        require_finite_answers(records)
        return records

    def save(self, folder: str | Path, **extras: Any) -> None:
        """Write a model folder: JSON and safetensors, enough to predict and explain anywhere, and PNG files to look at.

        Parameters
        ----------
        folder : path
            Made if it is not there; a model that is there is replaced once the new one is whole.
        **extras
            Plain values to keep beside the model, found again in ``extras_`` after `load`.

        Raises
        ------
        FolderInUseError
            If ``folder/prototypes`` holds files of somebody else's, or ``folder`` is a file.
        """
        check_is_fitted(self)
        plain = {name: np.asarray(value).tolist() for name, value in columns_of(self).items()}
        storage.save_fitted(Path(folder), self, {**plain, **extras})

    @classmethod
    def load(cls, folder: str | Path, **instances: Any) -> "PrototypeClassifier":
        """Read a model folder.

        Parameters
        ----------
        folder : path
        **instances
            Components that were passed to the constructor as instances, a network of your own say: code is not stored.

        Raises
        ------
        ModelFileError
            If the folder holds no model, one of a newer version, or one that was altered or cut short.
        """
        restored = storage.from_stored(load_model(Path(folder)), instances, cls)
        classifier = cls(**restored.parameters)
        extras: Mapping[str, Any] = restored.extras
        if "n_features_in_" in extras:
            classifier.n_features_in_ = extras["n_features_in_"]
        if "feature_names_in_" in extras:
            classifier.feature_names_in_ = np.array(extras["feature_names_in_"], dtype=object)
        classifier.extras_ = {name: value for name, value in extras.items() if not name.endswith("_in_")}
        classifier.seed_ = restored.seed
        return classifier.adopt(restored.fitted, restored.classes)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = []
        return tags

    @property
    def _n_features_out(self) -> int:
        """Number of prototypes, for scikit-learn's names of outputs."""
        return len(self.prototype_labels_)

    def adopt(self, fitted: fitting.Fitted, classes: np.ndarray) -> "PrototypeClassifier":
        """Make the results of a fit this classifier's own, wherever they come from.

        Parameters
        ----------
        fitted : Fitted
        classes : ndarray
            What they are called, sorted, shape ``(k,)``.
        """
        self.__dict__.update(_attributes(fitted, classes))
        return self


def _tensorboard(folder: str | Path | None) -> Callback:
    """Where TensorBoard finds what happened, beside the checkpoint."""
    if folder is None:
        wanted = "fit(..., folder=...) to write TensorBoard's files into, for training__tensorboard=True"
        raise ParameterError(describe(wanted, "no folder", "fit(X, y, folder='run'), then tensorboard --logdir run"))
    return tensorboard_log(Path(folder) / "tensorboard")


def _attributes(fitted: fitting.Fitted, classes: np.ndarray) -> dict[str, Any]:
    """What a classifier keeps of the results of a fit, by attribute."""
    if not fitted.preprocessing.is_picture:
        # Rows are cheap: in double precision a row's scores do not depend on the batch it comes in.
        fitted.network.double()
    with torch.no_grad():
        activations = fitted.network.activate_prototypes()
    return {
        "fitted_": fitted,
        "classes_": classes,
        "network_": fitted.network,
        "preprocessing_": fitted.preprocessing,
        "history_": fitted.history,
        "temperature_": fitted.temperature,
        "explanation_": fitted.about,
        "prototypes_": fitted.pictures["prototypes"].numpy(),
        "prototype_labels_": classes[fitted.network.prototypes.labels.numpy()],
        "_prototype_activations": activations,
    }
