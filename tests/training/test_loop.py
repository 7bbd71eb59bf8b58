"""The loop: epochs and their rows, rates, time, checkpoints, stops, losses that are no number."""

import csv
import re
import signal
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from alexnet.errors import AlexNetError, Interrupted
from alexnet.training import checkpoint, diagnosis, loop
from alexnet.training.job import Job, take_up
from alexnet.training.optimizer import Rates
from tests.system import job_of, save_at_every_step, stop_after

WEIGHTS = ("conv1", "conv2", "conv3", "conv4", "conv5", "fc6", "fc7", "fc8")


def rates_of(job: Job) -> list[float]:
    """The weights' rate of each step to come, in a list that fills."""
    rates, step = [], job.optimizer.step

    def noted(now: Rates) -> None:
        rates.append(now.weights)
        step(now)

    job.optimizer.step = noted  # type: ignore[method-assign]
    return rates


class Clock:
    """The loop's clock, which stands still but for what is put on it."""

    def __init__(self, patched: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        patched.setattr(loop, "time", SimpleNamespace(monotonic=lambda: self.now))

    def each_step_takes(self, job: Job, seconds: float) -> None:
        job.network.register_forward_hook(lambda *_: self.wait(seconds * job.network.training))

    def wait(self, seconds: float) -> None:
        self.now += seconds


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(
    ("train", "batch", "epochs", "rows"),
    [
        (10, 5, 2, [(1, 2, 10), (2, 4, 10)]),
        (10, 4, 2, [(1, 3, 12), (2, 5, 8)]),
        (10, 10, 2, [(1, 1, 10), (2, 2, 10)]),
        (10, 7, 3, [(1, 2, 14), (2, 3, 7), (3, 5, 14)]),
        (10, 4, 0.5, [(1, 2, 8)]),
        (10, 4, 1.5, [(1, 3, 12), (2, 4, 4)]),
        (10, 1, 0, [(1, 1, 1)]),
        # A batch that is larger than the set ends more than one epoch, or the same step two.
        (4, 10, 1, [(2, 1, 10)]),
        (4, 10, 5, [(2, 1, 10), (5, 2, 10)]),
    ],
)
def test_a_row_for_each_epoch_and_every_picture_counted(
    tmp_path: Path, train: int, batch: int, epochs: float, rows: list[tuple[int, int, int]]
) -> None:
    job = job_of(tmp_path, train, batch=batch, epochs=epochs)
    loop.run(job)
    found = table(tmp_path / "metrics.csv")
    keys = ("epoch", "step", "images")
    assert [tuple(int(row[key]) for key in keys) for row in found] == rows
    assert sum(int(row["images"]) for row in found) == job.plan["steps"] * batch
    layers = table(tmp_path / "layers.csv")
    assert [(row["epoch"], row["layer"], row["parameter"]) for row in layers] == [
        (row["epoch"], layer, kind)
        for row in found
        for layer in WEIGHTS
        for kind in ("weight", "bias")
    ]


def test_what_a_row_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    clock = Clock(monkeypatch)
    job = job_of(tmp_path, say=said.append, batch=5, epochs=2)
    clock.each_step_takes(job, 2.0)
    validate = loop.validate
    monkeypatch.setattr(loop, "validate", lambda *given: (clock.wait(3.0), validate(*given))[1])
    said.clear()
    loop.run(job)
    first, second = table(tmp_path / "metrics.csv")
    assert list(first) == [
        "epoch", "step", "rate", "images", "train_loss", "train_error", "images_per_second",
        "data_wait_share", "val_loss", "val_error", "val_top5_error", "seconds",
    ]  # fmt: skip
    assert float(first["images_per_second"]) == pytest.approx(10 / 4)
    assert [float(row["seconds"]) for row in (first, second)] == pytest.approx([7.0, 14.0])
    assert float(second["rate"]) == pytest.approx(0.01 / 4)
    assert 0 <= float(second["val_error"]) <= 1
    (line,) = [text for text in said if text.startswith("epoch 2:")]
    assert f"validation: loss {float(second['val_loss']):.3f}" in line
    assert "2.5 images/s" in line
    assert line.endswith("14 s so far")


@pytest.mark.parametrize(("waited", "lines"), [(0.0, 1), (5.0, 2)])
def test_what_to_change_is_said_where_data_was_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, waited: float, lines: int
) -> None:
    monkeypatch.setattr(loop, "threads", lambda: 4)
    said: list[str] = []
    job = job_of(tmp_path, say=said.append, batch=5, epochs=1)
    job.tally.add(5, 1.0, 2, waited=waited, busy=10.0)
    said.clear()
    loop.end_epoch(job)
    first, *more = said[0].splitlines()
    assert f"waiting for data {waited / 10:.1%}" in first
    assert len(more) == lines - 1
    assert all(line.startswith("50% of the epoch went by waiting for data: ") for line in more)


