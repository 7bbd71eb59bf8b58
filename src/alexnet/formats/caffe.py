"""Weights and mean images of Caffe: ``.caffemodel`` (both generations) and ``.binaryproto``.

What a file holds is said in ``caffe_schema``. Reading takes twice the file's size of memory: a blob
is a view of the bytes that protobuf hands out. (Numbers that are not packed, which Caffe itself
does not write, take more.)
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alexnet.errors import AlexNetError
from alexnet.formats import caffe_schema as schema
from alexnet.formats import foreign
from alexnet.formats.caffe_blobs import array_of, shape_of
from alexnet.formats.caffe_settings import settings_of

LARGEST = (1 << 31) - 1  # bytes; a message of protocol buffers is no larger


@dataclass(frozen=True)
class CaffeLayer:
    """A layer as it was trained. Blobs cannot be written to; weights come first, then biases."""

    name: str
    type: str  # as the new generation spells it: "Convolution", "InnerProduct", "LRN"
    bottoms: tuple[str, ...]
    tops: tuple[str, ...]
    blobs: tuple[NDArray[np.float32], ...]  # of the shape in the file; ``squeezed`` strips ones
    settings: dict[str, Any]  # the layer's numbers, Caffe's defaults filled in


@dataclass(frozen=True)
class CaffeNet:
    """What a ``.caffemodel`` holds, layers without weights included."""

    name: str
    layers: tuple[CaffeLayer, ...]


def read_caffemodel(path: Path | str) -> CaffeNet:
    """The net in a ``.caffemodel``; AlexNetError where it is missing, damaged or something else."""
    path = Path(path)
    net = _parsed(path, "Net", "caffemodel")
    if len(net.layers) and len(net.layer):
        raise AlexNetError(
            f"{path} lists layers of two generations (fields 2 and 100), so it is not clear which "
            "make the net; save it again with Caffe's upgrade_net_proto_binary."
        )
    if not len(net.layers) and not len(net.layer):
        raise AlexNetError(_not_one(path, "caffemodel", "it lists no layers"))
    layers = [_old_layer(path, one) for one in net.layers] or [
        _layer(path, one, _text(one.type)) for one in net.layer
    ]
    return CaffeNet(_text(net.name), tuple(layers))


def read_mean(path: Path | str) -> NDArray[np.float32]:
    """The mean image in a ``.binaryproto``: (height, width, 3), RGB, on the scale of the pixels.

    Files hold (3, height, width) in the order B, G, R. AlexNetError where the file is missing,
    damaged or something else.
    """
    path = Path(path)
    blob = _parsed(path, "Blob", "mean image (.binaryproto)")
    found = array_of(blob, str(path)) if shape_of(blob) else np.empty(0, np.float32)
    if not found.size:
        raise AlexNetError(_not_one(path, "mean image (.binaryproto)", "it holds no picture"))
    planes = squeezed(found, 3) if found.shape[0] == 1 else found
    if planes.ndim != 3 or planes.shape[0] != 3:
        raise AlexNetError(
            f"{path} holds an array of shape {found.shape}; a mean image has (3, height, width)."
        )
    return np.ascontiguousarray(planes[::-1].transpose(1, 2, 0))


def squeezed(blob: NDArray[np.float32], dims: int) -> NDArray[np.float32]:
    """The blob without the leading ones that old files put before 1-D and 2-D shapes.

    AlexNetError where it does not have ``dims`` dimensions then.
    """
    extra = blob.ndim - dims
    if extra < 0 or any(size != 1 for size in blob.shape[:extra]):
        raise AlexNetError(f"A blob of shape {blob.shape} was found where {dims} sizes are needed.")
    return blob.reshape(blob.shape[extra:])


def _parsed(path: Path, message: str, what: str) -> Any:
    """The file as a message of the schema."""
    try:
        classes = schema.message_classes()
    except ImportError as error:
        raise AlexNetError(
            f"Reading {path} takes protobuf, which is not installed: pip install 'alexnet[caffe]'."
        ) from error
    if (size := foreign.checked_size(path, 2)) > LARGEST:
        raise AlexNetError(_not_one(path, what, f"{size:,} bytes are more than one can have"))
    try:
        return classes[message].FromString(path.read_bytes())
    except OSError as error:
        raise AlexNetError(f"{path} cannot be read: {error.strerror}.") from error
    except MemoryError as error:
        raise AlexNetError(f"{path} takes more memory than there is.") from error
    except Exception as error:  # what protobuf raises differs between its implementations
        found = f"after {size:,} bytes it is cut off, or it is damaged; download it again"
        raise AlexNetError(_not_one(path, what, found)) from error


def _not_one(path: Path, what: str, found: str) -> str:
    """A sentence: by the file's own beginning if that says what it is, else by what was found."""
    return f"{path} is no {what}: {foreign.nature(foreign.read_head(path)) or found}."


def _old_layer(path: Path, record: Any) -> CaffeLayer:
    if record.HasField("layer"):
        raise AlexNetError(
            f"{path} has the first of Caffe's three formats (V0), which is not read here; "
            "bring it up to date with Caffe's upgrade_net_proto_binary."
        )
    known = 0 <= record.type < len(schema.V1_TYPES)
    return _layer(path, record, schema.V1_TYPES[record.type] if known else f"V1 {record.type}")


def _layer(path: Path, record: Any, kind: str) -> CaffeLayer:
    name = _text(record.name)
    where = f"layer {name!r} of {path}"
    return CaffeLayer(
        name=name,
        type=kind,
        bottoms=tuple(map(_text, record.bottom)),
        tops=tuple(map(_text, record.top)),
        blobs=tuple(array_of(blob, f"{where}, blob {i}") for i, blob in enumerate(record.blobs)),
        settings=settings_of(record, kind, where),
    )


def _text(name: bytes) -> str:
    return name.decode("utf-8", "replace")
