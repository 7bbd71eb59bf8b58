"""The definition of a view, against slices and sums written out here, and its laws."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.overrides import TorchFunctionMode

from alexnet.preprocessing import Preprocessing
from alexnet.views import Augmentation, Draw, colour_shift, cut_views, draw
from tests.views import MEAN, PICTURE, RANDOM, SHIFT, at, cut, drawn

SCALE = (58.395, 57.12, 57.375)
WAYS = {"mean_at": st.sampled_from(("crop", "centre")), "channels": st.sampled_from(("RGB", "BGR"))}
PLACE = st.integers(0, 32)


@pytest.mark.parametrize(("left", "top"), [(0, 0), (32, 32), (5, 27)])
def test_the_mean_is_subtracted_before_cropping(left: int, top: int) -> None:
    expected = (PICTURE.astype(np.float32) - MEAN)[top : top + 224, left : left + 224]
    np.testing.assert_array_equal(cut(at(left, top)), expected)


@pytest.mark.parametrize(("left", "top"), [(0, 0), (32, 32), (5, 27)])
def test_the_mean_of_the_centre_is_subtracted_wherever_the_crop_lies(left: int, top: int) -> None:
    crop, centre = PICTURE[top : top + 224, left : left + 224], MEAN[16:240, 16:240]
    np.testing.assert_array_equal(cut(at(left, top), mean_at="centre"), crop - centre)
    # As in the 2012 program, which mirrors first: the mean is not mirrored.
    mirrored = cut(at(left, top, True), mean_at="centre")
    np.testing.assert_array_equal(mirrored, crop[:, ::-1] - centre)


def test_three_scales_are_of_red_green_and_blue() -> None:
    found = cut(at(5, 9), SHIFT, scale=SCALE)
    for channel in range(3):
        one = (cut(at(5, 9)) + SHIFT)[..., channel] / np.float32(SCALE[channel])
        np.testing.assert_array_equal(found[..., channel], one)


def test_colours_are_added_before_all_is_scaled_and_that_before_it_is_divided() -> None:
    scaled = (cut(at(5, 9)) + SHIFT) / np.float32(64)
    np.testing.assert_array_equal(cut(at(5, 9), SHIFT, scale=64), scaled)
    found = cut(at(5, 9), SHIFT, divisor=1.1, scale=64)
    np.testing.assert_array_equal(found, scaled / np.float32(1.1))


def test_a_scaled_crop_loses_the_central_mean() -> None:
    one = at(10.5, 20.25, side=180.0)
    grey = cut(one, mean=np.zeros_like(MEAN))
    np.testing.assert_array_equal(cut(one), grey - MEAN[16:240, 16:240])


@settings(max_examples=15, deadline=None)
@given(PLACE, PLACE, st.booleans(), st.fixed_dictionaries(WAYS))
def test_of_a_mirrored_picture_the_opposite_crop_is_the_mirrored_crop(
    left: int, top: int, mirrored: bool, way: dict[str, Any]
) -> None:
    """And mirroring twice is nothing; the mean image is mirrored too, where it is not fixed."""
    mean = MEAN[:, ::-1] if way["mean_at"] == "crop" else MEAN
    found = cut(
        at(32 - left, top, not mirrored), SHIFT, picture=PICTURE[:, ::-1].copy(),
        mean=mean.copy(), **way,
    )  # fmt: skip
    np.testing.assert_array_equal(found, cut(at(left, top, mirrored), SHIFT, **way))


@settings(max_examples=15, deadline=None)
@given(PLACE, PLACE, st.booleans(), st.floats(150, 256), st.sampled_from(("RGB", "BGR")))
def test_a_mirrored_crop_is_the_crop_mirrored(
    left: int, top: int, mirrored: bool, side: float, channels: str
) -> None:
    for box in ((left, top), (left * (256 - side) / 32, top * (256 - side) / 32, side)):
        one, other = (
            cut(at(*box[:2], turned, *box[2:]), SHIFT, channels=channels)
            for turned in (mirrored, not mirrored)
        )
        np.testing.assert_array_equal(one, other[:, ::-1])


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1000), st.sampled_from(("eigenvalue", "deviation")))
def test_no_noise_adds_nothing_and_divides_by_nothing(image: int, unit: str) -> None:
    ways = Augmentation(colour_noise=0.0, colour_unit=unit, divide=True)
    one = draw(0, 0, image, 256, 224, ways)
    shift = colour_shift(one, np.array([0.2, 0.02, 0.005]), np.eye(3), unit)
    noisy = cut(one, shift, ways.divisor(0))
    plain = cut_views(
        torch.from_numpy(PICTURE[None]), torch.from_numpy(MEAN), [one], Preprocessing()
    )
    np.testing.assert_array_equal(noisy, plain[0].permute(1, 2, 0).numpy())


@settings(max_examples=15, deadline=None)
@given(PLACE, PLACE, st.booleans(), st.fixed_dictionaries(WAYS), st.integers(-80, 80))
def test_views_are_linear_in_the_mean(
    left: int, top: int, mirrored: bool, way: dict[str, Any], more: int
) -> None:
    """Whole numbers, so that nothing is rounded: two means subtracted are their sum subtracted."""
    one, other = (RANDOM.integers(0, 99, MEAN.shape).astype(np.float32) for _ in range(2))
    made, none = at(left, top, mirrored), np.zeros_like(MEAN)
    both = cut(made, mean=one + other, **way)
    parts = cut(made, mean=one, **way) + cut(made, mean=other, **way) - cut(made, mean=none, **way)
    np.testing.assert_array_equal(both, parts)
    np.testing.assert_array_equal(
        cut(made, mean=one - more, **way), cut(made, mean=one, **way) + more
    )


def batch(count: int = 6, **ways: Any) -> tuple[torch.Tensor, list[Draw], torch.Tensor]:
    pictures = RANDOM.integers(0, 256, (count, 256, 256, 3), dtype=np.uint8)
    made = [drawn(image, **ways) for image in range(count)]
    shifts = RANDOM.normal(0, 12, (count, 3)).astype(np.float32)
    return torch.from_numpy(pictures), made, torch.from_numpy(shifts)


@pytest.mark.parametrize("area", [1.0, 0.3])
@pytest.mark.parametrize("mean_at", ["crop", "centre"])
def test_a_batch_is_its_pictures_one_by_one(mean_at: str, area: float) -> None:
    pictures, made, shifts = batch(area=area)
    assert len({one.mirrored for one in made}) == 2
    divisors, way = torch.tensor([1.0, 1.1] * 3), Preprocessing(mean_at=mean_at, scale=SCALE)
    found = cut_views(pictures, torch.from_numpy(MEAN), made, way, shifts, divisors)
    assert found.dtype == torch.float32
    assert found.is_contiguous(memory_format=torch.channels_last)
    for n, one in enumerate(found):
        alone = cut(
            made[n], shifts[n].numpy(), float(divisors[n]), pictures[n].numpy(), mean_at=mean_at,
            scale=SCALE,
        )  # fmt: skip
        np.testing.assert_array_equal(one.permute(1, 2, 0).numpy(), alone)


ROUNDED = {"sub", "add", "div"}  # once, as IEEE 754 says
WHOLE = {"matmul", "floor", "clamp"}  # of whole numbers in float64
MOVED = {
    "__get__", "__getitem__", "byte", "contiguous", "dim", "double", "flatten", "flip", "float",
    "from_numpy", "permute", "reshape", "stack", "tensor", "to", "unbind", "where",
}  # fmt: skip


class Noted(TorchFunctionMode):
    """Keeps the operations and what they are given."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[str, tuple[Any, ...]]] = []

    def __torch_function__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        self.calls.append((func.__name__, args))
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("area", [1.0, 0.3])
def test_all_that_is_computed_is_exact_or_rounded_once(area: float) -> None:
    """So that any device gives the same bits: nothing is left to how an operation is made."""
    pictures, made, shifts = batch(area=area)
    divisors, mean = torch.full((6,), 1.1), torch.from_numpy(MEAN)
    with Noted() as noted:
        cut_views(pictures, mean, made, Preprocessing(scale=SCALE), shifts, divisors)
    names = [name for name, _ in noted.calls]
    assert set(names) <= ROUNDED | WHOLE | MOVED
    assert names.count("sub") == 1
    for name, (value, *others) in noted.calls:
        if name in WHOLE:
            assert value.dtype == torch.float64
        elif name in ROUNDED and value.dtype == torch.float32:
            # By a number that is not on the device, a GPU multiplies by its reciprocal.
            assert isinstance(others[0], torch.Tensor)
            assert others[0].dim() > 0


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("area", [1.0, 0.3])
@pytest.mark.parametrize("mean_at", ["crop", "centre"])
def test_a_gpu_gives_the_same_bits(mean_at: str, area: float) -> None:
    pictures, made, shifts = batch(area=area)
    way = Preprocessing(mean_at=mean_at, scale=SCALE, channels="BGR")
    divisors, mean = torch.full((6,), 1.1), torch.from_numpy(MEAN)
    here = cut_views(pictures, mean, made, way, shifts, divisors)
    there = cut_views(pictures.cuda(), mean.cuda(), made, way, shifts.cuda(), divisors.cuda())
    assert torch.equal(here, there.cpu())
