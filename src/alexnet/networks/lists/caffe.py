"""The networks that people know by their Caffe files.

Caffe pools round up, its LRN divides alpha by the window and runs over all maps, towers or not,
and its dropout scales while training. Sources: the shipped train_val.prototxt files; for CNN_S
several public ports of its weights, which agree.
"""

from alexnet.networks.layers import (
    Convolution,
    Dropout,
    Layers,
    Linear,
    LocalResponseNorm,
    MaxPool,
    ReLU,
)


def bvlc_alexnet(classes: int = 1000) -> Layers:
    """Caffe's AlexNet: norm before pool, k = 1, biases of 0.1 where the paper has 1."""
    return (
        Convolution("conv1", 96, 11, stride=4),
        ReLU("relu1"),
        LocalResponseNorm("norm1", k=1, divided=True),
        MaxPool("pool1"),
        Convolution("conv2", 256, 5, padding=2, groups=2, bias=0.1),
        ReLU("relu2"),
        LocalResponseNorm("norm2", k=1, divided=True),
        MaxPool("pool2"),
        Convolution("conv3", 384, 3, padding=1),
        ReLU("relu3"),
        Convolution("conv4", 384, 3, padding=1, groups=2, bias=0.1),
        ReLU("relu4"),
        Convolution("conv5", 256, 3, padding=1, groups=2, bias=0.1),
        ReLU("relu5"),
        MaxPool("pool5"),
        Linear("fc6", 4096, std=0.005, bias=0.1),
        ReLU("relu6"),
        Dropout("drop6", scaled="training"),
        Linear("fc7", 4096, std=0.005, bias=0.1),
        ReLU("relu7"),
        Dropout("drop7", scaled="training"),
        Linear("fc8", classes),
    )


def caffenet(classes: int = 1000) -> Layers:
    """Caffe's reference network: pool before norm, biases of 1; 60,965,224 parameters."""
    return (
        Convolution("conv1", 96, 11, stride=4),
        ReLU("relu1"),
        MaxPool("pool1"),
        LocalResponseNorm("norm1", k=1, divided=True),
        Convolution("conv2", 256, 5, padding=2, groups=2, bias=1),
        ReLU("relu2"),
        MaxPool("pool2"),
        LocalResponseNorm("norm2", k=1, divided=True),
        Convolution("conv3", 384, 3, padding=1),
        ReLU("relu3"),
        Convolution("conv4", 384, 3, padding=1, groups=2, bias=1),
        ReLU("relu4"),
        Convolution("conv5", 256, 3, padding=1, groups=2, bias=1),
        ReLU("relu5"),
        MaxPool("pool5"),
        Linear("fc6", 4096, std=0.005, bias=1),
        ReLU("relu6"),
        Dropout("drop6", scaled="training"),
        Linear("fc7", 4096, std=0.005, bias=1),
        ReLU("relu7"),
        Dropout("drop7", scaled="training"),
        Linear("fc8", classes),
    )


def cnn_s(classes: int = 1000) -> Layers:
    """CNN_S of Chatfield et al. 2014 ("Return of the Devil in the Details"); one LRN only.

    102,908,520 parameters. Its pools must round up: floor would give fc6 other inputs.
    """
    return (
        Convolution("conv1", 96, 7, stride=2),
        ReLU("relu1"),
        LocalResponseNorm("norm1", alpha=5e-4, divided=True),
        MaxPool("pool1", 3, 3),
        Convolution("conv2", 256, 5),
        ReLU("relu2"),
        MaxPool("pool2", 2, 2),
        Convolution("conv3", 512, 3, padding=1),
        ReLU("relu3"),
        Convolution("conv4", 512, 3, padding=1),
        ReLU("relu4"),
        Convolution("conv5", 512, 3, padding=1),
        ReLU("relu5"),
        MaxPool("pool5", 3, 3),
        Linear("fc6", 4096),
        ReLU("relu6"),
        Dropout("drop6", scaled="training"),
        Linear("fc7", 4096),
        ReLU("relu7"),
        Dropout("drop7", scaled="training"),
        Linear("fc8", classes),
    )
