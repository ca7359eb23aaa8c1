"""lookalike: prototypes of classes that are inputs themselves, and the comparison as the reason.

The names below are imported on first use, so that ``import lookalike`` and ``lookalike --help`` stay quick.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lookalike.data import load_dataset
    from lookalike.estimators import PrototypeClassifier
    from lookalike.explanations import GlobalExplanation, LocalExplanation
    from lookalike.fewshot import EpisodicLearner
    from lookalike.network import PrototypeNetwork

__version__ = "0.1.0"

__all__ = [
    "EpisodicLearner",
    "GlobalExplanation",
    "LocalExplanation",
    "PrototypeClassifier",
    "PrototypeNetwork",
    "__version__",
    "load_dataset",
]

_HOMES = {
    "EpisodicLearner": "lookalike.fewshot",
    "GlobalExplanation": "lookalike.explanations",
    "LocalExplanation": "lookalike.explanations",
    "PrototypeClassifier": "lookalike.estimators",
    "PrototypeNetwork": "lookalike.network",
    "load_dataset": "lookalike.data",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module 'lookalike' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    """Public names."""
    return list(__all__)
