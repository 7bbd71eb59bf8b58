"""The numbers of a Caffe blob as numpy arrays, without a copy where they are packed."""

from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alexnet.errors import AlexNetError
from alexnet.formats.caffe_schema import message_classes

LEGACY = ("num", "channels", "height", "width")


def array_of(blob: Any, where: str) -> NDArray[np.float32]:
    """The numbers of a blob in their shape; they cannot be written to.

    AlexNetError, which says ``where``, if there are more or fewer than the shape has places.
    """
    shape, values = shape_of(blob), _values(blob, where)
    with suppress(ValueError):  # other numbers of places, and shapes that numpy cannot have
        if min(shape, default=0) >= 0:  # numpy takes -1 for whatever fits
            return values.reshape(shape)
    raise AlexNetError(
        f"In {where}, {values.size:,} numbers do not fill the shape {_spelt(shape)}; the file is "
        "damaged, download it again."
    )


def shape_of(blob: Any) -> tuple[int, ...]:
    """The four sizes of old files if one of them is there, else the list of sizes."""
    if any(blob.HasField(name) for name in LEGACY):
        return tuple(getattr(blob, name) for name in LEGACY)
    return tuple(blob.shape.dim)


def _spelt(shape: tuple[int, ...]) -> str:
    few = " x ".join(map(str, shape[:6])) or "of a single number"
    return f"{few} x ..." if len(shape) > 6 else few


def _values(blob: Any, where: str) -> NDArray[np.float32]:
    """All numbers of a blob, float32 and flat; doubles if there are any, as Caffe does."""
    doubles = _joined(blob.double_data, "<f8", where)
    if doubles.size:
        return _narrowed(doubles)
    floats = _joined(blob.data, "<f4", where)
    return floats.astype(np.float32, copy=False) if floats.size else _loose_values(blob)


def _joined(runs: Iterable[bytes], dtype: str, where: str) -> NDArray[Any]:
    try:
        arrays = [np.frombuffer(run, dtype) for run in runs if run]
    except ValueError as error:
        raise AlexNetError(
            f"In {where}, the numbers end in the middle of one; the file is damaged, download it "
            "again."
        ) from error
    joined = arrays[0] if len(arrays) == 1 else np.concatenate([np.empty(0, dtype), *arrays])
    joined.flags.writeable = False
    return joined


def _loose_values(blob: Any) -> NDArray[np.float32]:
    """Numbers that are not packed; they were kept as fields that the schema does not know."""
    loose = message_classes()["LooseBlob"].FromString(blob.SerializeToString())
    if doubles := len(loose.double_data):
        return _narrowed(np.fromiter(loose.double_data, np.float64, doubles))
    floats = np.fromiter(loose.data, np.float32, len(loose.data))
    floats.flags.writeable = False
    return floats


def _narrowed(doubles: NDArray[np.float64]) -> NDArray[np.float32]:
    with np.errstate(all="ignore"):  # a double too large for float32 becomes infinity, as in C
        floats = doubles.astype(np.float32)
    floats.flags.writeable = False
    return floats
