"""A run under way: assembled, begun, saved, taken up again."""

from collections import namedtuple
from pathlib import Path

import numpy as np
import pytest
import torch

from alexnet.errors import AlexNetError
from alexnet.training import job as jobs
from alexnet.training import loop
from alexnet.training.recipe import Recipe
from tests.system import job_of
from tests.training.sets import noise_set


def test_the_mean_is_an_image_or_one_colour() -> None:
    images = noise_set(size=8)
    assert jobs.mean_of(images, Recipe(mean="image")) is images.mean
    plain = jobs.mean_of(images, Recipe(mean="channel"))
    assert (plain.shape, plain.dtype) == ((8, 8, 3), np.float32)
    assert (plain == np.float32([120, 115, 105])).all()


def test_the_model_carries_the_recipe_s_preprocessing(tmp_path: Path) -> None:
    job = job_of(tmp_path, mirror=False, scale=32)
    way = job.model.preprocessing
    assert (way.size, way.crop, way.mirror, way.scale, way.fit) == (64, 56, False, 32, "crop")
    assert job.model.classes == ("class 0", "class 1", "class 2")
    assert job.model.recipe == "fast"
    assert job.classes == 3


def test_logits_that_hardly_differ_are_warned_of(tmp_path: Path) -> None:
    said: list[str] = []
    job_of(tmp_path, say=said.append, init="run", scale=64)
    assert len(said) == 1
    assert said[0].startswith("Warning: the logits differ by only")
    said.clear()
    job_of(tmp_path, say=said.append, init="unit", scale=64)
    assert said == []


def test_nothing_to_take_up(tmp_path: Path) -> None:
    job = job_of(tmp_path)
    assert not jobs.take_up(job)
    assert job.tally.step == 0


def test_taken_up_as_it_was_saved(tmp_path: Path) -> None:
    job = job_of(tmp_path, batch=2, epochs=2)
    loop.run(job)
    said: list[str] = []
    again = job_of(tmp_path, batch=2, epochs=2, seed=5)
    again.say = said.append
    assert jobs.take_up(again)
    assert said == []
    assert again.tally == job.tally
    assert again.optimizer.rates == job.optimizer.rates
    for before, after in (
        (dict(job.network.named_parameters()), dict(again.network.named_parameters())),
        (job.optimizer.tensors(), again.optimizer.tensors()),
    ):
        assert before.keys() == after.keys()
        assert len(before) == 16
        assert all(torch.equal(before[name], after[name]) for name in before)
        assert all(before[name].stride() == after[name].stride() for name in before)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"versions": {"torch": "1.0"}}, "torch 1.0 -> "),
        ({"machine": {"instructions": "OLD"}}, "instructions OLD -> "),
    ],
)
def test_what_differs_on_taking_up_is_told(
    tmp_path: Path, changed: dict[str, object], told: str
) -> None:
    job_of(tmp_path).save()
    said: list[str] = []
    again = job_of(tmp_path)
    again.say, again.plan = said.append, {**again.plan, **changed}
    assert jobs.take_up(again)
    assert told in said[0]
    assert "not be bit-identical" in said[0]


def test_a_disk_without_room_is_told_before_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "free")
    monkeypatch.setattr(jobs.shutil, "disk_usage", lambda _: usage(1_700_000_000))
    jobs.room_for(tmp_path, 60_000_000)
    with pytest.raises(AlexNetError, match=r"1\.7 GB free; .* up to 1\.8 GB.*another disk"):
        jobs.room_for(tmp_path, 65_000_000)
