"""What `train` is told of the machines: mistakes, threads, who does what."""

from pathlib import Path
from typing import Any

import pytest

from alexnet import machine
from alexnet.errors import Told, UsageError
from alexnet.networks.build import Network
from alexnet.parallel.placement import Placement
from alexnet.training.sitting import MODES, Sitting
from tests.system import narrow, short_run, small_set

LAUNCHED = ("RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")


@pytest.fixture(autouse=True)
def not_launched(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in LAUNCHED:
        monkeypatch.delenv(name, raising=False)


def launch(patched: pytest.MonkeyPatch, rank: int = 0, local: int = 2, size: int = 4) -> None:
    """As torchrun starts one of four processes."""
    for name, value in zip(LAUNCHED, (rank, size, local, "localhost", 1), strict=True):
        patched.setenv(name, str(value))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"threads": 0}, "0 threads were asked for; at least 1 is needed."),
        ({"workers": -1}, "-1 workers were asked for; it can be 0 or more."),
        ({"turns": 0}, "A batch cannot be trained in 0 turns; at least in 1."),
        ({"parallel": "tower"}, "parallel is 'tower'; it can be towers, replicas, hybrid."),
        ({"exchange": "fp16"}, "exchange is 'fp16'; it can be float32, bf16."),
        (
            {"exchange": "bf16"},
            "--exchange and --timeout are for several processes, with --parallel.",
        ),
    ],
)
def test_mistakes_are_told_before_anybody_is_met(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UsageError) as told, Sitting(**options).met():
        pytest.fail("it was begun")
    assert str(told.value) == sentence


def test_torchrun_without_parallel_is_a_mistake_that_one_process_tells(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    launch(monkeypatch)
    with pytest.raises(UsageError, match="--parallel towers, replicas or hybrid"), Sitting().met():
        pytest.fail("it was begun")
    launch(monkeypatch, rank=3)
    with pytest.raises(Told), Sitting().met():
        pytest.fail("it was begun")


@pytest.mark.parametrize("mode", MODES)
def test_parallel_without_torchrun_says_how_to_start(mode: str) -> None:
    with (
        pytest.raises(UsageError, match="torchrun --nproc-per-node 2 -m alexnet train"),
        Sitting(parallel=mode).met(),
    ):
        pytest.fail("it was begun")


def test_one_process_meets_nobody_and_does_everything() -> None:
    told = Sitting(turns=3)
    with told.met() as found:
        assert found is told
        placement = found.place(Network(narrow(), 56), 8)
    assert type(placement) is Placement
    assert placement.rows == range(8)


@pytest.mark.parametrize("mode", MODES)
def test_the_only_process_that_torchrun_started_trains_alone(
    monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    launch(monkeypatch, local=1, size=1)  # all that is left of more, say
    with Sitting(parallel=mode).met() as found:
        assert type(found.place(Network(narrow(), 56), 8)) is Placement


@pytest.mark.parametrize(
    ("options", "local", "before", "threads"),
    [
        ({}, 0, None, 12),  # all cores
        ({}, 0, 5, 5),  # those that the run began with
        ({"threads": 3}, 0, 5, 3),
        ({"parallel": "towers"}, 2, 5, 6),  # cores are shared by the machine's processes
        ({"parallel": "replicas"}, 16, None, 1),
        ({"parallel": "hybrid", "threads": 3}, 4, None, 3),
    ],
)
def test_threads(
    monkeypatch: pytest.MonkeyPatch,
    options: dict[str, Any], local: int, before: int | None, threads: int,
) -> None:  # fmt: skip
    used: list[int | None] = []
    monkeypatch.setattr(machine, "use", used.append)
    monkeypatch.setattr(machine, "cores", lambda: 12)
    if local:
        launch(monkeypatch, local=local)
    Sitting(**options).use_machine(before)
    assert used == [threads]


def test_turns_change_nothing_but_rounding(tmp_path: Path) -> None:
    data = small_set(tmp_path / "data")
    one, three = (short_run(data, tmp_path / f"{n}", turns=n) for n in (1, 3))
    for before, now in zip(one.metrics, three.metrics, strict=True):
        assert now["train_loss"] == pytest.approx(before["train_loss"], rel=1e-4)
        assert now["images"] == before["images"]
