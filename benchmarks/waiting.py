"""What it costs and gains that threads spin little while they wait: ``python -m benchmarks.waiting``.

The same short training, with as many threads as there are cores, each in a process of its own: as the OpenMP library
waits by itself, as the command line has it wait, and without spinning at all, in turn; on the machine as it is, and
beside as many other processes that are busy.
"""

import os
import subprocess
import sys
from contextlib import contextmanager

import numpy as np

from benchmarks.pairs import ratio, report

ROUNDS = 3
WAYS = {
    "default": {},
    "spin for a moment": {"GOMP_SPINCOUNT": "5000"},
    "never spin": {"OMP_WAIT_POLICY": "passive"},
}
TRAINING = """
import time
from lookalike import PrototypeClassifier, load_dataset
part = load_dataset("digits").train
small = {"prototypes__n_per_class": 4, "training__epochs": EPOCHS, "random_state": 0}
classifier = PrototypeClassifier(backbone="convnet", **small)
began = time.perf_counter()
classifier.fit(part.inputs, part.labels)
print(time.perf_counter() - began)
"""


def seconds_of(waiting: dict[str, str], epochs: int = 6) -> float:
    """Of a training, with variables of the environment that say how threads wait."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("OMP_", "GOMP_"))}
    environment.update(waiting)
    code = TRAINING.replace("EPOCHS", str(epochs))
    done = subprocess.run([sys.executable, "-c", code], env=environment, check=True, capture_output=True, text=True)
    return float(done.stdout)


@contextmanager
def others(number: int):
    """So many processes that do nothing but keep a core busy."""
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(number)]
    try:
        yield
    finally:
        for each in busy:
            each.kill()
            each.wait()


def main() -> None:
    """Measure and report."""
    rows = {}
    for name, number in (("alone", 0), ("beside busy processes", os.cpu_count() or 1)):
        seconds: dict[str, list[float]] = {way: [] for way in WAYS}
        for _ in range(ROUNDS):
            with others(number):
                for way, waiting in WAYS.items():
                    seconds[way].append(seconds_of(waiting))
        for way in list(WAYS)[1:]:
            rows[f"training {name}: threads that {way} over the library's default"] = ratio(seconds, way, "default")
        print(name, {key: np.round(value, 1).tolist() for key, value in seconds.items()})
    report("waiting", rows, {})


if __name__ == "__main__":
    main()
