"""The update on a GPU: one kernel for each parameter, which a captured step can replay.

The rates of a step are numbers on the device, so that one captured step serves all rates; it holds
as long as the same parameters move (``standing``). What is kept between steps is what a CPU keeps,
so that a run may go on on either.
"""

from collections.abc import Hashable

import torch
from torch import Tensor

from alexnet.kernels.gpu.momentum import update
from alexnet.networks.build import Network
from alexnet.training.optimizer import Momentum, Rates
from alexnet.training.recipe import Recipe


class GpuMomentum(Momentum):
    """``Momentum`` in two halves: ``numbers(rates)`` on the host, ``apply`` on the device.

    Where the network has bf16 copies of its weights, gradients are theirs, and the update rounds
    them anew. LARS reads norms from the device, so that its steps are not ``capturable``.
    """

    def __init__(self, network: Network, recipe: Recipe) -> None:
        super().__init__(network, recipe)
        self.capturable = recipe.optimizer != "lars"
        self.asked = Rates(0.0, 0.0)  # of the step that ``numbers`` was last called for

    def freeze(self, rates: Rates) -> None:
        """Before the forward pass: what stands still needs no gradient, nor all that is below."""
        super().freeze(rates)
        for value, name in self.names.items():
            if name in self.network.copies:
                copy = self.network.copies[name].requires_grad_(value.requires_grad)
                copy.grad = copy.grad if value.requires_grad else None

    def standing(self, rates: Rates) -> Hashable:
        """Which groups move at these rates; what was captured holds for all that agree in it."""
        return tuple(rates.of(group.kind) > 0 for group in self.groups)

    def numbers(self, rates: Rates) -> list[list[float]]:
        """What ``apply`` must find on the device: rate, momentum and decay of each group.

        The momentum is rescaled where the rate has changed; all three are 0 where nothing moves.
        From here on the step counts as taken: ``rates`` and ``last`` are those after it.
        """
        self.asked, before = rates, dict(self.rates)
        if not self.capturable:
            return [[0.0] * 3 for _ in self.groups]
        found = []
        for group in self.groups:
            three, rate = [0.0] * 3, rates.of(group.kind)
            self.last[group.kind] = rate
            if rate:
                momentum = self.recipe.momentum * (before.get(group.kind) or rate) / rate
                three = [rate, momentum, group.decay]
                self.rates[group.kind] = rate
                self._prepare(group.values)
            found.append(three)
        return found

    def apply(self, numbers: Tensor) -> None:
        """One update at the rates of ``numbers``, float32 (groups, 3) on the device."""
        if not self.capturable:
            self._layerwise(self.asked)
            return
        for group, three in zip(self.groups, numbers.unbind(), strict=True):
            if self.asked.of(group.kind):
                for value in group.values:
                    self._advance(value, three)
        self.drop_gradients()

    def step(self, rates: Rates) -> None:
        """One update at these rates, and no gradients any more; where a rate is 0 nothing moves."""
        where = next(iter(self.buffers)).device
        self.apply(torch.tensor(self.numbers(rates), device=where))

    def _prepare(self, values: tuple[torch.nn.Parameter, ...]) -> None:
        """Velocities of 0, made before a step is captured, lest each replay makes them anew."""
        for value in values:
            if self.buffers[value] is None:
                self.buffers[value] = torch.zeros_like(value, requires_grad=False)

    @torch.no_grad()
    def _advance(self, value: torch.nn.Parameter, numbers: Tensor) -> None:
        gradient, copy = self._gradient(value), self.network.copies.get(self.names[value])
        velocity = self.buffers[value]
        if gradient is not None and velocity is not None:
            update(value, velocity, gradient, copy, numbers)

    def _gradient(self, value: Tensor) -> Tensor | None:
        copy = self.network.copies.get(self.names[value])
        return value.grad if copy is None or copy.grad is None else copy.grad

    def _layerwise(self, rates: Rates) -> None:
        """A step of LARS, as on a CPU: in float32, then the copies."""
        for value in self.buffers:
            gradient = self._gradient(value)
            value.grad = None if gradient is None else gradient.float()
        super().step(rates)
        self.network.refresh_copies()

    def drop_gradients(self) -> None:
        """Those of the copies too."""
        super().drop_gradients()
        for copy in self.network.copies.values():
            copy.grad = None
