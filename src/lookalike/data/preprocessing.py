"""From arrays as users have them to what a network learns from, and back."""

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lookalike.data.moments import exceeds_single, mean_and_spread
from lookalike.data.pixel_scale import UNIT, PixelScale
from lookalike.shapes import Shape


@dataclass(frozen=True)
class Preprocessing:
    """Standardisation per channel of a picture or per column of a table.

    Attributes
    ----------
    shape : tuple of int
        Shape of one input, ``(channels, height, width)`` or ``(columns,)``.
    divisor : float
        Integers are divided by this first: 255 for 8-bit pictures. What results are *data units*, 0 to 1 for those.
    mean, spread : tuple of float
        Mean and standard deviation in data units, one per channel or column; one that is constant but for rounding has
        spread 1.
    low, high : tuple of float
        Smallest and largest value seen in training, in data units, one per channel or column.
    pixel_range : tuple of float or None
        What is black and white in data units; ``None`` for tables, and where it is unclear.
    depth : str
        Of the files that pictures were read from, see `lookalike.data.PixelScale`.

    Examples
    --------
    >>> import torch
    >>> import numpy as np
    >>> pictures = np.array([[[[0, 255]]], [[[255, 0]]]], dtype=np.uint8)
    >>> preprocessing = Preprocessing.of(torch.from_numpy(pictures))
    >>> preprocessing.standardize(torch.from_numpy(pictures))[0].flatten().tolist()
    [-1.0, 1.0]
    """

    shape: Shape
    divisor: float
    mean: tuple[float, ...]
    spread: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    pixel_range: tuple[float, float] | None = None
    depth: str = ""

    @classmethod
    def of(cls, inputs: Tensor) -> "Preprocessing":
        """Learn from training inputs.

        Parameters
        ----------
        inputs : Tensor
            Shape ``(n, channels, height, width)`` or ``(n, columns)``; 8-bit integers or floats.
        """
        if inputs.dtype == torch.float64 and inputs.ndim == 4:
            found = cls._of(inputs)
            return found if found.needs_double else cls._of(inputs.float())
        return cls._of(inputs)

    @classmethod
    def _of(cls, inputs: Tensor) -> "Preprocessing":
        divisor = 255.0 if inputs.dtype == torch.uint8 else 1.0
        channels = inputs.transpose(0, 1).flatten(1)
        moments = [mean_and_spread(channel.double() / divisor) for channel in channels]
        return cls(
            shape=tuple(inputs.shape[1:]),
            divisor=divisor,
            mean=tuple(mean for mean, _ in moments),
            spread=tuple(spread for _, spread in moments),
            low=tuple(float(channel.min()) / divisor for channel in channels),
            high=tuple(float(channel.max()) / divisor for channel in channels),
        )

    def with_pixels(self, pixels: PixelScale | None) -> "Preprocessing":
        """The same for pictures of which it is known what their numbers mean, before these are divided."""
        if pixels is None or not self.is_picture:
            return self
        units = pixels.range and (pixels.range[0] / self.divisor, pixels.range[1] / self.divisor)
        return replace(self, pixel_range=units, depth=pixels.depth)

    @property
    def is_picture(self) -> bool:
        """Whether inputs are pictures and not rows of a table."""
        return len(self.shape) == 3

    @property
    def needs_double(self) -> bool:
        """Whether single precision is too coarse for these inputs, or too narrow."""
        channels = zip(self.low, self.high, self.spread, strict=True)
        return self.divisor == 1 and any(exceeds_single(*channel) for channel in channels)

    def to_data_units(self, inputs: Tensor) -> Tensor:
        """8-bit integers divided, floats as they are; of 64 bits where rows came so or they are needed, else of 32."""
        if inputs.dtype == torch.uint8:
            return inputs.float() / self.divisor
        return inputs.to(self._precision(inputs.dtype))

    def compact(self, inputs: Tensor) -> Tensor:
        """The same inputs in no more bits than they need: 8-bit integers as they are, floats as in data units."""
        return inputs if inputs.dtype == torch.uint8 else inputs.to(self._precision(inputs.dtype))

    def _precision(self, dtype: torch.dtype) -> torch.dtype:
        kept = dtype == torch.float64 and not self.is_picture
        return torch.float64 if kept or self.needs_double else torch.float32

    def standardize(self, inputs: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
        """What the network takes.

        Parameters
        ----------
        inputs : Tensor
            Shape ``(n, *shape)``, 8-bit integers or floats in data units.
        dtype : torch.dtype
            Of the result; computed in 64 bits where the inputs have as many: the difference of two points in time
            needs more digits than 32 bits hold.

        Returns
        -------
        Tensor
            The same shape.
        """
        units = self.to_data_units(inputs)
        return ((units - self._column(self.mean, units.dtype)) / self._column(self.spread, units.dtype)).to(dtype)

    def restore(self, inputs: Tensor) -> Tensor:
        """The inverse of `standardize`, in data units, the same shape; in 64 bits for rows and where needed."""
        dtype = inputs.dtype if self.is_picture and not self.needs_double else torch.float64
        return inputs.to(dtype) * self._column(self.spread, dtype) + self._column(self.mean, dtype)

    def value_range(self) -> tuple[Tensor, Tensor]:
        """Smallest and largest training value in the network's units, each of a shape that broadcasts to an input."""
        low, high, mean, spread = (
            self._column(values, torch.float64) for values in (self.low, self.high, self.mean, self.spread)
        )
        return ((low - mean) / spread).float()[0], ((high - mean) / spread).float()[0]

    @property
    def eight_bit_range(self) -> tuple[float, float]:
        """What 0 and 255 of a picture that is shown stand for, in data units: black and white where these are known."""
        if self.pixel_range is not None:
            return self.pixel_range
        return UNIT if self.divisor != 1 else (min(self.low), max(self.high))

    def to_eight_bit(self, pictures: Tensor) -> np.ndarray:
        """Pictures as image files hold them; values beyond the range are cut off.

        Parameters
        ----------
        pictures : Tensor
            8-bit integers, or floats in data units, shape ``(n, channels, height, width)``.

        Returns
        -------
        ndarray
            Shape ``(n, height, width)`` for one channel, else ``(n, height, width, channels)``.
        """
        if pictures.dtype != torch.uint8:
            low, high = self.eight_bit_range
            share = (pictures - low) / ((high - low) or 1.0)
            pictures = (share * 255).round().clamp(0, 255).to(torch.uint8)
        arrays = pictures.permute(0, 2, 3, 1).numpy()
        return arrays[..., 0] if arrays.shape[3] == 1 else arrays

    def from_eight_bit(self, arrays: np.ndarray) -> Tensor:
        """The inverse of `to_eight_bit` up to rounding: data units, shape ``(n, channels, height, width)``."""
        low, high = self.eight_bit_range
        pictures = torch.from_numpy(np.ascontiguousarray(arrays)).float()
        pictures = pictures[:, None] if pictures.ndim == 3 else pictures.permute(0, 3, 1, 2)
        return pictures / 255 * (high - low) + low

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Preprocessing":
        """The inverse of `to_dict`."""
        fields: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in values.items()
        }
        found = cls(**fields)
        if "pixel_range" not in fields and found.is_picture:
            # A model of an earlier version: its pictures are shown as they were, and bytes were bytes.
            known = found.divisor != 1 or (min(found.low), max(found.high)) == UNIT
            found = replace(found, pixel_range=UNIT if known else None)
        return found

    def _column(self, values: tuple[float, ...], dtype: torch.dtype) -> Tensor:
        return torch.tensor(values, dtype=dtype).view(1, -1, *(1,) * (len(self.shape) - 1))
