"""Who computes what: one device, which is the simplest placement, or several processes.

The loop sees one ``Placement``: the network that is trained here, which pictures of each batch are
this process's, how what was computed is put together, and who writes.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor

from alexnet.networks.build import Network
from alexnet.parallel.world import World

ALONE = World()


class Placement:
    """One device. Several processes override what differs (``spread.Spread``)."""

    described = "1"
    streams = 1  # processes, or towers of processes, that have pictures of their own

    def __init__(self, network: Network, batch: int, world: World = ALONE) -> None:
        self.network, self.world = network, world
        self.rows = range(batch)  # of each batch, that are seen here

    def pieces(self, count: int) -> list[range]:
        """The rows in as many turns as memory wants, the whole batch's update being one."""
        return shared_out(self.rows, count)

    def places(
        self,
        layer: str,  # noqa: ARG002
        piece: int,
        pieces: int,
    ) -> tuple[Sequence[range], int, int]:
        """(rows of the batch, part, parts of the units) that a layer's values have here."""
        return [self.pieces(pieces)[piece]], 0, 1

    def forward(self, views: Tensor) -> Tensor:
        """Logits (N, classes); a single zero where another process computes these."""
        return self.network(views)  # type: ignore[no-any-return]

    def adding(self, more: bool) -> AbstractContextManager[None]:  # noqa: ARG002
        """Around a piece's forward and backward pass; ``more``: another one follows."""
        return nullcontext()

    def totals(self, values: Tensor, names: Sequence[str]) -> Tensor:  # noqa: ARG002
        """Sums (..., parameters) over those who hold parts of the parameters named."""
        return values

    def over_parts(self, values: Mapping[str, float]) -> dict[str, float]:
        """Such sums of numbers by parameter; of all parameters, whoever holds them."""
        return dict(values)

    def lines(self) -> list[str]:
        """What the printed plan says of it."""
        return []

    def exchanged(self) -> str:
        """A line about what was exchanged since the last call, that is in one step, or ""."""
        return ""

    def whole(self, held: Mapping[str, Tensor]) -> Iterator[tuple[str, Tensor]]:
        """Whole parameters, or what is shaped as they are, of the parts that each process holds.

        One at a time, by name, on every process.
        """
        yield from held.items()

    def shared(self, whole: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        """What this process holds of what the first one has whole."""
        return whole

    def put_into(self, network: Network) -> None:
        """Copy the weights that are trained into an ordinary network."""
        if network is not self.network:
            with torch.no_grad():
                into = dict(network.named_parameters())
                for name, value in self.whole(dict(self.network.named_parameters())):
                    into[name].copy_(value)

    def take_from(self, network: Network) -> None:
        """Take over the weights of the first process's ordinary network."""
        with torch.no_grad():
            found = self.shared(dict(network.named_parameters()))
            for name, value in self.network.named_parameters():
                if value is not found[name]:
                    value.copy_(found[name])


def shared_out(rows: range, parts: int) -> list[range]:
    """Consecutive parts of nearly equal length, as many as asked for, none left out."""
    count = len(rows)
    ends = [rows.start + count * n // parts for n in range(parts + 1)]
    return [range(start, end) for start, end in itertools.pairwise(ends)]
