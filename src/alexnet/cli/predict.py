"""Name what photos show: the most probable classes of each, with their probabilities.

PHOTO is a file, a folder (the photos in it and below), a pattern in quotes such as "*.jpg", or -
for a list of paths on standard input (one a line, or ended by NUL). A file that cannot be read is
answered with the reason; the others are still named. Exit code 3 then, 1 if nothing could be
named, 2 if there were no photos.
"""

import argparse
import json
import shutil
import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from alexnet.cli import device

if TYPE_CHECKING:
    from alexnet.prediction import Prediction

EXAMPLE = "alexnet predict demo/run holiday/ --top 3"


def arguments(parser: argparse.ArgumentParser) -> None:
    """What `alexnet predict` understands."""
    parser.add_argument("model", metavar="RUN", help="the run folder of a trained network")
    parser.add_argument("photos", metavar="PHOTO", nargs="+", help="file, folder, pattern, or -")
    parser.add_argument("--top", type=_positive, default=5, help="classes a photo (default 5)")
    parser.add_argument(
        "--views", type=int, choices=(1, 10), default=10,
        help="averaged views of each photo (default 10; five where mirroring is off)",
    )  # fmt: skip
    device.argument(parser)
    parser.add_argument("--json", action="store_true", help="one JSON list on standard output")


def run(options: argparse.Namespace) -> int:
    """Find the photos, name them, print; 0, 1 (none named) or 3 (some could not be read)."""
    from alexnet import machine
    from alexnet.cli import photos
    from alexnet.prediction import allowed_views, predictions, ready

    found = photos.find(options.photos)
    machine.use()
    model = ready(options.model, options.device)
    if allowed_views(model, options.views) < options.views:
        _say("Five views, not ten: this network was trained without mirrored pictures.")
    answers = predictions(model, found.photos, options.top, options.views)
    total = len(found.photos)
    if options.json:
        ids = dict(zip(model.names, model.classes, strict=True)) if model.names else {}
        failed = _print_json(answers, total, ids)
    else:
        failed = _print_tables(answers, total)
    _say_rest(failed, total, found.others)
    return 0 if not failed else 3 if failed < total else 1


def _print_json(answers: "Iterable[Prediction]", total: int, ids: dict[str, str]) -> int:
    given = list(_with_progress(answers, total))
    print(json.dumps([_as_json(answer, ids) for answer in given], indent=2))
    return sum(answer.error is not None for answer in given)


def _as_json(answer: "Prediction", ids: dict[str, str]) -> dict[str, object]:
    """``ids``: those of the classes that are called otherwise."""
    if answer.error is not None:
        return {"file": answer.file, "error": answer.error}
    pairs = [
        {"class": name, **({"id": ids[name]} if name in ids else {}), "probability": share}
        for name, share in answer.predictions
    ]
    return {"file": answer.file, "predictions": pairs}


def _print_tables(answers: "Iterable[Prediction]", total: int) -> int:
    from alexnet.cli import bars

    width = shutil.get_terminal_size().columns
    encoding = sys.stdout.encoding or "ascii"
    failed = 0
    # On a terminal the answers themselves show that it goes on.
    for answer in answers if sys.stdout.isatty() else _with_progress(answers, total):
        name = bars.shown(answer.file, encoding)
        failed += answer.error is not None
        if answer.error is not None:
            print(f"{name}\n  not read: {bars.shown(answer.error, encoding)}")
        else:
            print("\n".join([name, *bars.table(answer.predictions, width, encoding)]))
    return failed


def _with_progress(answers: "Iterable[Prediction]", total: int) -> "Iterator[Prediction]":
    from alexnet.progress import Progress

    progress = Progress("predict", total, "photos")
    for number, answer in enumerate(answers, 1):
        progress.update(number)
        yield answer
    progress.close()


def _say_rest(failed: int, total: int, others: int) -> None:
    if failed:
        _say(f"{failed} of {total} photos could not be read.")
    if others:
        _say(f"{others} other files in the folders are no photos and were skipped.")


def _say(words: str) -> None:
    print(words, file=sys.stderr)


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is less than 1")
    return number
