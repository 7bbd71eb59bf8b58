"""Windows scaled by the kernel, bit for bit against their definition, which is Pillow's."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from alexnet.kernels.chroma import decode, encode
from alexnet.kernels.gpu.scaling import scale, weigh
from alexnet.views import Augmentation, Draw
from alexnet.views.many import draw_many
from alexnet.views.scaling import scaled, weights

RANDOM = np.random.default_rng(1)
SIDES = [(16, 12), (12, 12), (16, 19), (24, 9)]


def windows_of(size: int, crop: int, count: int, area: float = 0.08) -> torch.Tensor:
    images = np.arange(count)
    drawn = draw_many(3, images * 0, images, size, crop, Augmentation(area=area), images)
    boxes = np.stack([drawn.left, drawn.top, drawn.width, drawn.height], 1)
    return torch.from_numpy(boxes)


@pytest.mark.parametrize(
    ("size", "crop", "halved"), [*((*sides, False) for sides in SIDES), (16, 12, True)]
)
def test_windows_have_the_bits_of_the_definition(size: int, crop: int, halved: bool) -> None:
    pictures = RANDOM.integers(0, 256, (3, size, size, 3), dtype=np.uint8)
    stored = encode(pictures) if halved else pictures
    pixels = torch.from_numpy(decode(stored, size) if halved else pictures)
    windows, rows = windows_of(size, crop, 3), torch.tensor([2, 0, 2], dtype=torch.int32)
    windows[2] = torch.tensor([0, 0, size, size])
    out = torch.empty(3, crop, crop, 3, dtype=torch.uint8)
    scale(torch.from_numpy(stored), rows, windows, crop, out)
    for found, row, window in zip(out, rows.tolist(), windows.tolist(), strict=True):
        expected = scaled(pixels[row], Draw(*window, False, np.zeros(3)), crop)
        torch.testing.assert_close(found, expected, rtol=0, atol=0)


@settings(max_examples=12, deadline=None)
@given(
    st.sampled_from([*SIDES, (256, 224), (64, 9), (300, 299)]),
    st.lists(
        st.tuples(st.floats(0, 1), st.floats(0, 1), st.floats(0.01, 1)), min_size=1, max_size=3
    ),
)
def test_weights_are_those_of_the_definition(
    sides: tuple[int, int], made: list[tuple[float, float, float]]
) -> None:
    size, crop = sides
    lengths = [length * size for _, _, length in made]
    places = [
        [left * (size - length), top * (size - length), length, length]
        for (left, top, _), length in zip(made, lengths, strict=True)
    ]
    taps = int(2 * max(size / crop, 1)) + 1
    firsts, found = weigh(torch.tensor(places, dtype=torch.float64), size, crop, taps)
    for row, place in enumerate(places):
        for axis in (0, 1):
            expected = weights(size, place[axis], place[axis] + place[2], crop)
            spread = np.zeros((crop, size + taps))
            at = firsts[row, axis].numpy()[:, None] + np.arange(taps)
            np.put_along_axis(spread, at, found[row, axis].numpy(), 1)
            np.testing.assert_array_equal(spread[:, :size], expected)


def test_without_values_nothing_is_read() -> None:
    """As when a step is laid out without running it."""
    pictures = torch.empty(3, 16, 16, 3, dtype=torch.uint8, device="meta")
    rows = torch.empty(4, dtype=torch.int32, device="meta")
    windows = torch.empty(4, 4, dtype=torch.float64, device="meta")
    out = torch.empty(4, 12, 12, 3, dtype=torch.uint8, device="meta")
    scale(pictures, rows, windows, 12, out)
