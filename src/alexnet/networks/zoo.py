"""The named networks. What a name stands for is one readable list."""

from alexnet.errors import UsageError
from alexnet.names import nearest
from alexnet.networks.layers import (
    Convolution,
    Dropout,
    Layers,
    Linear,
    LocalResponseNorm,
    MaxPool,
    ReLU,
)


def alexnet(classes: int = 1000) -> Layers:
    """The paper's text: two towers as groups; 60,965,224 parameters at 1000 classes.

    Sections 3.1 to 3.5, 4.2 and 5. Departures from the letter: std 0.03 in conv3 to conv5, as
    really run (the paper says 0.01 everywhere; ``--init paper``); the edge rule of conv1, which
    the paper needs for its 55x55 maps and does not state.
    """
    return (
        Convolution("conv1", 96, 11, stride=4, rounding="ceil"),
        ReLU("relu1"),
        LocalResponseNorm("norm1", groups=2),
        MaxPool("pool1"),
        Convolution("conv2", 256, 5, padding=2, groups=2, bias=1),
        ReLU("relu2"),
        LocalResponseNorm("norm2", groups=2),
        MaxPool("pool2"),
        Convolution("conv3", 384, 3, padding=1, std=0.03),
        ReLU("relu3"),
        Convolution("conv4", 384, 3, padding=1, groups=2, std=0.03, bias=1),
        ReLU("relu4"),
        Convolution("conv5", 256, 3, padding=1, groups=2, std=0.03, bias=1),
        ReLU("relu5"),
        MaxPool("pool5"),
        Linear("fc6", 4096, bias=1),
        ReLU("relu6"),
        Dropout("drop6"),
        Linear("fc7", 4096, bias=1),
        ReLU("relu7"),
        Dropout("drop7"),
        Linear("fc8", classes),
    )


NETWORKS = {"alexnet": alexnet}


def layers_of(name: str, classes: int = 1000) -> Layers:
    """The list of a named network with that many classes; UsageError for an unknown name."""
    if name not in NETWORKS:
        raise UsageError(f"There is no network {name!r}{nearest(name, NETWORKS)}.")
    return NETWORKS[name](classes)
