"""Photos in, a set out: plan, decode in parallel, split, store, measure, publish.

All work is done in DATA.part and can be stopped at any moment; DATA is complete or not there.
"""

import os
import signal
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import FrameType
from typing import Any

from alexnet._version import __version__
from alexnet.data.filenames import shown
from alexnet.data.prepared import Prepared, opened
from alexnet.data.preparing import work
from alexnet.data.preparing.blocks import Square
from alexnet.data.preparing.finish import finish
from alexnet.data.preparing.making import Share, Span, cut, make_all, share_of
from alexnet.data.preparing.options import Options, source_or_share
from alexnet.data.preparing.plan import Plan, job_of, make_plan
from alexnet.data.preparing.talk import Talk, announce
from alexnet.data.preparing.workers import Order
from alexnet.data.store import looks_prepared, open_set
from alexnet.errors import AlexNetError, Interrupted, UsageError
from alexnet.machine import cores

__all__ = ["Prepared", "looks_prepared", "prepare", "prepare_share"]


def prepare(
    source: Path | str,
    data: Path | str,
    *,
    val: Path | str | float | None = None,
    test: Path | str | float | None = None,
    split: Path | str | None = None,
    size: int = 256,
    fit: str = "crop",
    filter: str = "bicubic",
    exif: str | None = None,
    drop_leaks: bool = False,
    seed: int = 0,
    workers: int | None = None,
    say: Callable[[str], None] | None = None,
) -> Prepared:
    """Make the set ``data`` from the photos in ``source`` (a folder, tar or zip; section 2).

    ``val`` and ``test`` are sources of their own, or shares to split off; where there is no val and
    no split, a tenth is split off. ``split`` is a CSV file "file,part" such as each set holds.
    Pictures are ``size`` pixels wide and high, scaled by ``filter``, bicubic or bilinear. ``exif``
    is follow or ignore; None leaves it to what the source is. ``drop_leaks`` takes training photos
    out that are in val or test too. ``say`` is given sentences for the user; with it, progress goes
    to standard error. A set that is there already with the same content is only opened.

    Raises UsageError for a tree or an option that makes no sense, AlexNetError where nothing can
    be read or written, Interrupted on Ctrl-C and SIGTERM: the same call then goes on.
    """
    options = Options(
        Path(source), source_or_share("val", val), source_or_share("test", test),
        None if split is None else Path(split), size, fit, filter, exif, drop_leaks, seed,
    )  # fmt: skip
    return prepared(options, Path(data), workers, say)


def prepared(
    options: Options, data: Path, workers: int | None = None,
    say: Callable[[str], None] | None = None,
) -> Prepared:  # fmt: skip
    """The same for options that are there already."""
    folder = _place(options, data)
    with _stoppable(work.part_of(folder)):
        return _prepare(options, folder, _count(workers), Talk(say))


def prepare_share(
    options: Options, data: Path, job: str, workers: int | None = None,
    say: Callable[[str], None] | None = None,
) -> None:  # fmt: skip
    """Decode the share of one of several jobs: "2/8" is the second of eight.

    They may run at the same time, on machines that share the disk of ``data``, or one after the
    other. ``prepare`` takes what they have made and finishes the set.
    """
    share, folder = share_of(job), _place(options, data)
    with _stoppable(work.part_of(folder)):
        _prepare_share(options, folder, share, _count(workers), Talk(say))


def _count(workers: int | None) -> int:
    if workers is not None and workers < 1:
        raise UsageError(f"--workers is {workers}; at least one is needed.")
    return workers or cores()


def _place(options: Options, data: Path) -> Path:
    # Without a name of its own (".", "..") there would be nothing to put ".part" behind; and a set
    # takes the place of what a link leads to, not of the link.
    own = data.name not in ("", "..") and not data.is_symlink()
    folder = data if own else Path(os.path.realpath(data))
    _check_places(options, folder)
    return folder


def _check_places(options: Options, data: Path) -> None:
    if os.path.ismount(data) and not _taken(data):
        raise UsageError(
            f"{shown(str(data))} is where a disk is mounted, which no finished set can take the "
            f"place of. Give a folder inside it, such as {shown(str(data / 'set'))}."
        )
    for source in options.sources().values():
        if looks_prepared(source):
            raise UsageError(f"{shown(str(source))} is a prepared set already.")
        if source.resolve() in (data.resolve(), *data.resolve().parents):
            raise UsageError(
                f"{shown(str(data))} lies inside {shown(str(source))}: the set would be found "
                "among the photos. Choose a place outside."
            )


