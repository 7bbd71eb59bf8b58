"""Two checkpoints of a run, either of which is complete or not there, and the way back.

One is a safetensors file ``step-00001200.safetensors``: the tensors, the state as JSON in the
header, and at the end a tensor ``checksum``, the CRC-32 of all bytes before it, so that one pass
writes it and one pass proves it. Equal content gives equal bytes.
"""
# System calls go by their own names here, so that tests can put others in their place.
# ruff: noqa: PTH104, PTH108, PTH208

import json
import os
import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open

from alexnet.errors import AlexNetError
from alexnet.files import replacing

KEPT = 2
_NAME = re.compile(r"step-(\d{8,})\.safetensors")
_CHECKSUM = "checksum"
_CHECKSUM_BYTES = 4
_BLOCK = 4 << 20
_DTYPES = {
    torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16",
    torch.int64: "I64", torch.int32: "I32", torch.int16: "I16", torch.int8: "I8",
    torch.uint8: "U8", torch.bool: "BOOL",
}  # fmt: skip


class _Damaged(Exception):
    """A checkpoint is not what was once written."""


@dataclass(frozen=True)
class Checkpoint:
    """What was saved at a step: tensors by name (contiguous, on the CPU) and the JSON state."""

    path: Path
    step: int
    tensors: dict[str, torch.Tensor]
    state: dict[str, Any]


def save(folder: Path, tensors: Mapping[str, torch.Tensor], state: Mapping[str, Any]) -> Path:
    """Write the checkpoint of step ``state["step"]``, read it back, then remove older ones.

    ``tensors``: any shape, strides and device, of float, int or bool type; one at a time is copied,
    where it must be. ``state`` is what JSON can hold. The newest two checkpoints stay; for a moment
    there are three. AlexNetError where the disk fails; then the former ones are untouched.
    """
    path = folder / f"step-{state['step']:08d}.safetensors"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write(path, tensors, state)
    except OSError as error:
        raise AlexNetError(f"{path} could not be written: {error.strerror}.") from error
    except _Damaged as error:
        raise AlexNetError(
            f"{path} does not read back as it was written ({error}); the disk or the memory of "
            "this machine may be failing. The checkpoint before it was kept."
        ) from error
    _remove_all_but(folder, path)
    return path


def load(folder: Path, say: Callable[[str], None]) -> Checkpoint | None:
    """The newest good checkpoint in a folder, None where there is none.

    A damaged one is told to ``say`` and set aside under the name ``*.damaged``, the one before it
    taken. AlexNetError where all are damaged: starting anew is the user's decision, not ours.
    """
    damaged: list[tuple[Path, str]] = []
    for path in _newest_first(folder):
        try:
            _prove(path)
            found = _read(path)
        except OSError as error:
            damaged.append((path, error.strerror or str(error)))
        except _Damaged as error:
            damaged.append((path, str(error)))
        else:
            _set_aside(damaged, found, say)
            return found
    if not damaged:
        return None
    what = "; ".join(f"{path.name}: {reason}" for path, reason in damaged)
    raise AlexNetError(
        f"No checkpoint in {folder} can be read ({what}). Put a good copy of one there, or start "
        "a new run."
    )


def _write(path: Path, tensors: Mapping[str, torch.Tensor], state: Mapping[str, Any]) -> None:
    # Wide types first keeps each tensor aligned in the file, as safetensors does itself.
    names = sorted(tensors, key=lambda name: (-tensors[name].element_size(), name))
    ordered = {name: tensors[name] for name in names}
    checksum = 0
    with replacing(path, prove=lambda written: _prove(written, checksum)) as file:
        blocks: Iterator[bytes | memoryview] = chain(
            [_header(ordered, state)], map(_bytes_of, ordered.values())
        )
        for block in blocks:
            file.write(block)
            checksum = zlib.crc32(block, checksum)
        file.write(checksum.to_bytes(_CHECKSUM_BYTES, "little"))


def _header(tensors: Mapping[str, torch.Tensor], state: Mapping[str, Any]) -> bytes:
    """The safetensors header: its length in 8 bytes, little-endian, then JSON and spaces."""
    if _CHECKSUM in tensors:
        raise ValueError(f"no tensor can be called {_CHECKSUM!r}")
    metadata = {"format": "alexnet checkpoint 1", "state": json.dumps(state)}
    entries: dict[str, Any] = {"__metadata__": metadata}
    start = 0
    for name, tensor in tensors.items():
        end = start + tensor.numel() * tensor.element_size()
        entries[name] = _entry(_DTYPES[tensor.dtype], list(tensor.shape), start, end)
        start = end
    entries[_CHECKSUM] = _entry("U8", [_CHECKSUM_BYTES], start, start + _CHECKSUM_BYTES)
    text = json.dumps(entries, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text


def _entry(dtype: str, shape: list[int], start: int, end: int) -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, end]}


def _bytes_of(tensor: torch.Tensor) -> memoryview:
    """The elements in row-major order, whatever the strides; copied only where that is needed."""
    flat = tensor.detach().cpu().contiguous().reshape(-1)
    return flat.view(torch.uint8).numpy().data


def _prove(path: Path, written: int | None = None) -> None:
    """Compare a file with its own checksum, and with that of what was written."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        with suppress(OSError, AttributeError):  # so that the disk is read, not what memory keeps
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        found, stored = _checksums(descriptor)
    finally:
        os.close(descriptor)
    if found != stored or written not in (None, found):
        raise _Damaged("its checksum is wrong: it was cut off or changed")


def _checksums(descriptor: int) -> tuple[int, int]:
    """The checksum of all that a file holds but its last bytes; the checksum that these say."""
    left = os.fstat(descriptor).st_size - _CHECKSUM_BYTES
    found, block = 0, memoryview(bytearray(_BLOCK))
    while left > 0:
        count = os.readv(descriptor, [block[: min(left, _BLOCK)]])
        if count == 0:
            break
        found = zlib.crc32(block[:count], found)
        left -= count
    return found, int.from_bytes(os.read(descriptor, _CHECKSUM_BYTES) or b"\xff", "little")


def _read(path: Path) -> Checkpoint:
    """The content of a proven file; safetensors checks its sizes before memory is taken."""
    try:
        with safe_open(path, "pt") as file:
            state = json.loads(file.metadata()["state"])
            names = [name for name in file.keys() if name != _CHECKSUM]  # noqa: SIM118
            tensors = {name: file.get_tensor(name) for name in names}
        return Checkpoint(path, state["step"], tensors, state)
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        raise _Damaged(f"it is no checkpoint of this program: {error}") from error


def _newest_first(folder: Path) -> list[Path]:
    try:
        matches = [match for name in os.listdir(folder) if (match := _NAME.fullmatch(name))]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise AlexNetError(f"{folder} cannot be read: {error.strerror}.") from error
    return [folder / match[0] for match in sorted(matches, key=lambda m: int(m[1]), reverse=True)]


def _remove_all_but(folder: Path, newest: Path) -> None:
    """Keep ``newest`` and those before it. Later steps are of a past that was gone back from."""
    found = _newest_first(folder)
    first = found.index(newest)
    for path in set(found) - set(found[first : first + KEPT]):
        with suppress(OSError):
            os.unlink(path)


def _set_aside(
    damaged: list[tuple[Path, str]], found: Checkpoint, say: Callable[[str], None]
) -> None:
    for path, reason in damaged:
        say(
            f"{path} cannot be used ({reason}); going on from the one before it, step "
            f"{found.step}. The damaged file is now called {path.name}.damaged; it can be removed."
        )
        with suppress(OSError):
            os.rename(path, path.with_name(path.name + ".damaged"))
