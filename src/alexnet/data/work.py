"""DATA.part, the folder in which a set grows: locked, taken up again, published when complete.

It holds ``job.json`` (what is being made), ``blocks/`` (the journal: a block that is there is
done), then ``outcomes.json`` (what became of every photo) and the files of the set, of which
``set.json`` comes last.
"""

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from alexnet.data.filenames import shown
from alexnet.errors import AlexNetError
from alexnet.files import publish_folder, read_json, write_json

JOB, LOCK, BLOCKS, OUTCOMES, SET = "job.json", "lock", "blocks", "outcomes.json", "set.json"
PATIENCE = 100  # tenths of a second for the workers of a killed process to notice and end


def part_of(data: Path) -> Path:
    """Where the set ``data`` grows: beside it."""
    return data.with_name(f"{data.name}.part")


@contextmanager
def locked(part: Path) -> Iterator[int]:
    """DATA.part, made where it is not there, for this process and its workers alone.

    Yields the file descriptor that holds the lock. AlexNetError where another process has it.
    """
    descriptor = _lock(part)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _lock(part: Path) -> int:
    try:
        part.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(part / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise AlexNetError(f"{shown(str(part))} cannot be made: {error.strerror}.") from error
    for _ in range(PATIENCE):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.1)
            continue
        except OSError:
            return descriptor  # a file system without locks
        if os.fstat(descriptor).st_nlink:
            return descriptor
        os.close(descriptor)  # another process has published what we waited for
        return _lock(part)
    os.close(descriptor)
    raise AlexNetError(f"Another alexnet prepare is at work in {shown(str(part))}.")


def take_up(part: Path, origin: dict[str, Any]) -> str:
    """Make ``part`` ready: go on where it was begun with the same ``origin``, else begin anew.

    Returns a sentence to say, or "". AlexNetError where the folder is somebody else's.
    """
    former, others = _former(part), _contents(part)
    where = shown(str(part))
    if former == origin:
        return f"Work that was stopped is taken up again ({where})."
    said = ""
    if former is not None:
        said = changes(former["source"], origin["source"])
        said = said or changes(former["versions"], origin["versions"])
        said = f"Work that was stopped in {where} is dropped: it was begun with {said}."
        _clear(others)
    elif others:
        raise AlexNetError(
            f"{where} is in the way: the work would be done there, but it holds "
            f"{shown(others[0].name)}. Move it or choose another name."
        )
    write_json(part / JOB, origin)
    (part / BLOCKS).mkdir(exist_ok=True)
    return said


def _contents(part: Path) -> list[Path]:
    """What lies in the folder, apart from lock and temporary files."""
    return [p for p in part.iterdir() if p.name != LOCK and not p.name.startswith(".alexnet-")]


def _former(part: Path) -> dict[str, Any] | None:
    """What the work in the folder was begun with; a set that is complete tells it itself."""
    for name in (JOB, SET):
        if (part / name).exists():
            return told(read_json(part / name))
    return None


def told(facts: dict[str, Any]) -> dict[str, Any]:
    """What was made of what, as a job or a set tells it."""
    # Before it could be chosen, and so was written down, the filter was always this one.
    source = {"filter": "bicubic", **facts["source"]}
    return {"source": source, "versions": facts["versions"]}


def _clear(paths: list[Path]) -> None:
    """Remove them, the one that says what they are last."""
    for path in sorted(paths, key=lambda path: path.name == JOB):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def abandon(part: Path) -> None:
    """Leave a folder that was made for nothing; whatever else is in it stays."""
    (part / LOCK).unlink(missing_ok=True)
    with suppress(OSError):
        part.rmdir()


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
    """Give the finished set its name; all that is not of the set goes first."""
    shutil.rmtree(part / BLOCKS, ignore_errors=True)
    for name in (OUTCOMES, JOB, LOCK):
        (part / name).unlink(missing_ok=True)
    for path in part.glob(".alexnet-*.tmp"):
        path.unlink()
    if data.is_dir() and not any(data.iterdir()):
        data.rmdir()
    publish_folder(part, data)
