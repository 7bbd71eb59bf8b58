"""The stream of training pictures: complete, the same for any workers, and from any step on."""

import itertools
import threading
from collections import Counter
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from alexnet.preprocessing import Preprocessing
from alexnet.training.batches import Batch, Batches
from alexnet.training.recipe import Recipe
from alexnet.views import Augmentation, colour_shift, cut_views, draw
from tests.training.sets import noise_set

WAY = Preprocessing(size=16, crop=12, scale=2.0)


def stream(
    count: int = 12, batch: int = 5, seed: int = 0, way: Preprocessing = WAY, **values: Any
) -> Batches:
    images = noise_set(train=count)
    return Batches(images, images.mean, Recipe(batch=batch, seed=seed, **values), way)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 40), st.integers(1, 60), st.integers(0, 3))
def test_every_picture_exactly_once_an_epoch(count: int, batch: int, seed: int) -> None:
    batches = stream(count, batch, seed)
    epochs = 3
    steps = -(-epochs * count // batch)
    places = [place for step in range(steps) for place in batches.places(step)]
    assert len(places) == steps * batch  # no batch is short
    expected = Counter(itertools.product(range(epochs), range(count)))
    assert Counter(place for place in places if place[0] < epochs) == expected
    assert [epoch for epoch, _ in places] == sorted(epoch for epoch, _ in places)


def test_epochs_and_seeds_have_orders_of_their_own() -> None:
    orders = {
        (seed, epoch): tuple(picture for _, picture in stream(50, 50, seed).places(epoch))
        for seed in range(3)
        for epoch in range(3)
    }
    assert len(set(orders.values())) == 9
    assert all(order != tuple(range(50)) for order in orders.values())


def test_the_order_leaves_every_picture_at_every_place_now_and_then() -> None:
    first = Counter(stream(4, 4).places(epoch)[0][1] for epoch in range(400))
    assert all(60 < first[picture] < 140 for picture in range(4))


def taken(batches: Batches, step: int, workers: int, steps: int) -> list[Batch]:
    running = batches.run(step, workers)
    try:
        return list(itertools.islice(running, steps))
    finally:
        running.close()


AS_RUN = {"block": 4, "noise_until": 2, "noise_divides": True, "colour_unit": "deviation"}


@pytest.mark.parametrize("workers", [0, 1, 3])
@pytest.mark.parametrize("start", [0, 1, 4])
@pytest.mark.parametrize("values", [{}, AS_RUN], ids=["paper", "as run"])
def test_the_same_for_all_workers_and_from_any_step(
    workers: int, start: int, values: dict[str, Any]
) -> None:
    batches = stream(**values)
    whole = [batches.make(step) for step in range(9)]
    for batch, (views, labels) in zip(
        taken(batches, start, workers, 5), whole[start:], strict=False
    ):
        assert torch.equal(batch.views, views)
        assert torch.equal(batch.labels, labels)
        assert batch.waited >= 0


@pytest.mark.parametrize("workers", [1, 3])
def test_what_goes_wrong_in_a_worker_is_not_lost(
    workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches = stream()

    def broken(step: int, views: object) -> tuple[torch.Tensor, torch.Tensor]:
        raise OSError(f"step {step}: the disk is gone")

    monkeypatch.setattr(batches, "make", broken)
    with pytest.raises(OSError, match="step 2: the disk is gone"):
        taken(batches, 2, workers, 1)


@pytest.mark.parametrize("workers", [1, 3])
def test_closing_leaves_no_threads(workers: int) -> None:
    taken(stream(), 0, workers, 2)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("views")]


def test_a_batch_is_views_of_its_places() -> None:
    batches = stream()
    views, labels = batches.make(3)
    assert views.shape == (5, 3, 12, 12)
    assert views.dtype == torch.float32
    assert views.is_contiguous(memory_format=torch.channels_last)
    assert labels.dtype == torch.int64
    assert torch.equal(views, by_definition(batches, 3, Augmentation(), WAY))
    own = batches.images.parts["train"].labels
    assert labels.tolist() == [own[picture] for _, picture in batches.places(3)]


def by_definition(batches: Batches, step: int, ways: Augmentation, way: Preprocessing) -> Any:
    """The views of a step, cut all at once."""
    images, places = batches.images, batches.places(step)
    pictures = images.parts["train"].pictures[[picture for _, picture in places]]
    first = step * len(places)
    drawn = [
        draw(0, epoch, picture, 16, 12, ways, place)
        for place, (epoch, picture) in enumerate(places, first)
    ]
    shifts = [colour_shift(one, images.eigenvalues, images.axes, ways.colour_unit) for one in drawn]
    divisors = torch.tensor([ways.divisor(epoch) for epoch, _ in places])
    return cut_views(
        torch.from_numpy(pictures), torch.from_numpy(images.mean), drawn, way,
        torch.from_numpy(np.stack(shifts)), divisors,
    )  # fmt: skip


@pytest.mark.parametrize("area", [1.0, 0.4])
@pytest.mark.parametrize("mean_at", ["crop", "centre"])
def test_a_batch_as_run_in_2012_is_that_of_the_definition(mean_at: str, area: float) -> None:
    way = Preprocessing(size=16, crop=12, scale=(2, 3, 4), mean_at=mean_at, channels="BGR")
    batches = stream(way=way, area=area, **AS_RUN)
    ways = Augmentation(True, 0.1, area, "deviation", 2, True, 4)
    for step in range(7):  # three epochs, so that the noise ends on the way
        assert torch.equal(batches.make(step)[0], by_definition(batches, step, ways, way))


def test_the_network_may_read_blue_first() -> None:
    way = Preprocessing(size=16, crop=12, scale=2.0, channels="BGR")
    (red_first, _), (blue_first, _) = stream().make(0), stream(way=way).make(0)
    assert torch.equal(blue_first, red_first.flip(1))
    assert blue_first.is_contiguous(memory_format=torch.channels_last)


def whole_pictures(**values: Any) -> tuple[Batches, np.ndarray]:
    """A stream of one picture, uncropped and unmirrored; the picture less its mean."""
    images = noise_set(train=1, size=12)
    recipe = Recipe(batch=1, mirror=False, **values)
    way = Preprocessing(size=12, crop=12, scale=4.0)
    plain = images.parts["train"].pictures[0].astype(np.float32) - images.mean
    return Batches(images, images.mean, recipe, way), plain


def test_pictures_and_noise_are_divided_by_1_1_while_there_is_noise() -> None:
    made = {}
    for divides in (False, True):
        batches, plain = whole_pictures(noise_until=3, noise_divides=divides)
        made[divides] = [batches.make(step)[0] for step in range(6)]
    for step, (undivided, divided) in enumerate(zip(*made.values(), strict=True)):
        if step < 3:
            assert torch.equal(divided, undivided / np.float32(1.1))
            shift = undivided[0].permute(1, 2, 0).numpy() * 4 - plain
            assert np.ptp(shift, axis=(0, 1)).max() < 1e-3  # the same for all pixels
            assert np.abs(shift).max() > 0.1
        else:
            assert torch.equal(divided, undivided)
            np.testing.assert_array_equal(divided[0].permute(1, 2, 0).numpy(), plain / 4)


def test_the_noise_of_the_2012_program_has_a_spread_of_11_1_grey_levels() -> None:
    """12.2 along the first axis, divided by 1.1, as the network of net 145 saw it."""
    batches, plain = whole_pictures(noise_divides=True, colour_unit="deviation")
    batches.images.eigenvalues[:] = (np.array([121.78, 37.09, 19.72]) / 255) ** 2
    views = torch.cat([batches.make(step)[0] for step in range(1000)]).permute(0, 2, 3, 1)
    shifts = (views.double().numpy() * 4 - plain / 1.1)[:, 0, 0] @ batches.images.axes
    assert shifts.std(0) == pytest.approx([11.07, 3.37, 1.79], rel=0.1)


def test_with_a_time_given_the_noise_ends_with_its_share_of_it() -> None:
    batches, plain = whole_pictures(noise_until=67)
    batches.stretch(4.5 / 90)  # 4.5 passes are expected where the recipe has 90 epochs
    noisy = [
        not np.array_equal(batches.make(step)[0][0].permute(1, 2, 0).numpy(), plain / 4)
        for step in range(6)
    ]
    assert noisy == [True] * 4 + [False] * 2
    for always in (whole_pictures()[0], whole_pictures(noise_until=67)[0]):
        always.stretch(0.0)  # so short a time that no whole pass is expected
        assert always.ways.noise(10**6) == 0.1


def test_blocks_run_on_over_the_stream() -> None:
    """Crops of 1 of 16 pixels: equal places in a block, other ones in the next."""
    batches = stream(count=12, batch=8, block=8, colour_noise=0.0, mirror=False)
    batches.means.image[:] = 0
    pictures = batches.part.pictures
    for step in range(6):
        views = (batches.make(step)[0] * 2).permute(0, 2, 3, 1).numpy().astype(np.uint8)
        corners = {
            next(
                (top, left)
                for top, left in itertools.product(range(5), repeat=2)
                if (pictures[picture][top : top + 12, left : left + 12] == view).all()
            )
            for (_, picture), view in zip(batches.places(step), views, strict=True)
        }
        assert len(corners) == 1


def test_the_recipe_reaches_the_views() -> None:
    images = noise_set(train=1, size=12)
    plain = Recipe(batch=1, mirror=False, colour_noise=0.0)
    batches = Batches(images, images.mean, plain, Preprocessing(size=12, crop=12))
    expected = images.parts["train"].pictures[0].astype(np.float32) - images.mean
    for step in range(4):
        views, _ = batches.make(step)
        np.testing.assert_array_equal(views[0].permute(1, 2, 0).numpy(), expected)
