"""A block: up to 32 photos of the source, decoded and fitted by one worker, kept in one file.

The file holds the pictures that came out and, for each photo, its native size or the reason why
there is no picture. It is complete or not there, and so is the journal of the work as a whole.
"""

import io
import json
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from alexnet.data.decode import Unreadable, decode
from alexnet.errors import AlexNetError
from alexnet.files import write_bytes
from alexnet.preprocessing import fitted

Raw = Path | bytes | str  # where the photo is, its bytes, or why it cannot be had
Outcome = tuple[int, int] | str  # native width and height, or why there is no picture
Square = tuple[int, str, str]  # size, fit and filter of the pictures
PHOTOS = 32
BYTES = 32 << 20  # of photos still packed: what a block may hold in memory, one photo apart


def boundaries(sizes: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Cut photos of these sizes in bytes into blocks: (first, last + 1) of each."""
    start = total = 0
    for i, size in enumerate(sizes):
        if i > start and (i - start == PHOTOS or total + size > BYTES):
            yield start, i
            start, total = i, 0
        total += size
    if len(sizes) > start:
        yield start, len(sizes)


def block_path(folder: Path, number: int) -> Path:
    """Where block ``number`` lies."""
    return folder / f"{number:07}.npz"


def serve(descriptor: int) -> None:
    """What a worker process does: blocks come in at the pipe ``descriptor`` until it closes."""
    # Ctrl-C goes to all processes of a terminal; only the parent decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with Connection(descriptor) as pipe, suppress(EOFError, ConnectionError):
        folder, square = pipe.recv()
        while True:
            number, items = pipe.recv()
            try:
                make_block(block_path(folder, number), items, square, pipe.send)
                pipe.send("done")
            except AlexNetError as error:
                pipe.send(str(error) or "failed")


def make_block(
    path: Path, items: Sequence[Raw], square: Square, announce: Callable[[int], None]
) -> None:
    """Decode, fit and write one block; ``announce`` is told the number of each photo beforehand."""
    pictures: list[NDArray[np.uint8]] = []
    outcomes: list[Outcome] = []
    for i, raw in enumerate(items):
        announce(i)
        try:
            photo = decode(_bytes(raw))
            pictures.append(fitted(photo, *square))
            outcomes.append(photo.size)
        except Unreadable as error:
            outcomes.append(str(error))
        except OSError as error:
            outcomes.append(f"cannot be read: {error.strerror or error}")
        except Exception as error:  # one strange photo must not end the work
            outcomes.append(f"the decoder failed: {type(error).__name__}: {error}")
    write_block(path, pictures, outcomes, square[0])


def _bytes(raw: Raw) -> bytes:
    if isinstance(raw, str):
        raise Unreadable(raw)
    return raw if isinstance(raw, bytes) else raw.read_bytes()


def write_block(
    path: Path, pictures: list[NDArray[np.uint8]], outcomes: list[Outcome], size: int
) -> None:
    """Put a block at ``path``, whole or not at all."""
    stacked = np.stack(pictures) if pictures else np.empty((0, size, size, 3), np.uint8)
    told = np.frombuffer(json.dumps(outcomes).encode(), np.uint8)
    buffer = io.BytesIO()
    np.savez(buffer, pictures=stacked, outcomes=told)
    write_bytes(path, buffer.getvalue())


def read_block(path: Path) -> NDArray[np.uint8]:
    """The pictures of a block: uint8 (n, size, size, 3)."""
    with np.load(path, allow_pickle=False) as block:
        pictures: NDArray[np.uint8] = block["pictures"]
        return pictures


def read_outcomes(path: Path) -> list[Outcome]:
    """What became of each photo of a block."""
    with np.load(path, allow_pickle=False) as block:
        told = json.loads(block["outcomes"].tobytes())
    return [one if isinstance(one, str) else (one[0], one[1]) for one in told]
