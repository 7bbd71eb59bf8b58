"""Weights in torch's own files (``.pth``, ``.pt``), which are pickles: programs, that is.

They are opened in a process that is thrown away (``unpickle``), with limits and without most of
what a pickle can ask for, and come back as safetensors. Nothing is unpickled here.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import safetensors.torch
import torch
from safetensors import SafetensorError

import alexnet
from alexnet.children import cause_of_end
from alexnet.errors import AlexNetError
from alexnet.formats import foreign

CHILD = ("-m", "alexnet.formats.unpickle")
REFUSED = 3  # as in ``unpickle``, which is not imported here
SECONDS, BYTES_A_SECOND = 300.0, 2 << 20  # how long the child may take, whatever it waits for
FORCE = "TORCH_FORCE_"
MOST_WORDS = 1000  # characters of what the child says
BEGINNINGS = (b"PK\3\4", b"\x80")  # a zip archive; a bare pickle, as torch wrote before 2020


def read_state_dict(path: Path | str) -> dict[str, torch.Tensor]:
    """The weights by name in a file that ``torch.save`` wrote: shapes and dtypes kept, order not.

    The file may hold a state dict, or one under "state_dict" or "model"; a ``module.`` before
    every name (DataParallel) is taken off. AlexNetError for everything else.
    """
    path = Path(path)
    size = foreign.checked_size(path, 2)
    head = foreign.read_head(path)
    if not head.startswith(BEGINNINGS):
        found = foreign.nature(head) or "torch's files begin otherwise; download it again"
        raise AlexNetError(f"{path} is no file of weights by torch: {found}.")
    try:
        with tempfile.TemporaryDirectory(prefix="alexnet-") as folder:
            _convert(path, size, Path(folder))
            return _tensors(Path(folder) / "tensors", path)
    except OSError as error:
        raise AlexNetError(f"{path} cannot be opened: {error.strerror or error}.") from error


def _convert(path: Path, size: int, folder: Path) -> None:
    """Have a child write ``folder``/tensors; AlexNetError with what it says or died of."""
    seconds = SECONDS + size / BYTES_A_SECOND
    said, errors = folder / "said", folder / "errors"
    with path.open("rb") as file, said.open("wb") as output, errors.open("wb") as complaints:
        try:
            code = subprocess.run(
                [sys.executable, "-P", *CHILD, str(size), str(folder / "tensors")],
                stdin=file, stdout=output, stderr=complaints,
                env=_environment(), timeout=seconds, check=False,
            ).returncode  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise AlexNetError(
                f"{path} was not opened: the process that reads it took more than "
                f"{seconds:,.0f} seconds and was stopped."
            ) from error
    if code == REFUSED:
        raise AlexNetError(f"{path} {_last_line(said)}.")
    if code:
        raise AlexNetError(f"{path} was not opened: {cause_of_end(code, _last_line(errors))}.")


def _environment() -> dict[str, str]:
    """Ours, less what changes how torch loads; this very package first; one core is enough."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(FORCE)}
    root = str(Path(alexnet.__file__).parents[1])
    path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
    one = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    words = {"PYTHONWARNINGS": "ignore", "PYTHONIOENCODING": "utf-8:backslashreplace"}
    return {**ours, **one, **words, "PYTHONPATH": path}


def _last_line(file: Path) -> str:
    """What was said last; what a foreign file brings into it cannot steer a terminal."""
    lines = file.read_text("utf-8", "replace").strip().splitlines() or ["it says nothing"]
    words = foreign.shortened(lines[-1], MOST_WORDS)
    return "".join(c if c.isprintable() else "?" for c in words)


def _tensors(result: Path, path: Path) -> dict[str, torch.Tensor]:
    try:
        found = safetensors.torch.load_file(result)
    except (OSError, SafetensorError) as error:
        raise AlexNetError(f"What came out of {path} cannot be read: {error}.") from error
    # Copies: the file behind the loaded ones is about to go.
    return {name: value.clone() for name, value in found.items()}
