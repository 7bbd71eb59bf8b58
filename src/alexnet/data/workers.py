"""Processes that make blocks. One that dies takes a photo with it, at worst, never the work.

Workers are plain ``python -c`` processes with a pipe: nothing of the parent is copied or imported
again, and whatever a broken photo does to a decoder happens in a process that can be replaced.
"""

import os
import signal
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path

import alexnet
from alexnet.data.blocks import Raw
from alexnet.errors import AlexNetError

COMMAND = "from alexnet.data.blocks import serve; serve({descriptor})"
TRIES = 2  # a process may die by no fault of its photo: for want of memory, say
LOG = "workers.txt"


@dataclass(frozen=True)
class Order:
    """What is the same for all blocks."""

    folder: Path  # where the blocks are put
    size: int  # side of the pictures, pixels
    fit: str  # crop or warp
    filter: str  # bicubic or bilinear
    lock: int  # a file descriptor that every process keeps open as long as it lives


@dataclass
class Block:
    """Photos for one worker."""

    number: int
    items: list[Raw]


@dataclass
class Worker:
    """A process, our end of its pipe, and what it is at."""

    process: subprocess.Popen[bytes]
    pipe: Connection
    block: Block | None = None
    photo: int = -1  # the number in the block of the photo that it has in hand


def make_blocks(blocks: Iterable[Block], order: Order, workers: int) -> Iterator[int]:
    """Have all blocks made by ``workers`` processes; yields 1 for each photo that is begun.

    It yields a negative number where so many photos are to be done again. Raises AlexNetError
    where a block cannot be written or no process can be started.
    """
    deaths: Counter[tuple[int, int]] = Counter()
    pool: list[Worker] = []
    with ExitStack() as stack:
        stack.callback(_end, pool)
        for block in blocks:
            worker = _idle(pool)
            while worker is None and len(pool) >= workers:
                yield from _listen(pool, deaths, order)
                worker = _idle(pool)
            if worker is None:
                worker = _start(order)
                pool.append(worker)
            _give(worker, block)
        while any(worker.block for worker in pool):
            yield from _listen(pool, deaths, order)


def _idle(pool: list[Worker]) -> Worker | None:
    return next((worker for worker in pool if worker.block is None), None)


def _start(order: Order) -> Worker:
    ours, theirs = socket.socketpair()
    with theirs, (order.folder / LOG).open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-P", "-c", COMMAND.format(descriptor=theirs.fileno())],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            pass_fds=(theirs.fileno(), order.lock), env=_environment(),
        )  # fmt: skip
    worker = Worker(process, Connection(ours.detach()))
    with suppress(ConnectionError):
        worker.pipe.send((order.folder, (order.size, order.fit, order.filter)))
    return worker


def _environment() -> dict[str, str]:
    """Ours; this very package is found first; a worker computes on one core."""
    root = str(Path(alexnet.__file__).parents[1])
    path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
    one = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return {**os.environ, **one, "PYTHONPATH": path}


def _give(worker: Worker, block: Block) -> None:
    worker.block, worker.photo = block, -1
    # A process that is dead already is found out by listening to it.
    with suppress(ConnectionError):
        worker.pipe.send((block.number, block.items))


def _listen(pool: list[Worker], deaths: Counter[tuple[int, int]], order: Order) -> Iterator[int]:
    """Hear once what busy workers have to say, and replace those that have died."""
    busy = {worker.pipe: worker for worker in pool if worker.block}
    for pipe in wait(list(busy)):
        worker = busy[pipe]  # type: ignore[index]
        try:
            message = worker.pipe.recv()
        except (EOFError, ConnectionError):
            pool.remove(worker)
            yield -(worker.photo + 1)
            block = _bury(worker, deaths, order.folder)
            pool.append(_start(order))
            _give(pool[-1], block)
            continue
        if isinstance(message, int):
            worker.photo = message
            yield 1
        elif message == "done":
            worker.block = None
        else:
            raise AlexNetError(message)


def _bury(worker: Worker, deaths: Counter[tuple[int, int]], folder: Path) -> Block:
    """Its block, to be done again: without the photo in hand if that has killed before."""
    block, photo = worker.block, worker.photo
    assert block is not None
    worker.pipe.close()
    code = worker.process.wait()
    deaths[block.number, photo] += 1
    if deaths[block.number, photo] < TRIES:
        return block
    if photo < 0:
        raise AlexNetError(f"A worker process cannot start: {_last_words(folder)}.")
    block.items[photo] = f"the decoder crashed on it ({_cause(code)})"
    return block


def _cause(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    words = (signal.strsignal(-code) or f"signal {-code}").lower()
    return f"{words}: too little memory?" if -code == signal.SIGKILL else words


def _last_words(folder: Path) -> str:
    lines = (folder / LOG).read_text(errors="replace").splitlines()
    return lines[-1] if lines else "it says nothing"


def _end(pool: list[Worker]) -> None:
    for worker in pool:
        worker.pipe.close()
        worker.process.kill()
    for worker in pool:
        worker.process.wait()
