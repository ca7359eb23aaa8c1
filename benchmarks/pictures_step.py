"""A training step with aligned matching, with residual swap too, and with a critic besides, against one without.

``python -m benchmarks.pictures_step``: the default convnet, 40 prototypes, batches of 128, shifts of up to three
pixels, late in training, when matching is at its dearest since pixels are weighted. The last row depends on whether
the processor computes in bfloat16 (AVX-512 BF16, AMX); where it does not, casting costs time.
"""

from benchmarks.pairs import in_turn, ratio, report
from benchmarks.training_step import DECISIONS_ALONE, library_steps

LATE = 0.9
PIXELS = {"regularizers__aligned_matching__pixels": 3}
MATCHING = {**DECISIONS_ALONE, "regularizers": {"aligned_matching": 100.0}, **PIXELS}
BOTH = {**MATCHING, "counterfactuals": {"residual_swap": 0.1}, "counterfactuals__residual_swap__pixels": 3}
CRITIC = {**BOTH, "regularizers": {"aligned_matching": 100.0, "critic": 1.0}}


def main():
    """Measure and report."""
    options = {"plain": DECISIONS_ALONE, "matching": MATCHING, "both": BOTH, "critic": CRITIC}
    steps = {name: library_steps(LATE, **chosen) for name, chosen in options.items()}
    steps["cast"] = library_steps(LATE, precision="bf16-mixed", **BOTH)
    seconds = in_turn(steps, rounds=15)
    rows = {
        "step with aligned matching": ratio(seconds, "matching", "plain"),
        "step with residual swap, too": ratio(seconds, "both", "plain"),
        "step with a critic, too": ratio(seconds, "critic", "plain"),
        "step with residual swap in bf16-mixed against single precision": ratio(seconds, "cast", "both"),
    }
    report("pictures_step", rows, {"step with aligned matching": 1.5, "step with residual swap, too": 2.2})


if __name__ == "__main__":
    main()
