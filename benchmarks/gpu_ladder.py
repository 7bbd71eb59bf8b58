"""What was expected of each measure, said before anything was measured, beside what came of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

Results = dict[str, Any]
ILSVRC, EPOCHS = 1_281_167, 90  # pictures of an epoch, and the paper's epochs


@dataclass(frozen=True)
class Rung:
    """A measure, what was expected of it on an H200 and why, and where the outcome stands."""

    name: str
    predicted: float
    why: str
    find: Callable[[Results], float]


def rate(precision: str, batch: int) -> Callable[[Results], float]:
    """Images a second of the sweep."""
    return lambda results: next(
        float(row["images_per_second"]["median"])
        for row in results["sweep"]
        if (row["precision"], row["batch"]) == (precision, batch)
    )


def reached(kernel: str) -> Callable[[Results], float]:
    """The share of its floor that the kernel of that name reaches."""
    return lambda results: next(
        float(row["reached"]) for row in results["kernels"] if row["kernel"] == kernel
    )


def ratio(part: str, batch: int, name: str) -> Callable[[Results], float]:
    """How fast a variant is beside the first of its part."""
    return lambda results: next(
        1 / float(row["variants"][name]["ratio"]["median"])
        if part == "launched"
        else float(row["variants"][name]["ratio"]["median"])
        for row in results[part]
        if row["batch"] == batch
    )


def times(batch: int, feed: str) -> Callable[[Results], float]:
    """How many times as fast as the plain loop."""
    return lambda results: next(
        float(row["ratio"]["median"])
        for row in results["pairs"]
        if (row["batch"], row["plain loop fed by"]) == (batch, feed)
    )


def torch_alone(batch: int) -> Callable[[Results], float]:
    """Images a second of torch's own best."""
    return lambda results: next(
        float(row["images_per_second"]["median"])
        for row in results["torch"]
        if row["batch"] == batch
    )


FIRST = "normalisation and pooling 96x55x55, 1024, bf16"
LADDER = (
    Rung("bf16, batch 1024, images/s", 85_000, "4.24 TFLOP at 55 % of 790 TFLOP/s are 9.7 ms, "
         "normalisation 1.2, other maps 0.5, update 0.4, views 0.2", rate("bf16", 1024)),
    Rung("bf16, batch 128, images/s", 45_000, "products at 40 % 1.7 ms, update 0.4, the rest 0.4, "
         "gaps between kernels 0.3", rate("bf16", 128)),
    Rung("float32, batch 1024, images/s", 11_000, "about 55 TFLOP/s without TF32, 80 % of it",
         rate("float32", 1024)),
    Rung("captured over kernel by kernel, batch 128", 1.6, "150 launches of some 25 us with "
         "autograd's bookkeeping are 3.7 ms", ratio("launched", 128, "kernel by kernel")),
    Rung("the same, batch 1024", 1.0, "the GPU is behind by then",
         ratio("launched", 1024, "kernel by kernel")),
    Rung("a set on the device over noise, batch 1024", 1.0, "the same work",
         ratio("fed", 1024, "set, on the device")),
    Rung("YUV 4:2:0 over noise, batch 1024", 1.0, "half the bytes, a few products more",
         ratio("fed", 1024, "set, on the device, YUV 4:2:0")),
    Rung("copied batch by batch over noise, batch 1024", 0.9, "201 MB a batch are 4 ms at 50 GB/s",
         ratio("fed", 1024, "set, copied batch by batch")),
    Rung("times the plain loop fed with photos, batch 128", 18, "16 cores decode 150 photos/s each",
         times(128, "photos")),
    Rung("times the plain loop fed with a packed set, batch 128", 4, "one process gathers and pins "
         "batches, about 10,000/s", times(128, "packed set")),
    Rung("times the plain step alone, batch 1024", 4, "normalisation in 27 passes over maps "
         "is 13 ms, TF32 products 30 ms", times(1024, "step alone")),
    Rung("torch's best (bf16, compiled), batch 1024, images/s", 50_000, "no fused normalisation "
         "over maps, no captured step", torch_alone(1024)),
    Rung("ours through torch.compile, batch 1024", 1.0, "what it could fuse is fused",
         ratio("compiled", 1024, "ours, through torch.compile")),
    Rung("normalisation, of its floor", 0.7, "windows overlap; the cache has most of it",
         reached(FIRST)),
    Rung("normalisation back, of its floor", 0.6, "two passes",
         reached(f"{FIRST}, back")),
    Rung("views, of their floor", 0.6, "rows of 672 bytes, a division for each value",
         reached("views out of RGB, 1024")),
    Rung("masks, of their floor", 0.2, "ten rounds of 64-bit products for 16 numbers",
         reached("masks 1024x9216")),
    Rung("update, of its floor", 0.85, "one pass", reached("update of 60,965,224 weights, bf16")),
)  # fmt: skip
TARGETS = (
    ("images/s at batch 1024", rate("bf16", 1024), 60_000.0),
    ("images/s at batch 128", rate("bf16", 128), 30_000.0),
    ("times the plain loop fed with photos, batch 128", times(128, "photos"), 5.0),
    ("times the plain loop fed with a packed set, batch 128", times(128, "packed set"), 5.0),
    ("times the plain loop's step alone, batch 1024", times(1024, "step alone"), 5.0),
    ("a set on the device over noise", ratio("fed", 1024, "set, on the device"), 0.97),
)


