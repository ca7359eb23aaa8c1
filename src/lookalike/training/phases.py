"""The schedule as data: what is trained for which share of the epochs, and when prototypes are projected."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, get_type_hints

from lookalike.errors import ParameterError, describe, suggest
from lookalike.registry import require_type

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
    reseed : float
        Before every epoch but the first, in the first ``reseed_until`` of the phase: prototypes without which no more
        than this share more of their class would stay unexplained begin anew at the inputs of their class that look
        least explained; 0 never does. See `lookalike.training.reseeding`.
    reseed_until : float
        Share of the phase, from 0 to 1; when prototypes merge, also where none begins anew.
    merge : bool
        Once none begins anew any more, let prototypes go that would, and with ``reseed`` 0 those that are not missed at
        all: a class with fewer kinds of inputs than prototypes keeps as many as it has kinds, and the network has the
        rest of the phase to do without the others.
    doubles : float
        When they merge, prototypes that look like another of their class go too, as long as at most this share of the
        class's inputs is decided wrongly that was not before any went; 0: doubles stay. See
        `lookalike.training.merging`.
    alike : float or None
        With ``doubles``: from which correlation on, 0 to 1, a prototype looks like another. ``None``: where what it
        leaves of the other is at most .6 of what the class's prototypes leave of their inputs.
    """

    name: str
    trains: tuple[str, ...] = ROOMS
    share: float = 1.0
    learning_rate: float = 1.0
    project: bool = False
    reseed: float = 0.0
    reseed_until: float = 0.6
    merge: bool = False
    doubles: float = 0.0
    alike: float | None = None

    @property
    def needs_pictures(self) -> bool:
        """Whether it only works with prototypes that are whole pictures."""
        return bool(self.reseed) or self.merge


PLANS: dict[str, tuple[Phase, ...]] = {
    "joint": (Phase("joint"),),
    "merged": (Phase("joint", merge=True, doubles=0.005),),
    "reseeded": (Phase("joint", reseed=0.01, merge=True, doubles=0.005),),
    "begun_anew": (Phase("joint", reseed=0.01),),
    "projected": (
        Phase("warm-up", trains=("prototypes", "similarity", "head"), share=0.1),
        Phase("joint", share=0.7, project=True),
        Phase("head", trains=("similarity", "head"), share=0.2, learning_rate=0.3),
    ),
    "frozen_prototypes": (Phase("encoder", trains=tuple(room for room in ROOMS if room != "prototypes")),),
    "none": (),
}


def plan_from(choice: Any) -> tuple[Phase, ...]:
    """Phases by the name of a plan, or given one by one.

    Parameters
    ----------
    choice : str or sequence of Phase or mapping
        ``"joint"``: everything at once. ``"projected"``: ProtoPNet's three stages, with a projection after the second.
        ``"reseeded"``: everything at once, prototypes that stand for nothing beginning anew, and going later.
        ``"merged"``: everything at once, doubles going later; none begins anew.
        ``"begun_anew"``: everything at once, prototypes that stand for nothing beginning anew; all of them stay.
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
    if not isinstance(choice, Sequence):
        raise ParameterError(describe("a training plan", repr(choice), f"one of {list(PLANS)}, or a list of phases"))
    known = get_type_hints(Phase)
    phases: list[Phase] = []
    for item in choice:
        if isinstance(item, Mapping):
            unknown = next((name for name in item if name not in known), None)
            if unknown or "name" not in item:
                raise ParameterError(
                    describe("a phase with a name", repr(dict(item)), suggest(unknown or "name", known))
                )
            item = _phase_from(item, known)
        if not isinstance(item, Phase):
            raise ParameterError(describe("a phase", repr(item), "- {name: joint, trains: [backbone, prototypes]}"))
        for room in item.trains:
            if room not in ROOMS:
                raise ParameterError(describe("rooms of the network to train", repr(room), suggest(room, ROOMS)))
        if item.name in [phase.name for phase in phases]:
            raise ParameterError(describe("phases of different names", f"two of the name {item.name!r}"))
        phases.append(item)
    _require_that_projections_last(phases)
    return tuple(phases)


def _phase_from(item: Mapping[str, Any], known: Mapping[str, Any]) -> Phase:
    trains = item.get("trains", ROOMS)
    if isinstance(trains, str) or not isinstance(trains, Sequence):
        raise ParameterError(describe("trains as a list of rooms", repr(trains), "trains: [backbone, prototypes]"))
    values = {**item, "trains": tuple(trains)}
    for name, value in values.items():
        require_type(f"{name} of a phase", value, known[name])
    if values.get("share", 1.0) < 0 or values.get("learning_rate", 1.0) <= 0:
        raise ParameterError(describe("a share of at least 0 and a learning rate above 0", repr(dict(item))))
    if not (0 <= values.get("reseed", 0.0) < 1 and 0 <= values.get("reseed_until", 0.6) <= 1):
        raise ParameterError(describe("reseed from 0 to below 1, and reseed_until from 0 to 1", repr(dict(item))))
    if not 0 <= values.get("doubles", 0.0) < 1 or (values.get("doubles") and not values.get("merge")):
        raise ParameterError(describe("doubles from 0 to below 1, where prototypes merge", repr(dict(item))))
    if values.get("alike") is not None and not (0 <= values["alike"] <= 1 and values.get("doubles")):
        raise ParameterError(describe("alike from 0 to 1, where doubles go", repr(dict(item))))
    return Phase(**values)


def _require_that_projections_last(phases: Sequence[Phase]) -> None:
    """Refuse to move what a projection made equal, prototypes and training patches, without projecting again."""
    projecting = [index for index, phase in enumerate(phases) if phase.project]
    for phase in phases[projecting[-1] + 1 :] if projecting else []:
        moved = [room for room in ("backbone", "prototypes") if room in phase.trains]
        if moved:
            raise ParameterError(
                describe(
                    "no phase that moves backbone or prototypes after the last projection",
                    f"phase {phase.name!r}, which trains {moved}",
                    f"project: true in {phase.name!r} too, or trains: [similarity, head]",
                )
            )


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
