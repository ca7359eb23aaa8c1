"""How a prototype has to be moved, and its grey levels changed, to meet an input: in numbers, in words, as pictures."""

from collections.abc import Mapping

import torch
from torch import Tensor

from lookalike.comparison import Comparison
from lookalike.transforms import Transform, directions, pictures_at_a_time, shifts_in_turn, view_at

_SIDE_PER_PIXEL = 14
_MOST_PIXELS = 4
# Below these a difference cannot be seen, or is no more than chance.
_DEGREES, _FACTOR, _BRIGHTNESS, _PIXELS, _ALIKE = 0.5, 1.15, 0.15, 0.5, 0.1
_LEAST = 1e-6
_MOVES = {"down": ("higher", "lower"), "right": ("to the left", "to the right")}
# The least factor that is said, and what is said below and above 1.
_FACTORS: dict[str, tuple[float, str, str]] = {
    "scale": (1.03, "smaller", "larger"),
    "stretch": (1.03, "narrower", "wider"),
    "gain": (_FACTOR, "fainter", "stronger in contrast"),
    **{color: (_FACTOR, f"less {color}", f"more {color}") for color in ("red", "green", "blue")},
}


def alignments_of(comparison: Comparison, wanted: Tensor) -> dict[str, Tensor]:
    """How some prototypes best meet each input, by parameter, shape ``(n, t)``; nothing where that is not known.

    Parameters
    ----------
    comparison : Comparison
    wanted : Tensor
        Which prototypes for each input, shape ``(n, t)``.

    Returns
    -------
    dict of Tensor
        The parameters of the deformation with which the network compared them, where it has one. Otherwise, for
        prototypes that are pictures of the inputs' shape, what the pixels say: ``down`` and ``right``, in pixels, up to
        a fourteenth of the side and no more than 4; ``gain``, how strongly the prototype that was moved so is found in
        the input, by least squares, at least 0: what a picture of the two shows; ``brightness``, the difference of
        their means, in standard deviations of the data; and ``correlation``, Pearson's.
    """
    if comparison.alignments:
        return {name: values.gather(1, wanted) for name, values in comparison.alignments.items()}
    inputs, prototypes = comparison.inputs, comparison.prototypes
    if inputs.ndim != 4 or inputs.shape[1:] != prototypes.shape[1:]:
        return {}
    rows = inputs.repeat_interleave(wanted.shape[1], 0)
    others = prototypes.to(inputs.dtype)[wanted.flatten()]
    pixels = _pixels(inputs)
    # A few pairs at a time: all views of all pairs would be many.
    few = pictures_at_a_time(inputs, pixels)
    found = [_best_shifts(*each, pixels) for each in zip(rows.split(few), others.split(few), strict=True)]
    correlation, gain, place = (torch.cat(each) for each in zip(*found, strict=True))
    down, right = directions(place, pixels)
    parameters = {
        "down": down,
        "right": right,
        "gain": gain,
        "brightness": rows.flatten(1).mean(1) - others.flatten(1).mean(1),
        "correlation": correlation.clamp(-1, 1),
    }
    return {name: values.view(wanted.shape) for name, values in parameters.items()}


