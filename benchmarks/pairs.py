"""Time several ways of doing a thing in turn, so that what slows the machine slows all of them."""

import json
import platform
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median

import torch

RESULTS = Path(__file__).parent / "results"


def in_turn(ways: Mapping[str, Callable[[], object]], rounds: int = 15, warmup: int = 2) -> dict[str, list[float]]:
    """Seconds of every way in every round, A B C A B C, after a warm-up."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for round_ in range(warmup + rounds):
        for name, way in ways.items():
            began = time.perf_counter()
            way()
            if round_ >= warmup:
                seconds[name].append(time.perf_counter() - began)
    return seconds


def ratio(seconds: Mapping[str, list[float]], of: str, to: str) -> dict[str, float]:
    """Median, smallest and largest of the ratios round by round."""
    ratios = [a / b for a, b in zip(seconds[of], seconds[to], strict=True)]
    return {"median": median(ratios), "min": min(ratios), "max": max(ratios), "ms": 1000 * median(seconds[of])}


def report(name: str, rows: Mapping[str, Mapping[str, float]], limits: Mapping[str, float]) -> None:
    """Print ratios beside what is wanted of them, and keep them in a results file."""
    print(f"{name}: {torch.get_num_threads()} threads, {platform.processor() or platform.machine()}")
    for row, values in rows.items():
        wanted = f"  wanted at most {limits[row]:.3f}" if row in limits else ""
        spread = f"({values['min']:.3f} to {values['max']:.3f})"
        print(f"  {row}: {values['median']:.3f} {spread}, {values['ms']:.2f} ms{wanted}")
    RESULTS.mkdir(exist_ok=True)
    document = {
        "benchmark": name,
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "rows": {row: {key: round(value, 4) for key, value in values.items()} for row, values in rows.items()},
        "limits": dict(limits),
    }
    (RESULTS / f"{name}.json").write_text(json.dumps(document, indent=1) + "\n")
