"""The one way to write a file that matters: at its path lies the old content or the new, whole.

Order of Pillai et al., OSDI 2014: write beside, fsync the file, rename, fsync the folder. The tests
fail and kill this module at its n-th system call for every n.
"""
# System calls go by their own names here, so that tests can put others in their place.
# ruff: noqa: PTH104, PTH108, PTH110

import errno
import fcntl
import io
import json
import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, cast

from alexnet.errors import AlexNetError


def write_bytes(path: Path, data: bytes) -> None:
    """Put ``data`` at ``path``; raises AlexNetError, and then the old file is still there."""
    with replacing(path) as file:
        file.write(data)


def write_text(path: Path, text: str) -> None:
    """Put UTF-8 text at ``path``; file names that are no UTF-8 are written as they are on disk."""
    write_bytes(path, text.encode("utf-8", "surrogateescape"))


def write_json(path: Path, value: Any) -> None:
    """Put ``value`` as indented JSON at ``path``; AlexNetError where it holds NaN or infinity."""
    try:
        text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
    except ValueError as error:
        raise AlexNetError(f"{path} was not written; it would be no JSON: {error}.") from error
    # What UTF-8 cannot hold (file names of other encodings) becomes \udcXX, as JSON spells it.
    write_bytes(path, text.encode("utf-8", "backslashreplace") + b"\n")


def read_json(path: Path) -> Any:
    """The value in a JSON file; AlexNetError where it is missing, unreadable or no JSON."""
    try:
        return json.loads(path.read_bytes())
    except OSError as error:
        raise AlexNetError(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise AlexNetError(f"{path} is no JSON: {error}.") from error


@contextmanager
def replacing(path: Path, prove: Callable[[Path], None] | None = None) -> Iterator[BinaryIO]:
    """A binary file that takes the place of ``path`` when the block ends without an exception.

    It is written in order, without seeking. ``prove`` is given the finished file under its
    temporary name, and may raise. Whatever fails, ``path`` keeps its old content; disk full and
    missing rights are told as AlexNetError. A link is followed: what it names is replaced.
    """
    target = Path(os.path.realpath(path))
    with _told(path):
        if target.exists() and not target.is_file():
            raise AlexNetError(f"{path} cannot be written: it is no ordinary file.")
        _remove_stale(target.parent)
        temporary, descriptor = _open_temporary(target.parent)
    try:
        buffered = io.BufferedWriter(_Raw(descriptor, path), 1 << 20)
        yield cast(BinaryIO, buffered)
        buffered.flush()
        with _told(path):
            os.fsync(descriptor)
        if prove:
            prove(temporary)
        with _told(path):
            # Closed only afterwards: closing gives up the lock that says it is in use.
            os.rename(temporary, target)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise
    finally:
        with suppress(OSError):
            os.close(descriptor)
    with _told(path):
        _sync(target.parent)


def publish_folder(temporary: Path, final: Path) -> None:
    """Give a finished folder its final name, all that is in it safely on disk first.

    Both must be on one disk. AlexNetError where ``final`` exists or the disk fails.
    """
    with _told(final):
        if os.path.lexists(final):
            raise AlexNetError(f"{final} exists already; choose another name or remove it.")
        for folder, _, names in os.walk(temporary, topdown=False):
            for name in names:
                _sync(Path(folder, name))
            _sync(Path(folder))
        os.rename(temporary, final)
        _sync(final.parent)


@contextmanager
def making_folder(final: Path) -> Iterator[Path]:
    """A folder beside ``final`` that gets its name when the block ends without an exception.

    Whatever fails, nothing is left under either name; an empty folder at ``final`` is replaced.
    AlexNetError where ``final`` holds anything, or the disk fails.
    """
    with _told(final):
        final.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=".alexnet-", dir=final.parent))
        temporary.chmod(0o755)  # mkdtemp's folders are for one user only
    try:
        yield temporary
        with _told(final), suppress(FileNotFoundError, NotADirectoryError):
            if not any(final.iterdir()):
                final.rmdir()
        publish_folder(temporary, final)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


class _Raw(io.RawIOBase):
    """The end of a buffered writer. It has no fileno on purpose: numpy would write past it."""

    def __init__(self, descriptor: int, path: Path) -> None:
        self.descriptor, self.path = descriptor, path

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        with _told(self.path):
            return os.write(self.descriptor, data)


def _open_temporary(folder: Path) -> tuple[Path, int]:
    """A new, locked file; its name is short whatever the length of the final name."""
    path = folder / f".alexnet-{secrets.token_hex(8)}.tmp"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    with suppress(OSError):  # a file system without locks: there, stale files stay
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    if os.path.exists(path):
        return path, descriptor
    os.close(descriptor)  # another process took it for stale before the lock was on
    return _open_temporary(folder)


def _remove_stale(folder: Path) -> None:
    """Remove what killed processes left: temporary files on which nobody holds a lock."""
    for path in folder.glob(".alexnet-*.tmp"):
        with suppress(OSError):
            descriptor = os.open(path, os.O_WRONLY | os.O_NOFOLLOW)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.unlink(path)
            finally:
                os.close(descriptor)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some disks cannot sync folders
            raise
    finally:
        os.close(descriptor)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Turn an OSError of writing ``path`` into a sentence."""
    try:
        yield
    except OSError as error:
        raise AlexNetError(
            f"{path} could not be written: {_reason(path.parent, error)}."
        ) from error


def _reason(folder: Path, error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT) and folder.is_dir():
        free = shutil.disk_usage(folder).free / 1e6
        return f"the disk is full ({free:,.0f} MB free in {folder}); make room and try again"
    if isinstance(error, FileNotFoundError) and not folder.is_dir():
        return f"there is no folder {folder}"
    return f"{error.strerror or error} ({folder})"
