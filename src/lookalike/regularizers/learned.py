"""What a network of its own takes for a likely picture: a critic, and an autoencoder."""

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional

from lookalike.comparison import Comparison
from lookalike.errors import require_option
from lookalike.prototypes.autoencoder import Autoencoder
from lookalike.prototypes.base import require_picture
from lookalike.regularizers.base import Regularizer
from lookalike.shapes import Scalar, Shape


class CriticRegularizer(Regularizer):
    """A critic that learns to tell inputs from prototypes should fail: the adversarial prior.

    Parameters
    ----------
    input_shape : tuple of int
        Shape of one input, a picture.
    width : int
        Channels of the critic at half the picture's size, 1 or above.
    cotrained : bool
        Learn from the prototypes as they become; otherwise from data and uniform noise in the data's range alone, which
        is what a critic that is frozen later has seen: a control.

    Raises
    ------
    ParameterError
        For an option out of its range; if prototypes are no pictures of the inputs' size.

    Notes
    -----
    The sum of two terms of the logistic loss: the critic's, on inputs and prototypes, whose gradient reaches the critic
    alone, and the prototypes', minus the log-probability that they are inputs, whose gradient reaches them alone. The
    critic sees the network's units, so that it cannot go by scale. Two convolutions of stride 2 and a linear layer.

    References
    ----------
    [goodfellow2014gan]

    Examples
    --------
    >>> sum(parameter.numel() for parameter in CriticRegularizer((1, 8, 8), width=4).parameters())
    621
    """

    draws = True

    def __init__(self, input_shape: Shape, *, width: int = 16, cotrained: bool = True) -> None:
        super().__init__()
        require_option("width", width, width >= 1, "1 or above")
        channels, height, width_ = require_picture(input_shape, "critic", "the regularizer", "regularizers='none'")
        self.width = width
        self.cotrained = cotrained
        self.critic = nn.Sequential(
            nn.Conv2d(channels, width, 4, 2, 1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(width, 2 * width, 4, 2, 1),
            nn.LeakyReLU(0.2),
            nn.Flatten(),
            nn.Linear(2 * width * (height // 4) * (width_ // 4), 1),
        )

    def forward(self, comparison: Comparison, progress: float) -> Scalar:
        """The critic's loss and the prototypes'."""
        comparison.require_whole_pictures("a critic", "regularizers='none'")
        inputs, prototypes = comparison.unaugmented().detach(), comparison.live_prototypes()
        fake = prototypes.detach()
        if not self.cotrained:
            fake = inputs.amin() + (inputs.amax() - inputs.amin()) * torch.rand_like(fake)
        told = comparison.mean(functional.softplus(-self.critic(inputs)))
        told = told + functional.softplus(self.critic(fake)).mean()
        return told + functional.softplus(-functional_call(self.critic, _fixed(self.critic), (prototypes,))).mean()


class AutoencoderRegularizer(Regularizer):
    """An autoencoder that learns from the inputs should draw the prototypes as well as it draws inputs.

    Parameters
    ----------
    input_shape : tuple of int
        Shape of one input, a picture.
    latent : int
        Values of a code, 1 or above.
    width : int
        Channels of the autoencoder at half the picture's size, 1 or above.

    Raises
    ------
    ParameterError
        For an option out of its range; if prototypes are no pictures of the inputs' size.

    Notes
    -----
    The sum of the mean squared error of inputs, whose gradient reaches the autoencoder alone, and of what the mean
    squared error of the prototypes is above it, or 0, whose gradient reaches the prototypes alone: a prototype need not
    be more likely than data are.

    References
    ----------
    [nguyen2017plug]

    Examples
    --------
    >>> AutoencoderRegularizer((1, 8, 8), latent=3).latent
    3
    """

    def __init__(self, input_shape: Shape, *, latent: int = 16, width: int = 8) -> None:
        super().__init__()
        require_option("latent", latent, latent >= 1, "1 or above")
        require_option("width", width, width >= 1, "1 or above")
        self.latent = latent
        self.width = width
        shape = require_picture(input_shape, "autoencoder", "the regularizer", "regularizers='none'")
        self.autoencoder = Autoencoder(shape, latent, width)

    def forward(self, comparison: Comparison, progress: float) -> Scalar:
        """The autoencoder's error, and by how much the prototypes' is above it."""
        comparison.require_whole_pictures("an autoencoder", "regularizers='none'")
        inputs, prototypes = comparison.unaugmented().detach(), comparison.live_prototypes()
        usual = comparison.mean((self.autoencoder(inputs) - inputs).square())
        drawn = functional_call(self.autoencoder, _fixed(self.autoencoder), (prototypes,))
        above = (drawn - prototypes).square().flatten(1).mean(1) - usual.detach()
        return usual + above.clamp_min(0).mean()


def _fixed(module: nn.Module) -> dict[str, Tensor]:
    """A module's parameters without gradients."""
    return {name: parameter.detach() for name, parameter in module.named_parameters()}
