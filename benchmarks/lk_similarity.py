"""L.5 against ``torch.cdist``, forward and backward: ``python -m benchmarks.lk_similarity``.

2048 activations, 100 prototypes, 512 dimensions. Gradients go to both. The L2 similarity, one matrix product, is there
for scale, and so is ``torch.cdist`` at p = .5, whose gradient passes every bound at small gaps.
"""

import torch

from benchmarks.pairs import in_turn, ratio, report
from lookalike.similarities import L2Similarity, LkSimilarity, NegativeKernel

N, P, D = 2048, 100, 512


def forward_and_backward(similarity):
    """One pass there and back."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(N, D, 1, 1, generator=generator, requires_grad=True)
    p = torch.randn(P, D, 1, 1, generator=generator, requires_grad=True)

    def way():
        x.grad = p.grad = None
        similarity(x, p).sum().backward()

    return way


def distances(order):
    """What PyTorch brings."""
    return forward_and_backward(lambda x, p: torch.cdist(x.flatten(1), p.flatten(1), p=order))


def main():
    """Measure and report."""
    kernel = NegativeKernel(scale=1.0, learn_scale=False)
    ways = {
        "cdist, p = 2": distances(2.0),
        "L.5, eager": forward_and_backward(LkSimilarity(kernel=kernel, order=0.5)),
        "L.5, compiled": forward_and_backward(LkSimilarity(kernel=kernel, order=0.5, compiled=True)),
        "L2": forward_and_backward(L2Similarity(kernel=kernel)),
    }
    seconds = in_turn(ways, rounds=9, warmup=2)
    slow = in_turn({"cdist, p = 2": ways["cdist, p = 2"], "cdist, p = .5": distances(0.5)}, rounds=1, warmup=0)
    rows = {f"{name} against cdist": ratio(seconds, name, "cdist, p = 2") for name in list(ways)[1:]}
    rows["cdist, p = .5 against cdist"] = ratio(slow, "cdist, p = .5", "cdist, p = 2")
    report("lk_similarity", rows, {"L.5, eager against cdist": 40, "L.5, compiled against cdist": 10})


if __name__ == "__main__":
    main()
