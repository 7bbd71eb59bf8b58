"""A block: photos of the source, decoded and fitted by one worker, which become one shard.

The shard is final, ``pictures/0000000.npy``: those that came out, in order. Beside it, until the
set is complete, a record says what became of each photo. The record is written last and is
complete or not there, and so it is the journal of the work as a whole.
"""

import io
import json
import mmap
import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from alexnet.data.copies.hashing import perceptual_hash
from alexnet.data.decoding.recognise import Unreadable
from alexnet.data.decoding.square import fitted_square, square_of
from alexnet.data.filenames import shown
from alexnet.data.shards import DIGEST, HEADER, ShardWriter, shard_path
from alexnet.data.sources.entries import Extent, Raw
from alexnet.errors import AlexNetError
from alexnet.files import write_bytes
from alexnet.kernels.pictures import SMALL, measure, small_grey

Outcome = tuple[int, int] | str  # native width and height, or why there is no picture
LEAST, MOST = 32, 512  # photos of a block
SHARES = 64  # blocks that there should be at least, for many workers
SHARD = 128 << 20  # bytes of pictures
PACKED = 64 << 20  # bytes of photos: what a block may hold in memory, one photo apart
COUNT = 8  # bytes of a worker's count of photos


class Square(NamedTuple):
    """What pictures are made."""

    size: int  # side, pixels
    fit: str  # crop or warp
    filter: str  # bicubic or bilinear
    upright: bool  # turned as EXIF says


