"""Accuracy over the share of test examples that are answered: ``python -m benchmarks.coverage RUN``.

Reads the figures of a run and draws them for the documentation. The run there: ``lookalike fit fashion-mnist --seed 0``
(all images, the defaults; one seed, 19 minutes on two cores).
"""

import argparse
import json
from pathlib import Path

from benchmarks.pairs import RESULTS
from lookalike.report.figures import rejection_curve

PICTURE = Path(__file__).parents[1] / "docs" / "images" / "coverage.svg"


def main():
    """Read, draw and keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    found = json.loads((parser.parse_args().run / "evaluation.json").read_text(encoding="utf-8"))
    # A page of the documentation shows it as a file of its own, which has to name its kind and its paper.
    drawn = rejection_curve(found["answered"]).replace("<svg ", '<svg style="background: white; color: black" ', 1)
    PICTURE.write_text(drawn, encoding="utf-8")
    document = {"benchmark": "coverage", "n": found["n"], "answered": found["answered"]}
    (RESULTS / "coverage.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    for share, accuracy in found["answered"]:
        print(f"{share:.2f} answered: {accuracy:.4f}")


if __name__ == "__main__":
    main()
