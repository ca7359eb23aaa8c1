"""How busy a study of a hundred small runs keeps the cores: ``python -m benchmarks.busy_study``.

Processor time of this process and of its workers over the wall time of all cores, from the first run's begin to
the last one's end; two arms on KnownProto L3, fifty seeds, a small perceptron each. Starting the workers counts.
"""

import os
import resource
import tempfile
import time
from pathlib import Path

from benchmarks.pairs import report
from lookalike.experiments import read_study, run_study

STUDY = """
title: A hundred small runs
question: Are the cores busy?
source: benchmarks
seeds: 50
common:
  data: knownproto:L3
  backbone: mlp
  prototypes__n_per_class: 3
  training__epochs: 4
arms:
  points: {}
  noise: {initializer: uniform}
"""


def spent() -> float:
    """Processor seconds of this process and of those that it started and that have ended."""
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in both)


def main() -> None:
    """Measure and report."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "hundred_small_runs.yaml"
        file.write_text(STUDY)
        before, began = spent(), time.perf_counter()
        found = run_study(read_study(file), Path(folder) / "results.json")
        wall = time.perf_counter() - began
        busy = (spent() - before) / (wall * (os.cpu_count() or 1))
    idle = 1 - busy
    name = f"{len(found['runs'])} small runs: share of all cores' time that was idle"
    report("busy_study", {name: {"median": idle, "min": idle, "max": idle, "ms": 1000 * wall}}, {name: 0.1})


if __name__ == "__main__":
    main()
