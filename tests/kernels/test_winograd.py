"""Winograd's convolutions in C, on every instruction set that can run here, against loops."""

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from alexnet.kernels import front as kernels
from alexnet.kernels import native, winograd
from tests.kernels.step import VECTORS

pytestmark = pytest.mark.skipif(native.library() is None, reason="the C kernels were not built")
Array = NDArray[np.float64]
# pictures, channels, rows, columns, kernels, window, padding, groups
SHAPES = {
    "conv3": (2, 32, 13, 13, 48, 3, 1, 1),
    "towers": (3, 64, 13, 13, 96, 3, 1, 2),
    "conv2": (2, 64, 27, 27, 32, 5, 2, 2),
    "conv1 in blocks": (1, 48, 57, 57, 32, 3, 0, 1),
    "not square": (2, 16, 9, 14, 16, 3, 2, 1),
    "less than a tile": (5, 16, 3, 3, 16, 3, 1, 1),
    "one output": (1, 16, 5, 5, 80, 5, 0, 1),
    "many pictures": (40, 16, 6, 5, 16, 3, 0, 1),
}


def drawn(shape: tuple[int, ...]) -> tuple[Array, Array, Array]:
    pictures, channels, rows, columns, kernels_, window, _, groups = shape
    random = np.random.default_rng(3)
    x = np.maximum(random.standard_normal((pictures, channels, rows, columns)), 0)
    weight = random.standard_normal((kernels_, channels // groups, window, window)) * 0.1
    return tuple(  # type: ignore[return-value]
        a.astype(np.float32).astype(np.float64)
        for a in (x, weight, random.standard_normal(kernels_))
    )


def by_loops(
    x: Array, weight: Array, bias: Array, padding: int, groups: int, upper: Array | None = None
) -> tuple[Array, Array, Array]:
    """Outputs, or with ``upper`` (in the place of the outputs) gradients of x and weight."""
    window, per, out = weight.shape[2], weight.shape[1], weight.shape[0] // groups
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    rows, columns = (side - window + 1 for side in padded.shape[2:])
    y = np.zeros((x.shape[0], weight.shape[0], rows, columns)) + bias[:, None, None]
    of_x, of_weight = np.zeros_like(padded), np.zeros_like(weight)
    for group in range(groups):
        of, to = slice(group * per, (group + 1) * per), slice(group * out, (group + 1) * out)
        for i in range(window):
            for j in range(window):
                seen = padded[:, of, i : i + rows, j : j + columns]
                y[:, to] += np.einsum("ncyx,kc->nkyx", seen, weight[to, :, i, j])
                if upper is None:
                    continue
                of_weight[to, :, i, j] = np.einsum("ncyx,nkyx->kc", seen, upper[:, to])
                back = np.einsum("nkyx,kc->ncyx", upper[:, to], weight[to, :, i, j])
                of_x[:, of, i : i + rows, j : j + columns] += back
    inner = (slice(padding, padding + side) for side in x.shape[2:])
    return y, of_x[:, :, *inner], of_weight


def off(found: torch.Tensor, expected: Array) -> float:
    """The greatest error as a share of the values' spread."""
    error = np.abs(found.detach().double().numpy() - expected).max()
    return float(error / np.sqrt(np.mean(expected**2)))


@pytest.mark.parametrize("instructions", VECTORS)
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_both_ways_are_the_loops_to_rounding(shape: Any, instructions: str) -> None:
    x, weight, bias = drawn(shape)
    padding, groups = shape[6:]
    a, w, b = (torch.from_numpy(v).float().requires_grad_() for v in (x, weight, bias))
    found = winograd.convolution(a, w, b, padding, groups, instructions)
    expected, *_ = by_loops(x, weight, bias, padding, groups)
    assert off(found, expected) < 2e-5
    upper = np.random.default_rng(4).standard_normal(expected.shape).astype(np.float32)
    found.backward(torch.from_numpy(upper))
    _, of_x, of_weight = by_loops(x, weight, bias, padding, groups, upper.astype(np.float64))
    assert a.grad is not None
    assert w.grad is not None
    assert b.grad is not None
    assert off(a.grad, of_x) < 1e-4
    assert off(w.grad, of_weight) < 1e-4
    assert off(b.grad, upper.astype(np.float64).sum((0, 2, 3))) < 1e-5


@pytest.mark.parametrize("instructions", VECTORS)
def test_the_same_bits_whatever_the_threads(instructions: str) -> None:
    x, weight, bias = (torch.from_numpy(v).float() for v in drawn(SHAPES["conv2"]))
    before, results = torch.get_num_threads(), []
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            given = weight.clone().requires_grad_()
            found = winograd.convolution(x, given, bias, 2, 2, instructions)
            found.sum().backward()
            results.append((found.detach(), given.grad))
    finally:
        torch.set_num_threads(before)
    for found, gradient in results[1:]:
        assert torch.equal(found, results[0][0])
        assert torch.equal(gradient, results[0][1])


@pytest.mark.skipif(not VECTORS, reason="neither AVX2 nor AVX-512 here")
@pytest.mark.parametrize("shape", [SHAPES["conv3"], SHAPES["conv2"]])
def test_training_is_quick_and_answers_are_exact(shape: Any) -> None:
    x, weight, bias = (torch.from_numpy(v).float() for v in drawn(shape))
    padding, groups = shape[6:]
    assert winograd.takes(x, weight, padding, groups)
    exact = torch.nn.functional.conv2d(x, weight, bias, padding=padding, groups=groups)
    assert torch.equal(kernels.convolution(x, weight, bias, padding, groups, False), exact)
    quick = kernels.convolution(x, weight, bias, padding, groups, True)
    assert not torch.equal(quick, exact)


@pytest.mark.parametrize(
    ("x", "weight", "padding", "groups"),
    [
        ((2, 3, 13, 13), (16, 3, 3, 3), 1, 1),  # channels that fill no vector
        ((2, 16, 13, 13), (10, 16, 3, 3), 1, 1),  # kernels
        ((2, 16, 13, 13), (16, 16, 1, 1), 0, 1),  # windows
        ((2, 16, 4, 4), (16, 16, 3, 3), 0, 1),  # tiles that would be half empty
    ],
)
def test_what_would_not_gain_is_left_to_torch(
    x: tuple[int, ...], weight: tuple[int, ...], padding: int, groups: int
) -> None:
    assert not winograd.takes(torch.zeros(x), torch.zeros(weight), padding, groups)


def test_double_and_bfloat16_are_left_to_torch() -> None:
    for dtype in (torch.float64, torch.bfloat16):
        x, weight = torch.zeros(2, 16, 13, 13, dtype=dtype), torch.zeros(16, 16, 3, 3, dtype=dtype)
        assert not winograd.takes(x, weight, 1, 1)


@pytest.mark.skipif(not VECTORS, reason="neither AVX2 nor AVX-512 here")
def test_no_pictures_have_a_gradient_of_nothing() -> None:
    weight = torch.randn(16, 16, 3, 3).requires_grad_()
    found = winograd.convolution(torch.zeros(0, 16, 13, 13), weight, torch.zeros(16), 1, 1)
    found.sum().backward()
    assert found.shape == (0, 16, 13, 13)
    assert weight.grad is not None
    assert not weight.grad.any()


def test_autocast_is_left_to_torch() -> None:
    with torch.autocast("cpu", torch.bfloat16):
        assert not winograd.takes(torch.zeros(2, 16, 13, 13), torch.zeros(16, 16, 3, 3), 1, 1)


@pytest.mark.skipif(not VECTORS, reason="neither AVX2 nor AVX-512 here")
def test_gradients_lie_in_memory_as_their_weights() -> None:
    weight = torch.randn(16, 16, 3, 3).to(memory_format=torch.channels_last).requires_grad_()
    winograd.convolution(torch.randn(2, 16, 13, 13), weight, torch.zeros(16), 1, 1).sum().backward()
    assert weight.grad is not None
    assert weight.grad.stride() == weight.stride()