def most_photos(total: int, size: int) -> int:
    """How many photos a block of a set has: a power of two."""
    fits = max(1, SHARD // (3 * size**2))
    return 1 << (min(MOST, fits, max(LEAST, total // SHARES)).bit_length() - 1)


def boundaries(photos: Iterable[tuple[int, int]], most: int) -> Iterator[tuple[int, int, int]]:
    """Cut photos, each (number, size in bytes), into blocks: first number, last + 1, photos."""
    first = end = count = total = 0
    for number, size in photos:
        if count == most or (count and total + size > PACKED):
            yield first, end, count
            count = total = 0
        first = first if count else number
        end, count, total = number + 1, count + 1, total + size
    if count:
        yield first, end, count


def record_path(folder: Path, number: int) -> Path:
    """Where it is told what became of the photos of a block."""
    return folder / "blocks" / f"{number:07}.npz"


@dataclass(frozen=True)
class Record:
    """What became of the photos of a block, and what was measured of its pictures."""

    outcomes: list[Outcome]  # of each photo
    digests: NDArray[np.uint8]  # (pictures, 16)
    hashes: NDArray[np.uint64]  # (pictures,), perceptual
    moments: NDArray[np.int64]  # (pictures, 9): sums of R, G, B, RR, GG, BB, RG, RB, GB
    sums: NDArray[np.uint32]  # (size, size, 3), over the pictures that are counted
    key: str  # of what the whole is made, so that no record is taken for one of other photos


def serve(descriptor: int, counter: int) -> None:
    """What a worker process does: blocks come in at the pipe ``descriptor`` until it closes.

    ``counter`` is a file of ``COUNT`` bytes where it says how many photos of a block it has begun.
    """
    # Ctrl-C goes to all processes of a terminal; only the parent decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    begun, parent = mmap.mmap(counter, COUNT), os.getppid()

    def announce(photo: int) -> None:
        if os.getppid() != parent:
            raise EOFError  # killed; and who takes up its work waits for us to let go of the lock
        begun[:COUNT] = (photo + 1).to_bytes(COUNT, sys.byteorder)

    with Connection(descriptor) as pipe, suppress(EOFError, ConnectionError):
        folder, square, key = pipe.recv()
        while True:
            number, items, counted = pipe.recv()
            try:
                make_block(folder, number, items, counted, square, announce, key)
                pipe.send("done")
            except AlexNetError as error:
                pipe.send(str(error) or "failed")


def make_block(
    folder: Path, number: int, items: Sequence[Raw], counted: Sequence[bool], square: Square,
    announce: Callable[[int], None], key: str = "",
) -> None:  # fmt: skip
    """Make the shard and then the record of a block; ``announce`` is told each photo beforehand.

    ``counted`` says of which photos the pictures are added to the sums; ``key`` is what the record
    is to be known by.
    """
    side, n = square.size, 0
    moments = np.zeros((len(items), 9), np.int64)
    sums = np.zeros((side, side, 3), np.uint32)
    greys = np.empty((len(items), SMALL, SMALL), np.uint8)
    outcomes: list[Outcome] = []
    with ShardWriter(shard_path(folder, number), side) as shard:
        for i, raw in enumerate(items):
            announce(i)
            picture, outcome = _outcome(raw, square)
            outcomes.append(outcome)
            if picture is not None:
                shard.add(picture)
                measure(picture, sums if counted[i] else None, moments[n])
                greys[n] = small_grey(picture)
                n += 1
    digests = np.frombuffer(b"".join(shard.digests), np.uint8).reshape(n, DIGEST)
    write_record(
        record_path(folder, number),
        Record(outcomes, digests, perceptual_hash(greys[:n]), moments[:n], sums, key),
    )


def _outcome(raw: Raw, square: Square) -> tuple[NDArray[np.uint8] | None, Outcome]:
    try:
        return _picture(raw, square)
    except Unreadable as error:
        return None, str(error)
    except OSError as error:
        return None, f"cannot be read: {error.strerror or error}"
    except Exception as error:  # one strange photo must not end the work
        return None, f"the decoder failed: {type(error).__name__}: {error}"


def _picture(raw: Raw, square: Square) -> tuple[NDArray[np.uint8], tuple[int, int]]:
    if isinstance(raw, np.ndarray):
        rows, columns = raw.shape[:2]
        return fitted_square(raw, square.size, square.fit, square.filter), (columns, rows)
    return square_of(_bytes(raw), *square)


def _bytes(raw: Path | Extent | bytes | str) -> bytes:
    if isinstance(raw, str):
        raise Unreadable(raw)
    if isinstance(raw, bytes):
        return raw
    if isinstance(raw, Path):
        return raw.read_bytes()
    with raw.path.open("rb") as file:
        file.seek(raw.offset)
        return file.read(raw.size)


def write_record(path: Path, record: Record) -> None:
    """Put a record at ``path``, whole or not at all."""
    told = np.frombuffer(json.dumps(record.outcomes).encode(), np.uint8)
    buffer = io.BytesIO()
    np.savez(
        buffer, outcomes=told, digests=record.digests, hashes=record.hashes,
        moments=record.moments, sums=record.sums, key=np.array(record.key),
    )  # fmt: skip
    write_bytes(path, buffer.getvalue())


def read_record(path: Path) -> Record:
    """What became of each photo of a block; AlexNetError where that cannot be read."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as told:
            outcomes = json.loads(told["outcomes"].tobytes())
            arrays = [told[name] for name in ("digests", "hashes", "moments", "sums")]
            key = str(told["key"])
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
        where = shown(str(path))
        raise AlexNetError(
            f"{where} is damaged ({error}). Remove it, and its photos are decoded again."
        ) from error
    every = [one if isinstance(one, str) else (one[0], one[1]) for one in outcomes]
    return Record(every, arrays[0], arrays[1], arrays[2], arrays[3], key)


def is_made(folder: Path, number: int, photos: int, size: int, key: str) -> bool:
    """Whether a block of so many photos is there, record and shard, and is of these photos."""
    try:
        record = read_record(record_path(folder, number))
    except AlexNetError:
        return False
    shard, count = shard_path(folder, number), len(record.digests)
    length = shard.stat().st_size if shard.is_file() else 0
    wanted = HEADER + count * 3 * size**2 if count else 0
    return (record.key, len(record.outcomes), length) == (key, photos, wanted)
