"""Changes to a list of layers. A variant is such a change, never a copy of the list."""

from dataclasses import replace

from alexnet.networks.layers import Convolution, Dropout, Layers, Linear


def with_dropout(layers: Layers, rate: float) -> Layers:
    """Every dropout layer with another rate."""
    return tuple(
        replace(layer, rate=rate) if isinstance(layer, Dropout) else layer for layer in layers
    )


def with_start(layers: Layers, std: float) -> Layers:
    """The same start in every layer: 0.01 is the paper's text (section 5)."""
    return tuple(
        replace(layer, std=std) if isinstance(layer, Convolution | Linear) else layer
        for layer in layers
    )


def with_width(layers: Layers, share: float) -> Layers:
    """Every layer but the last with that share of its kernels or units (tests use an eighth)."""
    last = len(layers) - 1
    return tuple(
        replace(layer, kernels=round(layer.kernels * share))
        if isinstance(layer, Convolution)
        else replace(layer, units=round(layer.units * share))
        if isinstance(layer, Linear) and place < last
        else layer
        for place, layer in enumerate(layers)
    )
