"""Deciding with prototypes that a net warps to meet each input: ``python -m benchmarks.predicted_alignment``.

Five models of MNIST (2,000 training and 2,000 test images, the default convnet at half its widths, 5 prototypes per
class from uniform noise) learn with aligned and with predicted matching, so that there is a net that predicts. Then
they decide in four ways, nothing learned again: by prototypes as they are; by the best of their views in a family,
which pass the backbone once and are kept; and by prototypes as the net warps them, which every input has to pass the
backbone anew. Accuracies are means over seeds, with the smallest and the largest difference; times are ratios. The last
row is a training step of the bare backbone, forward and backward, for a batch of 128 with every prototype warped to
every input, against one with the prototypes as they are.
"""

import json

import numpy as np
import torch

from benchmarks.pairs import RESULTS, in_turn, ratio
from lookalike import PrototypeClassifier
from lookalike.data import load_dataset
from lookalike.estimators.fitting import prepare
from lookalike.registry import build
from lookalike.training import train
from lookalike.training.memory import keep_freed_memory
from lookalike.transforms import IdentityTransform, warped

SEEDS, EXAMPLES, TIMED, BATCH = 5, 2000, 200, 128
FAMILIES = {
    "as they are": IdentityTransform(),
    "25 shifts, kept": build("transforms", "shift", {"pixels": 2}, {}),
    "15 turns and sizes, kept": build("transforms", "rotation_scale", {}, {}),
}


def learned(seed, part):
    """A trained network, the net that predicts, and how inputs are standardised."""
    classifier = PrototypeClassifier(
        random_state=seed,
        backbone="convnet",
        backbone__widths=[16, 32, 64],
        initializer="uniform",
        prototypes__n_per_class=5,
        regularizers={"aligned_matching": 100.0, "warped_matching": 10.0},
    )
    drawn = np.random.default_rng(seed).permutation(len(part.inputs))[:EXAMPLES]
    prepared = prepare(classifier.request(part.inputs[drawn], part.labels[drawn])[0])
    train(prepared.job)
    return prepared.network, prepared.job.learner.regularizers[1].predictor, prepared.job.training.preprocessing


@torch.no_grad()
def activated(network, family):
    """Activations of every view of every prototype, once."""
    network.transform = family
    return network.activate_prototypes()


@torch.no_grad()
def kept(network, family, activations, inputs):
    """Logits by the best view of every prototype, whose activations are known."""
    network.transform = family
    return torch.cat([network(batch, prototype_activations=activations).logits for batch in inputs.split(TIMED)])


@torch.no_grad()
def predicted(network, predictor, inputs):
    """Logits by every prototype as the net warps it to the input; every pair passes."""
    network.transform = FAMILIES["as they are"]
    prototypes, logits = network.prototypes(), []
    for batch in inputs.split(20):
        views = warped(prototypes, predictor(batch, prototypes), predictor.names)
        activations = network.backbone(views.flatten(0, 1)).unflatten(0, views.shape[:2])
        pairs = zip(network.backbone(batch).split(1), activations, strict=True)
        scores = torch.cat([network.pooling(network.similarity(*pair)) for pair in pairs])
        logits.append(network.head(scores))
    return torch.cat(logits)


def step(network, rows):
    """Forward and backward through the backbone, of so many rows."""
    batch = torch.randn(rows, *network.prototypes.shape).contiguous(memory_format=torch.channels_last)

    def way():
        network.backbone(batch).sum().backward()

    return way


def main():
    """Measure and report."""
    keep_freed_memory()
    data = load_dataset("mnist")
    labels = torch.from_numpy(np.searchsorted(np.unique(data.train.labels), data.test.labels[:EXAMPLES]))
    found = {}
    for seed in range(SEEDS):
        network, predictor, preprocessing = learned(seed, data.train)
        pictures = torch.from_numpy(np.array(data.test.inputs[:EXAMPLES]))[:, None].float() / 255
        inputs = preprocessing.standardize(pictures, torch.float32)
        known = {name: activated(network, family) for name, family in FAMILIES.items()}
        ways = {name: kept(network, family, known[name], inputs) for name, family in FAMILIES.items()}
        ways["predicted for every pair"] = predicted(network, predictor, inputs)
        for name, logits in ways.items():
            found.setdefault(name, []).append(float((logits.argmax(1) == labels).float().mean()))
        print(seed, {name: values[-1] for name, values in found.items()}, flush=True)
    few, p = inputs[:TIMED], int((network.prototypes.labels >= 0).sum())
    timed = {
        name: lambda name=name, family=family: kept(network, family, known[name], few)
        for name, family in FAMILIES.items()
    }
    timed["predicted for every pair"] = lambda: predicted(network, predictor, few)
    seconds = in_turn(timed, rounds=5)
    rows = {}
    for name, values in found.items():
        gains = np.subtract(values, found["as they are"])
        rows[name] = {
            "accuracy": round(float(np.mean(values)), 4),
            "gain": round(float(gains.mean()), 4),
            "least": round(float(gains.min()), 4),
            "most": round(float(gains.max()), 4),
            "time": round(ratio(seconds, name, "as they are")["median"], 2),
        }
    network.backbone.train().requires_grad_(True)
    steps = {"alone": step(network, BATCH + p), "pairs": step(network, BATCH * (p + 1))}
    rows["training step, every pair"] = {"time": round(ratio(in_turn(steps, rounds=3), "pairs", "alone")["median"], 2)}
    for name, row in rows.items():
        print(f"  {name}: {row}")
    document = {"benchmark": "predicted_alignment", "seeds": SEEDS, "prototypes": p, "rows": rows}
    (RESULTS / "predicted_alignment.json").write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main()
