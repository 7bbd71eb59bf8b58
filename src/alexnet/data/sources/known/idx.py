"""IDX, the format of MNIST: a few numbers, then bytes; read in parts, packed with gzip or not.

Source: yann.lecun.com/exdb/mnist. Two zero bytes, the type (8: bytes), how many dimensions, the
size of each as 4 bytes, the highest first; then the values.
"""

import gzip
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

import numpy as np
from numpy.typing import NDArray

from alexnet.data.filenames import shown
from alexnet.data.sources.archives import BROKEN, cut
from alexnet.errors import AlexNetError

CHUNK = 1 << 20  # bytes read at once
LARGEST_SIDE = 4096  # pixels


def shape(path: Path, dimensions: int) -> tuple[int, ...]:
    """The sizes that a file claims. AlexNetError where it is another file, OSError."""
    with _opened(path) as file:
        return _sizes(path, file, dimensions)


def values(path: Path, dimensions: int) -> Iterator[NDArray[np.uint8]]:
    """All values, part by part along the first dimension.

    AlexNetError where there are fewer or more than the file claims.
    """
    with _opened(path) as file:
        count, *rest = _sizes(path, file, dimensions)
        one = math.prod(rest)
        step = max(1, CHUNK // one)
        for start in range(0, count, step):
            wanted = min(step, count - start)
            data = _exactly(file, wanted * one)
            if len(data) < wanted * one:
                raise AlexNetError(
                    f"{shown(str(path))} ends after {start + len(data) // one:,} of {count:,} "
                    "values or pictures: it is damaged or cut off; download it again."
                )
            yield np.frombuffer(data, np.uint8).reshape(wanted, *rest)
        if file.read(1):
            raise AlexNetError(
                f"{shown(str(path))} goes on after the {count:,} values or pictures that it "
                "claims: it is damaged; download it again."
            )


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    try:
        with path.open("rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
            file.seek(0)
            yield cast(IO[bytes], gzip.GzipFile(fileobj=file)) if packed else file
    except BROKEN as error:
        raise AlexNetError(cut(path, "", error)) from error


def _sizes(path: Path, file: IO[bytes], dimensions: int) -> tuple[int, ...]:
    head = file.read(4 + 4 * dimensions)
    if len(head) < 4 + 4 * dimensions or head[:4] != bytes((0, 0, 8, dimensions)):
        raise AlexNetError(
            f"{shown(str(path))} is no IDX file of bytes in {dimensions} dimension"
            f"{'s' * (dimensions > 1)}; it begins with {head[:4].hex(' ') or 'nothing'}. "
            "Download it again."
        )
    count, *rest = np.frombuffer(head, ">u4", offset=4).tolist()
    if not all(1 <= size <= LARGEST_SIDE for size in rest):
        raise AlexNetError(
            f"{shown(str(path))} claims pictures of {' x '.join(map(str, rest))} pixels; their "
            f"sides can be 1 to {LARGEST_SIDE}."
        )
    return count, *rest


def _exactly(file: IO[bytes], count: int) -> bytes:
    """So many bytes, fewer only at the end."""
    data = bytearray()
    while len(data) < count and (more := file.read(count - len(data))):
        data += more
    return bytes(data)
