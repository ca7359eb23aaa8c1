"""What would have decided otherwise: the score at which the runner-up wins, for any head."""

import torch
from torch import Tensor

from lookalike.heads import Head

_DOUBLINGS, _STEPS, _REFINEMENTS = 24, 16, 7


@torch.no_grad()
def flipping_scores(head: Head, scores: Tensor, prototypes: Tensor, classes: Tensor) -> Tensor:
    """The least score of one prototype, all others as they are, at which another class has the largest logit of two.

    Parameters
    ----------
    head : Head
    scores : Tensor
        Shape ``(n, p)``.
    prototypes : Tensor
        For each input the prototype whose score rises, shape ``(n,)``.
    classes : Tensor
        For each input the class that was decided on and the one that is to win, shape ``(n, 2)``.

    Returns
    -------
    Tensor
        Shape ``(n,)``, double precision; NaN where no score up to 16 million above its own does it.

    Notes
    -----
    The head is asked, not inverted, so that this holds for any head whose difference of two logits rises with the
    score: at rises that double, all in one pass, then seven times at sixteen places between the last two.

    Examples
    --------
    >>> from lookalike.heads import MaxHead
    >>> scores = torch.tensor([[3.0, 1.0, 2.0]])
    >>> head = MaxHead(torch.tensor([0, 1, 1]), 2)
    >>> flipping_scores(head, scores, torch.tensor([1]), torch.tensor([[0, 1]])).round(decimals=4).tolist()
    [3.0]
    """
    own = scores.gather(1, prototypes[:, None]).double()
    low = torch.zeros_like(own)
    rises = (2.0 ** torch.arange(_DOUBLINGS + 1, dtype=own.dtype, device=own.device)).expand(len(own), -1)
    shares = torch.arange(1, _STEPS + 1, dtype=own.dtype, device=own.device) / _STEPS
    wins = _wins(head, scores, prototypes, classes, own + rises)
    reached, (low, high) = wins.any(1), _bracket(wins, rises, low)
    for _ in range(_REFINEMENTS):
        rises = low + (high - low) * shares
        low, high = _bracket(_wins(head, scores, prototypes, classes, own + rises), rises, low)
    return torch.where(reached, (own + high)[:, 0], torch.nan)


def _bracket(wins: Tensor, rises: Tensor, low: Tensor) -> tuple[Tensor, Tensor]:
    """The last rise that does not win, ``low`` where all do, and the first that does, the largest where none does."""
    first = torch.where(wins.any(1), wins.int().argmax(1), wins.shape[1] - 1)[:, None]
    return torch.where(first > 0, rises.gather(1, (first - 1).clamp_min(0)), low), rises.gather(1, first)


def _wins(head: Head, scores: Tensor, prototypes: Tensor, classes: Tensor, values: Tensor) -> Tensor:
    """Whether the second class has at least the logit of the first, for values ``(n, v)`` of the prototype's score."""
    n, asked = values.shape
    tried = scores.repeat_interleave(asked, 0)
    tried[torch.arange(n * asked), prototypes.repeat_interleave(asked)] = values.flatten().to(scores.dtype)
    logits = head(tried).view(n, asked, -1)
    first, second = (logits.gather(2, classes[:, None, place, None].expand(n, asked, 1)) for place in (0, 1))
    return (second >= first)[..., 0]
