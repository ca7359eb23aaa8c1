"""A family of several changes at once: turned, enlarged, moved, and darker."""

from collections.abc import Mapping, Sequence
from itertools import chain, product

from torch import Tensor

from lookalike.transforms.base import Transform
from lookalike.transforms.grid import require_odd
from lookalike.transforms.shift import ShiftTransform
from lookalike.transforms.tones import ToneTransform
from lookalike.transforms.warps import RotationScaleTransform


class PoseTransform(Transform):
    """A prototype meets an input turned, enlarged, moved, and with its grey levels changed, in any combination.

    Parameters
    ----------
    pixels : int
        Largest shift in either direction, 0 or above.
    degrees : float
        Largest angle either way, from 0 to 180.
    angles : int
        Angles that are tried, odd, 0 among them.
    scale : float
        Largest enlargement, 1 or above; its inverse is the smallest.
    scales : int
        Sizes that are tried, odd, 1 among them.
    gain : float
        Largest factor of grey levels, 1 or above; its inverse is the smallest.
    offset : float
        Largest offset of grey levels either way, in standard deviations of the data, 0 or above.
    tones : int
        Values of gain and of offset each, odd, the unchanged among them.

    Raises
    ------
    ParameterError
        If an option is out of range.

    Notes
    -----
    The members are all combinations, and each costs one pass of every prototype through the backbone: 81 as it stands,
    9 shifts, 3 angles and 3 offsets. First a prototype is turned and enlarged, then moved, then its grey levels are
    changed.

    Examples
    --------
    >>> family = PoseTransform(pixels=1, angles=3, scales=1, tones=1)
    >>> list(family.members), len(family.members["down"])
    (['down', 'right', 'degrees', 'scale', 'gain', 'offset'], 27)
    """

    def __init__(
        self,
        *,
        pixels: int = 1,
        degrees: float = 10.0,
        angles: int = 3,
        scale: float = 1.1,
        scales: int = 1,
        gain: float = 1.0,
        offset: float = 0.25,
        tones: int = 3,
    ) -> None:
        super().__init__()
        require_odd(tones=tones)
        self.turned = RotationScaleTransform(degrees=degrees, angles=angles, scale=scale, scales=scales)
        self.moved = ShiftTransform(pixels=pixels)
        self.toned = ToneTransform(gain=gain, offset=offset, steps=tones)
        self.pixels, self.degrees, self.angles, self.scale, self.scales = pixels, degrees, angles, scale, scales
        self.gain, self.offset, self.tones = gain, offset, tones

    @property
    def members(self) -> Mapping[str, Sequence[float]]:
        """``down``, ``right``, ``degrees``, ``scale``, ``gain`` and ``offset``."""
        parts = (self.turned.members, self.moved.members, self.toned.members)
        names = [name for part in parts for name in part]
        # One after the other, as they are nested in the views; then by name.
        combined = product(*(list(zip(*part.values(), strict=True)) for part in parts))
        columns = zip(*(chain.from_iterable(combination) for combination in combined), strict=True)
        found = dict(zip(names, map(list, columns), strict=True))
        return {name: found[name] for name in ("down", "right", "degrees", "scale", "gain", "offset")}

    def deformed(self, prototypes: Tensor) -> Tensor:
        """Every combination, shape ``(p, v, c, h, w)``: by angle and scale, then by shift, then by tone."""
        views = prototypes
        for part in (self.turned, self.moved, self.toned):
            views = part.deformed(views).flatten(0, 1)
        return views.unflatten(0, (len(prototypes), -1))
