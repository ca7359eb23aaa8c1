"""What a prototype does not show may not count."""

import torch
from torch import Tensor
from torch.nn import functional

from lookalike.comparison import Comparison
from lookalike.counterfactuals.base import Counterfactual
from lookalike.errors import require_option
from lookalike.transforms import Decomposition, IdentityTransform, Transform, decompose

RESIDUALS = ("any", "other_class", "hardest")
_PATCHES = 4


class ResidualSwapCounterfactual(Counterfactual):
    """Each input's best aligned prototype, with what is left of another input: its class is the prototype's.

    Parameters
    ----------
    pixels : int
        Largest shift in either direction, from 0 to 100, by which a prototype may meet an input.
    begin : float
        Share of the training, from 0 to below 1, before which prototypes show too little for it.
    residuals : str
        Whose: ``"any"``, any other input, so that a residual tells nothing; ``"other_class"``, an input of another
        class, so that it tells what the class is not; ``"hardest"``, the one of another class that the network takes
        for its own class, and not for this one, by the largest margin.
    strength : float
        Largest random change of a residual's size, from 0 to 1: it is multiplied by a number between 1 less this and 1
        more.
    share : float
        Of each batch, above 0 and at most 1: so many inputs' prototypes are made hybrids of.
    blend : float
        How much of the input's own residual may stay, from 0 to 1: in every place a random share up to this, which
        changes smoothly over the picture, so that a hybrid has no seams to know it by.
    transforms : Transform
        A family of deformations by which a prototype may meet an input, beside shifts; each of its members costs as
        much as the prototype itself.

    Raises
    ------
    ParameterError
        For an option out of its range; if prototypes are no pictures of the inputs' size, or none that the
        deformations fit.

    Notes
    -----
    With T(p) the best aligned prototype of the input's class, gain and offset fitted, r the input's own residual and r'
    that of a partner within the batch, the made-up input is T(p) + (1 - m) s r' + m r, with m the blend. A network that
    decides by what the prototypes do not show is wrong on it. No gradient flows into the picture that is laid under the
    residual: prototypes are not bent towards what makes hybrids easy.

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
        blend: float = 0.0,
        transforms: Transform | None = None,
    ) -> None:
        super().__init__()
        require_option("pixels", pixels, 0 <= pixels <= 100, "from 0 to 100")
        _require_options(begin, residuals, strength, share, blend)
        self.pixels = pixels
        self.begin = begin
        self.residuals = residuals
        self.strength = strength
        self.share = share
        self.blend = blend
        self.transforms = transforms or IdentityTransform()

    @torch.no_grad()
    def forward(self, comparison: Comparison, progress: float, generator: torch.Generator) -> tuple[Tensor, ...]:
        """Hybrids, for a share of the inputs that have a prototype of their class and a partner."""
        comparison.require_whole_pictures("residual swap", "counterfactuals='none'")
        advice = "another counterfactuals__residual_swap__transforms; see lookalike list transforms"
        self.transforms.require_fitting(tuple(comparison.prototypes.shape[1:]), "residual swap", advice)
        inputs, targets = comparison.unaugmented(), comparison.known_targets()
        usable = comparison.own_class().any(1)
        if progress < self.begin or not bool(usable.any()):
            return inputs[:0], targets[:0]
        inputs, targets = inputs[usable], targets[usable]
        views = self.transforms.deformed(comparison.prototypes.detach())
        labels = comparison.labels.repeat_interleave(views.shape[1])
        parts = decompose(inputs, targets, views.flatten(0, 1), labels, self.pixels)
        partners = _partners(self.residuals, targets, comparison.logits[usable], generator)
        hybrids = _hybrids(parts, partners, self.strength, self.blend, generator)
        paired = _paired(partners, self.share)
        return (hybrids[paired].to(inputs.dtype), targets[paired], *_weights(comparison, usable, paired))


class FeatureSwapCounterfactual(Counterfactual):
    """Residual swap in the activations of a lower layer, for photographs, whose pixels no one picture explains.

    Parameters
    ----------
    depth : float
        Of the layer: the share of the backbone's stages that come before, from 0 to 1.
    positions : int
        Largest shift in either direction, in positions of that layer, from 0 to 100.
    begin : float
        Share of the training, from 0 to below 1, before which prototypes show too little for it.
    residuals : str
        Whose: ``"any"``, ``"other_class"`` or ``"hardest"``, as for `ResidualSwapCounterfactual`.
    strength : float
        Largest random change of a residual's size, from 0 to 1.
    share : float
        Of each batch, above 0 and at most 1.
    blend : float
        How much of the input's own residual may stay, from 0 to 1, as for `ResidualSwapCounterfactual`.

    Raises
    ------
    ParameterError
        For an option out of its range; if the layer has no positions, or prototypes are no whole pictures.

    Notes
    -----
    The activations of an input are what the best aligned prototype of its class explains of them, and a residual; the
    latter is another input's, and no value falls below the smallest of the batch. What is made takes the place of the
    layer's activations in a second pass, which trains the layers above alone.

    Examples
    --------
    >>> FeatureSwapCounterfactual(depth=0.5).taps
    (0.5,)
    """

    def __init__(
        self,
        *,
        depth: float = 0.3,
        positions: int = 1,
        begin: float = 1 / 3,
        residuals: str = "any",
        strength: float = 0.5,
        share: float = 0.5,
        blend: float = 0.0,
    ) -> None:
        super().__init__()
        require_option("depth", depth, 0 <= depth <= 1, "from 0 to 1")
        require_option("positions", positions, 0 <= positions <= 100, "from 0 to 100")
        _require_options(begin, residuals, strength, share, blend)
        self.depth = depth
        self.taps = (depth,)
        self.positions = positions
        self.begin = begin
        self.residuals = residuals
        self.strength = strength
        self.share = share
        self.blend = blend

    @torch.no_grad()
    def forward(self, comparison: Comparison, progress: float, generator: torch.Generator) -> tuple[Tensor, ...]:
        """Activations of hybrids, for a share of the inputs that have a prototype of their class and a partner."""
        inputs, prototypes = comparison.tapped(self.taps[0], "feature swap", "counterfactuals='none'")
        targets, usable = comparison.known_targets(), comparison.own_class().any(1)
        if progress < self.begin or not bool(usable.any()):
            return inputs[:0], targets[:0]
        inputs, targets = inputs[usable], targets[usable]
        parts = decompose(inputs, targets, prototypes, comparison.labels, self.positions)
        partners = _partners(self.residuals, targets, comparison.logits[usable], generator)
        hybrids = _hybrids(parts, partners, self.strength, self.blend, generator)
        paired = _paired(partners, self.share)
        return (hybrids[paired].clamp_min(inputs.amin()), targets[paired], *_weights(comparison, usable, paired))


def _weights(comparison: Comparison, usable: Tensor, paired: Tensor) -> list[Tensor]:
    """A hybrid counts as much as the input whose prototype it shows; nothing where all inputs count alike."""
    return [] if comparison.weights is None else [comparison.weights[usable][paired]]


def _require_options(begin: float, residuals: str, strength: float, share: float, blend: float) -> None:
    require_option("begin", begin, 0 <= begin < 1, "from 0 to below 1")
    require_option("residuals", residuals, residuals in RESIDUALS, " or ".join(RESIDUALS))
    require_option("strength", strength, 0 <= strength <= 1, "from 0 to 1")
    require_option("share", share, 0 < share <= 1, "above 0 and at most 1")
    require_option("blend", blend, 0 <= blend <= 1, "from 0 to 1")


def _hybrids(
    parts: Decomposition, partners: Tensor, strength: float, blend: float, generator: torch.Generator
) -> Tensor:
    """What is explained of every input, and what is not of its partner, or here and there of itself."""
    foreign = _factors(strength, parts.residuals, generator) * parts.residuals[partners]
    if blend:
        coarse = torch.rand(len(foreign), 1, _PATCHES, _PATCHES, generator=generator).to(foreign)
        kept = blend * functional.interpolate(coarse, foreign.shape[2:], mode="bilinear")
        foreign = torch.lerp(foreign, parts.residuals, kept)
    return parts.explained + foreign


def _factors(strength: float, inputs: Tensor, generator: torch.Generator) -> Tensor:
    """By how much each residual is multiplied, shape ``(n, 1, 1, 1)``."""
    return (1 + strength * (2 * torch.rand(len(inputs), 1, 1, 1, generator=generator) - 1)).to(inputs)


def _partners(residuals: str, targets: Tensor, logits: Tensor, generator: torch.Generator) -> Tensor:
    """For every input another one, drawn at random or the hardest; -1 where there is none."""
    n = len(targets)
    barred = torch.eye(n, dtype=torch.bool)
    if residuals != "any":
        barred = (targets[:, None] == targets[None]).cpu()
    keys = torch.rand(n, n, generator=generator)
    if residuals == "hardest":
        # By how much input j is rather of its own class than of input i's.
        own = logits.gather(1, targets[:, None])[:, 0]
        keys = (own[None] - logits[:, targets].T).cpu()
    best = keys.masked_fill(barred, float("-inf")).max(1)
    return torch.where(best.values > float("-inf"), best.indices, torch.full_like(best.indices, -1)).to(targets.device)


def _paired(partners: Tensor, share: float) -> Tensor:
    """Which inputs hybrids are made of: batches come in random order, the first are as good as any."""
    paired = partners >= 0
    paired[max(1, round(share * len(partners))) :] = False
    return paired
