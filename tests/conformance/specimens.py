"""At least one instance of every component, over the options that change what it computes."""

import torch

from lookalike import registry

SEEDS = range(8)


def components(family):
    return [(key, cls) for key, cls in registry.members(family).items()]


def similarities():
    kernels = [{"kernel": kernel} for kernel in registry.members("kernel")]
    orders = [{**kernel, "order": order} for kernel in kernels for order in (0.3, 0.5, 1.0, 1.7, 2.0)]
    yield from _all(
        "similarity",
        {
            "cosine": [{"scale": 1.0, "learn_scale": False}, {"scale": 5.0}],
            "dot": [{"scaled": False}],
            "l2": [*kernels, *({**kernel, "mean": False} for kernel in kernels)],
            "lk": [*orders, {"mean": False, "chunk": 7}, {"order": 0.5, "chunk": 1}],
        },
    )


def poolings():
    yield from _all("pooling", {"log_sum_exp": [{"temperature": 0.1}, {"temperature": 10.0}]})


def heads(labels, n_classes):
    for key in registry.members("head"):
        yield registry.build("head", key, {}, {"prototype_labels": labels, "n_classes": n_classes})


def objectives():
    variants = {
        "cross_entropy": [{"label_smoothing": 0.2}],
        "squared_hinge": [{"margin": 0.3}],
        "glvq": [{"steepness": 4.0}],
    }
    yield from _all("objective", variants)


def regularizers():
    tolerant = {"pixels": 1, "tolerant_from": 0.5, "contrast": 0.0}
    turned = {"pixels": 1, "transforms": "rotation_scale", "transforms__angles": 3, "transforms__scales": 1}
    variants = {
        "aligned_matching": [
            tolerant,
            {"pixels": 0, "until": 0.4, "first_temperature": 1.0},
            {"error": "squared", "pixels": 1},
            {**tolerant, "error": "squared", "assignment": "hard"},
            turned,
        ],
        "feature_matching": [
            {"positions": 0, "until": 0.4},
            {"mutual": 0.5, "tolerance": 1.5, "tolerant_from": 0.5},
            {"tolerance": 3.0, "tolerant_from": 0.3, "assignment": "hard", "mutual": 0.2},
        ],
        "diversity": [{"pixels": 0, "largest": 0.0}, {"largest": -1.0}],
        "critic": [{"width": 3}],
        "autoencoder": [{"latent": 2, "width": 2}],
        "warped_matching": [
            {"degrees": 40.0, "scale": 1.5, "pixels": 1.0, "width": 5},
            {"degrees": 20.0, "stretch": 1.4, "slant": 0.3, "bend": 1.0, "width": 5},
        ],
    }
    torch.manual_seed(0)
    for made in _all("regularizer", variants, {"input_shape": (2, 5, 4)}):
        if hasattr(made, "predictor"):
            # As it begins it predicts no deformation, whatever it sees.
            torch.nn.init.normal_(made.predictor.predicted.weight, std=0.3)
        yield made


def counterfactuals():
    variants = {
        "residual_swap": [
            {"residuals": "other_class", "pixels": 0, "strength": 0.0},
            {"pixels": 1, "residuals": "hardest"},
            {"strength": 0.0, "blend": 0.7},
            {"pixels": 1, "transforms": "rotation_scale", "transforms__angles": 3, "transforms__scales": 1},
        ],
        "feature_swap": [
            {"positions": 0, "residuals": "hardest", "strength": 0.0},
            {"strength": 0.0, "blend": 0.7},
        ],
    }
    yield from _all("counterfactual", variants)


def initializers():
    variants = {
        "uniform": [{"low": -0.5, "high": 0.5}],
        "points": [{"own_class": False}],
        "means": [{"spread": 0.1}],
    }
    yield from _all("initializer", variants)


def transforms():
    variants = {
        "shift": [{"pixels": 0}, {"pixels": 3}],
        "rotation_scale": [{"degrees": 90.0, "angles": 3, "scales": 1}, {"degrees": 0.0, "angles": 1, "scale": 1.5}],
        "affine": [{"degrees": 30.0, "slant": 0.4, "stretch": 1.0, "scale": 1.0}],
        "elastic": [{"pixels": 0.7, "order": 2}],
        "tone": [{"gain": 1.0, "offset": 1.0}],
        "color": [{"steps": 1}],
        "pose": [{"degrees": 30.0, "scale": 1.2, "scales": 3, "tones": 1}, {"pixels": 0, "gain": 1.5}],
    }
    yield from _all("transforms", variants)


