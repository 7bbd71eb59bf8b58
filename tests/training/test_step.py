"""One step on one device: in any number of turns it is the same, and what stands still is still."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn import functional

from alexnet.training import loop
from alexnet.training.batches import Batch
from alexnet.training.dropout import masks_of
from alexnet.training.job import Job
from alexnet.training.step import agreed, forward_and_back, loss_of
from tests.system import job_of


def first_step(folder: Path, turns: int = 1, **settings: Any) -> tuple[Job, Batch, Any]:
    """A job after the backward pass of its first step, and what that gave."""
    job = job_of(folder, **{"batch": 7, "rate": 0.01, "init": "unit", **settings})
    job.turns = turns
    job.network.train()
    batch = next(job.batches.run(0, 0))
    return job, batch, forward_and_back(job, batch, loop.current_rates(job))


def gradients(job: Job) -> dict[str, torch.Tensor]:
    return {n: p.grad for n, p in job.network.named_parameters() if p.grad is not None}


@pytest.mark.parametrize("turns", [2, 3, 7, 9])
def test_in_turns_the_step_is_the_same(tmp_path: Path, turns: int) -> None:
    """Each picture's dropout too; of 9 turns for 7 pictures, two have none."""
    job, _, (pictures, loss, wrong) = first_step(tmp_path)
    again, _, found = first_step(tmp_path, turns)
    assert found == (pictures, pytest.approx(loss, rel=1e-5), wrong)
    assert pictures == 7
    expected = gradients(job)
    for name, value in gradients(again).items():
        largest = float(expected[name].abs().max())
        torch.testing.assert_close(value, expected[name], rtol=0, atol=1e-4 * largest)
    assert len(gradients(again)) == 16


def test_the_gradient_is_of_the_mean_over_the_batch(tmp_path: Path) -> None:
    job, batch, (_, loss, _) = first_step(tmp_path)
    found = gradients(job)
    job.network.masks = masks_of(job.recipe.seed, 0)
    job.network.zero_grad()
    mean = functional.cross_entropy(job.network(batch.views), batch.labels)
    mean.backward()  # type: ignore[no-untyped-call]
    assert loss / 7 == pytest.approx(float(mean.detach()), rel=1e-6)
    for name, value in gradients(job).items():
        torch.testing.assert_close(found[name], value, rtol=1e-4, atol=1e-7)


def test_losses_of_parts_add_up_to_that_of_the_batch(tmp_path: Path) -> None:
    job = job_of(tmp_path, batch=7, smoothing=0.1)
    logits, labels = torch.randn(7, 3), torch.tensor([0, 1, 2, 0, 1, 2, 0])
    whole = functional.cross_entropy(logits, labels, label_smoothing=0.1)
    parts = [slice(3), slice(3, 3), slice(3, 7)]
    found = [float(loss_of(job, logits[one], labels[one])) for one in parts]
    assert sum(found) == pytest.approx(float(whole), rel=1e-6)
    assert found[1] == 0.0


def test_where_another_process_has_the_logits_their_stand_in_is_the_loss(tmp_path: Path) -> None:
    stand_in = torch.zeros((), requires_grad=True)
    assert loss_of(job_of(tmp_path, batch=7), stand_in, torch.tensor([1])) is stand_in


def test_frozen_layers_get_no_gradients(tmp_path: Path) -> None:
    job, _, _ = first_step(tmp_path, turns=2, freeze="conv1,fc7")
    still = {"conv1.weight", "conv1.bias", "fc7.weight", "fc7.bias"}
    assert gradients(job).keys() == dict(job.network.named_parameters()).keys() - still


def test_where_nothing_moves_there_is_a_loss_all_the_same(tmp_path: Path) -> None:
    job, _, (pictures, loss, _) = first_step(tmp_path, rate=0.0)
    assert not gradients(job)
    assert pictures == 7
    assert loss > 0


def test_the_mean_and_the_clock_of_one_device(tmp_path: Path) -> None:
    found = agreed(job_of(tmp_path, batch=7), (7, 14.0, 3), waited=0.5, busy=2.0)
    assert found == (7, 2.0, 3, 0.5, 2.0)
