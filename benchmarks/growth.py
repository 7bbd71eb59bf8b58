"""How the cost of a training step grows: with the batch, with the classes, with the set.

    python benchmarks/growth.py [--batches 16,...,1024] [--classes 10,...,22000] [--time 20s]

Each figure is one `alexnet benchmark` of the network `alexnet` in a process of its own, on noise.
All are measured --rounds times, every other round backwards, so that a machine that drifts does
not favour an end of the list; medians count. A step never looks at more of the set than its own
pictures; what does depend on the number of pictures, the order of an epoch, is timed by itself.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

from alexnet.training.batches import order

BATCHES = "16,32,64,128,256,512,1024"
CLASSES = "10,100,1000,10000,22000"
COUNTS = (1_000, 100_000, 1_281_167, 14_197_122)  # pictures; the last two: ILSVRC, all of ImageNet
Point = tuple[int, int]  # batch, classes


def measured(point: Point, options: argparse.Namespace) -> dict[str, Any] | str:
    """What `alexnet benchmark` says, or why it says nothing."""
    batch, classes = point
    words = [
        sys.executable, "-m", "alexnet", "benchmark", "--json", "--recipe", "paper",
        "--batch", str(batch), "--classes", str(classes), "--precision", options.precision,
        "--time", options.time,
    ]  # fmt: skip
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        return done.stderr.strip().splitlines()[-1].removeprefix("alexnet benchmark: ")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def series(points: list[Point], options: argparse.Namespace) -> dict[Point, Any]:
    """All points in turn, forwards and backwards; a reason in place of figures ends its point."""
    found: dict[Point, Any] = {point: [] for point in points}
    for number in range(options.rounds):
        for point in points if number % 2 == 0 else reversed(points):
            if isinstance(found[point], str):
                continue
            one = measured(point, options)
            if isinstance(one, str):
                found[point] = one
            else:
                found[point].append(one)
            print(f"  {point}: {one if isinstance(one, str) else rate(one)}", file=sys.stderr)
    return found


def rate(one: dict[str, Any]) -> str:
    """A line while it runs."""
    busy = one["others"] or 0.0
    return f"{one['images_per_second']:.1f} images/s; others kept {busy:.1f} processors busy"


def table(found: dict[Point, Any]) -> list[str]:
    """The figures in Markdown."""
    lines = [
        "| batch | classes | images/s | ms a picture | share of the peak | update | memory |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for (batch, classes), rounds in found.items():
        if isinstance(rounds, str):
            lines.append(f"| {batch:,} | {classes:,} | {rounds} | | | | |")
            continue
        speed = median(one["images_per_second"] for one in rounds)
        share = median(one["share_of_peak"] for one in rounds)
        update = median(part_of(one, "update") for one in rounds)
        memory = max(one["memory_gb"] for one in rounds)
        lines.append(
            f"| {batch:,} | {classes:,} | {speed:.1f} | {1e3 / speed:.1f} | {100 * share:.0f} % | "
            f"{100 * update:.1f} % | {memory:.1f} GB |"
        )
    return lines


def part_of(one: dict[str, Any], name: str) -> float:
    """The share of a part of the step."""
    return float(next(row["share"] for row in one["layers"] if row["name"] == name))


def orders() -> list[str]:
    """Seconds to draw the order of an epoch, once an epoch, for sets of several sizes."""
    lines = ["| pictures in the set | order of an epoch | a picture |", "| --- | --- | --- |"]
    for count in COUNTS:
        order.cache_clear()
        started = time.perf_counter()
        order(0, 0, count)
        seconds = time.perf_counter() - started
        lines.append(f"| {count:,} | {1e3 * seconds:.1f} ms | {1e9 * seconds / count:.0f} ns |")
    return lines


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batches", default=BATCHES)
    parser.add_argument("--classes", default=CLASSES)
    parser.add_argument("--precision", default="float32")
    parser.add_argument("--time", default="20s")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    batches = [(int(batch), 1000) for batch in options.batches.split(",")]
    classes = [(128, int(count)) for count in options.classes.split(",")]
    found = series(list(dict.fromkeys(batches + classes)), options)
    for points in (batches, classes):
        print("\n".join(table({point: found[point] for point in points})), end="\n\n")
    print("The number of pictures does not matter to a step; it does to the order of an epoch:\n")
    print("\n".join(orders()))
    if options.json:
        options.json.write_text(json.dumps([found[point] for point in found], indent=1) + "\n")


if __name__ == "__main__":
    main()
