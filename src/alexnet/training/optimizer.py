"""Momentum SGD by the paper's rule (section 5), in one pass over the weights; or LARS.

    v <- momentum v - decay rate w - rate g;    w <- w + v

torch's SGD keeps b = -v / rate and multiplies it by the current rate, so that a new rate at once
rescales the old velocity; the paper's rule does not. Scaling torch's momentum by old rate / new
rate for that one step gives the paper's rule, and torch's fused kernel still does all in one pass.

LARS (You, Gitman and Ginsburg 2017, arXiv 1708.03888) gives the weights of each layer a rate of
their own, so that a step is about the same part of every layer; biases keep the rule above:

    local = trust |w| / (|g| + decay |w|)
    v <- momentum v - rate local (g + decay w);    w <- w + v
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.optim.sgd import sgd

from alexnet.networks.build import Network
from alexnet.networks.layers import learned
from alexnet.training.recipe import Recipe


@dataclass(frozen=True)
class Rates:
    """The learning rates of one step.

    ``slow`` is the share of the weights' rate that the layers of ``freeze`` have. Their biases keep
    the biases' rate and stop with the weights, at 0, as in the 2012 runs (run4.sh).
    """

    weights: float
    biases: float
    slow: float = 1.0

    def of(self, kind: str) -> float:
        """The rate of "weights", "biases", "slow weights" or "slow biases"."""
        return {
            "weights": self.weights,
            "biases": self.biases,
            "slow weights": self.weights * self.slow,
            "slow biases": self.biases if self.slow else 0.0,
        }[kind]


@dataclass(frozen=True)
class Group:
    """Parameters that have one rate and one decay; ``layerwise`` ones have LARS's beside it."""

    kind: str  # as in ``Rates.of``
    decay: float
    values: tuple[torch.nn.Parameter, ...]
    layerwise: bool = False


class Momentum:
    """The update of a network's weights and biases; ``step(rates)`` after each backward pass.

    Gradients must have the memory layout of their weights, as autograd makes them: torch's fused
    kernel does not look at strides. A parameter whose rate is 0 is left alone, velocity included,
    as the original's rate 0 (src/weights.cu): no update, no decay.

    ``totals`` is for processes that hold slices of the layers. LARS, and nothing else, calls it
    once a step, even where nothing moves: with the sums of squares of this process's weights and
    of their gradients, float64 (2, weights), and the weights' names. It returns the sums over the
    whole layers. The names are of the weights that move, of the layers that this process holds.
    """

    def __init__(self, network: Network, recipe: Recipe) -> None:
        self.recipe, self.network = recipe, network
        self.groups = _groups(network, recipe)
        self.buffers: dict[Tensor, Tensor | None] = dict.fromkeys(network.parameters())
        self.rates: dict[str, float] = {}  # by kind, the last above 0: the unit of the velocities
        self.last: dict[str, float] = {}  # by kind, those of the last step
        self.names: dict[Tensor, str] = {v: name for name, v in network.named_parameters()}
        self.totals: Callable[[Tensor, Sequence[str]], Tensor] = _alone

    def freeze(self, rates: Rates) -> None:
        """Before the forward pass: what stands still needs no gradient, nor all that is below."""
        for group in self.groups:
            moves = rates.of(group.kind) > 0
            for value in group.values:
                value.requires_grad_(moves)
                value.grad = value.grad if moves else None

    def step(self, rates: Rates) -> None:
        """One update at these rates, and no gradients any more; where a rate is 0 nothing moves."""
        before = dict(self.rates)
        if self.recipe.optimizer == "lars":
            self._scale_gradients(rates)
        for group in self.groups:
            rate = self.last[group.kind] = rates.of(group.kind)
            if rate:
                self._update(group, rate, before.get(group.kind) or rate)
                self.rates[group.kind] = rate
        self.drop_gradients()

    def drop_gradients(self) -> None:
        """As if there had been no backward pass."""
        self.network.zero_grad(set_to_none=True)

    @torch.no_grad()
    def _scale_gradients(self, rates: Rates) -> None:
        """Put local (g + decay w) in the place of g: velocities keep the rates of their steps."""
        moved = [
            (value, value.grad, group.decay)
            for group in self.groups
            if group.layerwise and rates.of(group.kind)
            for value in group.values
            if value.grad is not None
        ]
        squares = [[_square(w) for w, _, _ in moved], [_square(g) for _, g, _ in moved]]
        names = [self.names[w] for w, _, _ in moved]
        norms = self.totals(torch.tensor(squares, dtype=torch.double), names).sqrt().tolist()
        for (w, g, decay), of_w, of_g in zip(moved, *norms, strict=True):
            local = self.recipe.trust * of_w / (of_g + decay * of_w) if of_w and of_g else 1.0
            g.add_(w, alpha=decay).mul_(local)

    def _update(self, group: Group, rate: float, before: float) -> None:
        moved = [value for value in group.values if value.grad is not None]
        buffers = [self.buffers[value] for value in moved]
        gradients = [value.grad for value in moved if value.grad is not None]
        decay = 0.0 if group.layerwise else group.decay  # LARS has put it into the gradients
        # Without torch's Optimizer class, which imports its compiler: a second of start-up.
        with torch.no_grad():
            sgd(
                list[Tensor](moved), gradients, buffers, fused=True, lr=rate,
                momentum=self.recipe.momentum * before / rate, weight_decay=decay,
                dampening=0.0, nesterov=False, maximize=False,
            )  # fmt: skip
        self.buffers.update(zip(moved, buffers, strict=True))

    def velocities(self) -> Iterator[tuple[str, Tensor, float]]:
        """Name, torch's buffer b and the rate; the last step moved the weights by -rate * b."""
        kinds = {value: group.kind for group in self.groups for value in group.values}
        for name, value in self.network.named_parameters():
            buffer = self.buffers[value]
            if buffer is not None:
                yield name, buffer, self.last.get(kinds[value], 0.0)

    def tensors(self) -> dict[str, Tensor]:
        """The buffers by parameter name, for a checkpoint."""
        return {name: buffer for name, buffer, _ in self.velocities()}

    def restore(self, buffers: Mapping[str, Tensor], rates: Mapping[str, float]) -> None:
        """Take up the buffers and the rates of a checkpoint."""
        for name, value in self.network.named_parameters():
            if name in buffers:
                self.buffers[value] = torch.empty_like(value).copy_(buffers[name])
        self.rates = dict(rates)


def _groups(network: Network, recipe: Recipe) -> list[Group]:
    """Parameters of one kind (see ``Rates.of``) and one decay together."""
    found: dict[tuple[str, float], list[torch.nn.Parameter]] = {}
    for layer in learned(network.layers):
        held = network.held(layer)
        slow = "slow " if layer.name in recipe.freeze else ""
        decay = recipe.decay if layer.decay is None else layer.decay
        found.setdefault((f"{slow}weights", decay), []).append(held.weight)
        found.setdefault((f"{slow}biases", recipe.bias_decay), []).append(held.bias)
    lars = recipe.optimizer == "lars"
    return [
        Group(kind, decay, tuple(values), lars and kind.endswith("weights"))
        for (kind, decay), values in found.items()
    ]


def _alone(squares: Tensor, _names: Sequence[str]) -> Tensor:
    return squares


def _square(x: Tensor) -> float:
    """The sum of squares, unit by unit: in one float32 sum, fc6's would be off by 0.5 %."""
    units = torch.linalg.vector_norm(x, dim=tuple(range(1, x.dim())))
    return float(units.double().square().sum())
