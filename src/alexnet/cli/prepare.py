"""Make an image set from photos.

SOURCE is a folder of class folders, a folder of train/, val/ and test/ ones, or a .tar or .zip
of either. DATA is the folder to be made.
"""

import argparse

EXAMPLE = "alexnet prepare photos/ data/"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``alexnet prepare``."""
    parser.add_argument("source", metavar="SOURCE")
    parser.add_argument("data", metavar="DATA")
    parser.add_argument("--val", metavar="SOURCE|SHARE")
    parser.add_argument("--test", metavar="SOURCE|SHARE")
    parser.add_argument("--split", metavar="FILE")
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--fit", choices=("crop", "warp"), default="crop")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int)
    parser.add_argument("--strict", action="store_true")
    parser.add_argument("--json", action="store_true")


def run(options: argparse.Namespace) -> int:
    """Prepare and say what became of every file."""
    from alexnet.data.prepare import prepare

    result = prepare(
        options.source, options.data, val=options.val, test=options.test, split=options.split,
        size=options.size, fit=options.fit, seed=options.seed, workers=options.workers, say=print,
    )  # fmt: skip
    print(
        result.images,
        result.train,
        result.val,
        result.test,
        len(result.rejected),
        result.rejected[:20],
    )
    return 0
