import pytest
import torch

from alexnet import machine
from alexnet.claims import bench as module
from alexnet.claims.bench import Bench
from alexnet.claims.curves import train
from alexnet.claims.ledger import HEADER, Ledger
from alexnet.errors import AlexNetError, Interrupted
from tests.claims.made import curve, easy_set, task

TASKS = [task(seed=seed) for seed in (3, 1, 2)]


@pytest.mark.parametrize("cores", [1, 3])
def test_curves_are_the_same_whatever_the_number_of_cores(tmp_path, monkeypatch, cores):
    monkeypatch.setattr(machine, "cores", lambda: cores)
    images, threads = easy_set(), torch.get_num_threads()
    bench = Bench(images, Ledger(tmp_path / "x.csv"))
    found = bench.curves("test", TASKS)
    assert [one.key for one in found] == [one.key for one in TASKS]
    alone = Bench(images, Ledger(tmp_path / "y.csv")).curves("test", TASKS[1:2])
    assert found[1:2] == alone
    assert torch.get_num_threads() == threads


def test_what_is_in_the_ledger_is_not_trained_again(tmp_path, monkeypatch):
    ledger = Ledger(tmp_path / "x.csv")
    known = curve(0.5, network="small", rate=0.05, seed=1)
    ledger.add(known)
    asked = []

    def counted(images, one, stop, tell):
        asked.append(one.seed)
        return train(images, one, stop, tell)

    monkeypatch.setattr(module, "train", counted)
    assert Bench(easy_set(), ledger).curves("test", TASKS)[1] is known
    assert sorted(asked) == [2, 3]


def test_a_stop_keeps_the_finished_curves(tmp_path, monkeypatch):
    def stopped(images, one, stop, tell):
        stop.requested = stop.requested or one.seed == 1
        return train(images, one, stop, tell)

    monkeypatch.setattr(machine, "cores", lambda: 1)
    monkeypatch.setattr(module, "train", stopped)
    ledger = Ledger(tmp_path / "x.csv")
    with pytest.raises(Interrupted, match=r"kept in .*x.csv: 1; the same command"):
        Bench(easy_set(), ledger).curves("test", TASKS)
    assert [key[2] for key in Ledger(tmp_path / "x.csv").curves] == [3]


def test_a_failure_ends_the_others(tmp_path, monkeypatch):
    def failing(images, one, stop, tell):
        if one.seed == 3:
            raise AlexNetError("The disk is full.")
        return train(images, one, stop, tell)

    monkeypatch.setattr(module, "train", failing)
    with pytest.raises(AlexNetError, match="disk is full"):
        Bench(easy_set(), Ledger(tmp_path / "x.csv")).curves("test", TASKS)


def test_the_progress_line_has_rate_and_time(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(module, "Progress", lambda *a: RealProgress(*a, every=0.0))
    Bench(easy_set(), Ledger(tmp_path / "x.csv")).curves("rates", TASKS[:1])
    last = capsys.readouterr().err.splitlines()[-1]
    assert "rates: 288 of 288 pictures" in last
    assert "a second" in last


RealProgress = module.Progress


def test_a_ledger_reads_what_it_wrote_in_any_order(tmp_path):
    some = [curve(0.5, 0.25, rate=0.04), curve(0.9, float("inf"), network="tanh"), curve(1 / 3)]
    one, other = Ledger(tmp_path / "one.csv"), Ledger(tmp_path / "other.csv")
    for found in some:
        one.add(found)
    for found in reversed(some):
        other.add(found)
    assert one.path.read_bytes() == other.path.read_bytes()
    assert Ledger(one.path).curves == {found.key: found for found in some}
    assert one.path.read_text().splitlines()[0] == ",".join(HEADER)
    assert (
        one.path.read_text().splitlines()[1]
        == "relu,0.02,1,0.5,0.3333333333333333,0.6666666666666666"
    )


def test_a_damaged_ledger_is_told(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text(",".join(HEADER) + "\nrelu,quick,1,0.5,0.3,1\n")
    with pytest.raises(AlexNetError, match="is damaged"):
        Ledger(path)
