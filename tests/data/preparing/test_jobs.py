"""Several jobs make a set together, at once or one after the other, and one command ends it."""

import contextlib
import threading
from pathlib import Path

import pytest

from alexnet.data import prepare as module
from alexnet.data.prepare import prepare_share, prepared
from alexnet.data.preparing import blocks, making, work
from alexnet.data.preparing.options import Options
from alexnet.errors import AlexNetError, UsageError
from tests.data import here
from tests.data.here import contents
from tests.data.trees import two_classes, write_tree

SIZE = 32


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    """Seven blocks of two photos, made in this process."""
    monkeypatch.setattr(blocks, "LEAST", 2)
    monkeypatch.setattr(blocks, "MOST", 2)
    with here.in_this_process():
        yield


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    folder = tmp_path_factory.mktemp("jobs") / "photos"
    return write_tree(folder, {**two_classes(7), "stray.png": b""})


@pytest.fixture
def options(tree):
    return Options(tree, size=SIZE, test=0.2)


@pytest.fixture
def at_once(options, tmp_path):
    return contents(prepared(options, tmp_path / "at once").folder)


def records(part):
    return sorted(int(path.stem) for path in (part / "blocks").glob("*.npz"))


@pytest.mark.parametrize("order", ["123", "132", "213", "231", "312", "321"])
def test_shares_in_any_order_make_the_same_set(options, tmp_path, at_once, order):
    data = tmp_path / "data"
    for done, number in enumerate(order, 1):
        prepare_share(options, data, f"{number}/3")
        assert not data.exists()
        assert records(work.part_of(data)) == sorted(
            block for block in range(7) if str(block % 3 + 1) in order[:done]
        )
    assert contents(prepared(options, data).folder) == at_once
    assert not work.part_of(data).exists()


def test_the_last_command_makes_what_no_share_has(options, tmp_path, at_once):
    data, said = tmp_path / "data", []
    prepare_share(options, data, "2/3")
    assert contents(prepared(options, data, say=said.append).folder) == at_once
    assert "4 photos of 14 were done before." in said


def test_shares_of_several_counts_may_be_mixed(options, tmp_path, at_once):
    for job in ("1/2", "2/5", "1/2"):
        prepare_share(options, tmp_path / "data", job)
    assert contents(prepared(options, tmp_path / "data").folder) == at_once


def test_threads_as_if_they_were_machines(options, tmp_path, at_once):
    """All begin the folder in the same moment; none of them may find it in the way."""
    data, failures = tmp_path / "data", []
    barrier = threading.Barrier(4)

    def make(number):
        barrier.wait()
        try:
            prepare_share(options, data, f"{number}/4")
        except AlexNetError as error:
            failures.append(error)

    threads = [threading.Thread(target=make, args=(number,)) for number in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert records(work.part_of(data)) == list(range(7))
    assert contents(prepared(options, data).folder) == at_once


@contextlib.contextmanager
def while_at_work(monkeypatch, act):
    """``act`` is done once when the first block is given out."""
    monkeypatch.setattr(work, "PATIENCE", 1)
    done = []

    def make_blocks(given, order, workers):
        if not done:
            done.append(True)
            act()
        return here.make_blocks(given, order, workers)

    with monkeypatch.context() as patch:
        patch.setattr(making, "make_blocks", make_blocks)
        yield
    assert done


def refused(action):
    with pytest.raises(AlexNetError, match=r"Another alexnet prepare is at work in .*data\.part"):
        action()


def test_the_same_job_twice_at_once_is_refused(options, tmp_path, monkeypatch, at_once):
    data = tmp_path / "data"
    with while_at_work(monkeypatch, lambda: refused(lambda: prepare_share(options, data, "1/2"))):
        prepare_share(options, data, "1/2")
    with while_at_work(monkeypatch, lambda: prepare_share(options, data, "2/2")):
        prepare_share(options, data, "1/3")
    assert contents(prepared(options, data).folder) == at_once


def test_a_job_and_the_whole_at_once_are_refused(options, tmp_path, monkeypatch, at_once):
    data = tmp_path / "data"
    with while_at_work(monkeypatch, lambda: refused(lambda: prepared(options, data))):
        prepare_share(options, data, "1/2")
    with while_at_work(monkeypatch, lambda: refused(lambda: prepare_share(options, data, "2/2"))):
        assert contents(prepared(options, data).folder) == at_once


def test_jobs_with_other_options_are_refused(options, tree, tmp_path, at_once):
    data = tmp_path / "data"
    prepare_share(options, data, "1/2")
    other = Options(tree, size=16, test=0.2)
    with pytest.raises(AlexNetError) as caught:
        prepare_share(other, data, "2/2")
    assert str(caught.value) == (
        f"{data}.part was begun with size 32 (now 16). Remove it, or choose another name."
    )
    assert contents(prepared(options, data).folder) == at_once


def test_a_job_that_comes_too_late_changes_nothing(options, tree, tmp_path, at_once):
    data, said = tmp_path / "data", []
    prepared(options, data)
    prepare_share(options, data, "1/2", say=said.append)
    assert said[0].endswith("is there already, made from the same photos with the same options.")
    with pytest.raises(AlexNetError, match="exists already, made with size 32"):
        prepare_share(Options(tree, size=16, test=0.2), data, "1/2")
    assert contents(data) == at_once
    assert not work.part_of(data).exists()


def test_a_job_that_waited_while_the_set_was_ended(options, tmp_path, monkeypatch, at_once):
    data, locked = tmp_path / "data", work.locked

    @contextlib.contextmanager
    def late(part, job=""):
        monkeypatch.setattr(work, "locked", locked)
        prepared(options, data)
        with locked(part, job) as lock:
            yield lock

    monkeypatch.setattr(work, "locked", late)
    prepare_share(options, data, "1/2")
    assert contents(data) == at_once
    assert not work.part_of(data).exists()


def test_a_job_finds_a_set_that_only_lacks_its_name(options, tmp_path, monkeypatch, at_once):
    data = tmp_path / "data"
    with monkeypatch.context() as patch:
        patch.setattr(work, "publish_folder", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            prepared(options, data)
    monkeypatch.setattr(making, "make_blocks", None)  # nothing is decoded again
    prepare_share(options, data, "1/2")
    assert contents(prepared(options, data).folder) == at_once


def test_what_is_no_share_is_refused_before_any_work(options, tmp_path):
    for job in ("0/2", "3/2", "x"):
        with pytest.raises(UsageError, match="--job is"):
            prepare_share(options, tmp_path / "data", job)
    assert list(tmp_path.iterdir()) == []


def test_no_worker_is_no_work(options, tmp_path):
    with pytest.raises(UsageError, match="--workers is 0; at least one is needed"):
        module.prepare_share(options, Path(tmp_path / "data"), "1/2", workers=0)


def test_nobody_gets_in_while_the_set_is_given_its_name(options, tmp_path, monkeypatch, at_once):
    data, publish_folder = tmp_path / "data", work.publish_folder
    monkeypatch.setattr(work, "PATIENCE", 1)

    def late(part, final):
        refused(lambda: prepared(options, data))
        refused(lambda: prepare_share(options, data, "1/2"))
        publish_folder(part, final)

    monkeypatch.setattr(work, "publish_folder", late)
    assert contents(prepared(options, data).folder) == at_once


def test_a_lock_that_a_killed_process_left_in_the_set_goes(options, tmp_path, at_once):
    data = prepared(options, tmp_path / "data").folder
    (data / "lock").touch()
    assert contents(prepared(options, data).folder) == at_once
