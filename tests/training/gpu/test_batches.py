"""The views that a kernel cuts from a batch's numbers are those of a processor, bit for bit."""

from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from alexnet.devices import INTERPRETER
from alexnet.kernels.strided import unstrided
from alexnet.training.gpu import taking
from alexnet.training.gpu.batches import SLOTS, GpuBatch
from alexnet.training.gpu.engine import GpuEngine
from tests.training.gpu.jobs import job_on

RECIPES: dict[str, dict[str, Any]] = {
    "paper's": {"mean": "image", "scale": (1.0,)},
    "as run": {
        "mean": "image", "mean_at": "centre", "colour_unit": "deviation", "noise_divides": True,
        "noise_until": 1.0, "block": 2,
    },
    "Caffe's": {"channels": "BGR", "mirror": False, "colour_noise": 0.0},
    "scaled crops": {"area": 0.3, "mean": "image"},
    "halved colours": {"chroma": "420", "scale": (58.0, 57.0, 59.0)},
}  # fmt: skip


def taken(folder: Path, steps: int, **settings: Any) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Views and labels of the first steps, as the engine makes them."""
    job = job_on(INTERPRETER, folder, begun=False, **settings)
    engine, found = job.engine, []
    assert isinstance(engine, GpuEngine)
    for batch in islice(job.batches.run(0), steps):
        assert isinstance(batch, GpuBatch)
        engine.views.take(batch.slot.numbers, batch.source)
        found.append((engine.views.make().clone(), engine.views.numbers["labels"].clone()))
    return found


@pytest.mark.parametrize("recipe", RECIPES)
def test_views_are_those_of_a_processor(tmp_path: Path, recipe: str) -> None:
    """Over the end of an epoch, after 7 pictures; the network reads blocks of 4 x 4 pixels."""
    job = job_on(INTERPRETER, tmp_path, begun=False, **RECIPES[recipe])
    for step, (views, labels) in enumerate(taken(tmp_path, 4, **RECIPES[recipe])):
        expected, own = job.batches.make(step)
        blocks, _ = unstrided(expected, torch.zeros(1, 3, 11, 11), 4, 0, (9, 9))
        assert torch.equal(views, blocks[:, :, : views.shape[2], : views.shape[3]])
        assert torch.equal(labels, own)


def test_more_steps_than_slots_keep_their_numbers(tmp_path: Path) -> None:
    job = job_on(INTERPRETER, tmp_path, begun=False)
    for step, batch in enumerate(islice(job.batches.run(2), 3 * SLOTS), 2):
        assert isinstance(batch, GpuBatch)
        assert int(batch.slot.numbers["step"]) == step
        pictures = [picture for _, picture in job.batches.places(step)]
        assert batch.slot.numbers["rows"].tolist() == pictures


def test_streamed_or_resident_the_views_are_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More batches than slots, so that memory is used again."""
    resident = taken(tmp_path, SLOTS + 2)
    monkeypatch.setattr(taking, "fits", lambda *_: False)
    for (views, labels), (others, own) in zip(resident, taken(tmp_path, SLOTS + 2), strict=True):
        assert torch.equal(views, others)
        assert torch.equal(labels, own)


def test_rows_of_a_process_are_its_part_of_the_batch(tmp_path: Path) -> None:
    job = job_on(INTERPRETER, tmp_path, begun=False)
    whole = next(job.batches.run(1))
    part = next(job.batches.of_rows(range(1, 3)).run(1))
    for name in ("labels", "rows", "boxes", "shifts"):
        assert isinstance(whole, GpuBatch)
        assert isinstance(part, GpuBatch)
        assert np.array_equal(whole.slot.numbers[name][1:], part.slot.numbers[name])
