"""Prototypes that a generator draws."""

from collections.abc import Sequence

import torch
from torch import nn

from lookalike.errors import require_option
from lookalike.prototypes.autoencoder import Autoencoder, frozen, train_autoencoder
from lookalike.prototypes.base import Prototypes, prototype_labels, require_picture
from lookalike.randomness import seeded
from lookalike.shapes import Inputs, Labels, PrototypeInputs, Shape


class GeneratedPrototypes(Prototypes):
    """Pictures that a small generator draws from learned codes; the generator is trained on the same data beforehand.

    Parameters
    ----------
    input_shape : tuple of int
        Shape of one input, a picture.
    n_classes : int
    n_per_class : int or sequence of int
        Prototypes of every class, or of each.
    latent : int
        Values of a code, 1 or above.
    width : int
        Channels of the generator at half the picture's size, 1 or above.
    steps : int
        Of its training, 64 pictures each, 0 or above.
    adversarial : float
        Weight of an adversary in its training, 0 or above: sharper pictures, less faithful ones.

    Raises
    ------
    ParameterError
        For rows of a table, or an option out of its range.

    Notes
    -----
    Shape: ``(p, c, h, w)``. Codes are learned, the generator is not: its weights are saved with the prototypes. What it
    cannot draw, no prototype can be; a value that is written becomes the nearest picture that its encoder finds.

    References
    ----------
    [kingma2014vae]

    [larsen2016autoencoding]

    Examples
    --------
    >>> GeneratedPrototypes((1, 8, 8), 2, n_per_class=1, latent=4, width=4, steps=1)().shape
    torch.Size([2, 1, 8, 8])
    """

    space = "input"

    def __init__(
        self,
        input_shape: Shape,
        n_classes: int,
        *,
        n_per_class: int | Sequence[int] = 4,
        latent: int = 32,
        width: int = 24,
        steps: int = 1500,
        adversarial: float = 0.0,
    ) -> None:
        nn.Module.__init__(self)
        self._picture = require_picture(input_shape, "generated")
        require_option("latent", latent, latent >= 1, "1 or above")
        require_option("width", width, width >= 1, "1 or above")
        require_option("steps", steps, steps >= 0, "0 or above")
        require_option("adversarial", adversarial, adversarial >= 0, "0 or above")
        self.shape = tuple(input_shape)
        self.latent, self.width, self.steps, self.adversarial = latent, width, steps, adversarial
        self.register_buffer("labels", prototype_labels(n_per_class, n_classes))
        self.register_buffer("sources", None)
        self.values = nn.Parameter(torch.zeros(len(self.labels), latent))
        self.generator = self._made()

    def forward(self) -> PrototypeInputs:
        """All prototypes, shape ``(p, c, h, w)``."""
        return self.generator.decode(self.values)

    @torch.enable_grad()
    def begin(
        self, values: PrototypeInputs, inputs: Inputs, labels: Labels, generator: torch.Generator
    ) -> PrototypeInputs:
        """The values as they are; the generator is trained."""
        with seeded(int(torch.randint(2**31, (), generator=generator))):
            made = Autoencoder(self._picture, self.latent, self.width)
            if self.steps:
                train_autoencoder(made, inputs, self.steps, self.adversarial, generator)
        self.generator.load_state_dict(made.state_dict())
        return values

    def set_values(self, values: PrototypeInputs) -> None:
        """Give every prototype the code of its value."""
        with torch.no_grad():
            self.values.copy_(self.generator.encode(values)[0])

    def _made(self) -> Autoencoder:
        made = Autoencoder(self._picture, self.latent, self.width)
        frozen(made)
        return made
