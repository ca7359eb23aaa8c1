"""Penalties on the prototypes as pictures."""

from lookalike.comparison import Comparison
from lookalike.distances import squared_distances
from lookalike.errors import ParameterError, describe
from lookalike.regularizers.base import Regularizer
from lookalike.shapes import Scalar


class TotalVariationRegularizer(Regularizer):
    """Mean absolute difference of neighbouring pixels of the prototypes.

    Notes
    -----
    Anisotropic: differences down and across are averaged separately and added. It makes prototypes smoother, which is
    not the same as truer.

    Raises
    ------
    ParameterError
        If prototypes are not pictures.

    References
    ----------
    [rudin1992tv]

    Examples
    --------
    >>> TotalVariationRegularizer()
    TotalVariationRegularizer()
    """

    def forward(self, comparison: Comparison, progress: float) -> Scalar:
        """Mean over prototypes, channels and pixels."""
        pictures = comparison.live_prototypes()
        if pictures.ndim != 4 or min(pictures.shape[2:]) < 2:
            raise ParameterError(
                describe(
                    "prototypes that are pictures of at least 2x2 for total variation",
                    f"prototypes of shape {tuple(pictures.shape[1:])}",
                    "regularizers='none' for tables and 1x1 patches",
                )
            )
        down = (pictures[:, :, 1:] - pictures[:, :, :-1]).abs().mean()
        across = (pictures[:, :, :, 1:] - pictures[:, :, :, :-1]).abs().mean()
        return down + across


class PixelPullRegularizer(Regularizer):
    """Squared distance from every input to the nearest prototype of its class, in the inputs' own space: k-means' term.

    Raises
    ------
    ParameterError
        If prototypes are not of the inputs' shape.

    References
    ----------
    [lloyd1982kmeans]

    Examples
    --------
    >>> PixelPullRegularizer()
    PixelPullRegularizer()
    """

    def forward(self, comparison: Comparison, progress: float) -> Scalar:
        """Mean over inputs and values."""
        inputs, prototypes = comparison.inputs.flatten(1), comparison.prototypes.flatten(1)
        if inputs.shape[1] != prototypes.shape[1]:
            raise ParameterError(
                describe(
                    f"prototypes of the inputs' shape {tuple(comparison.inputs.shape[1:])} for pixel pull",
                    f"{tuple(comparison.prototypes.shape[1:])}",
                    "prototypes='pixel' with prototypes__size=None",
                )
            )
        squares = squared_distances(inputs, prototypes)
        own = squares.masked_fill(~comparison.own_class(), float("inf")).amin(1)
        return comparison.mean(own.clamp_min(0)) / inputs.shape[1]
