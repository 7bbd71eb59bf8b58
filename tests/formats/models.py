"""Models with drawn weights whose answers are neither all alike nor certain."""

from typing import Any

import numpy as np
import torch

from alexnet.model import Model
from alexnet.networks.build import Network
from alexnet.networks.layers import Layers
from alexnet.networks.zoo import named
from alexnet.preprocessing import Preprocessing

# Sides at which the deepest nets still have something to pool; even and odd, edges that hang over.
SIDES = {"vgg16": 33, "caffenet": 99, "bvlc-alexnet": 99, "cnn-s": 83}


def drawn(layers: Layers, side: int, name: str = "drawn", seed: int = 0, **way: Any) -> Model:
    """A model of ``layers`` for views of ``side``, cut out of squares of four pixels more."""
    network = Network(layers, side)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for key, value in network.named_parameters():
            # Weights end in (inputs,) or (channels, window, window).
            fan = value.shape[-3:].numel() if value.dim() > 2 else value.shape[-1]
            std = (2 / fan) ** 0.5 if key.endswith("weight") else 0.1
            value.normal_(0, std, generator=generator)
    size = side + 4
    mean = np.random.default_rng(seed).uniform(90, 140, (size, size, 3)).astype(np.float32)
    settings = {"size": size, "crop": side, "scale": 60.0, **way}
    classes = tuple(f"class {n}" for n in range(list(network.parameters())[-1].numel()))
    return Model(network, name, Preprocessing(**settings), mean, classes, "fast")


def small(name: str, classes: int = 4) -> Model:
    """A named network with an eighth of its width, for small pictures."""
    known = named(f"{name}+width:0.125")
    way = known.preprocessing
    side = SIDES.get(name, min(96, way.crop))
    more = {"channels": way.channels, "fit": way.fit, "mean_at": way.mean_at, "filter": way.filter}
    return drawn(known.layers(classes), side, name, **more)
