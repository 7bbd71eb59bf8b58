"""The network of one process: a Network that runs a share and talks where its list says so."""

from collections.abc import Mapping

import torch
from torch import Tensor

from alexnet.networks.build import Network
from alexnet.networks.layers import Gather, Layers, Learned, Own, Scatter
from alexnet.parallel.exchange import gathered, given, joined, scattered
from alexnet.parallel.groups import Group
from alexnet.parallel.split import Share

DIMS = {"pictures": 0, "maps": 1}


class ShareNetwork(Network):
    """Runs the list of a share; ``groups`` are the processes that talk, by their number.

    Gives logits (N, classes), or, where another process computes these, a zero whose backward pass
    is that process's.
    """

    def __init__(self, share: Share, logits: str, side: int, groups: Mapping[int, Group]) -> None:
        super().__init__(share.layers, side)
        self.logits, self.share, self.groups = logits, share, groups

    def run(self, step: Layers, x: Tensor) -> Tensor:
        """The outputs of one of ``steps``."""
        layer, behind = step[0], step[-1]
        if isinstance(behind, Scatter):
            return self._scattered(layer, x, self.groups[behind.parts])
        if isinstance(layer, Gather):
            return self._gathered(layer, behind, x)
        if isinstance(layer, Own):
            return x.chunk(layer.parts, 1)[layer.index]
        return super().run(step, x)

    def _gathered(self, gather: Gather, layer: object, x: Tensor) -> Tensor:
        group = self.groups[gather.parts]
        if gather.to == "first" and group.index:
            return given(x, group)
        if not isinstance(layer, Learned):
            return gathered(x, group, DIMS[gather.what])
        if gather.what == "pictures":
            return self._learned(layer, gathered(x, group, 0))
        held = self.held(layer)
        return joined(
            x, held.weight, held.bias, lambda *values: self.applied(layer, *values), group,
            gather.to == "first",
        )  # fmt: skip

    def _scattered(self, layer: object, x: Tensor, group: Group) -> Tensor:
        assert isinstance(layer, Learned)
        held = self.held(layer)
        return (
            scattered(self.applied(layer, x, held.weight, torch.zeros_like(held.bias)), group)
            + held.bias
        )
