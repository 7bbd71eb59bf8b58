"""What torchvision calls alexnet and vgg16, layer by layer in the order of its modules.

Keys of its state dicts (``features.0.weight``) follow from that order (formats/torchvision.py).
Its adaptive pooling is the identity at 224 pixels and left out. Starts are PyTorch's defaults for
alexnet, as normal distributions of the same spread, biases 0; Glorot's for vgg16.
"""

import math

from alexnet.networks.layers import Convolution, Dropout, Layers, Linear, MaxPool, ReLU


def torchvision(classes: int = 1000) -> Layers:
    """torchvision's alexnet: no normalisation, no towers, dropout before fc6 and fc7."""
    return (
        Convolution("conv1", 64, 11, stride=4, padding=2, std=_default(363)),
        ReLU("relu1"),
        MaxPool("pool1", rounding="floor"),
        Convolution("conv2", 192, 5, padding=2, std=_default(1600)),
        ReLU("relu2"),
        MaxPool("pool2", rounding="floor"),
        Convolution("conv3", 384, 3, padding=1, std=_default(1728)),
        ReLU("relu3"),
        Convolution("conv4", 256, 3, padding=1, std=_default(3456)),
        ReLU("relu4"),
        Convolution("conv5", 256, 3, padding=1, std=_default(2304)),
        ReLU("relu5"),
        MaxPool("pool5", rounding="floor"),
        Dropout("drop6", scaled="training"),
        Linear("fc6", 4096, std=_default(9216)),
        ReLU("relu6"),
        Dropout("drop7", scaled="training"),
        Linear("fc7", 4096, std=_default(4096)),
        ReLU("relu7"),
        Linear("fc8", classes, std=_default(4096)),
    )


def vgg16(classes: int = 1000) -> Layers:
    """VGG_ILSVRC_16_layers, configuration D (Simonyan and Zisserman 2014); 138,357,544."""
    layers: Layers = ()
    maps = 3
    for block, kernels in enumerate((64, 128, 256, 512, 512), 1):
        for number in range(1, 3 if block < 3 else 4):
            name = f"{block}_{number}"
            std = _glorot(9 * maps, 9 * kernels)
            layers += (
                Convolution(f"conv{name}", kernels, 3, padding=1, std=std),
                ReLU(f"relu{name}"),
            )
            maps = kernels
        layers += (MaxPool(f"pool{block}", 2, 2, rounding="floor"),)
    return (
        *layers,
        Linear("fc6", 4096, std=_glorot(25088, 4096)),
        ReLU("relu6"),
        Dropout("drop6", scaled="training"),
        Linear("fc7", 4096, std=_glorot(4096, 4096)),
        ReLU("relu7"),
        Dropout("drop7", scaled="training"),
        Linear("fc8", classes, std=_glorot(4096, classes)),
    )


def _default(inputs: int) -> float:
    """PyTorch draws uniformly from +-1/sqrt(inputs); the standard deviation of that."""
    return round(1 / math.sqrt(3 * inputs), 5)


def _glorot(inputs: int, outputs: int) -> float:
    return round(math.sqrt(2 / (inputs + outputs)), 5)