@contextmanager
def _stoppable(part: Path) -> Iterator[None]:
    """SIGTERM acts as Ctrl-C does, both end as Interrupted; a full disk for scratch is told."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    main = threading.current_thread() is threading.main_thread()
    former = signal.signal(signal.SIGTERM, stop) if main else None
    try:
        yield
    except sqlite3.Error as error:
        raise AlexNetError(
            f"The list of all photos cannot be kept: {error}. It lies in a file without a name in "
            "/var/tmp, or where the variable SQLITE_TMPDIR says."
        ) from error
    except KeyboardInterrupt:
        kept = f" What is done is kept in {shown(str(part))}." if part.exists() else ""
        raise Interrupted(f"stopped.{kept} The same command goes on from here.") from None
    finally:
        if main:
            signal.signal(signal.SIGTERM, signal.SIG_DFL if former is None else former)


def _prepare(options: Options, data: Path, workers: int, talk: Talk) -> Prepared:
    plan = make_plan(options)
    job = job_of(options, plan)
    if _taken(data):
        return _there_already(data, job, talk)
    announce(options, plan, talk)
    part = work.part_of(data)
    with work.locked(part) as lock:
        if _taken(data):  # by another process, while this one waited for the lock
            work.abandon(part)
            return _there_already(data, job, talk)
        _fill(options, plan, part, {"source": job, "versions": _versions()}, workers, lock, talk)
        work.publish(part, data)
    return opened(data, already=False)


def _taken(data: Path) -> bool:
    """Whether something is at ``data`` that must not be replaced; an empty folder may be."""
    return os.path.lexists(data) and not (data.is_dir() and not any(data.iterdir()))


def _versions() -> dict[str, str | None]:
    """What the pictures depend on, apart from the photos and the options."""
    versions: dict[str, str | None] = {"alexnet": __version__}
    for name in ("pillow", "simplejpeg", "numpy", "pillow-heif"):
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            versions[name] = None
    return versions


def _prepare_share(options: Options, data: Path, share: Share, workers: int, talk: Talk) -> None:
    """The blocks of one of several jobs, which may run at the same time on other machines."""
    plan = make_plan(options)
    job = job_of(options, plan)
    if _taken(data):
        _there_already(data, job, talk)
        return
    announce(options, plan, talk)
    part, origin = work.part_of(data), {"source": job, "versions": _versions()}
    with work.locked(part, str(share)) as lock:
        if _taken(data):  # by another process, while this one waited for the lock
            work.abandon(part)
            _there_already(data, job, talk)
            return
        talk.say(work.take_up(part, origin, alone=False))
        if not (part / work.SET).exists():
            _make(options, plan, part, origin, share, workers, lock, talk)
    talk.say(f"Share {share} is made. When all are, the same command without --job makes the set.")


def _fill(
    options: Options, plan: Plan, part: Path, origin: dict[str, Any], workers: int, lock: int,
    talk: Talk,
) -> None:  # fmt: skip
    """Make the set in ``part``, from wherever the work stands."""
    talk.say(work.take_up(part, origin))
    if not (part / work.SET).exists():
        spans = _make(options, plan, part, origin, Share(), workers, lock, talk)
        finish(options, plan, spans, part, origin, talk)


def _make(
    options: Options, plan: Plan, part: Path, origin: dict[str, Any], share: Share, workers: int,
    lock: int, talk: Talk,
) -> list[Span]:  # fmt: skip
    square = Square(options.size, options.fit, options.filter, plan.upright)
    spans = cut(plan, options.size)
    make_all(plan, spans, Order(part, square, lock, work.key_of(origin)), share, workers, talk)
    return spans


def _there_already(data: Path, job: dict[str, Any], talk: Talk) -> Prepared:
    where = shown(str(data))
    if not looks_prepared(data):
        raise AlexNetError(f"{where} exists and is no prepared set; choose another name.")
    facts = open_set(data).facts
    if facts["source"] != job:
        raise AlexNetError(
            f"{where} exists already, made with {work.changes(facts['source'], job)}. "
            "Choose another name or remove it."
        )
    work.release(data)  # where a process was killed after it had given the set its name
    talk.say(f"{where} is there already, made from the same photos with the same options.")
    if other := work.changes(facts["versions"], _versions()):
        talk.say(f"It was made with {other}; remove it to have it made anew.")
    return opened(data, already=True)
