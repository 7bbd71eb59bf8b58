"""cuda-convnet's CIFAR-10 networks; section 3.3 means the last two by its four-layer nets.

Sources: cuda-convnet's example-layers (layers-18pct.cfg, layers-conv-local-13pct.cfg and
-11pct.cfg) and their parameter files, which give each layer its own weight decay.
"""

from dataclasses import replace

from alexnet.networks.layers import (
    AveragePool,
    Convolution,
    Layers,
    Linear,
    LocallyConnected,
    LocalResponseNorm,
    MaxPool,
    ReLU,
    WithinMapNorm,
)
from alexnet.networks.variants import changed, followed


def cifar10_13pct(classes: int = 10) -> Layers:
    """Two convolutions, two locally connected layers, no normalisation; 1,116,490 parameters."""
    return (
        Convolution("conv1", 64, 5, padding=2, std=1e-4, decay=0),
        ReLU("relu1"),
        MaxPool("pool1"),
        Convolution("conv2", 64, 5, padding=2, decay=0),
        ReLU("relu2"),
        MaxPool("pool2"),
        LocallyConnected("local3", 32, 3, padding=1, std=0.04, decay=0.004),
        ReLU("relu3"),
        LocallyConnected("local4", 32, 3, padding=1, std=0.04, decay=0.004),
        ReLU("relu4"),
        Linear("fc10", classes, decay=0.004),
    )


def cifar10_11pct(classes: int = 10) -> Layers:
    """The same with normalisation, after pool1 and before pool2, and a wider local3; 2,112,970."""
    norm = LocalResponseNorm("norm1", 9, alpha=1e-3, k=1, divided=True)
    layers = followed(cifar10_13pct(classes), "pool1", norm)
    layers = followed(layers, "relu2", replace(norm, name="norm2"))
    return changed(changed(layers, "local3", kernels=64), "fc10", decay=0.01)


def cifar10_18pct(classes: int = 10) -> Layers:
    """Three convolutions and within-map norms on whole 32x32 pictures; 89,578 parameters."""
    norm = WithinMapNorm("norm1", 3, alpha=5e-5)
    return (
        Convolution("conv1", 32, 5, padding=2, std=1e-4, decay=0.004),
        MaxPool("pool1"),
        ReLU("relu1"),
        norm,
        Convolution("conv2", 32, 5, padding=2, decay=0.004),
        ReLU("relu2"),
        AveragePool("pool2"),
        replace(norm, name="norm2"),
        Convolution("conv3", 64, 5, padding=2, decay=0.004),
        ReLU("relu3"),
        AveragePool("pool3"),
        Linear("fc10", classes, decay=1),
    )
