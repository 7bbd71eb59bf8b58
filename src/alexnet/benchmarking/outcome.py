"""What a benchmark found: plain figures, and what follows from them."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from alexnet.benchmarking.watch import BACKWARD, DATA, FORWARD, LOSS, REST, UPDATE, Part, name_of
from alexnet.networks.build import steps
from alexnet.networks.layers import Layers
from alexnet.networks.tables import table


@dataclass(frozen=True)
class Row:
    """A part of a training step: seconds a step, and the arithmetic in it."""

    name: str
    forward: float
    backward: float = 0.0
    forward_flop: float = 0.0
    backward_flop: float = 0.0
    forward_floor: float | None = None  # seconds at the least; None: not known
    backward_floor: float | None = None

    @property
    def seconds(self) -> float:
        """Both ways."""
        return self.forward + self.backward

    @property
    def gflops(self) -> tuple[float | None, float | None]:
        """GFLOP/s of both ways; None where there are no products, or nothing was timed."""
        pairs = ((self.forward_flop, self.forward), (self.backward_flop, self.backward))
        forward, backward = (flop / s / 1e9 if flop and s else None for flop, s in pairs)
        return forward, backward

    @property
    def floor(self) -> float | None:
        """Seconds of both ways at the least; None: not known."""
        known = [one for one in (self.forward_floor, self.backward_floor) if one is not None]
        return sum(known) if known else None


@dataclass(frozen=True)
class Benchmark:
    """How fast a network trains on this machine."""

    network: str
    classes: int
    pictures: str  # the set's folder, or "noise"
    recipe: str
    batch: int
    precision: str
    threads: int
    kernels: str
    gflop_per_image: float
    seconds: tuple[float, ...]  # of each timed step
    waited: float  # seconds of all of them, for pictures
    peaks: tuple[float, ...]  # GFLOP/s of each matrix product
    side: int  # of the matrices
    rows: tuple[Row, ...]
    epochs: float  # of the whole recipe
    train: int  # pictures of one
    passes: float  # pictures of all; one that is only validated counts a third
    load: float | None
    others: float | None
    memory_gb: float | None  # at its highest
    machine: Mapping[str, Any]
    versions: Mapping[str, str]
    device: str = "cpu"
    gpu: Mapping[str, Any] | None = None  # what it is; None: the processor trained
    bandwidth: float | None = None  # bytes a second that the GPU copies, read and written
    gpu_memory_gb: float | None = None  # at its highest: what was in use, and what was kept for it
    gpu_reserved_gb: float | None = None

    @property
    def rates(self) -> list[float]:
        """Images a second of each step."""
        return [self.batch / seconds for seconds in self.seconds]

    @property
    def images_per_second(self) -> float:
        """The median over the steps."""
        return statistics.median(self.rates)

    @property
    def peak_gflops(self) -> float:
        """The median over the products."""
        return statistics.median(self.peaks)

    @property
    def peak_measured(self) -> str:
        """How the peak was measured."""
        what = "products" if self.gpu is None else "readings of products"
        return (
            f"median of {len(self.peaks)} {what} of {self.side}x{self.side} matrices in "
            f"{self.precision}, between the steps"
        )

    @property
    def bandwidth_gb_s(self) -> float | None:
        """GB a second that the GPU copies, read and written; None: the processor trained."""
        return self.bandwidth and self.bandwidth / 1e9

    @property
    def share_of_peak(self) -> float:
        """What the step reaches of what matrix products reach."""
        return self.gflop_per_image * self.images_per_second / self.peak_gflops

    @property
    def waiting_share(self) -> float:
        """The share of the time in which the step waited for pictures."""
        return self.waited / sum(self.seconds)

    @property
    def recipe_seconds(self) -> float:
        """How long the whole recipe takes."""
        return self.passes / self.images_per_second

    def as_json(self) -> dict[str, Any]:
        """All of it as plain values."""
        plain = (
            "network", "classes", "pictures", "recipe", "precision", "batch", "threads", "kernels",
            "images_per_second", "gflop_per_image", "peak_gflops", "peak_measured",
            "share_of_peak", "waiting_share", "epochs", "train", "recipe_seconds", "seconds",
            "peaks", "load", "others", "memory_gb", "machine", "versions", "device", "gpu",
            "bandwidth_gb_s", "gpu_memory_gb", "gpu_reserved_gb",
        )  # fmt: skip
        return {
            **{name: getattr(self, name) for name in plain},
            "layers": [self._as_json(row) for row in self.rows],
        }

    def _as_json(self, row: Row) -> dict[str, Any]:
        forward, backward = row.gflops
        return {
            "name": row.name,
            "share": row.seconds / sum(one.seconds for one in self.rows),
            "forward_ms": 1e3 * row.forward,
            "backward_ms": 1e3 * row.backward,
            "forward_gflops": forward,
            "backward_gflops": backward,
            "floor_ms": row.floor and 1e3 * row.floor,
        }


def rows_of(
    layers: Layers,
    crop: int,
    batch: int,
    each: Mapping[Part, float],
    floors: Mapping[Part, float] | None = None,
    data: str = "waiting",
) -> tuple[Row, ...]:
    """The steps of the list in order, then what is no layer; ``each``: seconds of a step.

    ``floors`` are the least seconds of the parts for which they are known; ``data`` is what the
    step does until it has its pictures.
    """
    flop = dict(zip(map(name_of, steps(layers)), flops(layers, crop), strict=True))
    least = floors or {}
    of_layers = [
        Row(
            name, each.get((name, FORWARD), 0.0), each.get((name, BACKWARD), 0.0),
            batch * forward, batch * backward, least.get((name, FORWARD)),
            least.get((name, BACKWARD)),
        )
        for name, (forward, backward) in flop.items()
    ]  # fmt: skip
    others = {LOSS: LOSS, UPDATE: UPDATE, REST: REST, DATA: data}
    return (
        *of_layers,
        *(
            Row(name, each.get((what, ""), 0.0), forward_floor=least.get((what, "")))
            for what, name in others.items()
        ),
    )


def flops(layers: Layers, crop: int) -> Sequence[tuple[float, float]]:
    """Operations of one picture, both ways, for each step of the list.

    The first layer with weights needs no gradient of its input; their sum is ``training_flop``.
    """
    counts = {row.layer.name: row.multiply_adds for row in table(layers, (3, crop, crop))}
    found, first = [], True
    for step in steps(layers):
        forward = 2.0 * sum(counts[layer.name] for layer in step)
        found.append((forward, forward if first else 2 * forward))
        first = first and not forward
    return found
