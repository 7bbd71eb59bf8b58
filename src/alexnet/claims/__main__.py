"""Measure a claim of the paper on a prepared set.

    python -m alexnet.claims                 # which claims there are
    python -m alexnet.claims relu DATA OUT   # measure one

DATA is a set made by `alexnet prepare`; OUT gets the claim's picture (.svg), every measured point
(.csv) and the verdict with settings, machine and versions (.json). Ctrl-C keeps the finished
curves; the same command goes on.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from alexnet.claims import CLAIMS
from alexnet.errors import AlexNetError, Interrupted, UsageError


def main(arguments: Sequence[str] | None = None) -> int:
    """List the claims or measure one; 0 all well, 1 failed, 2 wrong call, 130 stopped."""
    options = _parser().parse_args(arguments)
    if options.claim is None:
        print("\n".join(f"{name:8}{says}" for name, says in CLAIMS.items()))
        return 0
    try:
        if options.out is None:
            raise UsageError(f"Give a set and a folder: {options.claim} DATA OUT.")
        from alexnet.claims.report import measured  # torch comes with it, and seconds

        print(measured(options.claim, options.data, options.out))
        return 0
    except (AlexNetError, KeyboardInterrupt) as error:
        print(f"alexnet claims: {str(error) or 'interrupted'}", file=sys.stderr)
        if isinstance(error, KeyboardInterrupt | Interrupted):
            return 130
        return 2 if isinstance(error, UsageError) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m alexnet.claims",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("claim", nargs="?", metavar="CLAIM", help="none: list them")
    parser.add_argument("data", nargs="?", type=Path, metavar="DATA", help="a prepared set")
    parser.add_argument("out", nargs="?", type=Path, metavar="OUT", help="a folder for the result")
    return parser


if __name__ == "__main__":
    sys.exit(main())
