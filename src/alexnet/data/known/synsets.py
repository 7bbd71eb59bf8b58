"""meta.mat of ILSVRC's development kits: the synsets, and which of them are the classes.

Its struct array ``synsets`` numbers the classes 1, 2, ..., in an order that is not that of their
WordNet ids; behind them come the synsets above them in WordNet's tree, which alone have children.
Source: readme.txt of the kits of 2010 and 2012.
"""

import io
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from alexnet.data.filenames import shown
from alexnet.data.known.ilsvrc_names import is_wnid
from alexnet.errors import AlexNetError

UNPACKED = 64 << 20  # bytes that a MATLAB file, which is packed inside, may come to
COMPRESSED = 15  # type of an element of such a file
GET = "Get the kit again."


@dataclass(frozen=True)
class Class:
    """A synset without others below it."""

    number: int
    wnid: str
    words: str
    images: int


def read_classes(data: bytes, year: str, where: str) -> list[Class]:
    """The classes in the order of their numbers, without the synsets above them.

    ``data`` is meta.mat of ILSVRC ``year``. AlexNetError where it is not as it should be, or scipy
    is not there to read it.
    """
    synsets, key = _synsets(data, where), f"ILSVRC{year}_ID"
    fields = (key, "WNID", "words", "num_children", "num_train_images")
    lacking = [name for name in fields if name not in (synsets.dtype.names or ())]
    if lacking:
        has = ", ".join(synsets.dtype.names or ()) or "none"
        raise AlexNetError(
            f"{where} lacks the field {lacking[0]} in synsets; its fields are {has}. It may be of "
            f"another year than {year}, or damaged. {GET}"
        )
    try:
        every = [tuple(row[name] for name in fields) for row in synsets]
        classes = [
            Class(int(number), _text(wnid), _text(words), int(images))
            for number, wnid, words, children, images in every
            if not int(children)
        ]
    except (TypeError, ValueError, OverflowError) as error:
        raise AlexNetError(f"{where} holds a synset that is none ({error}). {GET}") from error
    classes.sort(key=lambda one: one.number)
    _check_classes(classes, where)
    return classes


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{type(value).__name__} where a text is expected")
    return str(value)


def _check_classes(classes: Sequence[Class], where: str) -> None:
    """AlexNetError where numbers or ids are not as they must be."""
    for i, one in enumerate(classes, 1):
        if one.number != i:
            raise AlexNetError(
                f"{where} numbers its {len(classes):,} classes otherwise than 1 to "
                f"{len(classes):,}: {i} is missing or there twice. {GET}"
            )
        if not is_wnid(one.wnid):
            raise AlexNetError(
                f"{where} has {shown(one.wnid[:40])!r} as the id of class {i}; expected is a "
                f"WordNet id such as n01440764. {GET}"
            )
    if not classes or len({one.wnid for one in classes}) < len(classes):
        raise AlexNetError(f"{where} holds no classes, or one of them twice. {GET}")


def _synsets(data: bytes, where: str) -> Any:
    """The struct array of a MATLAB file, 1-dimensional."""
    try:
        from scipy.io import loadmat
    except ImportError as error:
        raise AlexNetError(
            f"{where} is a MATLAB file, which is read with scipy: pip install 'alexnet[imagenet]'."
        ) from error
    try:
        _check_unpacked(data, where)
        return loadmat(io.BytesIO(data), squeeze_me=True, variable_names=["synsets"])[
            "synsets"
        ].reshape(-1)
    except AlexNetError:
        raise
    except Exception as error:  # scipy's reader raises almost anything on damaged bytes
        reason = f"{type(error).__name__}: {error}"[:200]
        raise AlexNetError(
            f"{where} cannot be read as a MATLAB 5 file with the array synsets ({shown(reason)}). "
            f"{GET}"
        ) from error


def _check_unpacked(data: bytes, where: str) -> None:
    """AlexNetError where the packed elements of a MATLAB 5 file come to more than UNPACKED."""
    if not data.startswith(b"MATLAB 5.0"):
        raise ValueError("it does not begin with MATLAB 5.0")
    order, at, total = "<" if data[126:128] == b"IM" else ">", 128, 0
    while at + 8 <= len(data):
        kind, size = struct.unpack_from(f"{order}II", data, at)
        if kind == COMPRESSED:
            packed = data[at + 8 : at + 8 + size]
            total += len(zlib.decompressobj().decompress(packed, UNPACKED + 1 - total))
            if total > UNPACKED:
                raise AlexNetError(f"{where} unpacks to more than {UNPACKED >> 20} MB. {GET}")
        at += 8 + size
