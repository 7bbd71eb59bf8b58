"""The weights before step 1: the paper's, or a layer-sequential unit-variance start."""

import torch
from torch import Tensor

from alexnet.networks.build import Network, Parameters
from alexnet.networks.layers import Convolution, Linear
from alexnet.randomness import generator


def draw_weights(network: Network, seed: int) -> None:
    """Weights from N(0, std^2) and equal biases, as each layer says (section 5)."""
    for layer in network.layers:
        if isinstance(layer, Convolution | Linear):
            held = network.get_submodule(layer.name)
            assert isinstance(held, Parameters)
            drawn = generator(seed, f"start {layer.name}").standard_normal(
                held.weight.shape, dtype="float32"
            )
            with torch.no_grad():
                held.weight.copy_(torch.from_numpy(drawn) * layer.std)
                held.bias.fill_(layer.bias)


def unit_variance(network: Network, batch: Tensor) -> None:
    """Divide each layer's weights by the spread of its outputs on a batch, once, in order.

    Biases become zero, and the last layer's outputs a tenth of unit spread, so that the loss
    starts near ln N. (Mishkin and Matas, "All you need is a good init", 2016, without their
    orthonormal start.)  With the paper's start and few pictures, learning does not set in for
    very long, because the logits hardly differ between pictures.
    """
    learned = [layer for layer in network.layers if isinstance(layer, Convolution | Linear)]
    network.eval()
    with torch.no_grad():
        for layer in learned:
            held = network.get_submodule(layer.name)
            assert isinstance(held, Parameters)
            held.bias.zero_()
            spread = torch.std(network.activations(batch, [layer.name])[layer.name])
            held.weight.div_(max(float(spread), 1e-8))
        held.weight.mul_(0.1)


def logit_spread(network: Network, batch: Tensor) -> float:
    """Standard deviation of the logits between the pictures of a batch, mean over classes."""
    network.eval()
    with torch.inference_mode():
        return float(network(batch).std(0).mean())
