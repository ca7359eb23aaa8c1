"""What every family of deformations promises."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn

from lookalike.errors import DataError, ParameterError, describe
from lookalike.shapes import Maps, PrototypeInputs, ViewMaps


class Transform(nn.Module, ABC):
    """A family of small deformations, listed beforehand: a prototype meets an input as the most alike of its members.

    The network passes all views through the backbone, compares each with the input, and lets `reduce` keep the best.

    Attributes
    ----------
    wanted : str
        What the family deforms, in words.
    """

    wanted: ClassVar[str] = "pictures (p, c, h, w)"

    @property
    @abstractmethod
    def members(self) -> Mapping[str, Sequence[float]]:
        """Parameters by name, for each as many values as the family has members."""

    @abstractmethod
    def deformed(self, prototypes: Tensor) -> Tensor:
        """Every member's view of every prototype, shape ``(p, v, ...)``.

        Parameters
        ----------
        prototypes : Tensor
            Shape ``(p, ...)``, of a kind that `fits`.
        """

    @classmethod
    def fits(cls, shape: tuple[int, ...]) -> bool:
        """Whether inputs of this shape can be deformed so; pictures of any number of channels, unless said otherwise.

        Parameters
        ----------
        shape : tuple of int
            Of one input.
        """
        return len(shape) == 3

    def require_fitting(self, shape: tuple[int, ...], purpose: str, instead: str) -> None:
        """Refuse prototypes that cannot be deformed so.

        Parameters
        ----------
        shape : tuple of int
            Of one prototype.
        purpose, instead : str
            What they are to be deformed in, and what to choose where they cannot be.

        Raises
        ------
        ParameterError
        """
        if not self.fits(shape):
            wanted = f"prototypes that are {self.wanted}, to be deformed in {purpose}"
            raise ParameterError(describe(wanted, f"shape {shape}", instead))

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

        Raises
        ------
        DataError
            If the family does not fit inputs of this shape.
        """
        if not self.fits(tuple(prototypes.shape[1:])):
            raise DataError(
                describe(f"{self.wanted} to deform", f"shape {tuple(prototypes.shape)}", "transforms='identity'")
            )
        return self.deformed(prototypes).flatten(0, 1)

    def reduce(self, maps: ViewMaps) -> tuple[Maps, dict[str, Tensor]]:
        """The view of each prototype that has the largest similarity to each input anywhere.

        Parameters
        ----------
        maps : Tensor
            Similarity maps of all views, shape ``(n, v * p, mh, mw)``.

        Returns
        -------
        tuple
            Maps of the best views ``(n, p, mh, mw)``, and their parameters by name, each of shape ``(n, p)``.
        """
        members = self.members
        if not members:
            return maps, {}
        n, _, *size = maps.shape
        every = maps.view(n, -1, len(next(iter(members.values()))), *size)
        best = every.flatten(3).amax(3).argmax(2)
        kept = every.take_along_dim(best[:, :, None, None, None], 2)[:, :, 0]
        return kept, {name: torch.tensor(values, device=maps.device)[best] for name, values in members.items()}
