"""Work that is stopped or killed: DATA is complete or not there, and equals an undisturbed one."""

import contextlib
import errno
import fcntl
import os
import signal
import subprocess
import sys
import time

import pytest

from alexnet import files
from alexnet.data import prepare as module
from alexnet.data.prepare import prepare
from alexnet.data.preparing import blocks, index, making, work
from alexnet.errors import AlexNetError, Interrupted
from tests.data import here
from tests.data.here import contents
from tests.data.trees import two_classes, write_tar, write_tree
from tests.faults import Fault, failing, killed, struck

SIZE = 32
MOMENTS = 12  # at which the work is killed, of some four hundred
MODULES = (files, work)  # those that make system calls, blocks being made in this process


@pytest.fixture(autouse=True)
def small_steps(monkeypatch):
    """Seven blocks of two photos and one with a broken one; tables are written row by row."""
    monkeypatch.setattr(blocks, "LEAST", 2)
    monkeypatch.setattr(blocks, "MOST", 2)
    monkeypatch.setattr(index, "BATCH", 1)


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    folder = tmp_path_factory.mktemp("resume") / "photos"
    return write_tree(folder, {**two_classes(7), "cat/3.broken.png": b"\x89PNG"})


@pytest.fixture
def undisturbed(tree, tmp_path):
    return contents(make(tree, tmp_path / "undisturbed").folder)


def make(tree, data, **options):
    with here.in_this_process():
        return prepare(tree, data, **{"size": SIZE, **options})


def make_with_workers(tree, data, **options):
    return prepare(tree, data, size=SIZE, workers=1, **options)


def dying(monkeypatch, at, act):
    """From now on ``act`` is done when the ``at``-th block is begun."""

    def make_blocks(given, order, workers):
        def until():
            for number, block in enumerate(given):
                if number == at:
                    act()
                yield block

        return here.make_blocks(until(), order, workers)

    monkeypatch.setattr(making, "make_blocks", make_blocks)


def killed_at_block(monkeypatch, at, action):
    """Whether a child that does ``action`` dies by SIGKILL at the ``at``-th block."""
    with monkeypatch.context() as patch:
        dying(patch, at, lambda: os.kill(os.getpid(), signal.SIGKILL))
        return killed((), 0, action)


def blocks_done(part):
    return len(list((part / "blocks").glob("*.npz")))


@pytest.mark.parametrize("packed", [False, True])
def test_killed_while_decoding_again_and_again(tree, tmp_path, monkeypatch, packed):
    source = tree
    if packed:
        names = sorted(path.relative_to(tree).as_posix() for path in tree.rglob("*.png"))
        source = write_tar(tmp_path / "t.tgz", {n: (tree / n).read_bytes() for n in names}, "w:gz")
    data, part = tmp_path / "data", tmp_path / "data.part"
    done = []
    for at in (2, 3, 1):
        assert killed_at_block(monkeypatch, at, lambda: prepare(source, data, size=SIZE))
        assert not data.exists()
        done.append(blocks_done(part))
    assert done == [2, 5, 6]
    said = []
    result = make(source, data, say=said.append)
    assert f"Work that was stopped is taken up again ({part})." in said
    assert "12 photos of 15 were done before." in said
    assert contents(result.folder) == contents(make(source, tmp_path / "undisturbed").folder)
    assert not part.exists()


