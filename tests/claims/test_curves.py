import math
from dataclasses import replace

import pytest
import torch

from alexnet.claims import curves
from alexnet.claims.curves import train
from alexnet.errors import Interrupted
from alexnet.interrupt import Stop
from tests.claims.made import curve, easy_set, task

STILL = Stop()


def told(_pictures: int) -> None:
    """Nobody listens."""


def test_the_error_of_an_epoch_lies_in_its_middle():
    assert curve(0.6, 0.4, 0.2).points == [(0.5, 0.6), (1.5, 0.4), (2.5, 0.2)]


@pytest.mark.parametrize(
    ("errors", "epochs"),
    [
        ([0.6, 0.4, 0.2], 2.25),
        ([0.6, 0.25, 0.3, 0.1], 1.5),
        ([0.2, 0.1], 0.5),
        ([0.6, 0.4], None),
        ([0.9, float("nan")], None),
    ],
)
def test_the_first_time_that_a_curve_reaches_the_target(errors, epochs):
    found = curve(*errors).reaches(0.25)
    assert found == epochs if epochs is None else found == pytest.approx(epochs)


def test_the_same_seed_gives_the_same_curve_and_another_seed_another():
    images = easy_set()
    first, again = (train(images, task(), STILL, told) for _ in range(2))
    assert first == again
    other = train(images, task(seed=2), STILL, told)
    assert other.losses != first.losses


def test_every_picture_counts_once_an_epoch(monkeypatch):
    monkeypatch.setattr(curves, "BATCH", 40)
    heard: list[int] = []
    found = train(easy_set(96), task(most=2), STILL, heard.append)
    assert heard == [40, 40, 16] * 2
    assert [96 * error for error in found.errors] == pytest.approx(
        [round(96 * error) for error in found.errors], abs=1e-3
    )


def test_it_learns_and_ends_at_the_target_but_not_before_the_least():
    images = easy_set()
    found = train(images, task(0.01, target=0.25, most=60), STILL, told)
    assert 1 < len(found.errors) < 60
    assert found.errors[-1] <= 0.25 < min(found.errors[:-1])
    longer = train(
        images, task(0.01, target=0.25, least=len(found.errors) + 2, most=60), STILL, told
    )
    assert longer.errors[: len(found.errors)] == found.errors
    assert len(longer.errors) == len(found.errors) + 2


def test_there_is_no_decay_whatever_the_layers_say():
    images, weak = easy_set(), task()
    strong = replace(weak, layers=tuple(
        replace(layer, decay=0.0) if hasattr(layer, "decay") else layer for layer in weak.layers
    ))  # fmt: skip
    assert train(images, weak, STILL, told) == train(images, strong, STILL, told)


def test_a_loss_that_is_no_number_ends_the_curve():
    found = train(easy_set(), task(rate=1e30, most=20), STILL, told)
    assert len(found.errors) < 20
    assert not math.isfinite(found.losses[-1])


def test_a_stop_is_heard_between_two_steps():
    stop = Stop()
    stop.requested = True
    with pytest.raises(Interrupted):
        train(easy_set(), task(), stop, told)


def test_pixels_lose_the_mean_image_and_become_small():
    images = easy_set(8)
    trainer = curves._Trainer(images, task())
    seen = trainer._pictures(torch.arange(8).numpy())
    part = images.parts["train"]
    expected = torch.from_numpy(part.pictures.astype("float32")) - torch.from_numpy(images.mean)
    assert torch.equal(seen, (expected / 64).permute(0, 3, 1, 2))
