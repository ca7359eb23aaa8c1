"""What every family of deformations promises."""

from abc import ABC, abstractmethod

from torch import Tensor, nn

from lookalike.shapes import Maps, PrototypeInputs, ViewMaps


class Transform(nn.Module, ABC):
    """Views of a prototype: the deformed pictures that may meet an input in its place.

    The network passes all views through the backbone, compares each with the input, and lets `reduce` keep the best.
    """

    @abstractmethod
    def views(self, prototypes: PrototypeInputs) -> Tensor:
        """All views of all prototypes.

        Parameters
        ----------
        prototypes : Tensor
            Shape ``(p, ...)``.

        Returns
        -------
        Tensor
            Shape ``(v * p, ...)``, the v views of the first prototype first.
        """

    @abstractmethod
    def reduce(self, maps: ViewMaps) -> tuple[Maps, dict[str, Tensor]]:
        """The best view of each prototype for each input.

        Parameters
        ----------
        maps : Tensor
            Similarity maps of all views, shape ``(n, v * p, mh, mw)``.

        Returns
        -------
        tuple
            Maps of the best views ``(n, p, mh, mw)``, and their parameters by name, each of shape ``(n, p)``.
        """
