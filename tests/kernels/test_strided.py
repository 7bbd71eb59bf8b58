"""A convolution with a stride as one over blocks of pixels: the same sums."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from alexnet.kernels import strided
from alexnet.kernels.front import strided_convolution

pytestmark = pytest.mark.usefixtures("one_thread")


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_both_ways_are_conv2d(data: st.DataObject) -> None:
    stride = data.draw(st.integers(1, 4))
    window = data.draw(st.integers(1, 7))
    padding = data.draw(st.integers(0, window - 1))
    sides = [data.draw(st.integers(max(1, window - 2 * padding), 14)) for _ in range(2)]
    places = [-(-(side + 2 * padding - window) // stride) + 1 for side in sides]  # rounded up
    generator = torch.Generator().manual_seed(data.draw(st.integers(0, 99)))
    x, weight, bias = (
        torch.randn(shape, generator=generator, dtype=torch.float64).requires_grad_()
        for shape in ((2, 3, *sides), (4, 3, window, window), (4,))
    )
    found = strided_convolution(x, weight, bias, stride, padding, (places[0], places[1]), False)
    needed = [(count - 1) * stride + window for count in places]
    edges = (padding, needed[1] - sides[1] - padding, padding, needed[0] - sides[0] - padding)
    expected = functional.conv2d(functional.pad(x, edges), weight, bias, stride)
    torch.testing.assert_close(found, expected)
    upper = torch.randn(found.shape, generator=generator, dtype=torch.float64)
    ours = torch.autograd.grad(found, (x, weight, bias), upper)
    theirs = torch.autograd.grad(expected, (x, weight, bias), upper)
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, other)


def test_the_first_layer_as_it_is() -> None:
    torch.manual_seed(0)
    x, weight, bias = torch.randn(2, 3, 224, 224), torch.randn(8, 3, 11, 11), torch.randn(8)
    found = strided_convolution(x, weight, bias, 4, 0, (55, 55), False)
    expected = functional.conv2d(functional.pad(x, (0, 3, 0, 3)), weight, bias, 4)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-4)
    assert found.is_contiguous(memory_format=torch.channels_last)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_blocks_in_c_are_those_in_torch(data: st.DataObject) -> None:
    stride, padding = data.draw(st.integers(1, 4)), data.draw(st.integers(0, 5))
    sides = [data.draw(st.integers(1, 14)) for _ in range(2)]
    least = padding // stride + 1
    counts = [least + data.draw(st.integers(0, 3)) for _ in sides]
    dtype = data.draw(st.sampled_from((torch.float32, torch.bfloat16, torch.float64)))
    x = torch.randn(2, 3, *sides).to(dtype).to(memory_format=torch.channels_last)
    weight, positions = torch.zeros(4, 3, stride, stride, dtype=dtype), (counts[0], counts[1])
    found, _ = strided.unstrided(x, weight, stride, padding, positions)
    expected, _ = strided.unstrided(x.requires_grad_(), weight, stride, padding, positions)
    assert torch.equal(found, expected)
