"""Training spread over processes: towers, replicas, hybrid, and towers times replicas."""

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict

import torch
import torch.distributed as dist
from torch import Tensor
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.distributed_c10d import _set_pg_timeout
from torch.nn.parallel import DistributedDataParallel

from alexnet.errors import UsageError
from alexnet.networks.build import Network
from alexnet.networks.layers import Gather, Scatter, learned
from alexnet.parallel import split, traffic
from alexnet.parallel.groups import Group, all_gather
from alexnet.parallel.launch import local_size
from alexnet.parallel.placement import Placement, shared_out
from alexnet.parallel.share import ShareNetwork
from alexnet.parallel.split import Mode, share_of, streams_of
from alexnet.parallel.synced import Run, synced
from alexnet.parallel.world import Processes


class Spread(Placement):
    """This process's part, on a mesh of replicas x parts: neighbouring ranks share a network.

    The dense layers of a hybrid are shared by the processes of one machine.

    ``exchange`` is the type that float32 values travel in. UsageError where the network or the
    batch cannot be shared out among so many processes.
    """

    def __init__(
        self, world: Processes, mode: Mode, network: Network, batch: int,
        exchange: torch.dtype | None = None,
    ) -> None:  # fmt: skip
        super().__init__(network, batch, world)
        self.mode, self.timeout = mode, world.timeout
        self.local = world.told(local_size())  # one number for all, machines may differ
        self.share = share_of(network.layers, mode, world.size, world.rank, self.local)
        self.traffic, self.exchange = traffic.Traffic(), exchange
        self.layers = network.layers
        self.shapes = {name: value.shape for name, value in network.named_parameters()}
        parts = self.share.parts
        self.described = f"{world.size} as {mode}" + (f" in {parts} parts" * (mode == "hybrid"))
        self.streams = streams_of(mode, world.size, parts)
        self.all_rows = _rows(batch, self.streams, equal=mode == "hybrid")
        self.rows = self.all_rows[world.rank if mode == "hybrid" else world.rank // parts]
        # Its groups have all backends of the meeting, so that they exchange tensors on cards too.
        mesh = init_device_mesh(
            "cpu", (world.size // parts, parts), mesh_dim_names=("replicas", "parts")
        )
        for name in ("replicas", "parts"):  # a mesh has the default timeout, half an hour
            _set_pg_timeout(world.timeout, mesh.get_group(name))
        self.sharing = self._group(mesh.get_group("parts"))
        everyone = dist.group.WORLD
        assert everyone is not None
        self.everyone = self._group(everyone)
        self.replicas = self._group(mesh.get_group("replicas"))
        if mode != "replicas":
            logits = learned(network.layers)[-1].name
            self.network = ShareNetwork(self.share, logits, network.side, self._talking())
            self.network.precision = network.precision
            self.network.kernels = network.kernels
            self.network.to(next(network.parameters()).device)
        self.moving: list[str] | None = None  # names of the parameters that ``synced`` is for
        self.synced: list[DistributedDataParallel] = []
        self.run: Run = self.network.__call__

    def _group(self, handle: dist.ProcessGroup) -> Group:
        return Group(handle, handle.rank(), handle.size(), self.exchange, self.traffic)

    def _talking(self) -> dict[int, Group]:
        """The groups that the list talks of, by size: all parts, or neighbours among them."""
        sizes = {one.parts for one in self.share.layers if isinstance(one, Gather | Scatter)}
        found = {self.share.parts: self.sharing}
        for size in sorted(sizes - set(found)):
            for start in range(0, self.world.size, size):
                ranks = list(range(start, start + size))
                handle = dist.new_group(ranks, timeout=self.timeout)
                if self.world.rank in ranks:
                    found[size] = self._group(handle)
        return found

    def places(self, layer: str, piece: int, pieces: int) -> tuple[Sequence[range], int, int]:
        """(rows of the batch, part, parts of the units) that a layer's values have here."""
        spread = layer in self.share.spread
        part, parts = (self.share.index, self.share.parts) if spread else (0, 1)
        first = self.world.rank - self.share.index
        sharing = self.all_rows[first : first + self.share.parts]
        streams = sharing if spread and self.mode == "hybrid" else [self.rows]
        return [shared_out(rows, pieces)[piece] for rows in streams], part, parts

    def forward(self, views: Tensor) -> Tensor:
        """Logits (N, classes); a single zero where another process computes these."""
        return self._wrapped()(views)

    @contextmanager
    def adding(self, more: bool) -> Iterator[None]:
        """Around a piece's forward and backward pass; gradients travel with the last one."""
        self._wrapped()
        with ExitStack() as stack:
            for module in self.synced if more else ():
                stack.enter_context(module.no_sync())
            yield

    def _wrapped(self) -> Run:
        """The network under DistributedDataParallel, anew where other layers stand still now.

        What all processes hold alike is summed over all of them, what a share's replicas hold
        alike over these.
        """
        held = dict(self.network.named_parameters())
        moving = [name for name, value in held.items() if value.requires_grad]
        if moving != self.moving:
            self.moving, self.synced, self.run = moving, [], self.network.__call__
            everywhere = split.not_cut(self.share.slices) if self.mode == "hybrid" else set()
            for group, names in (
                (self.everyone, [name for name in moving if name in everywhere]),
                (self.replicas, [name for name in moving if name not in everywhere]),
            ):
                if group.size > 1 and names:
                    self.synced.append(synced(self.run, [held[name] for name in names], group))
                    self.run = self.synced[-1].__call__
        return self.run

    def lines(self) -> list[str]:
        """What the printed plan says of it."""
        parts, alike = self.share.parts, self.world.size // self.share.parts
        what = {
            "replicas": f"{alike} replicas of the whole network",
            "towers": f"{parts} towers" + (f", {alike} replicas of them" if alike > 1 else ""),
            "hybrid": f"convolutions on all, dense layers in {parts} parts"
            + (f", {alike} replicas of these" if alike > 1 else ""),
        }[self.mode]
        each = " or ".join(map(str, sorted({len(rows) for rows in self.all_rows})))
        return [f"Processes  {self.world.size}: {what}; {each} pictures of a batch each"]

    def exchanged(self) -> str:
        """A line about what was exchanged since the last call, that is in one step."""
        each = self.traffic
        sent = self.world.sums({"values": each.values, "gradients": each.gradients})
        expected = self.world.sums(asdict(self.expected()))
        each.values = each.gradients = 0
        line = (
            f"Exchange   {sent['values'] / 1e6:,.1f} MB of values and "
            f"{sent['gradients'] / 1e6:,.1f} MB of gradients a step, all processes together"
        )
        moving = all(value.requires_grad for value in self.network.parameters())
        if not moving:
            return f"{line} (some layers stand still)"
        if all(math.isclose(sent[name], expected[name], rel_tol=1e-6) for name in sent):
            return f"{line}, as computed from the list of layers"
        return f"{line}; computed were {expected['values']:,.0f} and {expected['gradients']:,.0f} B"

    def expected(self) -> traffic.Traffic:
        """What this process sends in a step by the list of layers, when all of them move."""
        half = self.exchange is not None
        inside = 2 if half or self.network.precision == torch.bfloat16 else 4
        widths = traffic.Widths(inside, 2 if half else 4, 2 if half else 4)
        return traffic.of_step(
            self.layers, self.network.input, self.mode, self.world.size, self.world.rank,
            len(self.rows) * self.streams, widths, self.local,
        )  # fmt: skip

    def totals(self, values: Tensor, names: Sequence[str]) -> Tensor:
        """Sums (..., parameters) over those who hold parts of the parameters named."""
        order = list(self.share.slices)
        return self._totals(values, names)[..., [order.index(name) for name in names]]

    def over_parts(self, values: Mapping[str, float]) -> dict[str, float]:
        """Such sums of numbers by parameter; of all parameters, whoever holds them."""
        found = self._totals(torch.tensor(list(values.values()), dtype=torch.float64), list(values))
        return dict(zip(self.share.slices, found.tolist(), strict=True))

    def _totals(self, values: Tensor, names: Sequence[str]) -> Tensor:
        """Sums of all parameters, in the network's order; what all hold alike is counted once."""
        slices = self.share.slices
        order = list(slices)
        full = values.new_zeros((*values.shape[:-1], len(order)))
        counted = [slices[name].dim is not None or self._first_part for name in names]
        full[..., [order.index(name) for name in names]] = values * torch.tensor(
            counted, device=values.device
        )
        dist.all_reduce(full, group=self.sharing.handle)
        return full

    @property
    def _first_part(self) -> bool:
        return self.share.index == 0

    @property
    def _where(self) -> torch.device:
        return next(self.network.parameters()).device

    def _empty(self, name: str) -> Tensor:
        return torch.empty(self.shapes[name], device=self._where)

    def whole(self, held: Mapping[str, Tensor]) -> Iterator[tuple[str, Tensor]]:
        """Whole parameters, or what is shaped as they are, of the parts that each process holds.

        One at a time, by name, on every process.
        """
        if self.share.parts == 1:
            yield from held.items()
            return
        present = torch.tensor([name in held for name in self.share.slices], dtype=torch.uint8)
        dist.all_reduce(present, dist.ReduceOp.MAX, group=self.sharing.handle)
        names = [name for name, there in zip(self.share.slices, present, strict=True) if there]
        for name in names:
            yield name, self._whole(name, held.get(name))

    def _whole(self, name: str, held: Tensor | None) -> Tensor:
        cut, group = self.share.slices[name], self.sharing
        if cut.only:
            value = self._empty(name) if held is None else held.detach().contiguous()
            dist.broadcast(value, group=group.handle, group_src=0)
            return value
        assert held is not None
        if cut.dim is None:
            return held
        mine = held.detach().contiguous()
        parts = mine.new_empty((group.size, *mine.shape))
        all_gather(parts.view(-1), mine.view(-1), group=group.handle)
        return torch.cat(list(parts), cut.dim)

    def shared(self, whole: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        """What this process holds of what the first one has whole."""
        found = {}
        for name in self.world.told(list(whole)):
            if self.world.first:
                value = whole[name].detach().to(self._where).contiguous()
            else:
                value = self._empty(name)
            dist.broadcast(value, 0)
            cut = self.share.slices[name]
            if cut.dim is not None:
                found[name] = value.chunk(self.share.parts, cut.dim)[self.share.index].clone()
            elif self._first_part or not cut.only:
                found[name] = value
        return found


def _rows(batch: int, streams: int, equal: bool) -> list[range]:
    if streams > batch or (equal and batch % streams):
        raise UsageError(
            f"A batch of {batch} pictures cannot be shared out {'evenly ' if equal else ''}among "
            f"{streams} processes; give another --batch or start another number of them."
        )
    return shared_out(range(batch), streams)
