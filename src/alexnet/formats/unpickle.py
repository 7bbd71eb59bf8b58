"""The child's program: a pickled file of torch on standard input, safetensors out.

    python -m alexnet.formats.unpickle BYTES TARGET < FILE

BYTES is the size of the file, which sets the limits. Ends with 0, or with REFUSED and a reason on
standard output. Started by ``pickled`` and by nobody else: this is the one place where a pickle
from outside is opened, and the process is thrown away afterwards.
"""

import re
import resource
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import safetensors.torch
import torch

from alexnet.formats.foreign import mapped_memory, shortened

REFUSED = 3  # exit code
ZIP = b"PK\3\4"
SLACK = 512 << 20  # bytes beyond what the numbers take
CPU_SECONDS, BYTES_A_CPU_SECOND = 60, 10 << 20
WRAPPERS = ("state_dict", "model")  # under these names training scripts keep the weights


class Refused(Exception):
    """The reason why no weights come out: the end of a sentence that begins with the file."""


def main() -> int:
    """What the module's docstring says."""
    size, target = int(sys.argv[1]), Path(sys.argv[2])
    limit(size)
    try:
        convert(sys.stdin.buffer, size, target)
    except Refused as reason:
        print(reason)
        return REFUSED
    return 0


def limit(size: int) -> None:
    """Let this process have what a file of ``size`` bytes can need, and no more."""
    taken = mapped_memory()
    if taken is not None:  # torch alone takes gigabytes of addresses; count from there
        _lower(resource.RLIMIT_AS, taken + 3 * size + SLACK)
    _lower(resource.RLIMIT_CPU, cpu_seconds(size))
    _lower(resource.RLIMIT_FSIZE, 2 * size + (1 << 20))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def cpu_seconds(size: int) -> int:
    """Seconds of processor time for a file of so many bytes."""
    return CPU_SECONDS + size // BYTES_A_CPU_SECOND


def _lower(which: int, value: int) -> None:
    _, hard = resource.getrlimit(which)
    if hard != resource.RLIM_INFINITY:
        value = max(0, min(value, hard - 1))
    # At the second number the kernel kills without saying why.
    resource.setrlimit(which, (value, value + 1))


def convert(file: BinaryIO, size: int, target: Path) -> None:
    """Write the tensors in ``file`` to ``target``; raises Refused."""
    try:
        check_zip(file, size)
        file.seek(0)
        content = torch.load(file, map_location="cpu", weights_only=True)
        tensors = state_dict(content, size)
        safetensors.torch.save_file(tensors, target)
    except Refused:
        raise
    except Exception as error:  # whatever a file that was made to do harm may bring about
        raise Refused(explained(error)) from error


def check_zip(file: BinaryIO, size: int) -> None:
    """Raise Refused where a zip archive is cut off, not torch's, or unpacks to more than it is."""
    file.seek(0)
    if not file.read(4).startswith(ZIP):
        return
    if not zipfile.is_zipfile(file):
        raise Refused(
            "is damaged or cut off: a zip archive whose end is missing; download it again"
        )
    try:
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
    except Exception as error:  # zipfile raises a dozen kinds
        raise Refused(f"is damaged or cut off ({_line(error)}); download it again") from error
    names = [member.filename for member in members]
    if not any(name.endswith("data.pkl") for name in names):
        raise Refused(_other_archive(names))
    # torch stores and never compresses.
    unpacked = sum(member.file_size for member in members)
    if unpacked > size:
        raise Refused(
            f"is no file of torch: its {size:,} bytes unpack to {unpacked:,}, and torch does not "
            "compress; it was packed by another program or made to do harm"
        )


def _other_archive(names: list[str]) -> str:
    if any(name.endswith("/archive_format") for name in names):
        return (
            "is a program of torch.export (.pt2), which is not read here; take the weights that it "
            "was made from"
        )
    first = f"{names[0]!r:.80}" if names else "nothing"
    return f"is a zip archive that torch did not write (in it: {first})"


def state_dict(content: Any, size: int) -> dict[str, torch.Tensor]:
    """The tensors by name, dense and in memory of their own; ``module.`` is taken off the names.

    ``content`` is a state dict or holds one under one of WRAPPERS. Raises Refused.
    """
    wrapped = next((w for w in WRAPPERS if isinstance(content, dict) and w in content), None)
    found = content if wrapped is None or _is_tensor(content[wrapped]) else content[wrapped]
    if not isinstance(found, dict) or not found:
        raise Refused(f"holds no weights by name but {_kind(found)}; save model.state_dict()")
    for name, value in found.items():
        if not isinstance(name, str) or not _is_tensor(value):
            raise Refused(f"holds {_kind(value)} under {name!r:.80}, where tensors are expected")
    if (total := sum(value.numel() * value.element_size() for value in found.values())) > 2 * size:
        raise Refused(f"claims tensors of {total:,} bytes and has {size:,}; it is damaged")
    common = "module." if all(name.startswith("module.") for name in found) else ""
    return dict(_unshared({name.removeprefix(common): found[name] for name in found}))


def _is_tensor(value: Any) -> bool:
    return isinstance(value, torch.Tensor)


def _kind(value: Any) -> str:
    return "an empty dict" if value == {} else f"something of type {type(value).__name__}"


def _unshared(tensors: dict[str, torch.Tensor]) -> Iterator[tuple[str, torch.Tensor]]:
    seen = set()
    for name, value in tensors.items():
        if value.layout != torch.strided or value.is_quantized or value.device.type != "cpu":
            raise Refused(f"holds {name!r:.80} as something else than plain dense numbers")
        own = value.detach().contiguous()
        start = own.untyped_storage().data_ptr()
        yield name, own.clone() if start in seen else own
        seen.add(start)


def explained(error: Exception) -> str:
    """What torch said, as the end of a sentence."""
    said = str(error)
    if found := re.search(r"GLOBAL (\S*\w)\s", said):
        return (
            f"was not opened: it asks for {found[1][:100]}, which weights do not need. It is a "
            "whole model, or made to do harm; if you trust it, open it with the program it is from "
            "and save model.state_dict()"
        )
    if "TorchScript" in said:
        return "is a TorchScript archive; open it with torch.jit.load and save its state_dict()"
    if isinstance(error, MemoryError) or "memory" in said:
        return f"asks for more memory than a file of its size can need ({_line(error)})"
    if isinstance(error, OSError) and error.strerror:
        return f"could not be converted: {error.strerror}"
    return f"is damaged, cut off or no weights of torch ({_line(error)}); download it again"


def _line(error: Exception) -> str:
    text = str(error).strip() or type(error).__name__
    return shortened(re.split(r"\.\s|\n", text)[0].rstrip(". "), 200)


if __name__ == "__main__":
    sys.exit(main())
