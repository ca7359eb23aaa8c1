"""Why this input was given to this class."""

from collections.abc import Mapping, Sequence
from math import isnan

import torch
from torch import Tensor

from lookalike.comparison import Comparison
from lookalike.explanations.alignment import alignments_of
from lookalike.explanations.flipping import flipping_scores
from lookalike.explanations.records import Flip, GlobalExplanation, LocalExplanation, PrototypeMatch
from lookalike.heads import Head
from lookalike.pooling import Pooling

_ALIGNED = 8


@torch.no_grad()
def explain_decisions(
    comparison: Comparison,
    *,
    head: Head,
    pooling: Pooling,
    temperature: float,
    about: GlobalExplanation,
) -> list[LocalExplanation]:
    """One explanation per input of a pass.

    Parameters
    ----------
    comparison : Comparison
    head : Head
        The head that made the logits; its contributions and bias sum to them.
    pooling : Pooling
        Names the position that counts most.
    temperature : float
        Logits are divided by it for the probabilities.
    about : GlobalExplanation
        Class names and each prototype's nearest training examples.

    Returns
    -------
    list of LocalExplanation
    """
    contributions, bias = head.contributions(comparison.scores), head.bias()
    probabilities = (comparison.logits.double() / temperature).softmax(1)
    positions = pooling.where(comparison.maps)
    best = comparison.logits.topk(2, dim=1).indices
    aligned = _most_important(contributions, comparison.logits)
    flips = flipping_scores(head, comparison.scores, aligned[:, -1], best).tolist()
    alignments = {name: values.tolist() for name, values in alignments_of(comparison, aligned).items()}
    # A photograph does not meet another one by being moved and dimmed, unless the network itself compares them so.
    photographs = set() if comparison.alignments else {p.prototype for p in about.prototypes if p.source is not None}
    return [
        _explain(
            comparison.scores[row].tolist(),
            contributions[row].T.tolist(),
            bias.tolist(),
            comparison.logits[row].tolist(),
            probabilities[row].tolist(),
            positions[row].tolist(),
            best[row].tolist(),
            (int(aligned[row, -1]), flips[row]),
            {
                prototype: {name: values[row][place] for name, values in alignments.items()}
                for place, prototype in enumerate(aligned[row].tolist())
                if prototype not in photographs
            },
            about,
        )
        for row in range(len(comparison.logits))
    ]


def _most_important(contributions: Tensor, logits: Tensor) -> Tensor:
    """For each input the prototypes that contribute most to its class, and the one that does most for the runner-up."""
    first, second = logits.topk(2, dim=1).indices.T
    to_first, to_second = (contributions[torch.arange(len(logits)), :, label] for label in (first, second))
    most = to_first.abs().topk(min(_ALIGNED, to_first.shape[1]), dim=1).indices
    return torch.cat([most, to_second.argmax(1, keepdim=True)], 1)


def _explain(
    scores: Sequence[float],
    contributions: Sequence[Sequence[float]],
    bias: Sequence[float],
    logits: Sequence[float],
    probabilities: Sequence[float],
    positions: Sequence[Sequence[int]],
    best: Sequence[int],
    flip: tuple[int, float],
    alignments: Mapping[int, Mapping[str, float]],
    about: GlobalExplanation,
) -> LocalExplanation:
    first, second = best
    matches = [
        PrototypeMatch(
            prototype=index,
            class_name=about.prototypes[index].class_name,
            score=score,
            contribution=contributions[first][index],
            contribution_to_runner_up=contributions[second][index],
            position=(positions[index][0], positions[index][1]),
            neighbors=about.prototypes[index].others,
            alignment={name: float(value) for name, value in alignments.get(index, {}).items()},
        )
        for index, score in enumerate(scores)
    ]
    matches.sort(key=lambda match: (-abs(match.contribution), match.prototype))
    return LocalExplanation(
        predicted=about.classes[first],
        probability=probabilities[first],
        logit=logits[first],
        bias=bias[first],
        runner_up=about.classes[second],
        runner_up_probability=probabilities[second],
        runner_up_logit=logits[second],
        runner_up_bias=bias[second],
        margin=logits[first] - logits[second],
        similarity=about.similarity,
        scale=about.scale,
        matches=tuple(matches),
        flip=None if isnan(flip[1]) else Flip(*flip),
    )
