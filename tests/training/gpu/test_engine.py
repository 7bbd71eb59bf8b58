"""A step the GPU's way is the processor's step, and nothing in it waits for the device."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
import torch

from alexnet.devices import CPU, INTERPRETER
from alexnet.errors import AlexNetError
from alexnet.parallel.placement import Placement
from alexnet.training import loop
from alexnet.training.gpu import engine as module
from alexnet.training.gpu import memory
from alexnet.training.gpu.batches import GpuBatch
from alexnet.training.gpu.engine import GpuEngine
from alexnet.training.gpu.optimizer import GpuMomentum
from alexnet.training.gpu.pictures import Resident
from alexnet.training.job import Job
from alexnet.training.optimizer import Rates
from alexnet.training.pace import measured_rate
from tests.training.gpu.jobs import META, both, job_on, tiny


def steps_of(job: Job, count: int) -> Job:
    """The job after so many steps, all of them counted."""
    job.network.train()
    for batch in islice(job.batches.run(job.tally.step, 1), count):
        loop.one_step(job, batch, 0.0)
    loop.settle(job)
    return job


def assert_alike(one: Job, other: Job, tolerance: float) -> None:
    """The same loss, and weights and velocities that differ by a share of their largest."""
    assert one.tally.pictures == other.tally.pictures
    assert one.tally.loss == pytest.approx(other.tally.loss, rel=tolerance)
    for found, expected in (
        (other.optimizer.tensors(), one.optimizer.tensors()),
        (dict(other.network.named_parameters()), dict(one.network.named_parameters())),
    ):
        assert found.keys() == expected.keys()
        for name, value in expected.items():
            largest = float(value.detach().abs().max())
            torch.testing.assert_close(found[name], value, rtol=0, atol=tolerance * largest + 1e-9)


def test_steps_are_those_of_a_processor(tmp_path: Path) -> None:
    """Dropout and the last batch of an epoch included."""
    one, other = both(tmp_path, init="unit")
    assert_alike(steps_of(one, 3), steps_of(other, 3), 1e-4)


@pytest.mark.usefixtures("plain_norms")
@pytest.mark.parametrize(
    "settings", [{"bias_rate": 2.0, "bias_decay": 0.001}, {"optimizer": "lars", "rate": 1.0}]
)
def test_with_any_rule_of_the_update(tmp_path: Path, settings: dict[str, Any]) -> None:
    one, other = both(tmp_path, **settings)
    assert_alike(steps_of(one, 3), steps_of(other, 3), 1e-4)


def test_the_order_of_the_run_too(tmp_path: Path) -> None:
    one, other = both(tmp_path, layers=tiny("alexnet-as-run"))
    assert_alike(steps_of(one, 2), steps_of(other, 2), 1e-4)


@pytest.mark.usefixtures("plain_norms")
def test_in_turns_it_is_the_same_step(tmp_path: Path) -> None:
    one, other = both(tmp_path)
    other.turns = 2
    assert_alike(steps_of(one, 2), steps_of(other, 2), 1e-4)


@pytest.mark.usefixtures("plain_norms")
def test_what_stands_still_stays_and_moves_later(tmp_path: Path) -> None:
    settings = {"freeze": ("conv1", "fc6"), "epochs": 2, "slow_at": 0.4, "freeze_at": 0.9}
    one, other = both(tmp_path, **settings)
    assert_alike(steps_of(one, 4), steps_of(other, 4), 1e-4)
    engine = other.engine
    assert isinstance(engine, GpuEngine)
    assert len(engine.taken) > 1  # a captured step for each set of layers that moves


def test_in_bf16_it_is_near_and_copies_follow_the_weights(tmp_path: Path) -> None:
    one, other = (steps_of(job, 2) for job in both(tmp_path, precision="bf16"))
    exact = steps_of(job_on(CPU, tmp_path), 2)
    assert one.tally.loss == pytest.approx(other.tally.loss, rel=0.02)
    for name, value in exact.optimizer.tensors().items():
        away = [float((job.optimizer.tensors()[name] - value).norm()) for job in (one, other)]
        assert away[1] < 2 * away[0], name  # no worse than there
    assert other.network.copies
    for name, copy in other.network.copies.items():
        assert torch.equal(copy, other.network.get_parameter(name).bfloat16())


@pytest.mark.usefixtures("plain_norms")
def test_what_is_found_is_told_a_step_later_and_nothing_is_lost(tmp_path: Path) -> None:
    job = job_on(INTERPRETER, tmp_path)
    job.network.train()
    batches = job.batches.run(0, 1)
    assert loop.one_step(job, next(batches), 0.0) == ""
    assert (job.tally.step, job.tally.pictures) == (1, 0)
    assert "loss" in loop.one_step(job, next(batches), 0.0)
    assert (job.tally.step, job.tally.pictures) == (2, 3)
    loop.settle(job)
    assert (job.tally.step, job.tally.pictures) == (2, 6)


@pytest.mark.usefixtures("plain_norms")
def test_a_loss_that_is_no_number_ends_the_run(tmp_path: Path) -> None:
    job = job_on(INTERPRETER, tmp_path)
    job.network.train()
    with torch.no_grad():
        job.network.get_parameter("fc8.bias")[0] = float("nan")
    with pytest.raises(AlexNetError, match="not a finite number"):
        steps_of(job, 2)


@pytest.mark.parametrize("name", ["alexnet", "alexnet-as-run", "one-weird-trick"])
@pytest.mark.parametrize("precision", ["float32", "bf16"])
@pytest.mark.parametrize("area", [1.0, 0.4])
def test_nothing_in_a_step_reads_from_the_device(
    tmp_path: Path, name: str, precision: str, area: float
) -> None:
    """Tensors without values stand for a GPU's: to read one, or to mix them with others, fails.

    So a CUDA graph can hold the whole step, views and update included.
    """
    job = job_on(META, tmp_path, tiny(name), begun=False, precision=precision, area=area)
    engine, optimizer = job.engine, job.optimizer
    assert isinstance(engine, GpuEngine)
    assert isinstance(optimizer, GpuMomentum)
    job.network.train()
    rates = loop.current_rates(job)
    optimizer.freeze(rates)
    optimizer.numbers(rates)
    engine.views.pictures = torch.empty(
        (7, *job.images.parts["train"].pictures.shape[1:]), dtype=torch.uint8, device="meta"
    )
    engine.whole(job)
    assert engine.pictures == job.recipe.batch
    assert all(value.grad is None for value in job.network.parameters())


@pytest.fixture
def refusing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A device that has no memory left."""

    def refuse(*_: Any) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")

    monkeypatch.setattr(module, "both_ways", refuse)
    monkeypatch.setattr(Placement, "forward", refuse)
    monkeypatch.setattr(memory, "free_on", lambda _: memory.needed(tiny(), 42, 9, 4))


