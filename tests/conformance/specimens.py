"""At least one instance of every component, over the options that change what it computes."""

import torch

from lookalike import registry

SEEDS = range(8)


def components(family):
    return [(key, cls) for key, cls in registry.members(family).items()]


def similarities():
    yield from _build("similarity", "cosine", {}, {"scale": 1.0, "learn_scale": False}, {"scale": 5.0})
    yield from _build("similarity", "dot", {}, {"scaled": False})
    for kernel in registry.members("kernel"):
        yield from _build("similarity", "l2", {"kernel": kernel}, {"kernel": kernel, "mean": False})
        for order in (0.3, 0.5, 1.0, 1.7, 2.0):
            yield from _build("similarity", "lk", {"kernel": kernel, "order": order})
    yield from _build("similarity", "lk", {"mean": False, "chunk": 7}, {"order": 0.5, "chunk": 1})


def poolings():
    yield from _build("pooling", "max", {})
    yield from _build("pooling", "mean", {})
    yield from _build("pooling", "log_sum_exp", {}, {"temperature": 0.1}, {"temperature": 10.0})


def heads(labels, n_classes):
    for key in registry.members("head"):
        yield registry.build("head", key, {}, {"prototype_labels": labels, "n_classes": n_classes})


def objectives():
    yield from _build("objective", "cross_entropy", {}, {"label_smoothing": 0.2})
    yield from _build("objective", "signed_target", {})
    yield from _build("objective", "squared_hinge", {}, {"margin": 0.3})
    yield from _build("objective", "glvq", {}, {"steepness": 4.0})


def regularizers():
    for key in registry.members("regularizer"):
        yield registry.build("regularizer", key, {}, {})


def initializers():
    yield from _build("initializer", "uniform", {}, {"low": -0.5, "high": 0.5})
    yield from _build("initializer", "normal", {})
    yield from _build("initializer", "points", {}, {"own_class": False})
    yield from _build("initializer", "means", {}, {"spread": 0.1})
    yield from _build("initializer", "kmeans", {})


def augmentations():
    yield from _build("augmentation", "none", {})
    yield from _build("augmentation", "shift", {}, {"pixels": 1, "mirror": True})


def prototypes(n_per_class=(2, 1, 3)):
    low, high = torch.tensor([[[-1.0]], [[-2.0]]]), torch.tensor([[[1.0]], [[0.5]]])
    supplied = {
        "input_shape": (2, 5, 4),
        "activation_shape": (3, 4, 4),
        "n_classes": 3,
        "value_range": (low, high),
    }
    for key, chosen in (
        ("pixel", {}),
        ("pixel", {"bounded": True}),
        ("pixel", {"size": 3}),
        ("latent", {}),
        ("latent", {"size": 2}),
        ("exemplar", {}),
    ):
        yield registry.build("prototypes", key, {**chosen, "n_per_class": list(n_per_class)}, supplied)


def backbones():
    """Each with random running statistics, so that normalisation does something in evaluation mode."""
    small = {"input_shape": (2, 16, 17)}
    network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(2 * 16 * 17, 5), torch.nn.Linear(5, 2))
    for key, chosen in (
        ("identity", {}),
        ("mlp", {"widths": [6, 5]}),
        ("mlp", {"widths": [6, 5], "normalize": True, "signed": True}),
        ("lenet", {}),
        ("lenet", {"last_pool": False}),
        ("cifar", {}),
        ("convnet", {"widths": [3, 4]}),
        ("convnet", {"widths": [3, 4], "pool": False}),
        ("resnet", {"widths": [3, 4], "blocks": 2}),
        ("resnet", {"widths": [3, 4], "blocks": 1, "pool": True}),
        ("module", {"module": network, "layer": "1"}),
    ):
        torch.manual_seed(0)
        backbone = registry.build("backbone", key, chosen, small)
        for name, buffer in backbone.named_buffers():
            if buffer.is_floating_point():
                buffer.copy_(torch.rand_like(buffer) + (0.5 if name.endswith("var") else -0.5))
        yield backbone


def name(component):
    options = [f"{key}={value}" for key, value in sorted(vars(component).items()) if _is_plain(key, value)]
    return f"{type(component).__name__}({', '.join(options)})"


def _is_plain(key, value):
    return not key.startswith("_") and key != "training" and isinstance(value, int | float | str | bool)


def _build(family, key, *variants):
    for chosen in variants:
        yield registry.build(family, key, chosen, {})