def test_without_a_validation_part_its_fields_are_empty(tmp_path: Path) -> None:
    loop.run(job_of(tmp_path, val=0, batch=5, epochs=1))
    (row,) = table(tmp_path / "metrics.csv")
    assert (row["val_loss"], row["val_error"], row["val_top5_error"]) == ("", "", "")
    assert row["train_loss"]


def test_the_line_while_it_runs(tmp_path: Path) -> None:
    job = job_of(tmp_path, train=10, batch=4, epochs=3)
    shape = r"loss \d\.\d{{2}}, error \d+%{}, [\d.]+ images/s, waiting \d+\.\d%".format
    assert re.fullmatch(shape(""), loop.one_step(job, next(job.batches.run(0, 0)), 0.0))
    loop.end_epoch(job)
    line = loop.one_step(job, next(job.batches.run(1, 0)), 0.0)
    assert re.fullmatch(shape(r", val \d+%"), line)


def test_plateau_looks_at_validation_errors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    errors = iter([0.5, 0.4, 0.4, 0.45, 0.4, 0.41, 0.3, 0.3])
    row = {"val_loss": 1.0, "val_top5_error": 0.0}
    monkeypatch.setattr(loop, "validate", lambda *_: {**row, "val_error": next(errors)})
    job = job_of(tmp_path, train=4, batch=2, epochs=8, schedule="plateau", patience=2, reductions=1)
    rates = rates_of(job)
    loop.run(job)
    # Epochs 3 and 4 bring nothing better than 0.4; so do 5 and 6, but one reduction was allowed.
    assert rates == pytest.approx([0.01] * 8 + [0.001] * 8)
    assert [float(row["rate"]) for row in table(tmp_path / "metrics.csv")] == pytest.approx(
        [0.01] * 4 + [0.001] * 4
    )


def test_a_loss_that_is_no_number_stops_and_keeps_the_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_at_every_step(monkeypatch)
    job = job_of(tmp_path, batch=2, epochs=2, rate=0.03, schedule="constant")
    make = job.batches.make

    def broken(step: int) -> tuple[torch.Tensor, torch.Tensor]:
        views, labels = make(step)
        return (views * float("nan") if step == 3 else views), labels

    monkeypatch.setattr(job.batches, "make", broken)
    with pytest.raises(AlexNetError, match=r"not a finite number at step 4") as stopped:
        loop.run(job)
    assert "--rate 0.01" in str(stopped.value)
    assert "last good checkpoint is kept" in str(stopped.value)
    kept = checkpoint.load(tmp_path / "checkpoints", pytest.fail)
    assert kept is not None
    assert kept.step == 3
    assert all(value.isfinite().all() for value in kept.tensors.values())


def test_nothing_is_said_to_be_kept_where_nothing_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = job_of(tmp_path, batch=2)
    job.network.held(job.network.layers[0]).weight.data.fill_(float("inf"))
    with pytest.raises(AlexNetError, match="at step 1") as stopped:
        loop.run(job)
    assert "kept" not in str(stopped.value)


def test_weights_that_are_no_numbers_are_not_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_at_every_step(monkeypatch)
    job = job_of(tmp_path, batch=5, epochs=1)
    step = job.optimizer.step

    def last_one_breaks(rates: Rates) -> None:
        step(rates)
        if job.tally.step == 1:
            next(job.network.parameters()).data[0] = float("nan")

    monkeypatch.setattr(job.optimizer, "step", last_one_breaks)
    with pytest.raises(AlexNetError, match="lower --rate"):
        loop.run(job)
    kept = checkpoint.load(tmp_path / "checkpoints", pytest.fail)
    assert kept is not None
    assert kept.step == 1


def test_a_loss_that_stays_at_ln_n_is_remarked_upon_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(diagnosis, "PATIENCE", 3)
    said: list[str] = []
    job = job_of(tmp_path, say=said.append, batch=2, epochs=2, rate=0)
    loop.run(job)
    (remark,) = [text for text in said if text.startswith("Not learning yet")]
    assert "ln 3 = 1.099" in remark
    assert "--set init=unit" in remark
    assert job.tally.warned


def test_time_given_ends_the_run_and_the_rate_falls_to_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(monkeypatch)
    job = job_of(tmp_path, batch=2, epochs=1, budget=40.0)
    rates = rates_of(job)
    clock.each_step_takes(job, 1.0)
    validate = loop.validate
    monkeypatch.setattr(loop, "validate", lambda *given: (clock.wait(5.0), validate(*given))[1])
    loop.run(job)
    # 5 steps and a validation are 10 seconds.
    assert len(rates) == job.tally.step == 20
    assert rates[0] == 0.01
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] <= 0.16 * 0.01
    assert loop.expected_steps(job) == 20
    assert [row["epoch"] for row in job.tally.rows] == [1, 2, 3, 4]


