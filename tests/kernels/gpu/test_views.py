"""Views cut by the kernel, bit for bit against their definition."""

from itertools import product
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from alexnet.kernels.chroma import decode, encode
from alexnet.kernels.gpu.views import cut
from alexnet.kernels.strided import unstrided
from alexnet.preprocessing import Preprocessing
from alexnet.views import Draw, cut_views

SIZE, CROP, COUNT = 16, 11, 5
RANDOM = np.random.default_rng(0)
PICTURES = RANDOM.integers(0, 256, (COUNT, SIZE, SIZE, 3), dtype=np.uint8)
MEAN = torch.from_numpy(RANDOM.uniform(90, 140, (SIZE, SIZE, 3)).astype(np.float32))
ROWS = torch.tensor([3, 0, 4, 4], dtype=torch.int32)
BOXES = torch.tensor([[0, 5, 1], [5, 0, 0], [2, 3, 1], [2, 3, 0]], dtype=torch.int32)
SHIFTS = torch.from_numpy(RANDOM.normal(0, 9, (4, 4)).astype(np.float32))
SCALE = (58.395, 57.12, 57.375)
WAYS = list(product(("crop", "centre"), ("RGB", "BGR"), (1.0, SCALE), (1.0, 1.1), (False, True)))


def large(out: Tensor, stride: int, padding: int) -> Tensor:
    """Write two views of 91 pixels, and give what they should be."""
    pictures = torch.from_numpy(RANDOM.integers(0, 256, (2, 96, 96, 3), dtype=np.uint8))
    mean = torch.from_numpy(RANDOM.uniform(90, 140, (96, 96, 3)).astype(np.float32))
    way, none = Preprocessing(96, crop=91), np.zeros(3)
    cut(pictures, ROWS[:2] % 2, BOXES[:2], SHIFTS[:2], mean, way, out, stride, padding)
    drawn = [Draw(5, 0, 91, 91, True, none), Draw(0, 5, 91, 91, False, none)]
    return cut_views(pictures[[1, 0]], mean, drawn, way, SHIFTS[:2, :3], SHIFTS[:2, 3])


def definition(pictures: np.ndarray, way: Preprocessing, shifts: Tensor) -> Tensor:
    """What ``cut_views`` makes of the boxes."""
    drawn = [
        Draw(left, top, CROP, CROP, bool(mirrored), np.zeros(3))
        for top, left, mirrored in BOXES.tolist()
    ]
    chosen = torch.from_numpy(pictures[ROWS])
    return cut_views(chosen, MEAN, drawn, way, shifts[:, :3].contiguous(), shifts[:, 3])


def empty(*shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
    """Memory in channels_last whose numbers are none."""
    made = torch.full(shape, torch.nan, dtype=dtype)
    return made.contiguous(memory_format=torch.channels_last)


def prepared(
    mean_at: str, channels: str, scale: Any, divisor: float, halved: bool
) -> tuple[Tensor, np.ndarray, Preprocessing, Tensor]:
    """Stored pictures, the pixels that these stand for, the way, and the shifts."""
    way = Preprocessing(SIZE, crop=CROP, mean_at=mean_at, channels=channels, scale=scale)
    stored = encode(PICTURES) if halved else PICTURES
    pixels = decode(stored, SIZE) if halved else PICTURES
    shifts = SHIFTS.clone()
    shifts[:, 3] = divisor
    return torch.from_numpy(stored), pixels, way, shifts


@pytest.mark.parametrize("combination", WAYS)
def test_views_have_the_bits_of_the_definition(combination: tuple[Any, ...]) -> None:
    stored, pixels, way, shifts = prepared(*combination)
    found = empty(4, 3, CROP, CROP)
    cut(stored, ROWS, BOXES, shifts, MEAN, way, found)
    torch.testing.assert_close(found, definition(pixels, way, shifts), rtol=0, atol=0)


@pytest.mark.parametrize("combination", WAYS)
def test_blocks_have_the_bits_of_the_definitions_blocks(combination: tuple[Any, ...]) -> None:
    stored, pixels, way, shifts = prepared(*combination)
    views = definition(pixels, way, shifts)
    expected, _ = unstrided(views, torch.zeros(1, 3, 11, 11), 4, 2, (2, 2))
    found = empty(*expected.shape)
    cut(stored, ROWS, BOXES, shifts, MEAN, way, found, stride=4, padding=2)
    torch.testing.assert_close(found, expected, rtol=0, atol=0)


@pytest.mark.parametrize(("stride", "padding", "window", "count"), [(2, 0, 3, 5), (3, 1, 5, 3)])
def test_blocks_of_other_strides(stride: int, padding: int, window: int, count: int) -> None:
    stored, pixels, way, shifts = prepared("crop", "RGB", 1.0, 1.0, False)
    views = definition(pixels, way, shifts)
    kernel = torch.zeros(1, 3, window, window)
    expected, _ = unstrided(views, kernel, stride, padding, (count, count))
    found = empty(*expected.shape)
    cut(stored, ROWS, BOXES, shifts, MEAN, way, found, stride, padding)
    torch.testing.assert_close(found, expected, rtol=0, atol=0)


def test_views_that_several_programs_make() -> None:
    found = empty(2, 3, 91, 91)
    expected = large(found, 1, 0)
    torch.testing.assert_close(found, expected, rtol=0, atol=0)


def test_blocks_that_several_programs_make() -> None:
    found = empty(2, 48, 25, 25)
    views = large(found, 4, 2)
    expected, _ = unstrided(views, torch.zeros(1, 3, 11, 11), 4, 2, (23, 23))
    torch.testing.assert_close(found, expected, rtol=0, atol=0)


def test_bf16_is_float32_rounded_once_to_the_nearest() -> None:
    stored, pixels, way, shifts = prepared("crop", "RGB", 1.0, 1.0, False)
    found = empty(4, 3, CROP, CROP, dtype=torch.bfloat16)
    cut(stored, ROWS, BOXES, shifts, MEAN, way, found)
    expected = definition(pixels, way, shifts).bfloat16()
    torch.testing.assert_close(found, expected, rtol=0, atol=0)


def test_memory_that_lies_plane_by_plane_is_refused() -> None:
    stored, _, way, shifts = prepared("crop", "RGB", 1.0, 1.0, False)
    with pytest.raises(ValueError, match="channels_last"):
        cut(stored, ROWS, BOXES, shifts, MEAN, way, torch.empty(4, 3, CROP, CROP))


def test_without_values_nothing_is_read() -> None:
    """As when a step is laid out without running it."""
    stored, _, way, shifts = prepared("crop", "RGB", 1.0, 1.0, False)
    cut(*(one.to("meta") for one in (stored, ROWS, BOXES, shifts, MEAN)), way,
        empty(4, 48, 4, 4).to("meta"), 4, 2)  # fmt: skip
