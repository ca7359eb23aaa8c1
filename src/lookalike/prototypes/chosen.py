"""Prototypes that are training examples, learned by choosing."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from lookalike.errors import require_option
from lookalike.prototypes.base import Prototypes, prototype_labels
from lookalike.prototypes.candidates import draw_candidates, mixed, nearest_candidate
from lookalike.shapes import Inputs, Labels, PrototypeInputs, Shape

_HEAD_START = 2.0


class ChosenPrototypes(Prototypes):
    """Training examples of their class, which of them being learned: mixtures at first, one example each in the end.

    Parameters
    ----------
    input_shape : tuple of int
        Shape of one input.
    n_classes : int
    n_per_class : int or sequence of int
        Prototypes of every class, or of each.
    candidates : int
        Training examples of each class to choose among, 2 or above.
    first_temperature, last_temperature : float
        Of the softmax over candidates while training, above 0; it falls geometrically from the one to the other.
    until : float
        Share of the training by which the last temperature is reached, above 0 and at most 1.

    Raises
    ------
    ParameterError
        For an option out of its range.

    Notes
    -----
    Shape: ``(p, *input_shape)``. While training, a prototype is the mixture ``softmax(values / t)`` of the candidates;
    in evaluation, and so for every validation and in the end, it is the candidate of the largest value. Once training
    is over, ``sources`` holds which training examples these are, and only these are kept: ``values`` then has one
    column, and the chosen examples can be overwritten. The concrete distribution without its noise: the order of
    batches is random enough.

    References
    ----------
    [maddison2017concrete]

    Examples
    --------
    >>> import torch
    >>> prototypes = ChosenPrototypes((4,), 2, n_per_class=1, candidates=3)
    >>> prototypes.advance(1.0)
    >>> prototypes().shape
    torch.Size([2, 4])
    """

    space = "input"
    candidates: Tensor
    candidate_sources: Tensor
    sources: Tensor

    def __init__(
        self,
        input_shape: Shape,
        n_classes: int,
        *,
        n_per_class: int | Sequence[int] = 4,
        candidates: int = 64,
        first_temperature: float = 1.0,
        last_temperature: float = 0.02,
        until: float = 0.7,
    ) -> None:
        nn.Module.__init__(self)
        require_option("candidates", candidates, candidates >= 2, "2 or above")
        require_option("first_temperature", first_temperature, first_temperature > 0, "above 0")
        require_option("last_temperature", last_temperature, last_temperature > 0, "above 0")
        require_option("until", until, 0 < until <= 1, "above 0 and at most 1")
        self.shape = tuple(input_shape)
        self.first_temperature = first_temperature
        self.last_temperature = last_temperature
        self.until = until
        self.temperature = first_temperature
        self.register_buffer("labels", prototype_labels(n_per_class, n_classes))
        self.register_buffer("sources", torch.full((len(self.labels),), -1))
        self.register_buffer("candidates", torch.zeros(n_classes * candidates, *self.shape))
        self.register_buffer("candidate_sources", torch.full((n_classes * candidates,), -1))
        self.values = nn.Parameter(torch.zeros(len(self.labels), candidates))
        self.register_load_state_dict_pre_hook(_make_room)
        self.register_load_state_dict_post_hook(_settle_again)

    @property
    def settled(self) -> bool:
        """Whether only the chosen examples are left."""
        return self.values.shape[1] == 1

    def forward(self) -> PrototypeInputs:
        """All prototypes, shape ``(p, *input_shape)``."""
        if self.settled:
            return self.candidates
        if not self.training:
            return self.candidates[self._best()]
        weights = torch.softmax(self.values / self.temperature, 1)
        return mixed(weights, self.labels.clamp_min(0), self.candidates)

    def begin(
        self, values: PrototypeInputs, inputs: Inputs, labels: Labels, generator: torch.Generator
    ) -> PrototypeInputs:
        """The values as they are; the candidates are drawn."""
        drawn = draw_candidates(values, self.labels, inputs, labels, self.values.shape[1], generator)
        self.candidates.copy_(inputs[drawn])
        self.candidate_sources.copy_(drawn)
        return values

    def set_values(self, values: PrototypeInputs) -> None:
        """Give the candidate of its class that is nearest to a prototype's value a head start.

        Once training is over, the values become the prototypes.
        """
        with torch.no_grad():
            if self.settled:
                self.candidates.copy_(values)
                self.sources.fill_(-1)
                return
            n = self.values.shape[1]
            which = nearest_candidate(values, self.labels.clamp_min(0), self.candidates, n)
            self.values.zero_()
            self.values[torch.arange(len(which)), which] = _HEAD_START

    def advance(self, progress: float) -> None:
        """Lower the temperature."""
        share = min(progress / self.until, 1.0)
        self.temperature = self.first_temperature * (self.last_temperature / self.first_temperature) ** share

    def expect(self, weights: Mapping[str, Tensor]) -> None:
        """What was saved after training has only the chosen examples."""
        values = weights.get("values")
        if values is not None and values.shape[1:] == (1,) and not self.settled:
            self._resize(self.candidates.new_zeros(len(self.labels), *self.shape))

    def settle(self) -> None:
        """Write down which training examples were chosen, and keep no others."""
        if not self.settled:
            self.sources.copy_(self.candidate_sources[self._best()])
            self._keep_chosen()

    @torch.no_grad()
    def _keep_chosen(self) -> None:
        self._resize(self.candidates[self._best()])

    def _resize(self, chosen: Tensor) -> None:
        self.candidates = chosen
        self.candidate_sources = self.sources.clone()
        self.values = nn.Parameter(self.values.new_zeros(len(chosen), 1), self.values.requires_grad)

    def _best(self) -> Tensor:
        """Of each prototype, counted over all candidates."""
        return self.labels.clamp_min(0) * self.values.shape[1] + self.values.argmax(1)


def _make_room(module: nn.Module, state: dict[str, Tensor], prefix: str, *_: object) -> None:
    """Before loading."""
    if isinstance(module, ChosenPrototypes) and f"{prefix}values" in state:
        module.expect({"values": state[f"{prefix}values"]})


def _settle_again(module: nn.Module, _: object) -> None:
    """After loading: a trained model that still has all candidates, as older versions saved it, needs them no more."""
    if isinstance(module, ChosenPrototypes) and not module.settled and bool((module.sources >= 0).all()):
        module._keep_chosen()