def test_killed_at_moments_of_writing(tree, tmp_path, undisturbed):
    counter = Fault(10**9, lambda: None)
    with struck(MODULES, counter):
        make(tree, tmp_path / "counted")
    for at in range(1, len(counter.calls), len(counter.calls) // MOMENTS):
        data = tmp_path / f"data{at}"
        assert killed(MODULES, at, lambda data=data: make(tree, data))
        if data.exists():  # complete, or it would not be there
            assert contents(data).items() >= undisturbed.items()
        assert contents(make(tree, data).folder) == undisturbed
        assert not work.part_of(data).exists()


def test_a_failing_system_call_loses_nothing(tree, tmp_path, undisturbed):
    counter = Fault(10**9, lambda: None)
    with struck(MODULES, counter):
        make(tree, tmp_path / "counted")
    for at in range(0, len(counter.calls), len(counter.calls) // MOMENTS):
        data = tmp_path / f"data{at}"
        with struck(MODULES, failing(at, errno.EIO)), contextlib.suppress(AlexNetError, OSError):
            make(tree, data)
        if data.exists():
            assert contents(data).items() >= undisturbed.items()
        assert contents(make(tree, data).folder) == undisturbed


def test_killed_when_the_set_is_complete_but_has_no_name(tree, tmp_path, undisturbed, monkeypatch):
    for number, step in enumerate(("rmtree", "publish_folder")):
        data = tmp_path / f"data{number}"
        with monkeypatch.context() as patch:
            target = work.shutil if step == "rmtree" else work
            patch.setattr(target, step, lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL))
            assert killed((), 0, lambda data=data: make(tree, data))
        assert not data.exists()
        with monkeypatch.context() as patch:
            patch.setattr(making, "make_blocks", None)  # nothing is decoded again
            assert contents(prepare(tree, data, size=SIZE).folder) == undisturbed


@pytest.fixture
def heard_ctrl_c():
    """Ctrl-C interrupts, though a shell's background job such as ``make test &`` ignores it."""
    former = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, former)


@pytest.mark.usefixtures("heard_ctrl_c")
@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_politely(tree, tmp_path, monkeypatch, signal_number, undisturbed):
    data, former = tmp_path / "data", signal.getsignal(signal.SIGTERM)
    with monkeypatch.context() as patch:
        dying(patch, 4, lambda: signal.raise_signal(signal_number))
        with pytest.raises(Interrupted) as caught:
            prepare(tree, data, size=SIZE)
    assert str(caught.value) == (
        f"stopped. What is done is kept in {data}.part. The same command goes on from here."
    )
    assert signal.getsignal(signal.SIGTERM) is former
    assert not data.exists()
    assert blocks_done(work.part_of(data)) == 4
    assert contents(make(tree, data).folder) == undisturbed


def test_other_options_begin_anew_and_say_so(tree, tmp_path, monkeypatch):
    data = tmp_path / "data"
    assert killed_at_block(monkeypatch, 5, lambda: prepare(tree, data, size=SIZE))
    said = []
    result = make(tree, data, size=16, say=said.append)
    assert (
        f"Work that was stopped in {data}.part is dropped: it was begun with size 32 (now 16)."
        in said
    )
    assert contents(result.folder) == contents(make(tree, tmp_path / "2", size=16).folder)


def test_other_versions_begin_anew(tree, tmp_path, monkeypatch):
    data = tmp_path / "data"
    assert killed_at_block(monkeypatch, 5, lambda: prepare(tree, data, size=SIZE))
    versions = {**module._versions(), "pillow": "99"}
    monkeypatch.setattr(module, "_versions", lambda: versions)
    said = []
    make(tree, data, say=said.append)
    assert any("begun with pillow" in sentence and "(now 99)" in sentence for sentence in said)
    versions["pillow-heif"] = "99"
    make(tree, data, say=said.append)
    assert said[-1].startswith("It was made with pillow-heif ")
    assert said[-1].endswith(" (now 99); remove it to have it made anew.")


def test_a_photo_that_changed_begins_anew(tmp_path, monkeypatch):
    tree, data = write_tree(tmp_path / "photos", two_classes(7)), tmp_path / "data"
    assert killed_at_block(monkeypatch, 5, lambda: prepare(tree, data, size=SIZE))
    os.utime(tree / "cat/0.png", ns=(0, 0))
    said = []
    make(tree, data, say=said.append)
    assert any("it was begun with another state of the photos." in one for one in said)


@pytest.mark.parametrize("at", range(0, 120, 17))
def test_a_full_disk_keeps_what_is_done(tree, tmp_path, undisturbed, at):
    data = tmp_path / "data"
    with (
        struck([files], failing(at, errno.ENOSPC, lasting=True)),
        pytest.raises(AlexNetError, match=r"could not be written: the disk is full \(.* MB free"),
    ):
        make(tree, data)
    assert not data.exists()
    assert contents(make(tree, data).folder) == undisturbed


