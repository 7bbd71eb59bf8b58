"""Files that others made: looked at before memory is taken, and named for what they are."""

import os
import re
import resource
import stat
from collections.abc import Callable
from pathlib import Path

from alexnet.errors import AlexNetError

HEAD = 512  # bytes that tell what a file is
CGROUP = Path("/sys/fs/cgroup")  # where a container finds its limits

CONTROL = re.compile(rb"[^\t\n\f\r -~]")
PAGES = (b"<!doctype", b"<html", b"<head", b"<?xml", b"<!--")
# How a file begins, and what to say about it.
KINDS: tuple[tuple[Callable[[bytes], bool], str], ...] = (
    (
        lambda head: head.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(PAGES),
        "it is a web page, so the download failed; download it again",
    ),
    (
        lambda head: head.startswith(b"version https://git-lfs"),
        "it only points to a file that git lfs keeps elsewhere; fetch that with `git lfs pull`",
    ),
    (
        lambda head: head.startswith(b"\x89HDF\r\n\x1a\n"),
        "it is HDF5 (.h5), which is not read here; save it in the other format with the program "
        "that wrote it",
    ),
    (
        lambda head: head.startswith((b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0")),
        "it is compressed; unpack it first",
    ),
    (lambda head: head[257:262] == b"ustar", "it is a tar archive; unpack it first"),
    (lambda head: head.startswith(b"PK\3\4"), "it is a zip archive, or a .pth file of PyTorch"),
    (
        lambda head: head.startswith(b"\x80") and head[2:3] in b"c}(]X\x8a\x95",
        "it is a pickle, perhaps a .pth file of PyTorch",
    ),
    (lambda head: head[8:10] == b'{"', "it is a safetensors file"),
    (
        # Protocol buffers: the version of the format, then who wrote it, the graph or its opset.
        lambda head: head[:1] == b"\x08" and head[2:3] in (b"\x12", b"\x3a", b"\x42"),
        "it is ONNX (.onnx), which is not read here; take the weights that it was made from",
    ),
    (
        lambda head: len(head) > 16 and head.isascii() and not CONTROL.search(head),
        "it is text; a .prototxt says what a network is like and holds no weights",
    ),
)


def checked_size(path: Path, times: float) -> int:
    """The size in bytes of an ordinary file that may be read, and takes ``times`` that of memory.

    AlexNetError where there is no such file, it is empty, or there is less memory than that.
    """
    try:
        facts = path.stat()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise AlexNetError(f"{path} cannot be read: {reason}.") from error
    if not stat.S_ISREG(facts.st_mode):
        raise AlexNetError(f"{path} cannot be read: it is no ordinary file.")
    if not facts.st_size:
        raise AlexNetError(f"{path} is empty, so the download failed; download it again.")
    needed, free = times * facts.st_size, available_memory()
    if free is not None and needed > free:
        raise AlexNetError(
            f"{path} has {facts.st_size / 1e6:,.0f} MB; reading it takes {needed / 1e6:,.0f} MB of "
            f"memory, of which {free / 1e6:,.0f} MB are free here."
        )
    return facts.st_size


def read_head(path: Path) -> bytes:
    """The first bytes of a file, at most HEAD; AlexNetError where they cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(HEAD)
    except OSError as error:
        raise AlexNetError(f"{path} cannot be read: {error.strerror}.") from error


def nature(head: bytes) -> str | None:
    """The end of a sentence about a file that begins so and is not what was asked for."""
    return next((said for begins, said in KINDS if begins(head)), None)


def shortened(words: str, most: int) -> str:
    """The words, or as many whole ones as ``most`` characters can hold."""
    return words if len(words) <= most else f"{words[:most].rpartition(' ')[0] or words[:most]} ..."


def available_memory() -> int | None:
    """Bytes that can still be taken: of the machine, the container and this process; else None."""
    limits = [free for free in (_of_machine(), _of_cgroup(), _of_process()) if free is not None]
    return max(0, min(limits)) if limits else None


def _of_machine() -> int | None:
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        facts = dict(line.split(":", 1) for line in lines)
        return int(facts["MemAvailable"].split()[0]) << 10
    except (OSError, KeyError, ValueError):
        return None


def _of_cgroup() -> int | None:
    try:
        limit = int((CGROUP / "memory.max").read_text())
        used = int((CGROUP / "memory.current").read_text())
        facts = dict(line.split() for line in (CGROUP / "memory.stat").read_text().splitlines())
        # What only keeps files at hand is given up when memory is asked for.
        return limit - used + int(facts["inactive_file"]) + int(facts["active_file"])
    except (OSError, KeyError, ValueError):  # "max" is no number: there is no limit
        return None


def _of_process() -> int | None:
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    taken = mapped_memory()
    return None if limit == resource.RLIM_INFINITY or taken is None else limit - taken


def mapped_memory() -> int | None:
    """Bytes of address space that this process has taken; None where the system does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        return pages * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return None
