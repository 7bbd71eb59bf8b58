"""Local response normalisation's sum over neighbours as a convolution that every tool has."""

import torch
from torch import Tensor

from alexnet.kernels.reference import band
from alexnet.networks.layers import LocalResponseNorm


def neighbours(layer: LocalResponseNorm, channels: int) -> tuple[Tensor, Tensor]:
    """Weights and biases of a convolution that makes k + factor * sums out of squares.

    float32 (channels, channels / groups, 1, 1) and (channels,), to be used with the layer's groups.
    """
    tower = band(channels // layer.groups, 1, layer.size).T * layer.factor
    weight = tower.repeat(layer.groups, 1)[:, :, None, None].contiguous()
    return weight, torch.full((channels,), float(layer.k))
