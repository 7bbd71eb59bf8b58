"""Write a trained network for other programs; the name of FILE says for which.

  FILE.onnx   ONNX: pixels in, logits out; with --preprocessing, pictures in, probabilities out
  FILE.pt2    torch.export: opens with torch.export.load, without this package
  FILE.pth    the state dict of torchvision's alexnet or vgg16, for networks that are one of them
  FOLDER/     a folder for a model hub: model.safetensors, config.json, README.md

What was written is read back and compared with the network. Nothing is replaced: where FILE is
there already, that is an error.
"""

import argparse
import json
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alexnet.formats.exporting import Exported

EXAMPLE = "alexnet export demo/run digits.onnx --preprocessing"


def arguments(parser: argparse.ArgumentParser) -> None:
    """What `alexnet export` understands."""
    parser.add_argument("model", metavar="RUN", help="the run folder of a trained network")
    parser.add_argument("file", metavar="FILE", help="the file or folder to be written")
    parser.add_argument(
        "--preprocessing", action="store_true",
        help="ONNX: crop, mean, scale, channel order and softmax are in the file",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="one JSON value on standard output")


def run(options: argparse.Namespace) -> int:
    """Write, compare, print what was written."""
    from alexnet import machine
    from alexnet.formats.exporting import written

    machine.use()
    done = written(options.model, options.file, options.preprocessing, say=_note)
    print(json.dumps(_as_json(done), indent=2) if options.json else _shown(_in_words(done)))
    return 0


def _as_json(done: "Exported") -> dict[str, object]:
    difference = done.difference and vars(done.difference)
    return {
        "file": str(done.file),
        "format": done.format,
        "bytes": done.bytes,
        "files": [str(path) for path in done.files],
        "difference": difference,
    }


def _in_words(done: "Exported") -> str:
    found = done.difference
    compared = (
        "not compared with the network"
        if found is None
        else "bit for bit the network's numbers"
        if not found.probabilities and not found.logits
        else f"differs from the network by at most {found}"
    )
    return f"{done.file}: {done.format}, {done.bytes / 1e6:,.1f} MB; {compared}."


def _note(words: str) -> None:
    print(_shown(words, sys.stderr.encoding), file=sys.stderr)


def _shown(words: str, encoding: str | None = None) -> str:
    from alexnet.cli.bars import shown

    return shown(words, encoding or sys.stdout.encoding or "ascii")
