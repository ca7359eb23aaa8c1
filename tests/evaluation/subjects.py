"""Models whose prototypes are known to be true, or known not to be."""

import torch

from lookalike.backbones import IdentityBackbone, ModuleBackbone
from lookalike.data import Examples, Preprocessing
from lookalike.data.knownproto import KnownWorld
from lookalike.evaluation import Subject
from lookalike.heads import MaxHead
from lookalike.network import PrototypeNetwork
from lookalike.pooling import MaxPooling
from lookalike.prototypes import PixelPrototypes
from lookalike.registry import build
from lookalike.transforms import ShiftTransform

WORLD = KnownWorld.of(0)
LABELS = torch.from_numpy(WORLD.template_labels)
CLASSES = [f"class {label}" for label in range(6)]
TEMPLATES = torch.from_numpy(WORLD.templates).float()[:, None]


def examples(level="L1", n=300, *, training=True, seed=0, preprocessing=None):
    samples = WORLD.sample(level, n, seed=seed, training=training)
    inputs = torch.from_numpy(samples.inputs)[:, None]
    return Examples(inputs, torch.from_numpy(samples.labels), preprocessing or Preprocessing.of(inputs))


def matching_network(preprocessing, pictures=TEMPLATES, backbone=None, shift=2):
    """The classic matched filter: cosine of pixels, at the best shift, the best prototype wins."""
    low, high = preprocessing.value_range()
    prototypes = PixelPrototypes((1, 28, 28), 6, (low, high), n_per_class=[1, 1, 2, 2, 3, 3])
    prototypes.set_values(preprocessing.standardize(pictures))
    network = PrototypeNetwork(
        backbone=backbone or IdentityBackbone((1, 28, 28)),
        prototypes=prototypes,
        similarity=build("similarity", "cosine", {"scale": 1.0, "learn_scale": False}, {}),
        transform=ShiftTransform(pixels=shift),
        pooling=MaxPooling(),
        head=MaxHead(prototypes.labels, 6),
    )
    return network.eval().requires_grad_(False)


class OnlyTheMark(torch.nn.Module):
    """Sees the corner marks and nothing else."""

    def __init__(self, preprocessing):
        super().__init__()
        self.black = preprocessing.standardize(torch.zeros(1, 1, 1, 1))[0, 0, 0, 0]

    def forward(self, inputs):
        return (inputs - self.black)[:, :, 25:28, :].mean((1, 2))


def subject(pictures=TEMPLATES, backbone=None, level="L1", shift=2, **given):
    training = examples(level)
    test = examples(level, training=False, preprocessing=training.preprocessing)
    network = matching_network(training.preprocessing, pictures, backbone, shift)
    return Subject(
        **{
            "network": network,
            "preprocessing": training.preprocessing,
            "classes": CLASSES,
            "temperature": 1.0,
            "pictures": pictures,
            "stand_ins": pictures[:0],
            "test": test,
            "training": training,
            "world": WORLD,
            **given,
        }
    )


def marked_subject():
    """Marks name the class in training and in testing, and are all the network sees; the prototypes show templates."""
    training = examples("L4")
    marks = torch.from_numpy(WORLD.marks).float()[:, None]
    marked = torch.maximum(examples("L3").inputs, marks[examples("L3").labels])
    known = Examples(marked, examples("L3").labels, training.preprocessing)
    backbone = ModuleBackbone((1, 28, 28), module=OnlyTheMark(training.preprocessing))
    return subject(torch.maximum(TEMPLATES, marks[LABELS]), backbone, "L4", 0, test=known)
