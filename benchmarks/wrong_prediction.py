"""One wrong decision of the demo's model, as its page reveals it: ``python -m benchmarks.wrong_prediction runs/demo``.

A test example that the model gets wrong and is sure of, though it resembles some prototype: what the strip says, what
becomes of it on the way to the rival's prototype, what forgetting and adding would do; and how many of all errors
would have been declined.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from benchmarks.pairs import RESULTS
from lookalike.experiments import open_run
from lookalike.serve import Desk
from lookalike.serve.changes import Change

EXAMPLE = 610


def told(folder):
    """All figures of the walk-through."""
    desk = Desk(open_run(folder))
    classifier, test = desk.began.run.classifier, desk.test
    picture = test.inputs[EXAMPLE : EXAMPLE + 1]
    explanation = desk.explain(picture, "", str(test.labels[EXAMPLE]))[1].explanation
    best, rival = explanation.matches[0], explanation.against()
    usual = np.array(classifier.fitted_.sureness["similarity"]) / classifier.explanation_.scale
    measured = explanation.measured(best)
    steps = desk.blend(picture, rival.prototype)
    wrong = desk.decisions != test.labels
    declined = ~classifier.answers(test.inputs, 0.95)
    effects = {
        "forgotten": desk.effect(Change("forget", best.prototype))[1],
        "added": desk.effect(Change("add", class_name=str(test.labels[EXAMPLE]), inputs=picture))[1],
    }
    return {
        "example": EXAMPLE,
        "true": str(test.labels[EXAMPLE]),
        "predicted": explanation.predicted,
        "probability": explanation.probability,
        "prototype": best.prototype,
        "similarity": measured,
        "less_than": float((usual > measured).mean()),
        "in_words": best.alignment_in_words,
        "correlation": best.alignment["correlation"],
        "rival": rival.prototype,
        "rival_similarity": explanation.measured(rival),
        "flip": explanation.flip.score / classifier.explanation_.scale,
        "turns_at": next(step["share"] for step in steps if step["predicted"] == str(test.labels[EXAMPLE])),
        "wrong": int(wrong.sum()),
        "wrong_declined": int((wrong & declined).sum()),
        "declined": bool(declined[EXAMPLE]),
        "right": int((~wrong).sum()),
        "right_declined": int((~wrong & declined).sum()),
        "effects": {name: vars(effect) for name, effect in effects.items()},
    }


def main():
    """Print, keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    found = told(parser.parse_args().run)
    print(json.dumps(found, indent=1))
    (RESULTS / "wrong_prediction.json").write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
