import fcntl
import os
import signal
import subprocess
import sys

import numpy as np
import pytest

from alexnet.data.preparing import workers
from alexnet.data.preparing.blocks import Square, read_record, record_path
from alexnet.data.preparing.workers import Block, Order, make_blocks
from alexnet.data.shards import shard_path
from alexnet.errors import AlexNetError
from tests.data.trees import photo

# A worker whose decoder kills the process at photos that begin with these bytes.
DEADLY = """
import os, signal
from alexnet.data.preparing import blocks
right = blocks.square_of
def square_of(data, *way):
    if data.startswith(b"deadly"):
        os.kill(os.getpid(), int(data[6:]))
    if data.startswith(b"once"):
        path = data[4:].decode()
        if not os.path.exists(path):
            open(path, "w").close()
            os.kill(os.getpid(), signal.SIGKILL)
        data = open(path + ".png", "rb").read()
    if data == b"exit":
        os._exit(7)
    return right(data, *way)
blocks.square_of = square_of
blocks.serve({pipe}, {counter})
"""
GOOD = (40, 32)


@pytest.fixture
def order(tmp_path):
    for name in ("blocks", "pictures"):
        (tmp_path / name).mkdir()
    lock = os.open(tmp_path / "lock", os.O_CREAT | os.O_RDWR)
    yield Order(tmp_path, Square(32, "crop", "bicubic", True), lock)
    os.close(lock)


def block(number, items):
    return Block(number, items, [True] * len(items))


def made(order, items, number=2, each=2):
    """Photos that were begun, the bytes of all shards, and all outcomes."""
    blocks = [block(i, items[at : at + each]) for i, at in enumerate(range(0, len(items), each))]
    begun = sum(make_blocks(iter(blocks), order, number))
    shards = [shard_path(order.folder, block.number).read_bytes() for block in blocks]
    records = [read_record(record_path(order.folder, block.number)) for block in blocks]
    return begun, shards, [one for record in records for one in record.outcomes]


def test_the_number_of_workers_changes_nothing(order):
    items = [photo(i) for i in range(7)]
    results = [made(order, list(items), number) for number in (1, 3)]
    assert results[0] == results[1]
    assert results[0][0] == 7


@pytest.mark.parametrize(
    ("data", "cause"),
    [
        (f"deadly{signal.SIGSEGV:d}".encode(), "segmentation fault"),
        (f"deadly{signal.SIGKILL:d}".encode(), "killed: too little memory?"),
        (b"exit", "exit code 7"),
    ],
)
def test_a_photo_that_kills_its_process_is_named_and_the_work_goes_on(
    order, monkeypatch, data, cause
):
    monkeypatch.setattr(workers, "COMMAND", DEADLY)
    items = [photo(0), photo(1), data, photo(3), photo(4)]
    begun, _, outcomes = made(order, items, number=1, each=4)
    assert begun == 5
    assert len(np.load(shard_path(order.folder, 0))) == 3
    assert outcomes == [GOOD, GOOD, f"the decoder crashed on it ({cause})", GOOD, GOOD]


def test_a_process_that_dies_once_costs_nothing(order, monkeypatch, tmp_path):
    monkeypatch.setattr(workers, "COMMAND", DEADLY)
    (tmp_path / "mark.png").write_bytes(photo(1))
    begun, _, outcomes = made(order, [photo(0), f"once{tmp_path / 'mark'}".encode()], 1)
    assert (begun, outcomes) == (2, [GOOD, GOOD])


def test_processes_that_cannot_start(order, monkeypatch):
    monkeypatch.setattr(workers, "COMMAND", "raise ImportError('no decoder here')#{pipe}{counter}")
    with pytest.raises(AlexNetError, match="cannot start: ImportError: no decoder here"):
        made(order, [photo()])


@pytest.mark.parametrize("path_of", [shard_path, record_path])
def test_a_block_that_cannot_be_written(order, path_of):
    path_of(order.folder, 0).mkdir()
    with pytest.raises(AlexNetError, match=rf"{path_of(order.folder, 0).name} c.* be written"):
        list(make_blocks([block(0, [photo()])], order, 1))


def test_workers_end_with_the_work(order, monkeypatch):
    started = []
    start = workers._start
    monkeypatch.setattr(
        workers, "_start", lambda order: started.append(start(order)) or started[-1]
    )
    running = make_blocks((block(i, [photo(i)]) for i in range(50)), order, 2)
    next(running)
    running.close()
    assert len(started) == 2
    assert all(worker.process.returncode == -signal.SIGKILL for worker in started)


def test_workers_do_not_import_torch(order, monkeypatch):
    monkeypatch.setattr(
        workers,
        "COMMAND",
        "import sys\nfrom alexnet.data.preparing import blocks\n"
        "blocks.square_of = lambda *_: 1 / 0 if 'torch' in sys.modules else [][0]\n"
        "blocks.serve({pipe}, {counter})",
    )
    list(make_blocks([block(0, [photo()])], order, 1))
    (outcome,) = read_record(record_path(order.folder, 0)).outcomes
    assert outcome.startswith("the decoder failed: IndexError")


ORPHAN = """
import fcntl, os, sys
from pathlib import Path
from alexnet.data.preparing import workers
from alexnet.data.preparing.blocks import Square
from alexnet.data.preparing.workers import Block, Order, make_blocks
folder = Path(sys.argv[1])
workers.COMMAND = sys.argv[2]
lock = os.open(folder / "lock", os.O_RDWR)
fcntl.flock(lock, fcntl.LOCK_EX)
order = Order(folder, Square(8, "crop", "bicubic", True), lock)
list(make_blocks([Block(0, [b""] * 9, [True] * 9)], order, 1))
"""
KILLS_ITS_PARENT = """
import os, signal
from alexnet.data.preparing import blocks
def square_of(data, *way):
    with open("begun", "a") as log:
        log.write("x")
    os.kill(os.getppid(), signal.SIGKILL)
    while os.getppid() == PARENT:
        pass
    return [][0]
PARENT = os.getppid()
blocks.square_of = square_of
blocks.serve({pipe}, {counter})
"""


def test_a_worker_whose_parent_is_killed_stops_with_its_photo(order, tmp_path):
    words = [sys.executable, "-c", ORPHAN, str(tmp_path), KILLS_ITS_PARENT]
    done = subprocess.run(words, cwd=tmp_path, env=workers._environment(), check=False)
    assert done.returncode == -signal.SIGKILL
    fcntl.flock(order.lock, fcntl.LOCK_EX)  # waits for the worker, which has it open, to end
    assert (tmp_path / "begun").read_text() == "x"