def test_a_record_that_is_damaged_is_made_anew(tree, tmp_path, undisturbed):
    data = tmp_path / "data"
    with contextlib.suppress(ZeroDivisionError), pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "finish", lambda *_: 1 / 0)
        make(tree, data)
    record = work.part_of(data) / "blocks/0000003.npz"
    record.write_bytes(record.read_bytes()[:-9])
    assert contents(make(tree, data).folder) == undisturbed


def test_no_room_for_the_list_of_photos(tree, tmp_path, monkeypatch):
    real = module.make_plan

    def make_plan(options):
        plan = real(options)
        plan.catalogue.db.execute("PRAGMA max_page_count = 1")
        return plan

    monkeypatch.setattr(module, "make_plan", make_plan)
    monkeypatch.setattr(index, "RANK", 5000)
    monkeypatch.setattr(index, "rank", lambda *_: b"x" * 5000)
    with pytest.raises(AlexNetError, match=r"The list of all photos cannot be kept: .* is full"):
        make(tree, tmp_path / "data")


def test_two_at_once(tree, tmp_path, monkeypatch):
    data = tmp_path / "data"
    work.part_of(data).mkdir()
    with (work.part_of(data) / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        monkeypatch.setattr(work, "PATIENCE", 1)
        with pytest.raises(
            AlexNetError, match=r"Another alexnet prepare is at work in .*data\.part"
        ):
            make(tree, data)


def test_who_waited_finds_the_set_of_the_other(tree, tmp_path, monkeypatch):
    data = tmp_path / "data"
    locked = work.locked

    @contextlib.contextmanager
    def late(part):
        monkeypatch.setattr(work, "locked", locked)
        make(tree, data)
        with locked(part) as lock:
            yield lock

    monkeypatch.setattr(work, "locked", late)
    assert make(tree, data).already
    assert not work.part_of(data).exists()


def test_workers_make_the_same_set(tree, tmp_path, undisturbed):
    assert contents(make_with_workers(tree, tmp_path / "data").folder) == undisturbed


def test_a_real_process_killed_from_outside(tree, tmp_path, monkeypatch):
    """The one test that goes the user's way: the command, SIGKILL, the same command."""
    monkeypatch.undo()
    command = [sys.executable, "-m", "alexnet", "prepare", str(tree), str(tmp_path / "data"),
               "--size", str(SIZE), "--workers", "1"]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while not (tmp_path / "data.part/blocks").exists() and process.poll() is None:
            time.sleep(0)
        process.kill()
    assert process.returncode == -signal.SIGKILL
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    assert contents(tmp_path / "data") == contents(make(tree, tmp_path / "undisturbed").folder)


@pytest.mark.parametrize("other", [{"seed": 3}, {"drop_leaks": True}, {"val": 0.3}])
def test_what_was_read_serves_other_splits(tree, tmp_path, other):
    data = tmp_path / "data"
    with contextlib.suppress(ZeroDivisionError), pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "finish", lambda *_: 1 / 0)
        make(tree, data)
    said = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(making, "make_blocks", None)  # nothing is decoded again
        result = make(tree, data, say=said.append, **other)
    assert f"Photos that were read before are not read again ({data}.part)." in said
    assert contents(result.folder) == contents(make(tree, tmp_path / "anew", **other).folder)


def test_other_pixels_are_made_anew(tree, tmp_path):
    data = tmp_path / "data"
    with contextlib.suppress(ZeroDivisionError), pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "finish", lambda *_: 1 / 0)
        make(tree, data)
    said = []
    result = make(tree, data, say=said.append, filter="bilinear")
    assert any("is dropped: it was begun with filter bicubic (now bilinear)" in s for s in said)
    assert contents(result.folder) == contents(
        make(tree, tmp_path / "anew", filter="bilinear").folder
    )
