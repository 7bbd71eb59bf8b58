"""What a benchmark found of a GPU: its name, its memory, and the layers beside their rooflines."""

from collections.abc import Iterable

from alexnet.benchmarking.outcome import Benchmark, Row
from alexnet.cli.benchmark_numbers import percent

APART = (
    "timed one by one, apart from the captured step, so that their sum is not the step's time; "
    "floor: what peak and bandwidth allow"
)
HEAD = ["", "ms forward", "floor", "ms back", "floor", "reached", "share"]


def named(found: Benchmark) -> list[tuple[str, str]]:
    """The GPU, where one trained."""
    if found.gpu is None:
        return []
    facts = {key: value for key, value in found.gpu.items() if key != "device"}
    card, gigabytes = facts.pop("card", ""), facts.pop("card_memory_gb", "")
    parts = [f"{card}, {gigabytes} GB"] if card else []
    parts += [f"{key} {value}" for key, value in facts.items()]
    return [("GPU", f"{found.device}: {', '.join(parts)}")]


def memory(found: Benchmark) -> list[str]:
    """What it took of the GPU's memory."""
    if found.gpu_memory_gb is None or found.gpu_reserved_gb is None:
        return []
    return [f"on the GPU {found.gpu_memory_gb:.1f} GB ({found.gpu_reserved_gb:.1f} GB kept for it)"]


def rows_with_floors(found: Benchmark) -> list[list[str]]:
    """A line for each part of the step: times, what peak and bandwidth allow, how near that is."""
    rows = found.rows
    sums = [
        _ms(_sum(row.forward for row in rows)), _ms(_sum(row.forward_floor for row in rows)),
        _ms(_sum(row.backward for row in rows)), _ms(_sum(row.backward_floor for row in rows)),
    ]  # fmt: skip
    whole = sum(row.seconds for row in rows)
    return [HEAD, *(_row(row, whole) for row in rows), ["sum", *sums, "", "100.0 %"]]


def _sum(values: Iterable[float | None]) -> float:
    return sum(value or 0.0 for value in values)


def _row(row: Row, whole: float) -> list[str]:
    near = "" if row.floor is None or not row.seconds else percent(row.floor / row.seconds, 0)
    return [
        row.name.replace("+", " "), _ms(row.forward), _ms(row.forward_floor),
        _ms(row.backward or None), _ms(row.backward_floor or None), near,
        percent(row.seconds / whole),
    ]  # fmt: skip


def _ms(seconds: float | None) -> str:
    return "" if seconds is None else f"{1e3 * seconds:.3f}"
