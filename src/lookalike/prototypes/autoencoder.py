"""A small generator of pictures like those of a data set, trained here."""

import logging
import math

import torch
from torch import Tensor, nn
from torch.nn import functional

_BATCH = 64
_LEARNING_RATE = 2e-3
_LEAST = 1e-6
_log = logging.getLogger(__name__)


class Autoencoder(nn.Module):
    """Pictures to codes, whose values are about standard normal, and back.

    Parameters
    ----------
    shape : tuple of int
        Of a picture, ``(c, h, w)``.
    latent : int
        Values of a code.
    width : int
        Channels at half the picture's size; twice as many at a quarter.

    Notes
    -----
    Two convolutions of stride 2 and a linear layer; a linear layer and three convolutions, the first and the last after
    nearest-neighbour enlargement, which leaves no checkerboard.
    """

    def __init__(self, shape: tuple[int, int, int], latent: int, width: int) -> None:
        super().__init__()
        channels, height, width_ = shape
        self._small = (2 * width, -(-height // 4), -(-width_ // 4))
        self._size = (height, width_)
        self.encoder = nn.Sequential(
            nn.Conv2d(channels, width, 3, 2, 1),
            nn.ReLU(),
            nn.Conv2d(width, 2 * width, 3, 2, 1),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(math.prod(self._small), 2 * latent),
        )
        self.opened = nn.Linear(latent, math.prod(self._small))
        self.decoder = nn.Sequential(
            nn.ReLU(),
            nn.Upsample(scale_factor=2),
            nn.Conv2d(2 * width, width, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=1),
            nn.ReLU(),
            nn.Upsample(scale_factor=2),
            nn.Conv2d(width, channels, 3, padding=1),
        )

    def forward(self, pictures: Tensor) -> Tensor:
        """What the mean of every picture's code is decoded to, shape ``(n, c, h, w)``."""
        return self.decode(self.encode(pictures)[0])

    def encode(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and logarithm of the variance of every picture's code, shape ``(n, latent)`` each."""
        mean, log_variance = self.encoder(pictures).chunk(2, dim=1)
        return mean, log_variance

    def decode(self, codes: Tensor) -> Tensor:
        """Pictures, shape ``(n, c, h, w)``."""
        height, width = self._size
        return self.decoder(self.opened(codes).view(-1, *self._small))[:, :, :height, :width]


def frozen(module: nn.Module) -> nn.Module:
    """The same module, its parameters made buffers: saved, never trained; the module itself is changed.

    Parameters
    ----------
    module : torch.nn.Module

    Examples
    --------
    >>> from torch import nn
    >>> layer = frozen(nn.Linear(2, 1))
    >>> list(layer.parameters()), sorted(layer.state_dict())
    ([], ['bias', 'weight'])
    """
    for part in module.modules():
        for name, parameter in list(part.named_parameters(recurse=False)):
            delattr(part, name)
            part.register_buffer(name, parameter.detach().clone())
    return module


def train_autoencoder(
    autoencoder: Autoencoder, pictures: Tensor, steps: int, adversarial: float, generator: torch.Generator
) -> None:
    """Train on pictures as a variational autoencoder whose noise is fitted, with an adversary if one is wanted.

    Parameters
    ----------
    autoencoder : Autoencoder
        Changed.
    pictures : Tensor
        Standardised, shape ``(n, c, h, w)``.
    steps : int
        Of 64 pictures each.
    adversarial : float
        Weight of the adversary, 0 or above.
    generator : torch.Generator
        Batches and noise follow from it; the adversary's first weights follow from the global generator.

    Notes
    -----
    The loss of a picture of d values is ``d / 2 log(mean squared error) + KL``: with the best variance of the noise, no
    weight has to be chosen. The adversary, two convolutions of stride 2, learns to tell pictures from decoded codes
    drawn at random and from reconstructions, by the logistic loss; the decoder learns to be mistaken.
    """
    channels, values = pictures.shape[1], math.prod(pictures.shape[1:])
    critic = nn.Sequential(
        nn.Conv2d(channels, 24, 4, 2, 1), nn.LeakyReLU(0.2), nn.Conv2d(24, 48, 4, 2, 1), nn.LeakyReLU(0.2), nn.Flatten()
    )
    critic.append(nn.Linear(critic(pictures[:1]).shape[1], 1))
    optimizer = torch.optim.Adam(autoencoder.parameters(), lr=_LEARNING_RATE)
    against = torch.optim.Adam(critic.parameters(), lr=_LEARNING_RATE / 4, betas=(0.5, 0.99))
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = _LEARNING_RATE * 0.5 * (1 + math.cos(math.pi * step / steps))
        real = pictures[torch.randint(len(pictures), (min(_BATCH, len(pictures)),), generator=generator)]
        mean, log_variance = autoencoder.encode(real)
        noise = torch.randn(2 if adversarial else 1, *mean.shape, generator=generator)
        made = autoencoder.decode(torch.cat([mean + (0.5 * log_variance).exp() * noise[0], *noise[1:]]))
        error = (made[: len(real)] - real).square().mean()
        divergence = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(1).mean()
        loss = 0.5 * values * (error + _LEAST).log() + divergence
        if adversarial:
            loss = loss + adversarial * values * functional.softplus(-critic(made)).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if adversarial:
            told = functional.softplus(-critic(real)).mean() + functional.softplus(critic(made.detach())).mean()
            against.zero_grad()
            told.backward()
            against.step()
    _log.info("a generator of pictures: mean squared error %.3f of the variance", float(error.detach()))
