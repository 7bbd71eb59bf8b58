"""The promise: however training is stopped, it ends with the same bytes."""

import csv
import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from alexnet.errors import Interrupted
from alexnet.model import load_model
from alexnet.training import job, session
from tests.system import save_at_every_step, short_run, small_set, stop_after

TOP = Path(__file__).resolve().parents[2]
CLOCKED = ("images_per_second", "data_wait_share", "seconds")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_set(tmp_path_factory.mktemp("resume") / "data")


@pytest.fixture(scope="module")
def whole(data: Path) -> Path:
    """A run that nothing interrupted."""
    return short_run(data, data.parent / "whole").folder


def stopped(data: Path, folder: Path, after: int, workers: int = 1) -> Path:
    """A run that SIGTERM stopped after so many steps, with a checkpoint of each step."""
    with pytest.MonkeyPatch.context() as patched:
        save_at_every_step(patched)
        stop_after(patched, after, signal.SIGTERM)
        with pytest.raises(Interrupted):
            short_run(data, folder, workers=workers)
    return folder


def weights(folder: Path) -> bytes:
    return (folder / "model.safetensors").read_bytes()


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return [
            {key: value for key, value in row.items() if key not in CLOCKED}
            for row in csv.DictReader(file)
        ]


def test_killed_at_many_moments_and_bit_identical_after_all() -> None:
    done = subprocess.run(
        [sys.executable, "benchmarks/kill_and_resume.py", "--moments", "14", "--json"],
        cwd=TOP, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout)
    assert set(found["moments"]) == {"call", "timer", "step", "SIGTERM", "SIGINT"}
    assert found["bit_identical"] == found["moments"]
    assert sum(found["moments"].values()) == found["sittings"]["ended"] == 14
    assert found["sittings"]["SIGKILL"] > 0
    assert found["sittings"]["saved"] > 0


@pytest.mark.parametrize(("after", "workers"), [(1, 0), (3, 2), (8, 1)])
def test_stopped_and_resumed_ends_with_the_same_weights_and_tables(
    data: Path, whole: Path, tmp_path: Path, after: int, workers: int
) -> None:
    run = stopped(data, tmp_path / "run", after)
    assert weights(run) != weights(whole)
    said: list[str] = []
    session.resume(run, workers=workers, say=said.append, quiet=True)
    assert said[0] == f"Going on at step {after + 1} of 9."
    assert weights(run) == weights(whole)
    for table in ("metrics.csv", "layers.csv"):
        assert rows(run / table) == rows(whole / table)


def test_a_damaged_checkpoint_costs_only_the_steps_after_the_one_before(
    data: Path, whole: Path, tmp_path: Path
) -> None:
    run = stopped(data, tmp_path / "run", 4)
    newest = run / "checkpoints" / "step-00000004.safetensors"
    changed = bytearray(newest.read_bytes())
    changed[len(changed) // 2] ^= 1
    newest.write_bytes(changed)
    said: list[str] = []
    session.resume(run, say=said.append, quiet=True)
    assert "step-00000004.safetensors cannot be used" in said[0]
    assert said[1] == "Going on at step 4 of 9."
    assert weights(run) == weights(whole)


def test_other_threads_are_told(data: Path, tmp_path: Path) -> None:
    run = stopped(data, tmp_path / "run", 8)
    before, said = torch.get_num_threads(), list[str]()
    try:
        session.resume(run, threads=2, say=said.append, quiet=True)
    finally:
        torch.set_num_threads(before)
    assert "threads 1 -> 2" in said[0]
    assert "will not be bit-identical" in said[0]
    assert load_model(run).classes == ("a", "b", "c")


def test_killed_before_the_first_checkpoint_it_begins_again(
    data: Path, whole: Path, tmp_path: Path
) -> None:
    with pytest.MonkeyPatch.context() as patched:
        stop_after(patched, 2, signal.SIGTERM)
        stop_after(patched, 2, signal.SIGTERM)
        with pytest.raises(KeyboardInterrupt):
            short_run(data, tmp_path / "run")
    said: list[str] = []
    session.resume(tmp_path / "run", say=said.append, quiet=True)
    assert "begins again at step 1" in said[0]
    assert weights(tmp_path / "run") == weights(whole)


def test_killed_between_the_last_checkpoint_and_the_model(
    data: Path, whole: Path, tmp_path: Path
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(job, "save_model", killed)
        with pytest.raises(KeyboardInterrupt):
            short_run(data, tmp_path / "run")
    session.resume(tmp_path / "run", say=lambda _: None, quiet=True)
    assert weights(tmp_path / "run") == weights(whole)
