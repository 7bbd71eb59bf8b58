"""Where the time of a training step goes: a clock that network and update move on.

Nothing is run apart for it: the step that is timed as a whole is timed in its parts.
"""

import time
from typing import Any

import torch
from torch import Tensor

from alexnet.networks.build import Network, steps
from alexnet.networks.layers import Layers
from alexnet.training.optimizer import Momentum, Rates
from alexnet.training.recipe import Recipe

FORWARD, BACKWARD = "forward", "backward"
DATA, LOSS, UPDATE, REST = "data", "loss", "update", "rest"
Part = tuple[str, str]  # what, and which way


def name_of(step: Layers) -> str:
    """The layers of a step that runs as one."""
    return "+".join(layer.name for layer in step)


class Clock:
    """Seconds of a step by part; the time since the last call belongs to the part that is named."""

    def __init__(self) -> None:
        self.start()

    def start(self) -> None:
        """A step begins."""
        self.seconds: dict[Part, float] = {}
        self.last = time.perf_counter()

    def add(self, what: str, way: str = "") -> None:
        """What was done until now."""
        now = time.perf_counter()
        self.seconds[what, way] = self.seconds.get((what, way), 0.0) + now - self.last
        self.last = now


class WatchedNetwork(Network):
    """A network that tells a clock of each step, both ways; its arithmetic is the same."""

    def __init__(self, layers: Layers, side: int, clock: Clock) -> None:
        super().__init__(layers, side)
        self.clock = clock
        names = [name_of(step) for step in steps(layers)]
        self.above = dict(zip(names, [*names[1:], LOSS], strict=True))

    def run(self, step: Layers, x: Tensor) -> Tensor:
        """As it is, with the clock read at its ends, both ways."""
        name = name_of(step)
        self.clock.add(REST)
        x = super().run(step, x)
        self.clock.add(name, FORWARD)
        above = self.above[name]
        way = "" if above == LOSS else BACKWARD
        marked: Tensor = _Mark.apply(x, self.clock, above, way)  # type: ignore[no-untyped-call]
        return marked


class _Mark(torch.autograd.Function):
    """Nothing, but for the clock: when its gradient comes, what stands above it is done."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, clock: Clock, what: str, way: str) -> Tensor:
        """The same values."""
        ctx.clock, ctx.part = clock, (what, way)
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        """The same gradient."""
        ctx.clock.add(*ctx.part)
        return gradient, None, None, None


class WatchedMomentum(Momentum):
    """The update, which tells the clock; what ran before it is the first step's way back."""

    def __init__(self, network: WatchedNetwork, recipe: Recipe) -> None:
        super().__init__(network, recipe)
        self.clock, self.first = network.clock, next(iter(network.above))

    def step(self, rates: Rates) -> None:
        """One update."""
        self.clock.add(self.first, BACKWARD)
        super().step(rates)
        self.clock.add(UPDATE)
