"""How long it takes to begin: ``python -m benchmarks.starting``.

``lookalike --help`` (it may not load PyTorch), and ``import lookalike`` against ``import torch, sklearn``, each in a
process of its own. The library imports on first use what a name needs; so the classifier is asked for too.
"""

import subprocess
import sys
from pathlib import Path

from benchmarks.pairs import in_turn, ratio, report


def command(*words):
    """A process from its start to its end."""
    return lambda: subprocess.run(words, check=True, stdout=subprocess.DEVNULL)


def main():
    """Measure and report."""
    python = sys.executable
    ways = {
        "nothing": command(python, "-c", "pass"),
        "help": command(str(Path(python).with_name("lookalike")), "--help"),
        "torch and scikit-learn": command(python, "-c", "import torch, sklearn"),
        "import lookalike": command(python, "-c", "import lookalike"),
        "the classifier": command(python, "-c", "from lookalike import PrototypeClassifier"),
    }
    seconds = in_turn(ways, rounds=7, warmup=1)
    rows = {
        "import lookalike against torch and scikit-learn": ratio(seconds, "import lookalike", "torch and scikit-learn"),
        "the classifier against torch and scikit-learn": ratio(seconds, "the classifier", "torch and scikit-learn"),
        "lookalike --help against an empty Python": ratio(seconds, "help", "nothing"),
    }
    report("starting", rows, {"import lookalike against torch and scikit-learn": 1.2})
    without = "import sys; sys.argv = ['lookalike', '--help']; import lookalike.cli.app; print('torch' in sys.modules)"
    loaded = subprocess.run([python, "-c", without], check=True, capture_output=True, text=True).stdout.strip()
    print(f"  the command line loads torch: {loaded} (wanted: False, and help under 500 ms)")


if __name__ == "__main__":
    main()
