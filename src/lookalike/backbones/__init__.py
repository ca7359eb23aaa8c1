"""Backbones: where activations come from."""

from lookalike.backbones.base import Backbone, activation_shape, stage_at, stages
from lookalike.backbones.conv4 import Conv4Backbone
from lookalike.backbones.convnet import ConvnetBackbone
from lookalike.backbones.identity import IdentityBackbone
from lookalike.backbones.lenet import CifarBackbone, LenetBackbone
from lookalike.backbones.mlp import MlpBackbone
from lookalike.backbones.module import ModuleBackbone
from lookalike.backbones.resnet import ResnetBackbone

__all__ = [
    "Backbone",
    "CifarBackbone",
    "Conv4Backbone",
    "ConvnetBackbone",
    "IdentityBackbone",
    "LenetBackbone",
    "MlpBackbone",
    "ModuleBackbone",
    "ResnetBackbone",
    "activation_shape",
    "stage_at",
    "stages",
]
