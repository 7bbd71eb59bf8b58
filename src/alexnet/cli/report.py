"""Write one HTML page about a run, RUN/report.html: curves, error rates, pictures, settings.

The page stands alone: no network, no scripts, light or dark as the reader's system is set. What
has not been evaluated yet is evaluated first.
"""

import argparse
import json
import sys
from pathlib import Path

EXAMPLE = "alexnet report demo/run"


def arguments(parser: argparse.ArgumentParser) -> None:
    """What `alexnet report` understands."""
    parser.add_argument("folder", metavar="RUN", type=Path, help="the folder of a run")
    parser.add_argument(
        "--data", metavar="DATA", type=Path,
        help="the image set (default: the one that the run was trained on)",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="one JSON value on standard output")


def run(options: argparse.Namespace) -> int:
    """Write the page and print where it is."""
    from alexnet import machine
    from alexnet.reporting import report

    machine.use()
    page = report(options.folder, data=options.data, say=_note)
    print(json.dumps({"run": str(options.folder), "report": str(page)}) if options.json else page)
    return 0


def _note(words: str) -> None:
    print(words, file=sys.stderr)
