"""Measure the error rates of trained networks, every image once: one view, ten, or dense.

Several RUNs are averaged as an ensemble. Where a mirrored picture would show another class, ten
views are the five that are not mirrored.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from alexnet.cli import device

if TYPE_CHECKING:
    from alexnet.results import Evaluation

EXAMPLE = "alexnet evaluate demo/run --csv predictions.csv"
WORST = 5


def arguments(parser: argparse.ArgumentParser) -> None:
    """What `alexnet evaluate` understands."""
    parser.add_argument("runs", metavar="RUN", nargs="+", type=Path, help="folder of a run")
    parser.add_argument(
        "--data", metavar="DATA", type=Path,
        help="the image set (default: the one that the first run was trained on)",
    )  # fmt: skip
    parser.add_argument(
        "--part", choices=("test", "val", "train"),
        help="which pictures (default: test; val where there is no test)",
    )  # fmt: skip
    parser.add_argument(
        "--views", type=_views, choices=(1, 10, "dense"), metavar="1|10|dense",
        help="default: 1 and 10, in one pass; dense: the network on whole pictures",
    )  # fmt: skip
    parser.add_argument(
        "--csv", metavar="FILE", type=Path, help="write the predictions of each image to FILE"
    )
    device.argument(parser)
    parser.add_argument("--json", action="store_true", help="one JSON list on standard output")


def _views(text: str) -> int | str:
    return int(text) if text.isdecimal() else text


def run(options: argparse.Namespace) -> int:
    """Evaluate and print."""
    from alexnet import machine
    from alexnet.evaluation import evaluate
    from alexnet.files import check_place
    from alexnet.parallel.launch import threads
    from alexnet.parallel.meeting import everyone
    from alexnet.results import write_predictions

    def say(text: str) -> None:
        print(text, file=sys.stderr if options.json else sys.stdout)

    machine.use(threads())
    with everyone() as world:
        if options.csv:
            world.by_first(lambda: check_place(options.csv))
        evaluations = evaluate(
            options.runs, options.data, part=options.part, views=options.views, say=say,
            world=world, device=options.device,
        )  # fmt: skip
    if not world.first:
        return 0
    if options.csv:
        write_predictions(options.csv, evaluations)
        say(f"The predictions of each image are in {options.csv}.")
    if options.json:
        print(json.dumps([evaluation.summary() for evaluation in evaluations], indent=2))
    else:
        print("\n".join([*_rates(evaluations), *_worst(evaluations[-1])]))
    return 0


def _rates(evaluations: "Sequence[Evaluation]") -> list[str]:
    from alexnet.data.explain import number

    first = evaluations[0]
    rows = [["views", "top-1 error", f"top-{first.k} error", "mean class accuracy"]]
    for e in evaluations:
        top1, topk = (
            _percent(e.top1_error, e.top1_interval),
            _percent(e.topk_error, e.topk_interval),
        )
        mean = _percent(e.mean_class_accuracy, e.mean_class_interval)
        rows.append([e.way, top1, topk, mean])
    if first.k == 1:  # two classes: one column would be there twice
        rows = [[*row[:2], row[3]] for row in rows]
    lines = [
        f"{_shown(first.run)}, {number(first.images, f'{first.part} picture')} of "
        f"{_shown(first.data)}, {number(len(first.classes), 'class', 'classes')}",
        "",
        *_aligned(rows),
        "In brackets: intervals of 95 %.",
    ]
    if absent := first.classes_without_images:
        lines.append(f"Classes without pictures here, left out of the mean: {absent}.")
    return lines


def _aligned(rows: list[list[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            [row[0].rjust(widths[0]), *map(str.ljust, row[1:], widths[1:])],
        ).rstrip()
        for row in rows
    ]


def _percent(share: float, interval: tuple[float, float]) -> str:
    low, high = (100 * end for end in interval)
    return f"{100 * share:.2f} % ({low:.2f} to {high:.2f})"


def _worst(evaluation: "Evaluation") -> list[str]:
    """The classes that are named rightly most seldom, with the largest number of views."""
    accuracies, counts = evaluation.class_accuracies, evaluation.class_counts
    wrong = [n for n in range(len(counts)) if counts[n] and accuracies[n] < 1]
    wrong.sort(key=lambda n: accuracies[n])
    if not wrong:
        return ["", "Every picture is named rightly."]
    names = evaluation.named
    rows = [
        (f"{100 * accuracies[n]:.1f} %", f"{counts[n]:,}", _shown(names[n])) for n in wrong[:WORST]
    ]
    views = {"1": "1 view", "dense": "dense"}.get(evaluation.way, f"{evaluation.way} views")
    title = f"Worst classes ({views}):"
    return ["", title, *(f"{share:>8} of {count:>5}  {name}" for share, count, name in rows)]


def _shown(text: str) -> str:
    from alexnet.cli.bars import shown

    return shown(text, sys.stdout.encoding or "ascii")
