"""numpy's own files: written whole or not at all, opened only where they are what they must be."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tokenize import TokenError
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from alexnet.data.filenames import shown
from alexnet.errors import AlexNetError
from alexnet.files import replacing

ODD = (TokenError, MemoryError, Warning)  # what numpy has to say of damaged headers besides
Write = Callable[[NDArray[Any]], None]


def save_array(path: Path, array: NDArray[Any]) -> None:
    """Put an array at ``path``."""
    with replacing(path) as file:
        np.lib.format.write_array(file, array, version=(1, 0), allow_pickle=False)


@contextmanager
def growing_array(path: Path, dtype: DTypeLike, shape: tuple[int, ...]) -> Iterator[Write]:
    """Put an array of that shape at ``path``, whose rows are given piece by piece."""
    wanted = np.dtype(dtype)
    header = {"descr": wanted.str, "fortran_order": False, "shape": shape}
    with replacing(path) as file:
        np.lib.format.write_array_header_1_0(file, header)

        def write(rows: NDArray[Any]) -> None:
            file.write(np.ascontiguousarray(rows, wanted).data)

        yield write


def mapped(path: Path, dtype: DTypeLike, shape: tuple[int, ...]) -> NDArray[Any]:
    """The array at ``path``, mapped; AlexNetError where it is not just of this type and shape."""
    wanted = np.dtype(dtype)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # numpy warns of headers that are not ours
            array: NDArray[Any] = np.lib.format.open_memmap(path, mode="r")
    except FileNotFoundError as error:
        raise misfit(path, "it is missing") from error
    except OSError as error:
        raise AlexNetError(f"{shown(str(path))} cannot be read: {error}.") from error
    except (ValueError, TypeError, EOFError, SyntaxError, *ODD) as error:
        # numpy quotes the header, which may be as long as the file.
        raise misfit(path, f"cut short or no array ({str(error)[:100]})") from error
    if array.dtype != wanted or array.shape != shape or not array.flags.c_contiguous:
        raise misfit(path, f"it holds {array.dtype} {array.shape}, not {wanted} {shape}")
    length = array.offset + array.nbytes  # type: ignore[attr-defined]
    if path.stat().st_size != length:
        raise misfit(path, f"it has {path.stat().st_size:,} bytes, not {length:,}")
    return array


def misfit(path: Path, what: str) -> AlexNetError:
    """The sentence about a file that does not go with its set."""
    return AlexNetError(f"{shown(str(path))} does not fit its set: {what}. Prepare the set again.")
