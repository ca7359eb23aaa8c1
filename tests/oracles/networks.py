"""Backbones in evaluation mode, layer by layer in loops, from nothing but their weights."""

import numpy as np


def convolve(inputs, weight, bias=None, stride=1, padding=0):
    inputs = np.pad(inputs, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    n, _, height, width = inputs.shape
    filters, _, size, _ = weight.shape
    rows, columns = (height - size) // stride + 1, (width - size) // stride + 1
    result = np.zeros((n, filters, rows, columns))
    for y in range(rows):
        for x in range(columns):
            window = inputs[:, :, y * stride : y * stride + size, x * stride : x * stride + size]
            result[:, :, y, x] = np.einsum("ncij,fcij->nf", window, weight)
    return result if bias is None else result + bias[None, :, None, None]


def pool(inputs):
    n, channels, height, width = inputs.shape
    result = np.zeros((n, channels, height // 2, width // 2))
    for y in range(height // 2):
        for x in range(width // 2):
            result[:, :, y, x] = inputs[:, :, 2 * y : 2 * y + 2, 2 * x : 2 * x + 2].max((2, 3))
    return result


def normalize(inputs, state, name):
    shape = (1, -1, *(1,) * (inputs.ndim - 2))
    mean, variance = state[f"{name}.running_mean"], state[f"{name}.running_var"]
    weight, bias = state[f"{name}.weight"], state[f"{name}.bias"]
    standard = (inputs - mean.reshape(shape)) / np.sqrt(variance.reshape(shape) + 1e-5)
    return standard * weight.reshape(shape) + bias.reshape(shape)


def rectify(inputs):
    return np.maximum(inputs, 0)


def drawn_by_autoencoder(state, pictures, latent):
    """Encoder and decoder of `lookalike.prototypes.autoencoder`, layer by layer."""

    def convolved(name, values, stride=1):
        return convolve(values, state[f"{name}.weight"], state[f"{name}.bias"], stride, 1)

    def enlarged(values):
        return values.repeat(2, axis=2).repeat(2, axis=3)

    values = rectify(convolved("encoder.0", pictures, 2))
    small = rectify(convolved("encoder.2", values, 2))
    codes = small.reshape(len(pictures), -1) @ state["encoder.5.weight"].T + state["encoder.5.bias"]
    values = rectify((codes[:, :latent] @ state["opened.weight"].T + state["opened.bias"]).reshape(small.shape))
    values = rectify(convolved("decoder.2", enlarged(values)))
    values = rectify(convolved("decoder.4", values))
    return convolved("decoder.7", enlarged(values))[:, :, : pictures.shape[2], : pictures.shape[3]]


def state_of(module):
    return {name: tensor.detach().numpy().astype(np.float64) for name, tensor in module.state_dict().items()}


def identity(backbone, state, inputs):
    return inputs if inputs.ndim == 4 else inputs.reshape(len(inputs), -1, 1, 1)


def mlp(backbone, state, inputs):
    values = inputs.reshape(len(inputs), -1)
    names = list(dict.fromkeys(key.rsplit(".", 1)[0] for key in state))
    linear = [name for name in names if state[f"{name}.weight"].ndim == 2]
    for place, name in enumerate(linear):
        values = values @ state[f"{name}.weight"].T
        if f"{name}.bias" in state:
            values = values + state[f"{name}.bias"]
        following = f"layers.{int(name.split('.')[1]) + 1}"
        if f"{following}.running_mean" in state:
            values = normalize(values, state, following)
        signed_end = place == len(linear) - 1 and type(backbone.layers[-1]).__name__ != "ReLU"
        values = values if signed_end else rectify(values)
    return values[:, :, None, None]


def lenet(backbone, state, inputs):
    values = pool(rectify(convolve(inputs, state["layers.0.weight"], state["layers.0.bias"])))
    values = rectify(convolve(values, state["layers.3.weight"], state["layers.3.bias"]))
    return pool(values) if type(backbone.layers[-1]).__name__ == "MaxPool2d" else values


def convnet(backbone, state, inputs):
    values = inputs
    for stage in range(sum(f"layers.{5 * s}.weight" in state for s in range(9))):
        first = 5 * stage
        values = pool(convolve(values, state[f"layers.{first}.weight"], padding=1))
        values = rectify(normalize(values, state, f"layers.{first + 2}"))
        block = f"layers.{first + 4}.change"
        change = rectify(normalize(convolve(values, state[f"{block}.0.weight"], padding=1), state, f"{block}.1"))
        change = rectify(normalize(convolve(change, state[f"{block}.3.weight"], padding=1), state, f"{block}.4"))
        values = values + change
    pooled = type(backbone.pool).__name__ == "AdaptiveAvgPool2d"
    return values.mean((2, 3), keepdims=True) if pooled else values


def conv4(backbone, state, inputs):
    values = inputs
    for block in range(4):
        values = pool(convolve(values, state[f"layers.{4 * block}.weight"], padding=1))
        values = rectify(normalize(values, state, f"layers.{4 * block + 2}"))
    return values


def resnet(backbone, state, inputs):
    values = rectify(normalize(convolve(inputs, state["layers.0.weight"], padding=1), state, "layers.1"))
    for index in range(3, len(backbone.layers)):
        block = f"layers.{index}"
        stride = 2 if f"{block}.shortcut.0.weight" in state and backbone.layers[index].change[0].stride[0] == 2 else 1
        change = convolve(values, state[f"{block}.change.0.weight"], stride=stride, padding=1)
        change = rectify(normalize(change, state, f"{block}.change.1"))
        change = normalize(convolve(change, state[f"{block}.change.3.weight"], padding=1), state, f"{block}.change.4")
        if f"{block}.shortcut.0.weight" in state:
            values = convolve(values, state[f"{block}.shortcut.0.weight"], stride=stride)
            values = normalize(values, state, f"{block}.shortcut.1")
        values = rectify(values + change)
    pooled = type(backbone.pool).__name__ == "AdaptiveAvgPool2d"
    return values.mean((2, 3), keepdims=True) if pooled else values


def module(backbone, state, inputs):
    """The specimen is a flatten, a linear layer and one that is never reached."""
    values = inputs.reshape(len(inputs), -1) @ state["module.1.weight"].T + state["module.1.bias"]
    return values[:, :, None, None]


ORACLES = {
    "IdentityBackbone": identity,
    "MlpBackbone": mlp,
    "LenetBackbone": lenet,
    "CifarBackbone": lenet,
    "ConvnetBackbone": convnet,
    "Conv4Backbone": conv4,
    "ResnetBackbone": resnet,
    "ModuleBackbone": module,
}
