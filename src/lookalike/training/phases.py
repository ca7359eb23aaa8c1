"""The schedule as data: what is trained for which share of the epochs, and when prototypes are projected."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Any

from lookalike.errors import ParameterError, describe, suggest

ROOMS = ("backbone", "prototypes", "similarity", "transform", "pooling", "head")


@dataclass(frozen=True)
class Phase:
    """One stretch of training.

    Attributes
    ----------
    name : str
    trains : tuple of str
        Rooms of the network whose parameters move.
    share : float
        Share of all epochs, relative to the other phases; 0 for a phase that only projects.
    learning_rate : float
        Factor on both learning rates.
    project : bool
        At the end, replace every latent prototype by the nearest activation patch of a training input of its class.
    """

    name: str
    trains: tuple[str, ...] = ROOMS
    share: float = 1.0
    learning_rate: float = 1.0
    project: bool = False


PLANS: dict[str, tuple[Phase, ...]] = {
    "joint": (Phase("joint"),),
    "projected": (
        Phase("warm-up", trains=("prototypes", "similarity", "head"), share=0.1),
        Phase("joint", share=0.7, project=True),
        Phase("head", trains=("similarity", "head"), share=0.2, learning_rate=0.3),
    ),
    "frozen_prototypes": (Phase("encoder", trains=tuple(room for room in ROOMS if room != "prototypes")),),
    "none": (),
}


def plan_from(choice: str | Sequence[Phase | Mapping[str, Any]]) -> tuple[Phase, ...]:
    """Phases by the name of a plan, or given one by one.

    Parameters
    ----------
    choice : str or sequence of Phase or mapping
        ``"joint"``: everything at once. ``"projected"``: ProtoPNet's three stages, with a projection after the second.
        ``"frozen_prototypes"``: everything but the prototypes. ``"none"``: no training. Or phases, as mappings in YAML.

    Raises
    ------
    ParameterError
        For an unknown plan, room or field.

    References
    ----------
    [chen2019protopnet]

    Examples
    --------
    >>> [phase.name for phase in plan_from("projected")]
    ['warm-up', 'joint', 'head']
    """
    if isinstance(choice, str):
        if choice not in PLANS:
            raise ParameterError(describe("a training plan", repr(choice), suggest(choice, PLANS)))
        return PLANS[choice]
    known = [field.name for field in fields(Phase)]
    phases: list[Phase] = []
    for item in choice:
        if isinstance(item, Mapping):
            unknown = next((name for name in item if name not in known), None)
            if unknown or "name" not in item:
                raise ParameterError(
                    describe("a phase with a name", repr(dict(item)), suggest(unknown or "name", known))
                )
            item = Phase(**{**item, "trains": tuple(item.get("trains", ROOMS))})
        for room in item.trains:
            if room not in ROOMS:
                raise ParameterError(describe("rooms of the network to train", repr(room), suggest(room, ROOMS)))
        if item.name in [phase.name for phase in phases]:
            raise ParameterError(describe("phases of different names", f"two of the name {item.name!r}"))
        phases.append(item)
    return tuple(phases)


def epochs_of(plan: Sequence[Phase], epochs: int) -> list[int]:
    """Whole epochs of every phase: in proportion to its share, and at least one if that is above 0, as far as they go.

    Parameters
    ----------
    plan : sequence of Phase
    epochs : int
        Epochs in all.

    Returns
    -------
    list of int
        One per phase; sums to ``epochs`` if any phase has a share.

    Examples
    --------
    >>> epochs_of(plan_from("projected"), 12)
    [1, 9, 2]
    """
    total = sum(phase.share for phase in plan)
    if total == 0:
        return [0] * len(plan)
    edges, done = [0], 0.0
    for phase in plan:
        done += phase.share
        edges.append(round(epochs * done / total))
    counts = [after - before for before, after in pairwise(edges)]
    for index, phase in enumerate(plan):
        if phase.share > 0 and counts[index] == 0 and max(counts) > 1:
            counts[counts.index(max(counts))] -= 1
            counts[index] = 1
    return counts