def in_words(alignment: Mapping[str, float]) -> str:
    """An alignment as one says it; empty where nothing is known.

    Parameters
    ----------
    alignment : mapping
        Parameters by name, of one prototype and one input.

    Examples
    --------
    >>> in_words({"down": 2.0, "right": -1.0, "degrees": 8.0, "gain": 0.8, "brightness": -0.3})
    '2 px lower, 1 px to the left, turned 8 degrees to the right, fainter, darker'
    >>> in_words({"correlation": 0.01, "down": 2.0})
    'not alike in pixels'
    """
    if alignment.get("correlation", 1.0) < _ALIKE:
        return "not alike in pixels"
    said = []
    for name, value in alignment.items():
        if name in _MOVES and abs(value) >= _PIXELS:
            said.append(f"{abs(value):.2g} px {_MOVES[name][value > 0]}")
        elif name == "degrees" and abs(value) >= _DEGREES:
            said.append(f"turned {abs(value):.2g} degrees to the {'right' if value > 0 else 'left'}")
        elif name in _FACTORS and not 1 / _FACTORS[name][0] < value < _FACTORS[name][0]:
            _, less, more = _FACTORS[name]
            said.append(more if value > 1 else less)
        elif name == "slant" and abs(value) >= _FACTOR - 1:
            said.append(f"slanted to the {'right' if value > 0 else 'left'}")
        elif name in ("brightness", "offset") and abs(value) >= _BRIGHTNESS:
            said.append("brighter" if value > 0 else "darker")
        elif name.startswith(("down_", "right_")) and abs(value) >= _PIXELS:
            said.append(f"bent by {abs(value):.2g} px")
    return ", ".join(said) if said or not alignment else "as it is"


@torch.no_grad()
def aligned_pictures(comparison: Comparison, transform: Transform, wanted: Tensor) -> Tensor:
    """Prototypes as they meet each input, as `alignments_of` says.

    Deformed, where the network deforms them, and otherwise left as they are: that is what it compares. Where it does
    not, moved, and with the gain and offset that fit the input best.

    Parameters
    ----------
    comparison : Comparison
        Of pictures, with prototypes of the same shape.
    transform : Transform
        With which the comparison was made.
    wanted : Tensor
        Which prototypes for each input, shape ``(n, t)``.

    Returns
    -------
    Tensor
        Shape ``(n, t, c, h, w)``, in the network's units.
    """
    inputs, prototypes = comparison.inputs, comparison.prototypes.to(comparison.inputs.dtype)
    parameters = alignments_of(comparison, wanted)
    if comparison.alignments:
        members = torch.tensor(list(transform.members.values()), device=inputs.device).T
        asked = torch.stack([parameters[name] for name in transform.members], 2)
        place = (asked[:, :, None] - members).abs().sum(3).argmin(2)
        return transform.deformed(prototypes)[wanted, place]
    pixels = _pixels(inputs)
    side = 2 * pixels + 1
    places = (wanted * side + parameters["down"].long() + pixels) * side + parameters["right"].long() + pixels
    views = view_at(prototypes, places.flatten(), pixels).view(*wanted.shape, *inputs.shape[1:])
    levels = inputs.flatten(1).mean(1)[:, None, None]
    return (parameters["gain"][..., None] * _centered(views) + levels).view_as(views)


def _pixels(inputs: Tensor) -> int:
    return max(1, min(min(inputs.shape[2:]) // _SIDE_PER_PIXEL, _MOST_PIXELS))


def _best_shifts(inputs: Tensor, others: Tensor, pixels: int) -> tuple[Tensor, Tensor, Tensor]:
    """Pearson's of pictures with their partners at the best shift, the gain that fits, and which shift, each ``(m,)``.

    All are 0 for constant pictures.
    """
    shapes = _centered(inputs)
    views = _centered(torch.stack(list(shifts_in_turn(others, pixels)), 1))
    sizes = shapes.norm(dim=1, keepdim=True) * views.norm(dim=2)
    products = torch.einsum("mi,mvi->mv", shapes, views)
    correlation, place = torch.where(sizes > _LEAST, products / sizes.clamp_min(_LEAST), torch.zeros_like(sizes)).max(1)
    rows = torch.arange(len(place), device=place.device)
    energy = views[rows, place].square().sum(1)
    return correlation, (products[rows, place] / energy.clamp_min(_LEAST)).clamp_min(0), place


def _centered(pictures: Tensor) -> Tensor:
    """Pictures as rows without their mean; shape ``(..., c * h * w)``."""
    rows = pictures.flatten(-3)
    return rows - rows.mean(-1, keepdim=True)
