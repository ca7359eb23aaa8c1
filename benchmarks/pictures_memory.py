"""Peak memory of training with aligned matching, and with residual swap too, against training without.

``python -m benchmarks.pictures_memory``: the default convnet, 40 prototypes, batches of 128, shifts of up to three
pixels, late in training; each in a process of its own, five times, the largest resident size less that of a process
that has imported all of it.
"""

import resource
import subprocess
import sys

from benchmarks.pairs import report
from benchmarks.pictures_step import BOTH, LATE, MATCHING
from benchmarks.training_step import DECISIONS_ALONE, library_steps, prepared

WAYS = {"idle": None, "plain": DECISIONS_ALONE, "matching": MATCHING, "both": BOTH}
ROUNDS = 5


def megabytes(way):
    """The largest resident size of a process that trains so for a few steps."""
    command = [sys.executable, "-m", "benchmarks.pictures_memory", way]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def measured(way):
    """Train in this process, and print its largest resident size."""
    if WAYS[way] is None:
        prepared()
    else:
        steps = library_steps(LATE, **WAYS[way])
        steps()
        steps()
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def main():
    """Measure and report."""
    found = [{way: megabytes(way) for way in WAYS} for _ in range(ROUNDS)]
    rows = {}
    for name, way in (("memory with aligned matching", "matching"), ("memory with residual swap, too", "both")):
        ratios = sorted((each[way] - each["idle"]) / (each["plain"] - each["idle"]) for each in found)
        rows[name] = {"median": ratios[ROUNDS // 2], "min": ratios[0], "max": ratios[-1], "ms": 0.0}
    for each in found:
        print({way: round(value) for way, value in each.items()}, "MB")
    report("pictures_memory", rows, dict.fromkeys(rows, 1.5))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        measured(sys.argv[1])
    else:
        main()
