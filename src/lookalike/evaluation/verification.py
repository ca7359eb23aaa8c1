"""Do the pictures that are shown make the decisions? Read back, they must give the same logits."""

from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

from lookalike.data import Preprocessing
from lookalike.errors import DataError, describe
from lookalike.network import PrototypeNetwork
from lookalike.prototypes import LatentPrototypes

TOLERANCE = 1e-5
_BATCH = 500


@dataclass(frozen=True)
class Verification:
    """How far the logits of the saved pictures are from the model's own.

    Attributes
    ----------
    n : int
        Inputs compared.
    largest_logit : float
        Largest absolute logit, to compare with.
    float_difference : float
        Largest absolute difference with the pictures in floating point.
    holds : bool
        Whether that is at most ``1e-5``, or ``1e-5`` of the largest logit where this is above 1; and no file is wrong.
    png_difference : float or None
        The same with the 8-bit pictures; ``None`` for tables.
    png_agreement : float or None
        Share of inputs that are given to the same class with the 8-bit pictures.
    problems : tuple of str
        A sentence for every picture file that is not the prototype, rounded to 8 bits.
    """

    n: int
    largest_logit: float
    float_difference: float
    holds: bool
    png_difference: float | None
    png_agreement: float | None
    problems: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


@torch.no_grad()
def verify(
    network: PrototypeNetwork,
    preprocessing: Preprocessing,
    inputs: Tensor,
    pictures: Tensor,
    eight_bit: Tensor | None = None,
) -> Verification:
    """Pass the saved pictures through the network as if they were inputs, and compare the logits.

    Parameters
    ----------
    network : PrototypeNetwork
        In evaluation mode.
    preprocessing : Preprocessing
    inputs : Tensor
        What to classify, as `Preprocessing.standardize` takes it, n at least 1.
    pictures : Tensor
        Saved prototypes in data units, shape ``(p, ...)``: the prototypes themselves, or the training pictures that
        projected prototypes were cut from.
    eight_bit : Tensor, optional
        The same as read back from 8-bit files, in data units.

    Raises
    ------
    DataError
        If there are no pictures, as for latent prototypes that were never projected.

    Notes
    -----
    Nothing is taken from the model's prototypes but, for patches, the place they were cut from: what is tested is that
    picture, preprocessing and backbone together are what the decision uses.
    """
    if len(pictures) != len(network.prototypes.labels):
        raise DataError(
            describe(
                f"a saved picture of each of the {len(network.prototypes.labels)} prototypes",
                f"{len(pictures)}",
                "prototypes='pixel', or a training plan with a projection",
            )
        )
    own = _logits(network, preprocessing, inputs, network.activate_prototypes())
    again = _logits(network, preprocessing, inputs, _activate(network, preprocessing, pictures))
    difference, largest = float((own - again).abs().max()), float(own.abs().max())
    rounded = None
    if eight_bit is not None:
        rounded = _logits(network, preprocessing, inputs, _activate(network, preprocessing, eight_bit))
    return Verification(
        n=len(inputs),
        largest_logit=largest,
        float_difference=difference,
        holds=difference <= TOLERANCE * max(1.0, largest),
        png_difference=None if rounded is None else float((own - rounded).abs().max()),
        png_agreement=None if rounded is None else float((own.argmax(1) == rounded.argmax(1)).float().mean()),
    )


def _logits(network: PrototypeNetwork, preprocessing: Preprocessing, inputs: Tensor, activations: Tensor) -> Tensor:
    batches = (preprocessing.standardize(batch, activations.dtype) for batch in inputs.split(_BATCH))
    return torch.cat([network(batch, prototype_activations=activations).logits for batch in batches])


def _activate(network: PrototypeNetwork, preprocessing: Preprocessing, pictures: Tensor) -> Tensor:
    prototypes = network.prototypes
    standardized = preprocessing.standardize(pictures, prototypes().dtype)
    if not isinstance(prototypes, LatentPrototypes):
        return network.backbone(network.transform.views(standardized))
    activations = network.backbone(standardized)
    _, height, width = prototypes.shape
    places = prototypes.source_positions.tolist()
    cut = [whole[:, y : y + height, x : x + width] for whole, (y, x) in zip(activations, places, strict=True)]
    return torch.stack(cut)