def gatherings():
    yield from _all("gathering", {"picture": [{"pixels": 0}, {"pixels": 1, "rounds": 0}, {"pixels": 1, "rounds": 3}]})


def augmentations():
    yield from _all("augmentation", {"shift": [{"pixels": 1, "mirror": True}]})


def prototypes(n_per_class=(2, 1, 3)):
    """Each has met training examples, three of which are of its class."""
    low, high = torch.tensor([[[-1.0]], [[-2.0]]]), torch.tensor([[[1.0]], [[0.5]]])
    supplied = {
        "input_shape": (2, 5, 4),
        "activation_shape": (3, 4, 4),
        "n_classes": 3,
        "value_range": (low, high),
    }
    variants = {
        "pixel": [{"bounded": True}, {"size": 3}, {"within": 0.5}],
        "latent": [{"size": 2}],
        "hull": [{"candidates": 4, "nearest": 0.5}],
        "chosen": [{"candidates": 4}],
        "fourier": [{"decay": 0.0}],
        "generated": [{"latent": 3, "width": 2, "steps": 3, "adversarial": 0.1}],
    }
    for made in _all("prototypes", variants, supplied, {"n_per_class": list(n_per_class)}):
        examples = torch.randn(12, *made.shape, generator=torch.Generator().manual_seed(9))
        starts = torch.randn(len(made.labels), *made.shape, generator=torch.Generator().manual_seed(8))
        if hasattr(made, "steps"):
            # Laws hold after few steps of an autoencoder as after all.
            made.steps = min(made.steps, 3)
        with torch.no_grad():
            made.begin(starts, examples, torch.arange(12) % 3, torch.Generator().manual_seed(7))
        yield made


def backbones():
    """Each with random running statistics, so that normalisation does something in evaluation mode."""
    small = {"input_shape": (2, 16, 17)}
    network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(2 * 16 * 17, 5), torch.nn.Linear(5, 2))
    chosen = {
        "mlp": [{"widths": [6, 5]}, {"widths": [6, 5], "normalize": True, "signed": True}],
        "lenet": [{}, {"last_pool": False}],
        "conv4": [{"width": 5}],
        "convnet": [{"widths": [3, 4]}, {"widths": [3, 4], "pool": False}],
        "resnet": [{"widths": [3, 4], "blocks": 2}, {"widths": [3, 4], "blocks": 1, "pool": True}],
        "module": [{"module": network, "layer": "1"}],
    }
    for key, options in ((name, options) for name, _ in components("backbone") for options in chosen.get(name, [{}])):
        torch.manual_seed(0)
        backbone = registry.build("backbone", key, options, small)
        for name, buffer in backbone.named_buffers():
            if buffer.is_floating_point():
                buffer.copy_(torch.rand_like(buffer) + (0.5 if name.endswith("var") else -0.5))
        yield backbone


def selections():
    """As they come, and with widths that are given."""
    wide = {"bandwidth": 1.0}
    yield from _all(
        "selection",
        {
            "facility_location": [wide, {"affinity": "linear"}, {**wide, "epsilon": 0.1}],
            "mmd_critic": [wide, {"affinity": "linear"}],
            "proto_dash": [wide],
            "proto_select": [{"radius": 1.0}],
            "density_peaks": [{"neighbors": 0.2}],
            "quick_shift": [{"neighbors": 0.2}],
            "mean_shift": [wide],
            "dpp": [wide, {**wide, "sampled": True}],
            "kmeans": [{"starts": 3}],
            "medoids": [{"max_matrix": 5}],
            "margin": [{"candidates": 5}],
        },
    )


def name(component):
    options = [f"{key}={value}" for key, value in sorted(vars(component).items()) if _is_plain(key, value)]
    return f"{type(component).__name__}({', '.join(options)})"


def _is_plain(key, value):
    return not key.startswith("_") and key != "training" and isinstance(value, int | float | str | bool)


def _all(family, variants, supplied=None, always=None):
    """Every component of a family as it comes, and with the options that change what it computes."""
    unknown = set(variants) - set(registry.members(family))
    assert not unknown, f"variants of {unknown}, which {family} does not have"
    for key in registry.members(family):
        for options in ({}, *variants.get(key, ())):
            yield registry.build(family, key, {**(always or {}), **options}, supplied or {})
