"""The paper's network as it stands in the text, as it was run in 2012, and its relatives.

Sources: the paper's sections; the layer definitions of the 2012 source (``layers-145.cfg`` ...),
which rounds sizes up, divides alpha by the window's size and keeps windows inside a tower.
"""

from alexnet.networks.layers import (
    Convolution,
    Dropout,
    Layers,
    Linear,
    LocalResponseNorm,
    MaxPool,
    ReLU,
    WithinMapNorm,
)
from alexnet.networks.variants import changed, followed


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


def alexnet_as_run(classes: int = 1000) -> Layers:
    """Net 145, whose logged scores are the paper's: 60,965,224 parameters at 1000 classes.

    conv1 is normalised before its ReLU, signs included; a within-map norm follows norm2 (the
    definition calls it cnorm2); effective alpha 2e-5, a fifth of the paper's formula.
    """
    return (
        Convolution("conv1", 96, 11, stride=4, rounding="ceil"),
        LocalResponseNorm("norm1", groups=2, divided=True),
        MaxPool("pool1"),
        ReLU("relu1"),
        Convolution("conv2", 256, 5, padding=2, groups=2, bias=1),
        ReLU("relu2"),
        LocalResponseNorm("norm2", groups=2, divided=True),
        WithinMapNorm("within2"),
        MaxPool("pool2"),
        Convolution("conv3", 384, 3, padding=1, std=0.03),
        ReLU("relu3"),
        Convolution("conv4", 384, 3, padding=1, groups=2, std=0.03, bias=1),
        ReLU("relu4"),
        Convolution("conv5", 256, 3, padding=1, groups=2, std=0.03, bias=1),
        MaxPool("pool5"),
        ReLU("relu5"),
        Linear("fc6", 4096, bias=1),
        ReLU("relu6"),
        Dropout("drop6"),
        Linear("fc7", 4096, bias=1),
        ReLU("relu7"),
        Dropout("drop7"),
        Linear("fc8", classes),
    )


def alexnet_one_gpu(classes: int = 1000) -> Layers:
    """One column: half the kernels everywhere but in conv5 (section 3.2, footnote 2)."""
    layers = alexnet(classes)
    for name, kernels in (("conv1", 48), ("conv2", 128), ("conv3", 192), ("conv4", 192)):
        layers = changed(layers, name, kernels=kernels, groups=1)
    for name in ("norm1", "norm2", "conv5"):
        layers = changed(layers, name, groups=1)
    return layers


def alexnet_apart(classes: int = 1000) -> Layers:
    """Net 150: the towers meet in the last layer only; 160 kernels each in conv2, 8192 in fc6."""
    layers = changed(alexnet_as_run(classes), "conv2", kernels=320)
    layers = changed(changed(layers, "conv3", groups=2), "fc6", units=8192, groups=2)
    return changed(layers, "fc7", groups=2)


def alexnet_conv6(classes: int = 1000) -> Layers:
    """Net 146, the paper's CNN*: a sixth convolution over the last pooling layer (section 6)."""
    conv6 = Convolution("conv6", 256, 3, padding=1, std=0.03, bias=1)
    return followed(alexnet_as_run(classes), "relu5", conv6, ReLU("relu_conv6"))


def one_weird_trick(classes: int = 1000) -> Layers:
    """The one-tower net of 2014 as configured (cuda-convnet2, layers-imagenet-1gpu.cfg).

    Its text says 384 kernels in conv4; the configuration has 256. The last biases start at -7.
    """
    return (
        Convolution("conv1", 64, 11, stride=4, rounding="ceil"),
        LocalResponseNorm("norm1", divided=True),
        MaxPool("pool1"),
        ReLU("relu1"),
        Convolution("conv2", 192, 5, padding=2, bias=1),
        ReLU("relu2"),
        LocalResponseNorm("norm2", divided=True),
        MaxPool("pool2"),
        Convolution("conv3", 384, 3, padding=1, std=0.03),
        ReLU("relu3"),
        Convolution("conv4", 256, 3, padding=1, std=0.03, bias=1),
        ReLU("relu4"),
        Convolution("conv5", 256, 3, padding=1, std=0.03, bias=1),
        MaxPool("pool5"),
        ReLU("relu5"),
        Linear("fc6", 4096, bias=1),
        ReLU("relu6"),
        Dropout("drop6"),
        Linear("fc7", 4096, bias=1),
        ReLU("relu7"),
        Dropout("drop7"),
        Linear("fc8", classes, bias=-7),
    )
