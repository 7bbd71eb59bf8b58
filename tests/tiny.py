"""A network so small that its answers can be foretold: it names the strongest colour."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image

from alexnet.model import Model
from alexnet.networks.build import Network
from alexnet.networks.layers import Convolution, Linear
from alexnet.preprocessing import Preprocessing

COLOURS = {"blue": (20, 30, 200), "green": (30, 190, 40), "red": (210, 20, 30)}


def tiny_model(classes: tuple[str, ...] = ("red", "green", "blue"), mirror: bool = True) -> Model:
    """Pictures of 32x32, views of 24x24; the first three classes are red, green and blue."""
    layers = (
        Convolution("conv1", 6, 11, stride=13),
        Convolution("conv2", 6, 1, groups=2),
        Linear("fc8", len(classes)),
    )
    network = Network(layers, side=24)
    with torch.no_grad():
        weights = dict(network.named_parameters())
        for colour in range(3):
            weights["conv1.weight"][colour, colour] = 1 / 121
            weights["conv2.weight"][colour, colour] = 1
            weights["fc8.weight"][colour, 4 * colour : 4 * colour + 4] = 0.01
        generator = torch.Generator().manual_seed(1)
        weights["conv1.weight"][3:] = torch.randn((3, 3, 11, 11), generator=generator)
    way = Preprocessing(size=32, crop=24, mirror=mirror)
    return Model(network, "tiny", way, np.full((32, 32, 3), 100, np.float32), classes, "fast")


def write_photo(path: Path, colour: tuple[int, int, int], size: tuple[int, int] = (50, 40)) -> Path:
    """A photo of one colour."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)
    return path