def test_with_a_time_the_epochs_of_the_recipe_are_shares_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(monkeypatch)
    steps = {"schedule": "steps", "reduce_at": 45, "epochs": 90, "freeze": "conv1", "freeze_at": 68}
    job = job_of(tmp_path, batch=2, val=0, budget=8.0, **steps)
    rates = rates_of(job)
    clock.each_step_takes(job, 1.0)
    still = []
    held = job.network.held(job.network.layers[0])
    job.network.register_forward_hook(lambda *_: still.append(not held.weight.requires_grad))
    loop.run(job)
    assert rates == pytest.approx([0.01] * 4 + [0.001] * 4)
    assert still == [False] * 7 + [True]  # 68 of 90 epochs are 6.04 of 8 steps


def test_time_that_runs_out_within_an_epoch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(monkeypatch)
    job = job_of(tmp_path, batch=2, budget=99.5)
    rates = rates_of(job)
    clock.each_step_takes(job, 12.5)
    loop.run(job)
    assert rates[-1] <= 0.13 * 0.01
    assert [(row["epoch"], row["step"]) for row in job.tally.rows] == [(1, 5), (2, 8)]


def test_time_given_counts_over_all_sittings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(monkeypatch)
    stop_after(monkeypatch, 3, signal.SIGTERM)
    job = job_of(tmp_path, batch=2, budget=8.0)
    clock.each_step_takes(job, 1.0)
    with pytest.raises(Interrupted, match="step 3 of 8"):
        loop.run(job)
    again = job_of(tmp_path, batch=2, budget=8.0)
    clock.each_step_takes(again, 1.0)
    assert take_up(again)
    loop.run(again)
    assert again.tally.step == 8


def test_more_time_than_at_first_goes_on_counting_epochs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(monkeypatch)
    for budget in (7.0, 15.0):
        job = job_of(tmp_path, batch=2, budget=budget)
        clock.each_step_takes(job, 1.0)
        take_up(job)
        loop.run(job)
    # Stopped within epoch 2, whose row is written anew when it ends at step 10.
    assert [row["step"] for row in job.tally.rows] == [5, 10, 15]
    assert [row["epoch"] for row in job.tally.rows] == [1, 2, 3]
    for epochs in (
        [row["epoch"] for row in job.tally.rows],
        [row["epoch"] for row in job.tally.layer_rows[::16]],
    ):
        assert epochs == sorted(set(epochs))


def test_saving_takes_less_than_two_hundredths_of_a_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, saved = Clock(monkeypatch), []
    job = job_of(tmp_path, train=120, val=0, batch=1, epochs=1)
    clock.each_step_takes(job, 60.0)
    monkeypatch.setattr(job, "save", lambda: (saved.append(job.tally.step), clock.wait(15.0)))
    loop.run(job)
    # After five minutes, then every 1,000 seconds, and at the end.
    assert saved == [5, 22, 39, 56, 73, 90, 107, 120]
    assert 15.0 * len(saved) / (clock.now - 1000) < 0.02


def test_quick_saving_happens_every_five_minutes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, saved = Clock(monkeypatch), []
    job = job_of(tmp_path, train=20, val=0, batch=1, epochs=1)
    clock.each_step_takes(job, 60.0)
    monkeypatch.setattr(job, "save", lambda: saved.append(job.tally.step))
    loop.run(job)
    assert saved == [5, 10, 15, 20, 20]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_saves_and_says_how_to_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    job = job_of(tmp_path, batch=2, epochs=2)
    stop_after(monkeypatch, 3, number)
    with pytest.raises(Interrupted, match=r"step 3 of 10.*alexnet train --resume") as stopped:
        loop.run(job)
    assert str(stopped.value).endswith(str(tmp_path))
    kept = checkpoint.load(tmp_path / "checkpoints", pytest.fail)
    assert kept is not None
    assert kept.step == 3
    assert (tmp_path / "model.safetensors").exists()


def test_a_signal_in_the_last_step_comes_too_late(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = job_of(tmp_path, batch=5, epochs=1)
    stop_after(monkeypatch, 2, signal.SIGTERM)
    loop.run(job)
    assert len(job.tally.rows) == 1


def test_a_second_signal_does_not_wait_for_the_end_of_the_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = job_of(tmp_path, batch=2, epochs=2)
    stop_after(monkeypatch, 3, signal.SIGINT)
    stop_after(monkeypatch, 3, signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        loop.run(job)
    assert checkpoint.load(tmp_path / "checkpoints", pytest.fail) is None
