"""The child's program: a pickle on standard input, its arrays and plain values out.

    python -I -S unpickle.py BYTES KEY ... < FILE

BYTES is the size of the file, which sets the limits; the pickle holds a dict, of which the KEYs
are wanted. Out come a line of JSON ({key: value}; of an array {"dtype", "shape", "order", "bytes"})
and the bytes of the arrays, one after the other. Ends with 0, or with REFUSED and a reason.
Started by ``pickles`` and by nobody else: this is the one place where a pickle of data is opened,
with nothing but the standard library at hand; the process is thrown away afterwards.
"""

import json
import math
import pickle
import re
import resource
import sys
from collections.abc import Sequence
from typing import Any, BinaryIO

REFUSED = 3  # exit code
SLACK = 512 << 20  # bytes for Python itself, and what glibc maps
CPU_SECONDS, BYTES_A_CPU_SECOND = 20, 5 << 20


class Refused(Exception):
    """The reason why nothing comes out: the end of a sentence that begins with the file."""


class Dtype:
    """Stands in for numpy's dtype, so that nothing of numpy runs on what a pickle says."""

    def __init__(self, kind: object = "", *_flags: object) -> None:
        self.text = _text(kind)

    def __setstate__(self, state: Any) -> None:
        self.text = _text(state[1]) + self.text

    def checked(self) -> str:
        """The dtype as numpy writes it, of whole numbers or floats."""
        if not re.fullmatch(r"[<>|=]?([ui][1248]|f[248])", self.text):
            raise Refused(f"holds an array of {self.text[:20]!r}; expected are plain numbers")
        return self.text


class Array:
    """Stands in for numpy's ndarray: takes down what a pickle says of it."""

    def __init__(self, *_given: object) -> None:
        self.data: Any = b""
        self.dtype: Any = None
        self.shape: Any = ()
        self.order = "C"

    def __setstate__(self, state: Any) -> None:
        _, self.shape, self.dtype, fortran, self.data = state
        self.order = "F" if fortran else "C"

    def facts(self) -> dict[str, Any]:
        """How its bytes are to be read; Refused where they do not fit."""
        if not isinstance(self.dtype, Dtype) or not isinstance(self.data, bytes | bytearray):
            raise Refused("holds an array of objects; expected are plain numbers")
        dtype, shape = self.dtype.checked(), self.shape
        sizes = isinstance(shape, tuple) and all(type(n) is int and n >= 0 for n in shape)
        if not sizes or len(shape) > 8 or math.prod(shape) * int(dtype[-1]) != len(self.data):
            raise Refused(f"holds an array of {len(self.data):,} bytes that do not fit its shape")
        return {"dtype": dtype, "shape": shape, "order": self.order, "bytes": len(self.data)}


def reconstruct(*_given: object) -> Array:
    """What numpy's function of this name stands for; the state follows."""
    return Array()


def from_buffer(data: object, dtype: object, shape: object, order: object) -> Array:
    """How numpy's newer pickles write an array."""
    array = Array()
    array.data, array.dtype, array.shape = data, dtype, shape
    array.order = "F" if order == "F" else "C"
    return array


def encode(text: str, encoding: str) -> bytes:
    """How Python 3 writes bytes for Python 2."""
    if encoding != "latin1":
        raise Refused(f"holds bytes in an encoding that Python does not write ({encoding!r:.40})")
    return text.encode("latin-1")


def no_bytes() -> bytes:
    """How Python 3 writes no bytes at all for Python 2."""
    return b""


GLOBALS = {
    ("numpy", "ndarray"): Array,
    ("numpy", "dtype"): Dtype,
    ("numpy.core.multiarray", "_reconstruct"): reconstruct,
    ("numpy._core.multiarray", "_reconstruct"): reconstruct,
    ("numpy.core.numeric", "_frombuffer"): from_buffer,
    ("numpy._core.numeric", "_frombuffer"): from_buffer,
    ("_codecs", "encode"): encode,
    ("__builtin__", "bytes"): no_bytes,
    ("builtins", "bytes"): no_bytes,
}


class Unpickler(pickle.Unpickler):
    """Knows the few names above, and no import."""

    def find_class(self, module: str, name: str) -> Any:
        """What a pickle may ask for; Refused for all else."""
        found = GLOBALS.get((module, name))
        if found is None:
            raise Refused(
                f"was not opened: it asks for {f'{module}.{name}':.100}, which pictures and labels "
                "do not need. It was made by another program, or to do harm"
            )
        return found


def main() -> int:
    """What the module's docstring says."""
    size, keys = int(sys.argv[1]), sys.argv[2:]
    limit(size)
    try:
        head, arrays = read(sys.stdin.buffer, size, keys)
    except Refused as reason:
        print(reason)
        return REFUSED
    sys.stdout.buffer.write(json.dumps(head).encode() + b"\n")
    for array in arrays:
        sys.stdout.buffer.write(array.data)
    return 0


def limit(size: int) -> None:
    """Let this process have what a file of ``size`` bytes can need; no file can be opened more."""
    _lower(resource.RLIMIT_AS, 4 * size + SLACK)
    _lower(resource.RLIMIT_CPU, CPU_SECONDS + size // BYTES_A_CPU_SECOND)
    for which in (resource.RLIMIT_FSIZE, resource.RLIMIT_NOFILE, resource.RLIMIT_CORE):
        resource.setrlimit(which, (0, 0))


def _lower(which: int, value: int) -> None:
    _, hard = resource.getrlimit(which)
    if hard != resource.RLIM_INFINITY:
        value = max(0, min(value, hard - 1))
    # At the second number the kernel kills without saying why.
    resource.setrlimit(which, (value, value + 1))


def read(file: BinaryIO, size: int, keys: Sequence[str]) -> tuple[dict[str, Any], list[Array]]:
    """The wanted values of the dict in ``file`` as JSON, and the arrays among them; Refused."""
    try:
        found = Unpickler(file, encoding="bytes").load()
        if not isinstance(found, dict):
            raise Refused(f"holds something of type {type(found).__name__}; expected is a dict")
        named = {_text(key): value for key, value in found.items()}
        wanted = {key: named[key] for key in keys if key in named}
        head = {key: _plain(key, value, size) for key, value in wanted.items()}
    except Refused:
        raise
    except MemoryError as error:
        raise Refused("asks for more memory than a file of its size can need") from error
    except Exception as error:  # whatever a file that was made to do harm may bring about
        said = str(error).strip() or type(error).__name__
        raise Refused(
            f"is damaged, cut off or no pickle ({said:.100}); download it again"
        ) from error
    return head, [value for value in wanted.values() if isinstance(value, Array)]


def _plain(key: str, value: Any, size: int) -> Any:
    """A value as JSON has it."""
    if isinstance(value, Array):
        return value.facts()
    if not isinstance(value, list):
        return _scalar(key, value)
    # One long text can stand in a list a million times.
    if sum(len(one) for one in value if isinstance(one, bytes | str)) > size:
        raise Refused(f"holds more text under {key!r:.40} than a file of its size can need")
    return [_scalar(key, one) for one in value]


def _scalar(key: str, value: Any) -> int | float | str:
    if isinstance(value, bytes | str):
        return _text(value)
    if isinstance(value, int | float) and abs(value) < 1 << 63:
        return value
    kind = type(value).__name__
    raise Refused(
        f"holds something of type {kind} under {key!r:.40}; expected are texts or numbers"
    )


def _text(value: Any) -> str:
    """Text without halves of characters, which no table could hold."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return str(value).encode("utf-8", "replace").decode() if isinstance(value, str) else ""


if __name__ == "__main__":
    sys.exit(main())