def outcome(find: Callable[[Results], float], results: Results) -> float | None:
    """What came of it; None: not measured."""
    try:
        return find(results)
    except (KeyError, StopIteration):
        return None


def ladder(results: Results) -> list[dict[str, Any]]:
    """Name, prediction, reason and outcome of each measure."""
    return [
        {"name": rung.name, "predicted": rung.predicted, "why": rung.why,
         "outcome": outcome(rung.find, results)}
        for rung in LADDER
    ]  # fmt: skip


def targets(results: Results) -> list[dict[str, Any]]:
    """What was asked, what was found, whether it holds; None: not measured."""
    found = [(name, outcome(find, results), asked) for name, find, asked in TARGETS]
    return [
        {"target": name, "asked": asked, "found": value,
         "held": None if value is None else value >= asked}
        for name, value, asked in found
    ]  # fmt: skip


def text(results: Results) -> list[str]:
    """Both as people read them, and how long the paper's training would take."""
    lines = ["| measure | predicted | outcome | because |", "| --- | --- | --- | --- |"]
    for row in ladder(results):
        lines.append(
            f"| {row['name']} | {row['predicted']:,g} | {_number(row['outcome'])} | {row['why']} |"
        )
    lines += ["", *(_target(row) for row in targets(results))]
    best = outcome(rate("bf16", 1024), results)
    if best:
        minutes = EPOCHS * ILSVRC / best / 60
        lines.append(f"{EPOCHS} epochs of ILSVRC-2012 would take {minutes:.1f} minutes (computed).")
    return lines


def _number(value: float | None) -> str:
    return "not measured" if value is None else f"{value:,.3g}" if value < 100 else f"{value:,.0f}"


def _target(row: dict[str, Any]) -> str:
    word = {None: "open", True: "held", False: "missed"}[row["held"]]
    return f"{word:7}{row['target']}: {_number(row['found'])}, asked {row['asked']:,g}"


def rows_as_text(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Rows of figures in short: plain values, and the median with its spread."""
    return ["  " + ", ".join(_cell(name, value) for name, value in row.items()) for row in rows]


def _cell(name: str, value: Any) -> str:
    if isinstance(value, dict) and {"median", "from", "to"} <= value.keys():
        spread = f"{_number(value['median'])} ({_number(value['from'])} to {_number(value['to'])})"
        return f"{name} {spread}"
    if isinstance(value, dict):
        inner = "; ".join(_cell(key, one) for key, one in value.items())
        return f"{name}: [{inner}]"
    return f"{name} {_number(value) if isinstance(value, float) else value}"
