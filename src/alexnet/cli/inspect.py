"""Say what is in an image set: classes, sizes, odd photos, rejected ones, copies, leaks.

DATA is a prepared set. Photos (a folder, an archive) are prepared first, into a folder beside them
that is kept. Nothing in a set is changed; `alexnet prepare --drop-leaks` makes one without photos
that are trained on and tested on as well. The page of --html shows the copies, and what a network
will see; it stands alone, without network and scripts.
"""

import argparse
import json
import shutil
import sys
from pathlib import Path

EXAMPLE = "alexnet inspect data/ --html data.html"


def arguments(parser: argparse.ArgumentParser) -> None:
    """What `alexnet inspect` understands."""
    parser.add_argument("data", metavar="DATA", type=Path, help="a prepared set, or photos")
    parser.add_argument("--html", metavar="FILE", type=Path, help="write a page with pictures")
    parser.add_argument("--json", action="store_true", help="one JSON value on standard output")


def run(options: argparse.Namespace) -> int:
    """Look, and print."""
    from alexnet.cli.inspect_text import described
    from alexnet.files import check_place, write_text
    from alexnet.inspection import inspect_set
    from alexnet.inspection.source import set_of

    if options.html:
        check_place(options.html)
    images = set_of(options.data, _say)
    found = inspect_set(images)
    if options.json:
        print(json.dumps(found.as_json(), indent=2))
    else:
        width, encoding = shutil.get_terminal_size().columns, sys.stdout.encoding or "ascii"
        print("\n".join(described(found, width, encoding)))
    if options.html:
        from alexnet.inspection.page import page

        write_text(options.html, page(found))
        _say(f"The page is {options.html}.")
    return 0


def _say(words: str) -> None:
    print(words, file=sys.stderr)
