"""Momentum SGD by the paper's rule (section 5), in one pass over the weights.

    v <- momentum v - decay rate w - rate g;    w <- w + v

torch's SGD keeps b = -v / rate and multiplies it by the current rate, so that a new rate at once
rescales the old velocity; the paper's rule does not. Scaling torch's momentum by old rate / new
rate for that one step gives the paper's rule, and torch's fused kernel still does all in one pass.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from alexnet.networks.build import Network
from alexnet.networks.layers import learned
from alexnet.training.recipe import Recipe


@dataclass(frozen=True)
class Rates:
    """The learning rates of one step; ``slow`` is the share that the layers of ``freeze`` have."""

    weights: float
    biases: float
    slow: float = 1.0


class Momentum:
    """The update of a network's weights and biases; ``step(rates)`` after each backward pass.

    Gradients must have the memory layout of their weights, as autograd makes them: torch's fused
    kernel does not look at strides. A parameter whose rate is 0 is left alone, velocity included,
    as the original's rate 0 (src/weights.cu): no update, no decay.
    """

    def __init__(self, network: Network, recipe: Recipe) -> None:
        self.recipe, self.network = recipe, network
        self.groups: list[dict[str, object]] = []
        for layer in learned(network.layers):
            held = network.held(layer)
            decay = recipe.decay if layer.decay is None else layer.decay
            slow = layer.name in recipe.freeze
            self._add("weights", held.weight, decay, slow)
            self._add("biases", held.bias, recipe.bias_decay, slow)
        self.sgd = torch.optim.SGD(self.groups, lr=0.0, momentum=recipe.momentum, fused=True)
        self.rates: dict[str, float] = {}

    def _add(self, kind: str, value: torch.nn.Parameter, decay: float, slow: bool) -> None:
        name = f"{'slow ' if slow else ''}{kind}"
        for group in self.groups:
            if (group["kind"], group["weight_decay"]) == (name, decay):
                group["params"].append(value)  # type: ignore[attr-defined]
                return
        self.groups.append({"params": [value], "kind": name, "weight_decay": decay})

    def freeze(self, rates: Rates) -> None:
        """Before the forward pass: what stands still needs no gradient, nor all that is below."""
        for group in self.sgd.param_groups:
            moves = _rate_of(rates, group["kind"]) > 0
            for value in group["params"]:
                value.requires_grad_(moves)
                value.grad = value.grad if moves else None

    def step(self, rates: Rates) -> None:
        """One update at these rates; where one is 0 nothing moves, velocities included."""
        for group in self.sgd.param_groups:
            kind, rate = group["kind"], _rate_of(rates, group["kind"])
            before = self.rates.get(kind) or rate
            group["lr"] = rate
            group["momentum"] = self.recipe.momentum * before / rate if rate else 1.0
            if rate == 0:
                for value in group["params"]:
                    value.grad = None
            else:
                self.rates[kind] = rate
        self.sgd.step()

    def velocities(self) -> Iterator[tuple[str, Tensor, float]]:
        """Name, torch's buffer b and the rate; the last step moved the weights by -rate * b."""
        rates = {
            id(value): self.rates.get(group["kind"], 0.0)
            for group in self.sgd.param_groups
            for value in group["params"]
        }
        for name, value in self.network.named_parameters():
            buffer = self.sgd.state[value].get("momentum_buffer")
            if buffer is not None:
                yield name, buffer, rates[id(value)]

    def tensors(self) -> dict[str, Tensor]:
        """The buffers by parameter name, for a checkpoint."""
        return {name: buffer for name, buffer, _ in self.velocities()}

    def restore(self, buffers: dict[str, Tensor], rates: Mapping[str, float]) -> None:
        """Take up the buffers and the rates of a checkpoint."""
        for name, value in self.network.named_parameters():
            if name in buffers:
                buffer = torch.empty_like(value).copy_(buffers[name])
                self.sgd.state[value]["momentum_buffer"] = buffer
        self.rates = dict(rates)


def _rate_of(rates: Rates, kind: str) -> float:
    rate = rates.weights if kind.endswith("weights") else rates.biases
    return rate * rates.slow if kind.startswith("slow") else rate
