"""Whether a training step fits into memory, before it is tried: Linux would kill, not refuse."""

import math
import sys
from pathlib import Path

from alexnet.errors import AlexNetError
from alexnet.networks.build import steps
from alexnet.networks.layers import Layers
from alexnet.networks.tables import parameters, table

LIBRARIES = 6.5e8  # bytes of Python, torch and its code, and the matrices of the peak
BATCHES = 4  # in the making, waiting, in use, and as the first layer reads it
GROUPS = (  # limit and use of a group of processes
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
    (
        "/sys/fs/cgroup/memory/memory.limit_in_bytes",
        "/sys/fs/cgroup/memory/memory.usage_in_bytes",
    ),
)


def check(layers: Layers, crop: int, batch: int) -> None:
    """AlexNetError with a batch that would fit, where this one would not."""
    free = available()
    if free is None or needed(layers, crop, batch) <= free:
        return
    raise AlexNetError(too_much(layers, crop, batch, free))


def too_much(layers: Layers, crop: int, batch: int, free: float) -> str:
    """The sentence that says so."""
    need = needed(layers, crop, batch)
    text = (
        f"A step of {batch:,} pictures needs about {need / 1e9:.1f} GB of memory; "
        f"{free / 1e9:.1f} GB are free."
    )
    fits = fitting(layers, crop, batch, free)
    if fits:
        return f"{text} --batch {fits} would fit."
    return f"{text} Not even a batch of 1 would fit: close other programs, or take a smaller --net."


def fitting(layers: Layers, crop: int, batch: int, free: float) -> int:
    """The largest batch that fits, a power of two below ``batch``; 0: none."""
    for power in range(max(0, math.ceil(math.log2(batch)) - 1), -1, -1):
        if needed(layers, crop, 2**power) <= free:
            return int(2**power)
    return 0


def needed(layers: Layers, crop: int, batch: int) -> float:
    """Bytes that training takes, roughly: weights, gradients and velocities, and what is kept.

    Each step keeps its output for the way back, and the largest one stands there thrice more: its
    gradient, that of its input, and what a convolution rearranges.
    """
    shape = (3, crop, crop)
    rows = {row.layer.name: row for row in table(layers, shape)}
    outputs = [math.prod(rows[step[-1].name].output) for step in steps(layers)]
    picture = BATCHES * math.prod(shape) + sum(outputs) + 3 * max(outputs)
    return LIBRARIES + 4 * (3 * parameters(layers, shape) + batch * picture)


def available() -> float | None:
    """Bytes that are free, for the machine and for this process's group; None: not known."""
    found = [free for free in (_of_machine(), *(_of_group(*pair) for pair in GROUPS)) if free]
    return min(found, default=None)


def _of_machine() -> float | None:
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        (line,) = (line for line in lines if line.startswith("MemAvailable:"))
        return 1024.0 * int(line.split()[1])
    except (OSError, ValueError, IndexError):
        return None


def _of_group(limit: str, use: str) -> float | None:
    try:
        return max(1.0, float(int(Path(limit).read_text()) - int(Path(use).read_text())))
    except (OSError, ValueError):
        return None


def peak_gb() -> float | None:
    """The most memory that this process has had, in GB; None: not known."""
    try:
        import resource
    except ImportError:
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e9, 3)