@pytest.mark.usefixtures("refusing")
@pytest.mark.parametrize("work", [lambda job: steps_of(job, 1), measured_rate])
def test_memory_that_is_refused_becomes_a_sentence(
    tmp_path: Path, work: Callable[[Job], Any]
) -> None:
    """In a step, and where a run's speed is found out before its first one."""
    job = job_on(INTERPRETER, tmp_path, batch=30, begun=False)
    with pytest.raises(AlexNetError, match="--batch 8 would fit, or --turns 4"):
        work(job)


@pytest.mark.usefixtures("plain_norms")
def test_finding_out_the_speed_leaves_no_gradients(tmp_path: Path) -> None:
    """They would be added to those of the first step."""
    job = job_on(INTERPRETER, tmp_path, precision="bf16")
    measured_rate(job)
    assert job.network.copies
    assert all(value.grad is None for value in job.network.parameters())
    assert all(copy.grad is None for copy in job.network.copies.values())


@pytest.mark.usefixtures("plain_norms")
def test_a_turn_at_a_time_is_what_the_speed_is_measured_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = job_on(INTERPRETER, tmp_path, batch=6, begun=False)
    job.turns = 3
    forward = Mock(side_effect=job.placement.forward)
    monkeypatch.setattr(job.placement, "forward", forward)
    measured_rate(job)
    assert [len(call.args[0]) for call in forward.call_args_list] == [2, 2]


def test_a_step_is_captured_once_and_anew_where_other_layers_move_or_pictures_have_moved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = job_on(INTERPRETER, tmp_path, begun=False)
    engine, calls = job.engine, Mock()
    assert isinstance(engine, GpuEngine)
    monkeypatch.setattr(module, "capturable", lambda _: True)
    monkeypatch.setattr(engine, "whole", calls.whole)
    monkeypatch.setattr(engine, "_captured", calls.captured)
    monkeypatch.setattr(engine, "results", Mock())
    first, other = (Resident(torch.zeros((7, 48, 48, 3), dtype=torch.uint8)) for _ in range(2))
    for biases, source in ((0.1, first), (0.0, first), (0.0, other)):
        calls.reset_mock()
        for batch in islice(job.batches.run(0), 5):
            assert isinstance(batch, GpuBatch)
            engine.step(job, replace(batch, source=source), Rates(0.1, biases))
        assert calls.whole.call_count == 2
        assert calls.captured.call_count == 1
        assert calls.captured.return_value.replay.call_count == 3
        assert len(engine.graphs) == 1


@pytest.mark.usefixtures("plain_norms")
def test_where_a_step_cannot_be_captured_training_goes_on_and_says_so_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def refused(*_: Any, **__: Any) -> Iterator[None]:
        yield
        raise RuntimeError("operation not permitted when stream is capturing\nmore")

    one, said = job_on(CPU, tmp_path), list[str]()
    other = job_on(INTERPRETER, tmp_path, said=said)
    monkeypatch.setattr(module, "capturable", lambda _: True)
    for name, value in (("graph", refused), ("CUDAGraph", Mock), ("current_stream", Mock)):
        monkeypatch.setattr(torch.cuda, name, value)
    monkeypatch.setattr(other.engine, "whole", skipping(other.engine.whole, 3))
    assert_alike(steps_of(one, 4), steps_of(other, 4), 1e-4)
    (line,) = [line for line in said if "CUDA graph" in line]
    assert "(RuntimeError: operation not permitted when stream is capturing)" in line


def skipping(whole: Callable[[Job], None], call: int) -> Callable[[Job], None]:
    """A step, but for the call of that number: what is captured does not run."""
    calls = itertools.count(1)
    return lambda job: None if next(calls) == call else whole(job)


def test_a_batch_that_was_not_used_yet_is_not_overwritten(tmp_path: Path) -> None:
    """``used`` is set behind each step; here every batch is looked at when its step comes."""
    job = job_on(INTERPRETER, tmp_path)
    seen = []
    for batch in islice(job.batches.run(0), 9):
        assert isinstance(batch, GpuBatch)
        seen.append(batch.slot.numbers["labels"].clone())
    expected = [job.batches.make(step)[1] for step in range(9)]
    assert all(torch.equal(a, b) for a, b in zip(seen, expected, strict=True))
