"""Write what a layer says of photos: one row of numbers for each, as a .npy file.

PHOTO is a file, a folder (the photos in it and below), a pattern in quotes such as "*.jpg", or -
for a list of paths on standard input, as for `alexnet predict`. OUT.npy, the last word, gets a
float32 row for each photo in that order, and OUT.csv beside it says which photo is in which row.

A layer with weights that is followed by its activation means what comes out of that: fc7 is what
the paper and Caffe call so, 4096 numbers, none below zero. The central view is used.

A file that cannot be read is named with the reason, and its row is NaN. Exit code 3 then, 1 if
none could be read, 2 for a wrong call.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from alexnet.cli import device

if TYPE_CHECKING:
    from alexnet.extraction import Features

EXAMPLE = "alexnet features demo/run holiday/ --layer fc7 holiday.npy"


def arguments(parser: argparse.ArgumentParser) -> None:
    """What `alexnet features` understands."""
    parser.add_argument("model", metavar="RUN", help="the run folder of a trained network")
    parser.add_argument("photos", metavar="PHOTO", nargs="+", help="file, folder, pattern, or -")
    parser.add_argument("out", metavar="OUT.npy", type=Path, help="the file to be written")
    parser.add_argument("--layer", default="fc7", help="name of a layer (default fc7)")
    device.argument(parser)
    parser.add_argument("--json", action="store_true", help="one JSON value on standard output")


def run(options: argparse.Namespace) -> int:
    """Find the photos, write, say what was written; 0, 1 (none read) or 3 (some not read)."""
    from alexnet import machine
    from alexnet.cli import photos
    from alexnet.extraction import features, places

    places(options.out)  # before a long list of photos is looked for, and a model loaded
    found = photos.find(options.photos)
    machine.use()
    done = features(
        options.model, found.photos, options.out, options.layer, say=_say, device=options.device
    )
    print(json.dumps(_as_json(done), indent=2) if options.json else _shown(_in_words(done)))
    if done.failed:
        _say(f"{done.failed} of {done.rows} photos could not be read; their rows are NaN.")
    if found.others:
        _say(f"{found.others} other files in the folders are no photos and were skipped.")
    return 0 if not done.failed else 3 if done.failed < done.rows else 1


def _as_json(done: "Features") -> dict[str, object]:
    return {
        "layer": done.layer,
        "output_of": done.output_of,
        "shape": done.shape,
        "rows": done.rows,
        "failed": done.failed,
        "files": [str(done.out), str(done.table)],
    }


def _in_words(done: "Features") -> str:
    values = " x ".join(f"{side:,}" for side in done.shape)
    rows = f"{done.rows:,} {'row' if done.rows == 1 else 'rows'}"
    return f"{done.out}: {rows} of {values} numbers; {done.table} says which photo is in which row."


def _say(words: str) -> None:
    print(_shown(words, sys.stderr.encoding), file=sys.stderr)


def _shown(words: str, encoding: str | None = None) -> str:
    from alexnet.cli.bars import shown

    return shown(words, encoding or sys.stdout.encoding or "ascii")
