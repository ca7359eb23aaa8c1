"""Whether a model binds up to larger deformations: ``python -m benchmarks.binding_families RUN [RUN ...]``.

BIND asks with prototypes that are moved by up to two pixels. Here they may be turned, enlarged, slanted or bent as well
before they are moved: what they then explain of an input takes the place of what they explain of it by shifts alone,
in hybrids as in residuals. A family may explain more only because it has many pictures to choose from; so a model is
also asked with other pictures of the class, thirty training examples. The networks stay as they are. The runs of the
results: ``lookalike fit mnist --set data__limit=10000 --set data__judge_share=0.1667 --set initializer=uniform --set
prototypes__n_per_class=5 --set random_state=0``, one also with ``counterfactuals=none`` (unbound), one with
``counterfactuals={residual_swap: 0.2}`` (double).
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch

from benchmarks.pairs import RESULTS
from lookalike.experiments import data_of, open_run
from lookalike.registry import build
from lookalike.transforms import decompose

FAMILIES = {"rotation_scale": {"degrees": 20.0, "angles": 5, "scales": 3}, "affine": {}, "elastic": {}}
SAMPLE, PIXELS, EXAMPLES = 1000, 2, 30


def partners_of(labels):
    """For every input one of another class, the same every time."""
    generator = torch.Generator().manual_seed(0)
    order = torch.rand(len(labels), len(labels), generator=generator)
    return order.masked_fill(labels[:, None] == labels[None], -1.0).argmax(1)


def decisions_of(classifier, pictures):
    """Of pictures in the data's units, which hybrids may leave."""
    with torch.no_grad():
        passes = [
            classifier.network_(classifier.preprocessing_.standardize(batch, torch.float32)).logits.argmax(1)
            for batch in pictures.split(250)
        ]
    return torch.cat(passes)


def rows_of(run):
    """One row per family, of one model."""
    classifier = run.classifier
    data = data_of(run)
    test = np.random.default_rng(0).permutation(len(data.test.inputs))[:SAMPLE]

    def pictures_and_labels(part, chosen):
        pictures = torch.from_numpy(np.array(part.inputs[chosen])).float() / 255
        pictures = pictures[:, None] if pictures.ndim == 3 else pictures.permute(0, 3, 1, 2)
        return pictures, torch.from_numpy(np.searchsorted(classifier.classes_, part.labels[chosen]))

    inputs, labels = pictures_and_labels(data.test, test)
    prototypes = torch.from_numpy(np.array(classifier.prototypes_)).float().reshape(-1, *inputs.shape[1:])
    own = torch.from_numpy(np.searchsorted(classifier.classes_, classifier.prototype_labels_))
    energy = (inputs - inputs.mean((2, 3), keepdim=True)).square().sum((1, 2, 3))
    partners = partners_of(labels)
    whole = float((decisions_of(classifier, inputs) == labels).float().mean())

    def figures_of(pictures, own):
        """How much pictures explain of inputs of their class, and how often hybrids are given the picture's class."""
        parts = decompose(inputs, labels, pictures, own, PIXELS)
        explained = 1 - parts.residuals.square().sum((1, 2, 3)) / energy
        decided = decisions_of(classifier, parts.explained + parts.residuals[partners])
        right = float((decided == labels).float().mean())
        return {"pictures": len(pictures), "explained": float(explained.median()), "bind": right / whole}

    rows = {"shift": figures_of(prototypes, own)}
    for name, options in FAMILIES.items():
        views = build("transforms", name, options, {}).views(prototypes)
        each = len(views) // len(prototypes)
        rows[name] = figures_of(views, own.repeat_interleave(each))
    examples = [np.flatnonzero(data.train.labels == name)[:EXAMPLES] for name in classifier.classes_]
    rows["training examples"] = figures_of(*pictures_and_labels(data.train, np.concatenate(examples)))
    return rows


def main():
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="+", type=Path)
    found = {}
    for folder in parser.parse_args().runs:
        found[folder.name] = rows_of(open_run(folder))
        for name, row in found[folder.name].items():
            explained, bind = row["explained"], row["bind"]
            print(
                f"{folder.name}, {name}: {row['pictures']} pictures explain {explained:.3f}, BIND {bind:.3f}",
                flush=True,
            )
    rounded = {
        run: {name: {key: round(value, 4) for key, value in row.items()} for name, row in rows.items()}
        for run, rows in found.items()
    }
    document = {"benchmark": "binding_families", "runs": rounded}
    (RESULTS / "binding_families.json").write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main()
