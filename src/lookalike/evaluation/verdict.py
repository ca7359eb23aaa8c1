"""What the prototypes of a model are, from the rows of its card, and the sentence that says why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scipy.stats import binomtest

from lookalike.evaluation.row import ABLE, BIND, CHANCE, STAND_IN, TRANSFER, TYPICAL, Row, light_of

PICTURE, BOUND, CODE, UNRELIABLE, MIXED, OPEN = "picture", "picture, bound", "code", "unreliable", "mixed", "open"
FAILING_CLASSES = f"{TRANSFER}: classes without a prototype that passes"
ENDS = (f"{TRANSFER}: 95% from", f"{TRANSFER}: 95% to")
_SENTENCES = {
    PICTURE: "the prototypes are pictures of their class",
    BOUND: "the prototypes are pictures of their class, and the model decides by what they show",
    CODE: "the prototypes are no pictures to look at; the nearest real examples stand for them",
    UNRELIABLE: "neither the prototypes nor the nearest real examples show what the model decides by",
    MIXED: "not all prototypes are pictures of their class",
    OPEN: "it cannot be told whether the prototypes are pictures of their class",
}
# Rows that are red where a picture is none, whatever TRANSFER and NN-PCTL say.
_CONTRADICTIONS = {
    STAND_IN: "the model loses accuracy when real examples take the places of the prototypes",
    "PATH": "inside the model they are unlike real examples",
    "SIM@1": "decisions cannot be predicted from them",
    "TR*": "they are not the true prototypes",
}
# Of the pixels of a prototype, over that of real pictures: class means of photographs that are not aligned have less.
CONTRAST, _LEAST_CONTRAST = "contrast, real pictures = 1", 0.25
_ROUNDING = 1e-6


@dataclass(frozen=True)
class Verdict:
    """What the prototypes are.

    Attributes
    ----------
    name : str
        ``"picture"``, ``"picture, bound"``, ``"code"``, ``"unreliable"``, ``"mixed"`` or ``"open"``.
    sentence : str
        The same in a sentence, with the reason; without a period.
    """

    name: str
    sentence: str


def verdict_of(lights: Mapping[str, str]) -> str:
    """What the lights of four rows say, before weak evidence and other rows are considered; see `judged`.

    Parameters
    ----------
    lights : mapping
        Of ``TRANSFER``, ``NN-PCTL``, ``STAND-IN`` and ``BIND``, as far as they are there.

    Examples
    --------
    >>> verdict_of({"TRANSFER": "green", "NN-PCTL": "amber", "STAND-IN": "green", "BIND": "amber"})
    'picture'
    >>> verdict_of({"TRANSFER": "red", "NN-PCTL": "red", "STAND-IN": "red"})
    'unreliable'
    """
    transfer, typical, stand_in, bind = (lights.get(name, "none") for name in (TRANSFER, TYPICAL, STAND_IN, BIND))
    if "none" in (transfer, typical) or (transfer == "red" and stand_in == "none"):
        return OPEN
    if transfer == "green" and typical != "red":
        return BOUND if bind == "green" else PICTURE
    if transfer == "red" and stand_in == "green":
        return CODE
    if transfer == "red" and stand_in == "red":
        return UNRELIABLE
    return MIXED


def judged(
    rows: Sequence[Row],
    prototypes: Mapping[str, Sequence[int]] | None = None,
    diagnostics: Mapping[str, float] | None = None,
) -> Verdict:
    """The verdict from all rows of a card.

    Parameters
    ----------
    rows : sequence of Row
    prototypes : mapping of str to sequence of int, optional
        The prototypes of every class. Without it the number of classes that fail is read from what stands beside
        ``TRANSFER``, if it does.
    diagnostics : mapping of str to float, optional
        Of which the contrast is looked at.

    Notes
    -----
    Open where judges are right on fewer real examples than halfway between chance and 1, or where the interval of
    ``TRANSFER`` includes chance. A picture becomes mixed where a class has no prototype that passes both ``TRANSFER``
    and ``NN-PCTL``, where ``STAND-IN``, ``PATH``, ``SIM@1`` or ``TR*`` is red, or where prototypes have less than a
    quarter of the contrast of real pictures.
    """
    known = {row.name: row for row in rows if row.value is not None}
    name = verdict_of({row.name: row.light for row in known.values()})
    missing = [each for each in (TRANSFER, TYPICAL) if known.get(each, Row(each, "")).light == "none"]
    weak = _weakness(known[TRANSFER]) if TRANSFER in known else ""
    if name == OPEN or weak:
        why = weak or f"{' and '.join(missing) or STAND_IN} {'are' if len(missing) > 1 else 'is'} not computed"
        return Verdict(OPEN, f"{_SENTENCES[OPEN]}: {why}")
    if name in (PICTURE, BOUND):
        reasons = [*_failing_classes(known, prototypes), *_contradictions(known, diagnostics or {})]
        if reasons:
            return Verdict(MIXED, f"{_SENTENCES[MIXED]}: {'; '.join(reasons)}")
        unbound = name == PICTURE and BIND in known and known[BIND].light == "red"
        return Verdict(name, _SENTENCES[name] + (", but the model decides by something else" if unbound else ""))
    if name == MIXED:
        return Verdict(MIXED, f"{_SENTENCES[MIXED]}: {'; '.join(_middling(known, prototypes))}")
    return Verdict(name, _SENTENCES[name])


def failing_classes(prototypes: Mapping[str, Sequence[int]], failing: Sequence[int]) -> list[str]:
    """Classes all of whose prototypes fail, or that have none.

    Parameters
    ----------
    prototypes : mapping of str to sequence of int
        The prototypes of every class.
    failing : sequence of int

    Examples
    --------
    >>> failing_classes({"cat": [0, 1], "dog": [2], "emu": []}, [1, 2])
    ['dog', 'emu']
    """
    return [name for name, own in prototypes.items() if set(own) <= set(failing)]


def judged_again(figures: Mapping[str, Any]) -> Verdict:
    """The verdict from rows that are kept as figures, as in the results of a study.

    Parameters
    ----------
    figures : mapping of str to float or str
        Values by the name of their row, and what is beside them as ``"ROW: name"``; with them `Card.evidence`, where it
        was kept. Otherwise the interval of ``TRANSFER`` is that of as many independent draws as there are prototypes,
        which is no narrower than that of the shares themselves.
    """
    rows = []
    for name in (TRANSFER, TYPICAL, BIND, *_CONTRADICTIONS):
        if name not in figures:
            continue
        value = float(figures[name])
        start = f"{name}: "
        beside = {key.removeprefix(start): float(each) for key, each in figures.items() if key.startswith(start)}
        interval = _interval(value, figures) if name == TRANSFER else None
        rows.append(Row(name, "", value, interval, light_of(name, value, beside), beside))
    return judged(rows, None, {CONTRAST: float(figures[CONTRAST])} if CONTRAST in figures else {})


def _interval(share: float, figures: Mapping[str, Any]) -> tuple[float, float] | None:
    if ENDS[0] in figures:
        return float(figures[ENDS[0]]), float(figures[ENDS[1]])
    n = figures.get("SIZE: prototypes")
    if not n or share in (0, 1):
        # All shares are the same.
        return None
    found = binomtest(round(share * n), round(n)).proportion_ci(method="wilson")
    return float(found.low), float(found.high)


def _weakness(transfer: Row) -> str:
    """Why TRANSFER says nothing: judges that are hardly right themselves, or a share that could be chance."""
    beside, value = transfer.beside or {}, transfer.value or 0.0
    if CHANCE not in beside:
        return ""
    chance, able = beside[CHANCE], beside.get(ABLE)
    half = (1 + chance) / 2
    if able is not None and able < half - _ROUNDING:
        return (
            f"the judges themselves are right on only {able:.2f} of real examples, "
            f"below {half:.2f}, halfway between chance ({chance:.2f}) and 1"
        )
    low, high = transfer.interval or (value, value)
    if low - _ROUNDING <= chance <= high + _ROUNDING:
        return f"TRANSFER {value:.2f} (95% {low:.2f} to {high:.2f}) does not differ from chance ({chance:.2f})"
    return ""


def _failing_classes(known: Mapping[str, Row], prototypes: Mapping[str, Sequence[int]] | None) -> list[str]:
    if prototypes:
        failing = [each for name in (TRANSFER, TYPICAL) if name in known for each in known[name].failing]
        names = failing_classes(prototypes, failing)
        return [f"no prototype of {_listed(names)} passes TRANSFER and NN-PCTL"] if names else []
    count = (known[TRANSFER].beside or {}).get(FAILING_CLASSES.removeprefix(f"{TRANSFER}: "), 0.0)
    return [f"{count:.0f} of the classes have no prototype that passes TRANSFER and NN-PCTL"] if count else []


def _contradictions(known: Mapping[str, Row], diagnostics: Mapping[str, float]) -> list[str]:
    contrast = diagnostics.get(CONTRAST, 1.0)
    faint = [f"they have {contrast:.2f} of the contrast of real pictures"] if contrast < _LEAST_CONTRAST else []
    return faint + [
        f"{why} ({name} {known[name].value:.2f})"
        for name, why in _CONTRADICTIONS.items()
        if name in known and known[name].light == "red"
    ]


def _middling(known: Mapping[str, Row], prototypes: Mapping[str, Sequence[int]] | None) -> list[str]:
    """What keeps them from being pictures, where TRANSFER or NN-PCTL does."""
    transfer, typical = known[TRANSFER], known[TYPICAL]
    found = []
    if transfer.light != "green":
        found.append(f"judges see the class in too few of them (TRANSFER {transfer.value:.2f})")
    if typical.light == "red":
        found.append(f"they are further from the training data than real examples are (NN-PCTL {typical.value:.2f})")
    return [*found, *_failing_classes(known, prototypes)]


def _listed(names: Sequence[str], most: int = 3) -> str:
    shown = [*names[:most], *([f"{len(names) - most} more classes"] if len(names) > most else [])]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} or {shown[-1]}"
