"""A model as it stands after some changes, and where it is kept."""

import errno
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import torch

from lookalike.atomic import draft_beside, sweep, write_whole
from lookalike.data import Part
from lookalike.errors import DataError, LookalikeError, describe
from lookalike.estimators import PrototypeClassifier
from lookalike.experiments import Run
from lookalike.experiments.origins import EXAMPLES
from lookalike.plain_data import to_yaml
from lookalike.report import ExplainedExample, ReportContents
from lookalike.serve.changes import most_used, without_others

_IN_USE = (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR)


class StaleError(DataError):
    """A change of a model that somebody has changed meanwhile."""


@dataclass(frozen=True, eq=False)
class Standing:
    """A model after some changes; never altered, so that a request sees one model from its beginning to its end.

    Attributes
    ----------
    run : Run
    contents : ReportContents
    version : int
        Another one after every change, so that nobody changes what somebody else has changed meanwhile.
    changes : tuple of dict
        In words, with the accuracy before and after.
    kept : frozenset of (str, bytes)
        Prototypes that somebody wants to keep, by class and values: their numbers change.
    """

    run: Run
    contents: ReportContents
    version: int = 0
    changes: tuple[dict[str, Any], ...] = ()
    kept: frozenset[tuple[str, bytes]] = frozenset()

    @property
    def kept_prototypes(self) -> list[int]:
        """Their numbers as they are now."""
        return [place for place in range(len(self.run.classifier.prototypes_)) if self.identity(place) in self.kept]

    def identity(self, prototype: int) -> tuple[str, bytes]:
        """What stays of a prototype when its number changes."""
        classifier = self.run.classifier
        return str(classifier.prototype_labels_[prototype]), classifier.prototypes_[prototype].tobytes()

    @property
    def most(self) -> int:
        """Prototypes of the class that has most."""
        return int(np.unique(self.run.classifier.prototype_labels_, return_counts=True)[1].max())

    @cached_property
    def refusal(self) -> str:
        """Why prototypes cannot be changed; empty where they can."""
        try:
            self.run.classifier.require_exchangeable()
        except LookalikeError as error:
            return str(error)
        return ""

    def at_most(self, most: int) -> tuple[PrototypeClassifier, list[int]]:
        """The model with so many prototypes of every class, and which these are."""
        stay = most_used(self.run.classifier, most, self.kept_prototypes)
        return without_others(self.run.classifier, stay), stay

    @torch.no_grad()
    def accuracies(self, validation: Part) -> list[float]:
        """Accuracy with at most one, two, ... prototypes of every class.

        Parameters
        ----------
        validation : Part
        """
        classifier = self.run.classifier
        scores, found = torch.from_numpy(classifier.prototype_scores(validation.inputs)), []
        # Where none can go there is one size, all of them.
        for most in [self.most] if self.refusal else range(1, self.most + 1):
            fewer, stay = self.at_most(most)
            decided = classifier.classes_[fewer.network_.head(scores[:, stay]).argmax(1).numpy()]
            found.append(float((decided == validation.labels).mean()))
        return found


def renumbered(found: ExplainedExample, stay: Sequence[int]) -> ExplainedExample:
    """An explanation by some of the prototypes, these by the numbers that they have among all.

    Parameters
    ----------
    found : ExplainedExample
    stay : sequence of int
        The number of each.
    """
    explanation = found.explanation
    flip = explanation.flip
    return replace(
        found,
        explanation=replace(
            explanation,
            matches=tuple(replace(match, prototype=stay[match.prototype]) for match in explanation.matches),
            flip=None if flip is None else replace(flip, prototype=stay[flip.prototype]),
        ),
        aligned={stay[prototype]: pictures for prototype, pictures in found.aligned.items()},
    )


def save_beside(standing: Standing, origin: Path) -> Path:
    """A changed model as a run of its own, whole or not at all, beside the one that was opened.

    Parameters
    ----------
    standing : Standing
    origin : Path
        The folder of the run that was opened.

    Raises
    ------
    DataError
        If nothing was changed, or the place cannot be written.
    """
    if not standing.changes:
        raise DataError(describe("a change to save", "none", "change something first"))
    extras = {
        **standing.run.extras,
        "changes": [*standing.run.extras.get("changes", []), *standing.changes],
        "kept": standing.kept_prototypes,
    }
    draft = draft_beside(origin)
    try:
        sweep(origin.parent, of=origin.name)
        standing.run.classifier.save(draft, **extras)
        write_whole(draft / "config.yaml", to_yaml(standing.run.config.to_dict()))
        if (origin / EXAMPLES).exists():
            write_whole(draft / EXAMPLES, (origin / EXAMPLES).read_bytes())
        return _named(draft, origin)
    except OSError as error:
        raise unwritable(error) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _named(draft: Path, origin: Path) -> Path:
    """Give a draft the first name that is free; another process may take one at any time."""
    names = (origin.with_name(f"{origin.name}-changed-{number}") for number in count(1))
    while os.path.lexists(folder := next(names)) or not _taken(draft, folder):
        continue
    return folder


def _taken(draft: Path, folder: Path) -> bool:
    try:
        os.rename(draft, folder)
    except OSError as error:
        if error.errno in _IN_USE:
            return False
        raise
    return True


def unwritable(error: OSError) -> DataError:
    """What to say of a place that cannot be written."""
    if isinstance(error, LookalikeError):  # a full disk, or another process that writes there
        return DataError(str(error))
    return DataError(describe("a folder that can be written, for the run and beside it", error.strerror or "", "chmod"))
