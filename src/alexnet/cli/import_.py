"""Make a run folder of weights from elsewhere, to evaluate, predict, export or train on from.

FILE is a Caffe .caffemodel, a state dict of torchvision's alexnet or vgg16, or of a network that
`alexnet nets` lists (.pth, .safetensors), or a folder that `alexnet export` wrote. Which network it
is, is told from the file; where several fit, --net says which. Nothing in FILE is run: pickles are
opened in a process of their own, which admits tensors only. docs/import.md says where such files
are from.
"""

import argparse
import json
import sys
from pathlib import Path

from alexnet.cli.bars import shown

EXAMPLE = (
    "alexnet import bvlc_reference_caffenet.caffemodel runs/caffenet "
    "--mean imagenet_mean.binaryproto"
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """What `alexnet import` understands."""
    parser.add_argument("file", metavar="FILE", type=Path, help="weights, or an exported folder")
    parser.add_argument("folder", metavar="RUN", type=Path, help="the run folder to be made")
    parser.add_argument("--net", metavar="NAME", help="the network; `alexnet nets` lists them")
    parser.add_argument(
        "--mean", metavar="FILE", type=Path,
        help="the mean image: .binaryproto, or .npy (rows, columns, 3), RGB, 0 to 255",
    )  # fmt: skip
    parser.add_argument(
        "--classes", metavar="FILE", type=Path,
        help="a line a class: id, and after a tab a name (default: ILSVRC's where there are 1000)",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="one JSON value on standard output")


def run(options: argparse.Namespace) -> int:
    """Import, say what it is, and what can be done with it."""
    from alexnet.formats.importing import import_weights

    stream = sys.stderr if options.json else sys.stdout

    def say(words: str) -> None:
        # Names from a foreign file must not steer the terminal.
        print(shown(words, stream.encoding or "ascii"), file=stream, flush=True)

    made = import_weights(
        options.file, options.folder, net=options.net, mean=options.mean, classes=options.classes,
        say=say,
    )  # fmt: skip
    if options.json:
        facts = {key: made.plan[key] for key in ("network", "parameters", "classes", "imported")}
        print(json.dumps({"run": str(made.folder), **facts}, indent=2))
    else:
        say(f"Next: alexnet predict {made.folder} PHOTO")
    return 0
