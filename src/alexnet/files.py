"""The one way to write a file that matters: at its path lies the old content or the new, whole.

Order of Pillai et al., OSDI 2014: write beside, fsync the file, rename, fsync the folder. The tests
fail and kill this module at its n-th system call for every n.
"""
# System calls go by their own names here, so that tests can put others in their place.
# ruff: noqa: PTH102, PTH104, PTH108, PTH110

import errno
import fcntl
import hashlib
import io
import json
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, cast

from alexnet.errors import AlexNetError


def write_bytes(path: Path, data: bytes, new: bool = False) -> None:
    """Put ``data`` at ``path``; raises AlexNetError, and then the old file is still there.

    ``new``: nothing may be at ``path``, see ``replacing``.
    """
    with replacing(path, new=new) as file:
        file.write(data)


def write_text(path: Path, text: str) -> None:
    """Put UTF-8 text at ``path``; file names that are no UTF-8 are written as they are on disk."""
    write_bytes(path, text.encode("utf-8", "surrogateescape"))


def write_json(path: Path, value: Any, new: bool = False) -> None:
    """Put ``value`` as indented JSON at ``path``; AlexNetError where it holds NaN or infinity."""
    try:
        data = as_json(value)
    except ValueError as error:
        raise AlexNetError(f"{path} was not written; it would be no JSON: {error}.") from error
    write_bytes(path, data, new)


def as_json(value: Any) -> bytes:
    """What ``write_json`` writes; ValueError for NaN and infinity."""
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
    # What UTF-8 cannot hold (file names of other encodings) becomes \udcXX, as JSON spells it.
    return text.encode("utf-8", "backslashreplace") + b"\n"


def read_json(path: Path) -> Any:
    """The value in a JSON file; AlexNetError where it is missing, unreadable or no JSON."""
    try:
        return json.loads(path.read_bytes())
    except OSError as error:
        raise AlexNetError(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise AlexNetError(f"{path} is no JSON: {error}.") from error


def sha256(path: Path) -> str:
    """The SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_place(path: Path, making: bool = False) -> None:
    """AlexNetError where nothing could be written at ``path``: said before work is done for it.

    ``making``: folders around it that are not there will be made.
    """
    there = path.parent
    if making:
        there = next(folder for folder in path.parents if os.path.lexists(folder))
    with told(path):
        if not os.path.lexists(there):
            raise FileNotFoundError
        if not there.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        if not os.access(there, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


@contextmanager
def replacing(
    path: Path, prove: Callable[[Path], None] | None = None, new: bool = False, sweep: bool = True
) -> Iterator[BinaryIO]:
    """A binary file that takes the place of ``path`` when the block ends without an exception.

    It is written in order, without seeking. ``prove`` is given the finished file under its
    temporary name, and may raise. Whatever fails, ``path`` keeps its old content; disk full and
    missing rights are told as AlexNetError. A link is followed: what it names is replaced. With
    ``new`` nothing is: AlexNetError where anything is at ``path``, even if it came in the meantime.
    Without ``sweep`` what killed processes left is not looked for, in folders of many files.
    """
    target = path if new else Path(os.path.realpath(path))
    with told(path):
        if new and os.path.lexists(target):
            raise _taken(path)
        if target.exists() and not target.is_file():
            raise AlexNetError(f"{path} cannot be written: it is no ordinary file.")
        if sweep:
            _remove_stale(target.parent)
        temporary, descriptor = _locked(target.parent, _new_file)
    try:
        buffered = io.BufferedWriter(_Raw(descriptor, path), 1 << 20)
        yield cast(BinaryIO, buffered)
        buffered.flush()
        with told(path):
            os.fsync(descriptor)
        if prove:
            prove(temporary)
        with told(path):
            # Closed only afterwards: closing gives up the lock that says it is in use.
            (_name_new if new else os.rename)(temporary, target)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise
    finally:
        with suppress(OSError):
            os.close(descriptor)
    with told(path):
        _sync(target.parent)


def publish_folder(temporary: Path, final: Path) -> None:
    """Give a finished folder its final name, all that is in it safely on disk first.

    Both must be on one disk. AlexNetError where ``final`` exists or the disk fails.
    """
    with told(final):
        if os.path.lexists(final):
            raise _taken(final)
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
    AlexNetError where ``final`` holds anything, or the disk fails; none names the other folder.
    """
    with told(final):
        final.parent.mkdir(parents=True, exist_ok=True)
        _remove_stale(final.parent)
        temporary, descriptor = _locked(final.parent, _new_folder)
    try:
        yield temporary
        with told(final), suppress(FileNotFoundError, NotADirectoryError):
            if not any(final.iterdir()):
                final.rmdir()
        publish_folder(temporary, final)
    except BaseException as error:
        shutil.rmtree(temporary, ignore_errors=True)
        if type(error) is AlexNetError and str(temporary) in str(error):
            raise AlexNetError(str(error).replace(str(temporary), str(final))) from error
        raise
    finally:
        with suppress(OSError):
            os.close(descriptor)


class _Raw(io.RawIOBase):
    """The end of a buffered writer. It has no fileno on purpose: numpy would write past it."""

    def __init__(self, descriptor: int, path: Path) -> None:
        self.descriptor, self.path = descriptor, path

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        with told(self.path):
            return os.write(self.descriptor, data)


def _name_new(temporary: Path, target: Path) -> None:
    """Give a file its name only if that is free, whatever other processes do at this moment."""
    try:
        os.link(temporary, target)
    except FileExistsError:
        raise _taken(target) from None
    except OSError:  # a disk without hard links: take the name first, and then its place
        _take(target)
        os.rename(temporary, target)
    else:
        with suppress(OSError):  # it would be swept later
            os.unlink(temporary)


def _take(path: Path) -> None:
    try:
        os.close(_new_file(path))
    except FileExistsError:
        raise _taken(path) from None


def _taken(path: Path) -> AlexNetError:
    return AlexNetError(f"{path} exists already; choose another name or remove it.")


def _new_file(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)


def _new_folder(path: Path) -> int:
    os.mkdir(path)  # with the rights that the user's umask leaves, as its files have
    return os.open(path, os.O_RDONLY)


def _locked(folder: Path, make: Callable[[Path], int]) -> tuple[Path, int]:
    """A new, locked file or folder; its name is short whatever the length of the final name."""
    path = folder / f".alexnet-{secrets.token_hex(8)}.tmp"
    try:
        descriptor = make(path)
    except FileNotFoundError:
        if not folder.is_dir():
            raise
        return _locked(folder, make)  # another process took the folder for stale when it was new
    with suppress(OSError):  # a file system without locks: there, stale files stay
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    if os.path.exists(path):
        return path, descriptor
    os.close(descriptor)  # another process took it for stale before the lock was on
    return _locked(folder, make)


def _remove_stale(folder: Path) -> None:
    """Remove what killed processes left: temporary files and folders that nobody has locked."""
    for path in folder.glob(".alexnet-*.tmp"):
        is_folder = path.is_dir() and not path.is_symlink()
        how, remove = (os.O_RDONLY, shutil.rmtree) if is_folder else (os.O_WRONLY, os.unlink)
        with suppress(OSError):
            descriptor = os.open(path, how | os.O_NOFOLLOW)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                remove(path)
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
def told(path: Path) -> Iterator[None]:
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
