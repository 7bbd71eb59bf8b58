"""Momentum SGD by the paper's rule (section 5), in one pass over the weights.

    v <- momentum v - decay rate w - rate g;    w <- w + v

torch's SGD keeps b = -v / rate and multiplies it by the current rate, so that a new rate at once
rescales the old velocity; the paper's rule does not. Scaling torch's momentum by old rate / new
rate for that one step gives the paper's rule, and torch's fused kernel still does all in one pass.
"""

from collections.abc import Iterator

import torch
from torch import Tensor

from alexnet.networks.build import Network
from alexnet.training.recipe import Recipe


class Momentum:
    """The update of a network's weights and biases; ``step(rate)`` after each backward pass.

    Gradients must have the memory layout of their weights, as autograd makes them: torch's fused
    kernel does not look at strides.
    """

    def __init__(self, network: Network, recipe: Recipe) -> None:
        self.recipe, self.network = recipe, network
        named = dict(network.named_parameters())
        weights = [value for name, value in named.items() if name.endswith(".weight")]
        biases = [value for name, value in named.items() if name.endswith(".bias")]
        self.groups = [
            {"params": weights, "weight_decay": recipe.decay, "share": 1.0},
            {"params": biases, "weight_decay": recipe.bias_decay, "share": recipe.bias_rate},
        ]
        self.sgd = torch.optim.SGD(self.groups, lr=0.0, momentum=recipe.momentum, fused=True)
        self.rate = 0.0

    def step(self, rate: float) -> None:
        """One update at that rate; at rate 0 nothing moves, velocities included, as originally."""
        if rate == 0:
            return
        before = self.rate or rate
        for group in self.sgd.param_groups:
            group["lr"] = rate * group["share"]
            group["momentum"] = self.recipe.momentum * before / rate
        self.sgd.step()
        self.rate = rate

    def velocities(self) -> Iterator[tuple[str, Tensor, float]]:
        """Name, torch's buffer b and the rate; the last step moved the weights by -rate * b."""
        shares = {".weight": 1.0, ".bias": self.recipe.bias_rate}
        for name, value in self.network.named_parameters():
            buffer = self.sgd.state[value].get("momentum_buffer")
            if buffer is not None:
                share = shares[name[name.rindex(".") :]]
                yield name, buffer, self.rate * share

    def tensors(self) -> dict[str, Tensor]:
        """The buffers by parameter name, for a checkpoint."""
        return {name: buffer for name, buffer, _ in self.velocities()}

    def restore(self, buffers: dict[str, Tensor], rate: float) -> None:
        """Take up the buffers and the rate of a checkpoint."""
        for name, value in self.network.named_parameters():
            if name in buffers:
                buffer = torch.empty_like(value).copy_(buffers[name])
                self.sgd.state[value]["momentum_buffer"] = buffer
        self.rate = rate
