"""What scikit-learn keeps of the columns of a table, and when an estimator takes it over."""

import copy
from typing import Any

_NAMES = ("n_features_in_", "feature_names_in_")


def columns_of(estimator: Any) -> dict[str, Any]:
    """Number and names of the columns that an estimator has seen, by attribute; nothing for pictures.

    Parameters
    ----------
    estimator : BaseEstimator

    Examples
    --------
    >>> from sklearn.preprocessing import StandardScaler
    >>> columns_of(StandardScaler().fit([[1.0, 2.0]]))
    {'n_features_in_': 2}
    """
    return {name: getattr(estimator, name) for name in _NAMES if hasattr(estimator, name)}


def without_columns(estimator: Any) -> Any:
    """A shallow copy that has seen nothing yet: what is checked with it leaves the estimator as it is.

    Parameters
    ----------
    estimator : BaseEstimator
    """
    blank = copy.copy(estimator)
    for name in (*_NAMES, "preprocessing_"):
        blank.__dict__.pop(name, None)
    return blank


def take_over(estimator: Any, learned: dict[str, Any]) -> None:
    """Change all attributes of a fit together, as the last thing that it does; what an earlier fit left goes.

    Parameters
    ----------
    estimator : BaseEstimator
    learned : dict
        Attributes by name, those of columns among them.
    """
    for name in (*_NAMES, "extras_"):
        estimator.__dict__.pop(name, None)
    estimator.__dict__.update(learned)
