"""Prototypes learned wave by wave."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from lookalike.errors import require_option
from lookalike.precision import at_least_single
from lookalike.prototypes.base import Prototypes, prototype_labels, require_picture
from lookalike.shapes import PrototypeInputs, Shape


class FourierPrototypes(Prototypes):
    """Pictures whose waves are learned, slow ones in larger steps than fast ones, as pictures have more of them.

    Parameters
    ----------
    input_shape : tuple of int
        Shape of one input, a picture.
    n_classes : int
    n_per_class : int or sequence of int
        Prototypes of every class, or of each.
    decay : float
        How a step falls with frequency, 0 or above: as ``frequency ** -decay``; with 0, pixels learn alike.

    Raises
    ------
    ParameterError
        For rows of a table, or an option out of its range.

    Notes
    -----
    Shape: ``(p, c, h, w)``. The picture is the inverse transform of ``scale * values``, where ``scale`` is
    ``max(f, 1 / max(h, w)) ** -decay`` with f in cycles per pixel, normalised so that its mean square is 1. Whatever
    can be written in pixels can be written so, and reads back the same; only the way there differs.

    References
    ----------
    [olah2017feature]

    Examples
    --------
    >>> import torch
    >>> prototypes = FourierPrototypes((1, 6, 5), 2, n_per_class=1)
    >>> pictures = torch.rand(2, 1, 6, 5)
    >>> prototypes.set_values(pictures)
    >>> bool(torch.allclose(prototypes(), pictures, atol=1e-5))
    True
    """

    space = "input"
    scale: Tensor

    def __init__(
        self,
        input_shape: Shape,
        n_classes: int,
        *,
        n_per_class: int | Sequence[int] = 4,
        decay: float = 1.0,
    ) -> None:
        nn.Module.__init__(self)
        require_picture(input_shape, "fourier")
        require_option("decay", decay, decay >= 0, "0 or above")
        self.shape = tuple(input_shape)
        self.decay = decay
        self.register_buffer("labels", prototype_labels(n_per_class, n_classes))
        self.register_buffer("sources", None)
        self.register_buffer("scale", _scale(self.shape[1], self.shape[2], decay))
        # Real parts of all channels, then imaginary ones.
        self.values = nn.Parameter(torch.zeros(len(self.labels), 2 * self.shape[0], *self.scale.shape))

    def forward(self) -> PrototypeInputs:
        """All prototypes, shape ``(p, c, h, w)``."""
        waves = torch.complex(*at_least_single(self.values).chunk(2, dim=1))
        return torch.fft.irfft2(waves * self.scale, s=self.shape[1:], norm="ortho").to(self.values.dtype)

    def set_values(self, values: PrototypeInputs) -> None:
        """Overwrite every prototype."""
        with torch.no_grad():
            waves = torch.fft.rfft2(at_least_single(values), norm="ortho") / self.scale
            self.values.copy_(torch.cat([waves.real, waves.imag], 1))


def _scale(height: int, width: int, decay: float) -> Tensor:
    down, right = torch.fft.fftfreq(height), torch.fft.rfftfreq(width)
    frequency = (down[:, None].square() + right.square()).sqrt().clamp_min(1 / max(height, width))
    scale = frequency**-decay
    return scale / scale.square().mean().sqrt()
