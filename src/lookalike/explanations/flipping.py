"""What would have decided otherwise: the score at which the runner-up wins, for any head."""

import torch
from torch import Tensor

from lookalike.heads import Head

_DOUBLINGS, _HALVINGS = 24, 40


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
    score: first steps that double, then halves.

    Examples
    --------
    >>> from lookalike.heads import MaxHead
    >>> scores = torch.tensor([[3.0, 1.0, 2.0]])
    >>> head = MaxHead(torch.tensor([0, 1, 1]), 2)
    >>> flipping_scores(head, scores, torch.tensor([1]), torch.tensor([[0, 1]])).round(decimals=4).tolist()
    [3.0]
    """
    rows, wide = torch.arange(len(scores)), scores.double()
    own = wide[rows, prototypes]

    def wins(rise: Tensor) -> Tensor:
        asked = wide.clone()
        asked[rows, prototypes] = own + rise
        logits = head(asked.to(scores.dtype))
        return logits[rows, classes[:, 1]] >= logits[rows, classes[:, 0]]

    high = torch.ones_like(own)
    for _ in range(_DOUBLINGS):
        high = torch.where(wins(high), high, 2 * high)
    reached, low = wins(high), torch.zeros_like(own)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        enough = wins(middle)
        low, high = torch.where(enough, low, middle), torch.where(enough, middle, high)
    return torch.where(reached, own + high, torch.nan)
