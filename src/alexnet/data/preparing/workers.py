"""Processes that make blocks. One that dies takes a photo with it, at worst, never the work.

Workers are plain ``python -c`` processes with a pipe: nothing of the parent is copied or imported
again, and whatever a broken photo does to a decoder happens in a process that can be replaced.
"""

import mmap
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
from alexnet.data.preparing.blocks import COUNT, Square
from alexnet.data.sources.entries import Raw
from alexnet.errors import AlexNetError

COMMAND = "from alexnet.data.preparing.blocks import serve; serve({pipe}, {counter})"
TRIES = 2  # a process may die by no fault of its photo: for want of memory, say
BLOCKS, LOG = "blocks", "workers.txt"
TICK = 0.1  # seconds between two looks at how far the workers are


@dataclass(frozen=True)
class Order:
    """What is the same for all blocks."""

    folder: Path  # where the set grows
    square: Square  # what the pictures are to be
    lock: int  # a file descriptor that every process keeps open as long as it lives
    key: str = ""  # of what the whole is made; see ``Record``


@dataclass
class Block:
    """Photos for one worker."""

    number: int
    items: list[Raw]
    counted: list[bool]  # whether their pictures are added to the sums


@dataclass
class Worker:
    """A process, our end of its pipe, and what it is at."""

    process: subprocess.Popen[bytes]
    pipe: Connection
    # How many photos of its block it has begun: memory that both see, for it must be right when the
    # process dies, and a message for each photo would take the time of its decoder.
    counter: mmap.mmap
    block: Block | None = None
    told: int = 0  # photos of the block that are counted

    @property
    def begun(self) -> int:
        """Photos of its block that it has begun."""
        return int.from_bytes(self.counter[:COUNT], sys.byteorder)


def make_blocks(blocks: Iterable[Block], order: Order, workers: int) -> Iterator[int]:
    """Have all blocks made by ``workers`` processes; yields how many more photos are begun.

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
    counter = os.memfd_create("photos begun")
    os.ftruncate(counter, COUNT)
    with theirs, (order.folder / BLOCKS / LOG).open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-P", "-c", COMMAND.format(pipe=theirs.fileno(), counter=counter)],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            pass_fds=(theirs.fileno(), counter, order.lock), env=_environment(),
        )  # fmt: skip
    worker = Worker(process, Connection(ours.detach()), mmap.mmap(counter, COUNT))
    os.close(counter)
    with suppress(ConnectionError):
        worker.pipe.send((order.folder, order.square, order.key))
    return worker


def _environment() -> dict[str, str]:
    """Ours; this very package is found first; a worker computes on one core."""
    root = str(Path(alexnet.__file__).parents[1])
    path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
    one = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return {**os.environ, **one, "PYTHONPATH": path}


def _give(worker: Worker, block: Block) -> None:
    worker.block, worker.told, worker.counter[:COUNT] = block, 0, bytes(COUNT)
    # A process that is dead already is found out by listening to it.
    with suppress(ConnectionError):
        worker.pipe.send((block.number, block.items, block.counted))


def _listen(pool: list[Worker], deaths: Counter[tuple[int, int]], order: Order) -> Iterator[int]:
    """Hear what busy workers have to say, look how far they are, and replace those that died."""
    busy = {worker.pipe: worker for worker in pool if worker.block}
    ready = wait(list(busy), TICK)
    for worker in busy.values():
        more = worker.begun - worker.told
        worker.told += more
        if more:
            yield more
        if worker.pipe not in ready:
            continue
        try:
            message = worker.pipe.recv()
        except (EOFError, ConnectionError):
            pool.remove(worker)
            yield -worker.told
            block = _bury(worker, deaths, order.folder)
            pool.append(_start(order))
            _give(pool[-1], block)
            continue
        if message != "done":
            raise AlexNetError(message)
        worker.block = None


def _bury(worker: Worker, deaths: Counter[tuple[int, int]], folder: Path) -> Block:
    """Its block, to be done again: without the photo in hand if that has killed before."""
    block, photo = worker.block, worker.begun - 1
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
    lines = (folder / BLOCKS / LOG).read_text(errors="replace").splitlines()
    return lines[-1] if lines else "it says nothing"


def _end(pool: list[Worker]) -> None:
    for worker in pool:
        worker.pipe.close()
        worker.process.kill()
    for worker in pool:
        worker.process.wait()
