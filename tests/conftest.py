"""Shapes are checked at run time, for every annotated function of the library, while tests run."""

import os

import pytest
from jaxtyping import install_import_hook

from tests import typechecker

os.environ.setdefault("LOOKALIKE_OFFLINE", "1")

with install_import_hook("lookalike", f"{typechecker.__name__}.check"):
    import lookalike.backbones
    import lookalike.comparison
    import lookalike.data
    import lookalike.estimators
    import lookalike.evaluation
    import lookalike.experiments
    import lookalike.explanations
    import lookalike.fewshot
    import lookalike.heads
    import lookalike.initializers
    import lookalike.metrics
    import lookalike.network
    import lookalike.objectives
    import lookalike.persistence
    import lookalike.pooling
    import lookalike.prototypes
    import lookalike.recipes
    import lookalike.registry
    import lookalike.regularizers
    import lookalike.report
    import lookalike.selection
    import lookalike.serve
    import lookalike.similarities
    import lookalike.training
    import lookalike.transforms  # noqa: F401


@pytest.fixture(scope="session", autouse=True)
def own_judges(tmp_path_factory):
    """Judges of tests are kept for the session, away from the user's."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lookalike.evaluation.judges.cache_folder", lambda: folder)
        patch.setattr("lookalike.evaluation.judges._LEAST_STEPS", 100)
        yield folder
