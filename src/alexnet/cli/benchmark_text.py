"""What a benchmark found, as people read it."""

from alexnet import machine
from alexnet.benchmarking.outcome import Benchmark, Row
from alexnet.benchmarking.pictures import NOISE
from alexnet.cli import benchmark_gpu_text as gpu
from alexnet.cli.benchmark_numbers import percent, rate, short
from alexnet.cli.columns import paragraph, table
from alexnet.progress import duration

INDENT = 11
STEADY = 1.1  # a peak that moves by more was disturbed
BUSY = 0.1  # of the processors: others that take more disturb


def described(found: Benchmark, width: int) -> list[str]:
    """Speed, share of the peak, where the time goes, what the recipe will take, what is quicker."""
    pairs = [*_what(found), ("", ""), *_speed(found)]
    lines = [line for name, text in pairs for line in _line(name, text, width)]
    rows = _rows(found) if found.gpu is None else gpu.rows_with_floors(found)
    lines += ["", *table(rows, width, wrapped=(0,), right=range(1, len(rows[0]))), ""]
    apart = [] if found.gpu is None else [("Layers", gpu.APART)]
    for name, text in (*apart, ("Time", _time(found)), *_remarks(found)):
        lines += _line(name, text, width)
    return lines


def _line(name: str, text: str, width: int) -> list[str]:
    return paragraph(text, width, f"{name:{INDENT}}", " " * INDENT) or [""]


def _what(found: Benchmark) -> list[tuple[str, str]]:
    pictures = "noise" if found.pictures == NOISE else found.pictures
    has, versions = found.machine, found.versions
    others = "" if found.others is None else f"; others kept {found.others:.1f} processors busy"
    load = "not known" if found.load is None else f"{found.load:.1f} when it began"
    return [
        ("Network", f"{found.network}, {found.classes:,} classes, batches of {found.batch}"),
        ("Pictures", pictures),
        *gpu.named(found),
        (
            "Machine",
            f"{has['processor']}, {found.threads} threads on {has['cores']} cores, "
            f"{has['instructions']}, {has['memory_gb']} GB; torch {versions['torch']}",
        ),
        ("Kernels", f"{found.kernels}; precision {found.precision}"),
        ("Load", load + others),
    ]


def _memory(found: Benchmark) -> list[tuple[str, str]]:
    """The most that the process had, and what it had on the GPU."""
    parts = [] if found.memory_gb is None else [f"{found.memory_gb:.1f} GB at most"]
    parts += gpu.memory(found)
    return [("Memory", "; ".join(parts))] if parts else []


def _speed(found: Benchmark) -> list[tuple[str, str]]:
    reached = found.gflop_per_image * found.images_per_second
    copies = found.bandwidth_gb_s
    bandwidth = [] if copies is None else [("Bandwidth", f"{copies:,.0f} GB/s, read and written")]
    return [
        (
            "Speed",
            f"{rate(found.images_per_second)} images/s, the whole training step; median of "
            f"{len(found.seconds)} ({rate(min(found.rates))} to {rate(max(found.rates))})",
        ),
        (
            "Peak",
            f"{found.peak_gflops:,.0f} GFLOP/s: {found.peak_measured} "
            f"({min(found.peaks):,.0f} to {max(found.peaks):,.0f})",
        ),
        (
            "Share",
            f"{percent(found.share_of_peak, 0)} of that peak: {found.gflop_per_image:.4g} GFLOP "
            f"an image are {short(reached)} GFLOP/s",
        ),
        *bandwidth,
        ("Waiting", f"{percent(found.waiting_share)} of the time, for pictures"),
        *_memory(found),
    ]


def _rows(found: Benchmark) -> list[list[str]]:
    """A line for each part of the step: times, share, and how fast its products are."""
    whole = sum(row.seconds for row in found.rows)
    head = ["", "ms forward", "ms back", "share", "GFLOP/s forward", "GFLOP/s back"]
    total = sum(row.forward for row in found.rows), sum(row.backward for row in found.rows)
    sums = ["sum", *(f"{1e3 * value:.1f}" for value in total), "100.0 %", "", ""]
    return [head, *(_row(row, whole) for row in found.rows), sums]


def _row(row: Row, whole: float) -> list[str]:
    back = f"{1e3 * row.backward:.1f}" if row.backward else ""
    rates = ["" if rate is None else f"{rate:.3g}" for rate in row.gflops]
    return [
        row.name.replace("+", " "), f"{1e3 * row.forward:.1f}", back,
        percent(row.seconds / whole), *rates,
    ]  # fmt: skip


def _time(found: Benchmark) -> str:
    data = "ImageNet's" if found.pictures == NOISE else "the set's"
    return (
        f"recipe {found.recipe}, {found.epochs:g} epochs of {data} {found.train:,} training "
        f"pictures: about {long_duration(found.recipe_seconds)}"
    )


def long_duration(seconds: float) -> str:
    """As ``duration``, but days from two of them on."""
    days = seconds / 86400
    return duration(seconds) if days < 2 else f"{days:,.0f} days"


def _remarks(found: Benchmark) -> list[tuple[str, str]]:
    """What disturbed, and what is quicker."""
    cores = found.machine["cores"]
    busy = found.others is not None and found.others > BUSY * cores
    unsteady = max(found.peaks) > STEADY * min(found.peaks)
    remarks = []
    if busy or unsteady:
        why = "other programs were busy" if busy else "the peak moved by more than a tenth"
        remarks.append(("Disturbed", f"{why}: measure again when nothing else runs"))
    return remarks + [("Faster" if not n else "", text) for n, text in enumerate(faster(found))]


def faster(found: Benchmark) -> list[str]:
    """How to get a faster path than the one that was measured."""
    if found.gpu is not None:
        slow = found.precision == "float32"
        return ["a GPU multiplies bf16 several times faster: --precision bf16"] if slow else []
    lines = []
    if not found.kernels.startswith("C"):
        lines.append("normalisation is quicker in C, which installing with a C compiler builds")
    if found.precision == "float32" and machine.has_bf16():
        lines.append("this processor multiplies bf16 itself: --precision bf16 is quicker")
    if found.precision == "bf16" and not machine.has_bf16():
        lines.append("this processor has no bf16 of its own: --precision float32 is quicker")
    if found.threads < found.machine["cores"]:
        lines.append(f"{found.machine['cores']} threads are possible: leave out --threads")
    return lines
