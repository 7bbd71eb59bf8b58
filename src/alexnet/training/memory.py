"""Whether a set's pictures fit into memory, where the kernel keeps the files that were read."""

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Thread

from alexnet.machine import free_memory

SHARE = 0.75  # of the free memory; the rest is for training
AT_ONCE = 1 << 17  # bytes; of a larger request the kernel reads no more than a device's read-ahead


def missing(paths: Sequence[Path]) -> int:
    """By how many bytes files are larger than the memory that is there for them; 0: they fit."""
    return max(0, _size(paths) - int(SHARE * free_memory()))


def read_ahead(paths: Sequence[Path], say: Callable[[str], None]) -> Thread | None:
    """Have the kernel read files into memory in the background where all of them fit, and say it.

    Nothing is held or copied here: the kernel lets go of files where programs need the memory.
    """
    if not (size := _size(paths)):
        return None
    if less := missing(paths):
        say(
            f"The set ({shown(size)}) does not fit into memory, {shown(less)} are missing: "
            "pictures are read from the disk again and again."
        )
        return None
    say(f"The set ({shown(size)}) fits into memory and is read ahead.")
    # A daemon, so that a run that is stopped does not wait for the disk.
    thread = Thread(target=_ask_for, args=(paths,), name="read ahead", daemon=True)
    thread.start()
    return thread


def _size(paths: Sequence[Path]) -> int:
    return sum(path.stat().st_size for path in paths)


def _ask_for(paths: Sequence[Path]) -> None:
    for path in paths:
        with suppress(OSError), path.open("rb") as file:  # whoever trains on it says what is wrong
            for start in range(0, os.fstat(file.fileno()).st_size, AT_ONCE):
                os.posix_fadvise(file.fileno(), start, AT_ONCE, os.POSIX_FADV_WILLNEED)


def shown(size: float) -> str:
    """Bytes as people read them."""
    return f"{size / 1e9:,.1f} GB" if size >= 1e8 else f"{size / 1e6:,.1f} MB"
