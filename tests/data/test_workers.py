import os
import signal

import numpy as np
import pytest

from alexnet.data import workers
from alexnet.data.blocks import block_path, read_block, read_outcomes
from alexnet.data.workers import Block, Order, make_blocks
from alexnet.errors import AlexNetError
from tests.data.trees import photo

# A worker whose decoder kills the process at photos that begin with these bytes.
DEADLY = """
import os, signal
from alexnet.data import blocks
right = blocks.decode
def decode(data):
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
    return right(data)
blocks.decode = decode
blocks.serve({descriptor})
"""


@pytest.fixture
def order(tmp_path):
    (tmp_path / "blocks").mkdir()
    lock = os.open(tmp_path / "lock", os.O_CREAT | os.O_RDWR)
    yield Order(tmp_path / "blocks", 32, "crop", "bicubic", lock)
    os.close(lock)


def made(order, items, number=2, each=2):
    blocks = [Block(i, items[at : at + each]) for i, at in enumerate(range(0, len(items), each))]
    begun = sum(make_blocks(iter(blocks), order, number))
    paths = [block_path(order.folder, block.number) for block in blocks]
    pictures = np.concatenate([read_block(path) for path in paths])
    return begun, pictures, [one for path in paths for one in read_outcomes(path)]


def test_the_number_of_workers_changes_nothing(order):
    items = [photo(i) for i in range(7)]
    results = [made(order, list(items), number) for number in (1, 3)]
    assert results[0][0] == results[1][0] == 7
    np.testing.assert_array_equal(results[0][1], results[1][1])
    assert len(results[0][1]) == 7


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
    begun, pictures, outcomes = made(order, items, number=1, each=4)
    assert begun == 5
    assert len(pictures) == 4
    good = (40, 32)
    assert outcomes == [good, good, f"the decoder crashed on it ({cause})", good, good]


def test_a_process_that_dies_once_costs_nothing(order, monkeypatch, tmp_path):
    monkeypatch.setattr(workers, "COMMAND", DEADLY)
    (tmp_path / "mark.png").write_bytes(photo(1))
    begun, pictures, outcomes = made(order, [photo(0), f"once{tmp_path / 'mark'}".encode()], 1)
    assert (begun, len(pictures), outcomes) == (2, 2, [(40, 32), (40, 32)])


def test_processes_that_cannot_start(order, monkeypatch):
    monkeypatch.setattr(workers, "COMMAND", "raise ImportError('no decoder here')#{descriptor}")
    with pytest.raises(AlexNetError, match="cannot start: ImportError: no decoder here"):
        made(order, [photo()])


def test_a_block_that_cannot_be_written(order, tmp_path):
    blocks = [Block(0, [photo()])]
    block_path(order.folder, 0).mkdir()
    with pytest.raises(AlexNetError, match=r"0000000\.npz cannot be written"):
        list(make_blocks(blocks, order, 1))


def test_workers_end_with_the_work(order, monkeypatch):
    started = []
    start = workers._start
    monkeypatch.setattr(
        workers, "_start", lambda order: started.append(start(order)) or started[-1]
    )
    running = make_blocks((Block(i, [photo(i)]) for i in range(50)), order, 2)
    next(running)
    running.close()
    assert len(started) == 2
    assert all(worker.process.returncode == -signal.SIGKILL for worker in started)


def test_workers_do_not_import_torch(order, monkeypatch):
    monkeypatch.setattr(
        workers,
        "COMMAND",
        "import sys\nfrom alexnet.data import blocks\n"
        "blocks.decode = lambda data: 1 / 0 if 'torch' in sys.modules else [][0]\n"
        "blocks.serve({descriptor})",
    )
    (block_path(order.folder, 0)).unlink(missing_ok=True)
    list(make_blocks([Block(0, [photo()])], order, 1))
    assert read_outcomes(block_path(order.folder, 0))[0].startswith(
        "the decoder failed: IndexError"
    )
