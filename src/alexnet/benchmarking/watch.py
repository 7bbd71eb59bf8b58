"""Where the time of a training step goes: a clock that network and update move on.

Nothing is run apart for it: the step that is timed as a whole is timed in its parts.
"""

import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from alexnet.benchmarking.timing import Event, ahead, moment
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
        self.passed: dict[Part, float] = {}
        self.last = time.perf_counter()

    def add(self, what: str, way: str = "") -> None:
        """What was done until now."""
        now = time.perf_counter()
        self.passed[what, way] = self.passed.get((what, way), 0.0) + now - self.last
        self.last = now

    @property
    def seconds(self) -> dict[Part, float]:
        """Of the step so far."""
        return self.passed


class EventClock(Clock):
    """The same for a GPU, which works behind: moments in its stream, read when it has passed them.

    ``moment`` makes one; ``ahead`` keeps the GPU busy for a little while before a step, so that no
    gap between two of its kernels is one in which the processor was late.
    """

    def __init__(
        self, moment: Callable[[], Event] = moment, ahead: Callable[[], None] = ahead
    ) -> None:
        self.moment, self.ahead = moment, ahead
        super().__init__()

    def start(self) -> None:
        """A step begins."""
        self.ahead()
        self.began = self.moment()
        self.marks: list[tuple[Part, Event]] = []

    def add(self, what: str, way: str = "") -> None:
        """What was asked of the GPU until now."""
        self.marks.append(((what, way), self.moment()))

    @property
    def seconds(self) -> dict[Part, float]:
        """Of the step so far; waits until the GPU has done it."""
        passed: dict[Part, float] = {}
        before = self.began
        for part, event in self.marks:
            event.synchronize()
            passed[part] = passed.get(part, 0.0) + before.elapsed_time(event) / 1e3
            before = event
        return passed


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
