"""Peak memory of training with aligned matching, and with residual swap too, against training without.

``python -m benchmarks.pictures_memory``: the default convnet, 40 prototypes, batches of 128, shifts of up to three
pixels, late in training; each in a process of its own, five times. Two figures each: what tensors take of a step at its
peak beyond what there is before it, as PyTorch's profiler counts it, the same every time; and the largest resident size
less that of a process that has imported all of it, which holds what the allocator keeps, too, and varies.
"""

import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from torch.profiler import ProfilerActivity, profile

from benchmarks import training_step
from benchmarks.pairs import report
from benchmarks.pictures_step import BOTH, LATE, MATCHING
from benchmarks.training_step import DECISIONS_ALONE, library_steps, prepared

WAYS = {"idle": None, "plain": DECISIONS_ALONE, "matching": MATCHING, "both": BOTH}
ROUNDS = 5


def megabytes(way):
    """The largest resident size of a process that trains so for a few steps, and what tensors take of one step."""
    command = [sys.executable, "-m", "benchmarks.pictures_memory", way]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])


def measured(way):
    """Train in this process, and print its largest resident size and what tensors take of a step."""
    tensors = 0.0
    if WAYS[way] is None:
        prepared()
    else:
        steps = library_steps(LATE, **WAYS[way])
        steps()
        steps()
    resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if WAYS[way] is not None:
        tensors = peak_of_a_step(WAYS[way])
    print(json.dumps({"resident": resident, "tensors": tensors}))


def peak_of_a_step(options):
    """The most that tensors take during one step, beyond what there is before it."""
    training_step.STEPS = 1
    step = library_steps(LATE, **options)
    step()
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiled:
        step()
    with tempfile.TemporaryDirectory() as folder:
        trace = Path(folder) / "trace.json"
        profiled.export_chrome_trace(str(trace))
        events = json.loads(trace.read_text())["traceEvents"]
    changes = sorted((each for each in events if each.get("name") == "[memory]"), key=lambda each: each["ts"])
    totals = [each["args"]["Total Allocated"] for each in changes]
    return (max(totals) - (totals[0] - changes[0]["args"]["Bytes"])) / 2**20


def main():
    """Measure and report."""
    found = [{way: megabytes(way) for way in WAYS} for _ in range(ROUNDS)]
    rows = {}
    for name, way in (("with aligned matching", "matching"), ("with residual swap, too", "both")):
        for kind, what in (("resident", "memory"), ("tensors", "tensors")):
            ratios = sorted(
                (each[way][kind] - each["idle"][kind]) / (each["plain"][kind] - each["idle"][kind]) for each in found
            )
            rows[f"{what} {name}"] = {"median": ratios[ROUNDS // 2], "min": ratios[0], "max": ratios[-1], "ms": 0.0}
    for each in found:
        print({way: {kind: round(value) for kind, value in sizes.items()} for way, sizes in each.items()}, "MiB")
    report("pictures_memory", rows, dict.fromkeys(rows, 1.5))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        measured(sys.argv[1])
    else:
        main()
