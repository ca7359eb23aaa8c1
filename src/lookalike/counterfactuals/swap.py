"""What a prototype does not show may not count."""

import torch
from torch import Tensor

from lookalike.comparison import Comparison
from lookalike.counterfactuals.base import Counterfactual
from lookalike.errors import require_option
from lookalike.transforms import decompose

RESIDUALS = ("other_class", "any")


class ResidualSwapCounterfactual(Counterfactual):
    """Each input's best aligned prototype, with what is left of another input: its class is the prototype's.

    Parameters
    ----------
    pixels : int
        Largest shift in either direction, 0 or above, by which a prototype may meet an input.
    begin : float
        Share of the training, from 0 to below 1, before which prototypes show too little for it.
    residuals : str
        Whose: ``"any"``, any other input, so that a residual tells nothing; ``"other_class"``, an input of another
        class, so that it tells what the class is not.
    strength : float
        Largest random change of a residual's size, from 0 to 1: it is multiplied by a number between 1 less this and 1
        more.
    share : float
        Of each batch, above 0 and at most 1: so many inputs' prototypes are made hybrids of.

    Raises
    ------
    ParameterError
        For an option out of its range; if prototypes are no pictures of the inputs' size.

    Notes
    -----
    With T(p) the best aligned prototype of the input's class, gain and offset fitted, and r' the residual of a partner
    within the batch, the made-up input is T(p) + s r'. A network that decides by what the prototypes do not show is
    wrong on it. No gradient flows into the picture that is laid under the residual: prototypes are not bent towards
    what makes hybrids easy.

    Examples
    --------
    >>> ResidualSwapCounterfactual(begin=0.5).residuals
    'any'
    """

    def __init__(
        self,
        *,
        pixels: int = 2,
        begin: float = 1 / 3,
        residuals: str = "any",
        strength: float = 0.5,
        share: float = 0.5,
    ) -> None:
        super().__init__()
        require_option("pixels", pixels, pixels >= 0, "0 or above")
        require_option("begin", begin, 0 <= begin < 1, "from 0 to below 1")
        require_option("residuals", residuals, residuals in RESIDUALS, " or ".join(RESIDUALS))
        require_option("strength", strength, 0 <= strength <= 1, "from 0 to 1")
        require_option("share", share, 0 < share <= 1, "above 0 and at most 1")
        self.pixels = pixels
        self.begin = begin
        self.residuals = residuals
        self.strength = strength
        self.share = share

    @torch.no_grad()
    def forward(self, comparison: Comparison, progress: float, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Hybrids, for a share of the inputs that have a prototype of their class and a partner."""
        inputs, targets, prototypes = comparison.unaugmented(), comparison.known_targets(), comparison.prototypes
        comparison.require_whole_pictures("residual swap", "counterfactuals='none'")
        usable = comparison.own_class().any(1)
        if progress < self.begin or not bool(usable.any()):
            return inputs[:0], targets[:0]
        inputs, targets = inputs[usable], targets[usable]
        parts = decompose(inputs, targets, prototypes.detach(), comparison.labels, self.pixels)
        partners = self._partners(targets, generator)
        paired = partners >= 0
        factors = 1 + self.strength * (2 * torch.rand(len(inputs), 1, 1, 1, generator=generator) - 1)
        # Batches come in random order: the first are as good as any.
        paired[max(1, round(self.share * len(inputs))) :] = False
        hybrids = parts.explained + factors.to(inputs) * parts.residuals[partners]
        return hybrids[paired].to(inputs.dtype), targets[paired]

    def _partners(self, targets: Tensor, generator: torch.Generator) -> Tensor:
        """For every input another one, drawn at random; -1 where there is none."""
        n = len(targets)
        barred = torch.eye(n, dtype=torch.bool)
        if self.residuals == "other_class":
            barred = (targets[:, None] == targets[None]).cpu()
        keys = torch.rand(n, n, generator=generator).masked_fill(barred, -1.0)
        best = keys.max(1)
        return torch.where(best.values >= 0, best.indices, torch.full_like(best.indices, -1)).to(targets.device)
