"""What would shorten the default training: every idea's time against the defaults', over a whole training.

``python -m benchmarks.minutes``: the default convnet, 50 prototypes, steps over 512 examples, which is also what the
milliseconds are of. A training is a part without residual swap and a part with it; both are measured, in turn, and
weighed by how long an idea spends in each. What an idea costs beside time is in
``experiments/lookalike2026_minutes_fashionmnist.yaml``.
"""

from benchmarks.pairs import in_turn, ratio, report
from benchmarks.training_step import library_steps
from lookalike.counterfactuals import ResidualSwapCounterfactual

ROUNDS = 12
EARLY, LATE = 0.2, 0.9
QUARTER = {"counterfactuals__residual_swap__share": 0.25}
LARGE = {"training__batch_size": 256}
CAST = {"precision": "bf16-mixed"}
BEGIN = ResidualSwapCounterfactual().begin
# Options of the library, and the share of the training before residuals are swapped.
IDEAS = {
    "defaults": ({}, BEGIN),
    "hybrids of a quarter of the batch": (QUARTER, BEGIN),
    "swap from half of the training on": ({}, 0.5),
    "batches of 256": (LARGE, BEGIN),
    "bf16-mixed": (CAST, BEGIN),
    "a quarter and batches of 256": ({**QUARTER, **LARGE}, BEGIN),
    "a quarter and bf16-mixed": ({**QUARTER, **CAST}, BEGIN),
    "a quarter, batches of 256, bf16-mixed": ({**QUARTER, **LARGE, **CAST}, BEGIN),
}


def main():
    """Measure and report."""
    # Whatever an idea changes of the swap, the first part is the same but for batches and precision.
    steps = {}
    for name, (options, _) in IDEAS.items():
        usual = {"prototypes__n_per_class": 5, **options}
        steps[name, EARLY] = library_steps(EARLY, **usual)
        steps[name, LATE] = library_steps(LATE, **usual)
    seconds = in_turn(steps, rounds=ROUNDS)
    whole = {
        name: [begin * a + (1 - begin) * b for a, b in zip(seconds[name, EARLY], seconds[name, LATE], strict=True)]
        for name, (_, begin) in IDEAS.items()
    }
    report("minutes", {f"{name}, against the defaults": ratio(whole, name, "defaults") for name in IDEAS}, {})


if __name__ == "__main__":
    main()
