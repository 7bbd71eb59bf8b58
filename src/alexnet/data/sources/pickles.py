"""Arrays and lists in other people's pickles, which are programs: nothing is unpickled here.

They are opened in a process that is thrown away (``unpickle``), with limits, and without all that
a pickle could ask for but arrays, lists, dicts, texts and numbers.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alexnet.children import cause_of_end
from alexnet.data.filenames import shown
from alexnet.errors import AlexNetError

CHILD = Path(__file__).with_name("unpickle.py")  # by its path: no variable leads to another one
REFUSED = 3  # as in ``unpickle``, which is not imported here
SECONDS, BYTES_A_SECOND = 60.0, 2 << 20  # how long the child may take, whatever it waits for
LARGEST = 512 << 20  # bytes; they are held in memory
Value = NDArray[Any] | list[int | float | str] | int | float | str


def load(data: bytes, keys: tuple[str, ...], where: str) -> dict[str, Value]:
    """Of the dict in a pickle the values under ``keys``, as far as they are there.

    Arrays have the shape, order and dtype that the pickle says (whole numbers or floats) and
    cannot be written to; bytes come as text. AlexNetError, which begins with ``where``, for
    anything else.
    """
    if len(data) > LARGEST:
        raise AlexNetError(
            f"{where} was not opened: its {len(data) >> 20:,} MB are more than any batch has; "
            f"the limit is {LARGEST >> 20} MB."
        )
    seconds = SECONDS + len(data) / BYTES_A_SECOND
    try:
        ended = subprocess.run(
            [sys.executable, "-I", "-S", str(CHILD), str(len(data)), *keys],
            input=data, capture_output=True, timeout=seconds, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise AlexNetError(
            f"{where} was not opened: the process that reads it took more than {seconds:,.0f} "
            "seconds and was stopped."
        ) from error
    if ended.returncode == REFUSED:
        raise AlexNetError(f"{where} {_words(ended.stdout)}.")
    if ended.returncode:
        raise AlexNetError(
            f"{where} was not opened: {cause_of_end(ended.returncode, _words(ended.stderr))}."
        )
    return _values(ended.stdout)


def _words(said: bytes) -> str:
    """What was said last; what a foreign file brings into it cannot steer a terminal."""
    lines = said.decode("utf-8", "replace").strip().splitlines() or ["it says nothing"]
    return shown(lines[-1][:1000])


def _values(output: bytes) -> dict[str, Value]:
    values: dict[str, Value] = {}
    start = output.index(b"\n") + 1
    for key, value in json.loads(output[:start]).items():
        if isinstance(value, dict):
            count = value["bytes"] // np.dtype(value["dtype"]).itemsize
            flat = np.frombuffer(output, value["dtype"], count, start)
            values[key] = flat.reshape(value["shape"], order=value["order"])
            start += value["bytes"]
        else:
            values[key] = value
    return values
