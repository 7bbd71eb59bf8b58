"""DATA.part, the folder in which a set grows: locked, taken up again, published when complete.

It holds ``job.json`` (what is being made), ``pictures/`` (the shards), ``blocks/`` (the journal: a
block whose record is there is done), then the other files of the set, ``set.json`` last.
"""

import fcntl
import json
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

from alexnet.data.filenames import shown
from alexnet.errors import AlexNetError
from alexnet.files import publish_folder, read_json, write_json

JOB, LOCK, BLOCKS, PICTURES, SET = "job.json", "lock", "blocks", "pictures", "set.json"
LOCKS = re.compile(rf"{LOCK}(-\d+-of-\d+)?")
PATIENCE = 100  # tenths of a second for the workers of a killed process to notice and end


def part_of(data: Path) -> Path:
    """Where the set ``data`` grows: beside it."""
    return data.with_name(f"{data.name}.part")


@contextmanager
def locked(part: Path, job: str = "") -> Iterator[int]:
    """DATA.part, made where it is not there, for this process and its workers alone.

    With a ``job`` ("2/8") other jobs may be at work there too, but not the same one, nor one that
    makes the whole. Yields the file descriptor that holds the lock. AlexNetError where another
    process has it.
    """
    _check_ours(part)  # before a lock is put into somebody else's folder
    descriptor = _lock(part, LOCK, fcntl.LOCK_SH if job else fcntl.LOCK_EX)
    try:
        if job:
            with _closing(_lock(part, f"{LOCK}-{job.replace('/', '-of-')}", fcntl.LOCK_EX)):
                yield descriptor
        else:
            yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _closing(descriptor: int) -> Iterator[None]:
    try:
        yield
    finally:
        os.close(descriptor)


def _lock(part: Path, name: str, how: int) -> int:
    try:
        part.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(part / name, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise AlexNetError(f"{shown(str(part))} cannot be made: {error.strerror}.") from error
    for _ in range(PATIENCE):
        try:
            fcntl.flock(descriptor, how | fcntl.LOCK_NB)
            if os.fstat(descriptor).st_nlink:
                return descriptor
        except BlockingIOError:
            time.sleep(0.1)
            continue
        except OSError:
            return descriptor  # a file system without locks
        os.close(descriptor)  # another process has published what we waited for
        return _lock(part, name, how)
    os.close(descriptor)
    raise AlexNetError(f"Another alexnet prepare is at work in {shown(str(part))}.")


def take_up(part: Path, origin: dict[str, Any], alone: bool = True) -> str:
    """Make ``part`` ready: go on where it was begun with the same ``origin``, else begin anew.

    Returns a sentence to say, or "". AlexNetError where the folder is somebody else's, or the work
    of others, which only who is ``alone`` may drop.
    """
    # In this order: another job may write down what it begins just now.
    others, former = _contents(part), _former(part)
    where = shown(str(part))
    if former == origin:
        (part / PICTURES).mkdir(exist_ok=True)
        (part / BLOCKS).mkdir(exist_ok=True)
        return f"Work that was stopped is taken up again ({where})."
    said = ""
    if former is not None and key_of(former) == key_of(origin):
        said = f"Photos that were read before are not read again ({where})."
        _clear([path for path in others if path.name not in (BLOCKS, PICTURES)])
    elif former is not None:
        said = changes(former["source"], origin["source"])
        said = said or changes(former["versions"], origin["versions"])
        if not alone:
            raise AlexNetError(f"{where} was begun with {said}. Remove it, or choose another name.")
        said = f"Work that was stopped in {where} is dropped: it was begun with {said}."
        _clear(others)
    elif others:
        raise _in_the_way(part, others)
    try:
        write_json(part / JOB, origin, new=not alone)
    except AlexNetError:
        if alone or not (part / JOB).exists():
            raise
        return take_up(part, origin, alone)  # another job was faster
    for name in (BLOCKS, PICTURES):
        (part / name).mkdir(exist_ok=True)
    return said


def key_of(origin: dict[str, Any]) -> str:
    """What the pictures of a set are known by: the photos, and all that changes a pixel or a sum.

    Which of them are split off or dropped as leaks is decided when all are there.
    """
    later = ("drop_leaks", "seed")
    source = {name: value for name, value in origin["source"].items() if name not in later}
    source |= {part: None for part in ("val", "test") if isinstance(source.get(part), float)}
    told = json.dumps({**origin, "source": source}, sort_keys=True)
    return sha256(told.encode("ascii")).hexdigest()


def _check_ours(part: Path) -> None:
    """AlexNetError where the folder holds something, but nothing that says what is being made."""
    with suppress(OSError):  # whoever makes the lock says so
        found = _contents(part)
        if found and not {JOB, SET} & {path.name for path in found}:
            raise _in_the_way(part, found)


def _in_the_way(part: Path, found: list[Path]) -> AlexNetError:
    return AlexNetError(
        f"{shown(str(part))} is in the way: the work would be done there, but it holds "
        f"{shown(found[0].name)}. Move it or choose another name."
    )


def _contents(part: Path) -> list[Path]:
    """What lies in the folder, apart from locks and temporary files."""
    found = [path for path in part.iterdir() if not path.name.startswith(".alexnet-")]
    return [path for path in found if not LOCKS.fullmatch(path.name)]


def _former(part: Path) -> dict[str, Any] | None:
    """What the work in the folder was begun with; a set that is complete tells it itself."""
    for name in (JOB, SET):
        if (part / name).exists():
            facts = read_json(part / name)
            with suppress(KeyError, TypeError):  # somebody else's file
                return {"source": facts["source"], "versions": facts["versions"]}
    return None


def _clear(paths: list[Path]) -> None:
    """Remove them, the one that says what they are last."""
    for path in sorted(paths, key=lambda path: path.name in (JOB, SET)):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def abandon(part: Path) -> None:
    """Leave a folder that was made for nothing; whatever else is in it stays."""
    with suppress(OSError):  # another who waited may have done it
        release(part)
        part.rmdir()


def release(folder: Path) -> None:
    """Remove the locks in a folder; whoever waits for one then looks again."""
    for path in folder.iterdir():
        if LOCKS.fullmatch(path.name):
            path.unlink(missing_ok=True)


def changes(former: dict[str, Any], job: dict[str, Any]) -> str:
    """In which points a former job differs from this one: "size 256 (now 64)"."""
    differing = [name for name in job if former.get(name) != job[name]]
    if differing == ["contents"]:
        return "another state of the photos"
    return ", ".join(
        f"{name} {_option(former.get(name))} (now {_option(job[name])})"
        for name in differing if name != "contents"
    )  # fmt: skip


def _option(value: object) -> str:
    return "none" if value is None else shown(str(value))


def publish(part: Path, data: Path) -> None:
    """Give the finished set its name; all that is not of the set goes."""
    shutil.rmtree(part / BLOCKS, ignore_errors=True)
    for path in (part / JOB, *part.rglob(".alexnet-*.tmp")):
        path.unlink(missing_ok=True)
    if data.is_dir() and not any(data.iterdir()):
        _make_way(part, data)
    # The locks go last: who waits for one must not have it before the name is taken, and until
    # then all shards are written to disk.
    publish_folder(part, data)
    with suppress(OSError):
        release(data)


def _make_way(part: Path, data: Path) -> None:
    try:
        data.rmdir()
    except OSError as error:
        raise AlexNetError(
            f"{shown(str(data))} cannot make way for the set, which is complete in "
            f"{shown(str(part))}: {error.strerror}. Move that to where it is to be."
        ) from error
