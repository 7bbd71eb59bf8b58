"""Read every byte of a prepared set and say where it is not what it was when it was made.

Each picture has a digest, every other file a checksum; a single flipped bit is found and its shard
and picture are named.

Exit code 0: all is as it was; 1: damaged.
"""

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from alexnet.data.verify import Damage

EXAMPLE = "alexnet verify data/"
SHOWN = 20  # places of damage; with --json all


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``alexnet verify``."""
    parser.add_argument("data", metavar="DATA", help="a prepared set")
    parser.add_argument("--json", action="store_true", help="print one JSON value")


def run(options: argparse.Namespace) -> int:
    """Verify; name the damage."""
    import json
    import time
    from pathlib import Path

    from alexnet.data.filenames import shown
    from alexnet.data.verify import bytes_there, verify
    from alexnet.progress import Progress

    data = Path(options.data)
    size = bytes_there(data)
    progress = Progress("verifying MB", size // 1_000_000, quiet=options.json)
    started = time.monotonic()
    damages = verify(data, lambda done: progress.update(done // 1_000_000))
    progress.close()
    if options.json:
        told = [{"file": damage.file, "what": damage.what} for damage in damages]
        print(json.dumps({"data": str(data), "bytes": size, "damages": told}, indent=2))
    elif damages:
        print("\n".join(_named(damages, data)))
    else:
        seconds = max(time.monotonic() - started, 1e-9)
        speed = f"{size / 1e9:,.2f} GB of pictures, {size / seconds / 1e6:,.0f} MB/s"
        print(f"{shown(str(data))}: every byte is as it was made ({speed}).")
    return 1 if damages else 0


def _named(damages: "list[Damage]", data: "Path") -> list[str]:
    from alexnet.data.explain import number
    from alexnet.data.filenames import shown

    lines = [f"{shown(str(data))} is damaged in {number(len(damages), 'place')}:"]
    lines += [f"  {shown(damage.file)}: {damage.what}" for damage in damages[:SHOWN]]
    if len(damages) > SHOWN:
        lines.append(f"  and {len(damages) - SHOWN:,} more")
    return [*lines, "Prepare the set again, or fetch the files named here from a good copy."]
