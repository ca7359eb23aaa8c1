"""Examples that a caller holds out: as those that are learned from, or refused."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from torch import Tensor

from lookalike.data import Preprocessing
from lookalike.errors import DataError, ParameterError, describe
from lookalike.estimators.inputs import known_labels, require_same_shape, table_or_pictures
from lookalike.estimators.weights import held_out_weights

# Pictures of one scale fill the range of training; 0 to 16 beside 0 to 255 do not.
_APART = 8.0
# Of the distance from black to white; normalized pictures, -1 to 1, leave it by more.
_BEYOND = 0.25


def require_pair(validation: Any) -> Sequence[Any]:
    """Refuse what is no pair of examples and labels.

    Parameters
    ----------
    validation : tuple
        ``(X, y)``, or ``(X, y, sample_weight)``.

    Raises
    ------
    ParameterError
    """
    if isinstance(validation, tuple | list) and len(validation) in (2, 3):
        return validation
    came = f"{len(validation)} items" if isinstance(validation, tuple | list) else type(validation).__name__
    raise ParameterError(describe("validation=(X, y) or (X, y, sample_weight)", came, "validation=(X_held, y_held)"))


def held_out_examples(
    asked: Any, validation: Any, weighing: tuple[Any, Any, np.ndarray, np.ndarray]
) -> tuple[Tensor, np.ndarray, np.ndarray | None]:
    """Held-out inputs, their labels as integers that count the classes, and their weights, if they have any.

    Parameters
    ----------
    asked : BaseEstimator
        Has seen the columns of training.
    validation : tuple
        As `require_pair` wants it.
    weighing : tuple
        The arguments of `lookalike.estimators.weights.example_weights` for the training examples.

    Raises
    ------
    LookalikeError
    """
    given, y, *further = require_pair(validation)
    inputs, labels = table_or_pictures(asked, given, reset=False), known_labels(y, weighing[3])
    if len(inputs) != len(labels):
        came = f"{len(inputs)} inputs and {len(labels)} labels"
        raise DataError(describe("as many validation labels as inputs", came))
    return inputs, labels, held_out_weights(further, labels, weighing)


def require_same_kind(held: Tensor, preprocessing: Preprocessing) -> None:
    """Refuse held-out inputs of another shape, or pictures whose numbers are of another scale than in training.

    Parameters
    ----------
    held : Tensor
        From `lookalike.estimators.inputs.table_or_pictures`.
    preprocessing : Preprocessing
        Of the training examples.

    Raises
    ------
    DataError
        In the words of `require_same_shape`, or with both ranges: the best epoch and the temperature would follow from
        inputs that the model never meets.
    """
    require_same_shape(held, preprocessing)
    if not preprocessing.is_picture or not len(held):
        return
    units = preprocessing.to_data_units(held)
    low, high, least, most = float(units.min()), float(units.max()), min(preprocessing.low), max(preprocessing.high)
    narrow, wide = sorted((high - low, most - least))
    black, white = preprocessing.pixel_range or (-float("inf"), float("inf"))
    beyond = max(min(black, least) - low, high - max(white, most)) > _BEYOND * (white - black)
    if beyond or (narrow > 0 and wide > _APART * narrow):
        raise DataError(
            describe(
                f"held-out pictures of the scale of training, from {least:g} to {most:g}",
                f"numbers from {low:g} to {high:g}",
                "the same type and scale for X and validation=(X, y)",
            )
        )
