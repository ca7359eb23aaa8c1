"""What a fit is asked for, everything checked before anything is learned."""

from dataclasses import replace
from typing import Any

import numpy as np

from lookalike.data import PixelScale
from lookalike.errors import DataError, describe
from lookalike.estimators.columns import columns_of, without_columns
from lookalike.estimators.fitting import Request
from lookalike.estimators.held_out import held_out_examples, require_pair
from lookalike.estimators.inputs import as_learned, inputs_and_pixels, labels_and_classes
from lookalike.estimators.parameters import require_known, seed_from
from lookalike.estimators.weights import example_weights


def checked_request(
    estimator: Any,
    X: Any,
    y: Any,
    validation: tuple[Any, ...] | None,
    sample_weight: Any,
    pixels: PixelScale | None,
) -> tuple[Request, np.ndarray]:
    """The request that a classifier's ``fit`` makes of its arguments, and the classes; nothing is changed.

    Parameters
    ----------
    estimator : PrototypeClassifier
    X, y : array-like
    validation : tuple or None
    sample_weight : array-like or None
    pixels : PixelScale or None
        As ``fit`` takes them.

    Raises
    ------
    LookalikeError
    """
    parameters = estimator.get_params(deep=False)
    require_known(parameters, estimator._get_param_names())
    asked = without_columns(estimator)
    inputs, pixels = inputs_and_pixels(asked, X, estimator.pixel_range, pixels)
    labels, classes = labels_and_classes(y)
    if len(inputs) != len(labels):
        raise DataError(describe("as many labels as inputs", f"{len(inputs)} inputs and {len(labels)} labels"))
    weighing = sample_weight, estimator.class_weight, labels, classes
    weights = example_weights(*weighing)
    held = None
    if validation is not None:
        given, *further = require_pair(validation)
        held = held_out_examples(asked, (as_learned(given, inputs, pixels), *further), weighing)
    names = [str(name) for name in classes.tolist()]
    seed = seed_from(estimator.random_state)
    request = Request(parameters, inputs, labels, names, held, seed, columns=columns_of(asked))
    return replace(request, weights=weights, pixels=pixels), classes
