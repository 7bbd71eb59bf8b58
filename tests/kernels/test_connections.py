"""Locally connected and grouped dense layers against loops, both ways, and against their laws."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional

from alexnet.kernels.front import grouped_linear, locally_connected
from tests import loops

pytestmark = pytest.mark.usefixtures("one_thread")


def maps(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 3, shape)


def tensors(seed: int, *shapes: tuple[int, ...]) -> list[Tensor]:
    return [torch.from_numpy(maps(seed + i, *s)).requires_grad_() for i, s in enumerate(shapes)]


def back(found: Tensor, upper: np.ndarray, *of: Tensor) -> list[np.ndarray]:
    return [g.numpy() for g in torch.autograd.grad(found, of, torch.from_numpy(upper))]


def close(found: Any, expected: Any) -> None:
    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-12)


LOCAL = [  # channels, rows, columns, kernels, window, padding
    (3, 5, 6, 4, 3, 1),
    (2, 4, 4, 3, 3, 0),
    (2, 5, 5, 2, 5, 2),
    (1, 3, 3, 2, 1, 0),
]


@pytest.mark.parametrize("case", LOCAL)
def test_locally_connected_is_the_loops_both_ways(case: tuple[int, ...]) -> None:
    channels, height, width, kernels_, window, padding = case
    sides = [side + 2 * padding - window + 1 for side in (height, width)]
    x, weight, bias = tensors(
        10, (3, channels, height, width), (*sides, kernels_, channels, window, window),
        (*sides, kernels_),
    )  # fmt: skip
    upper = maps(14, 3, kernels_, *sides)
    held, moved = weight.detach().numpy(), bias.detach().numpy()
    found = locally_connected(x, weight, bias, padding)
    pictures = list(x.detach().numpy())
    close(found.detach(), np.stack([loops.local(p, held, moved, padding) for p in pictures]))
    expected = [
        loops.local_gradients(p, g, held, padding) for p, g in zip(pictures, upper, strict=True)
    ]
    of_x, of_weight, of_bias = back(found, upper, x, weight, bias)
    close(of_x, np.stack([e[0] for e in expected]))
    close(of_weight, sum(e[1] for e in expected))
    close(of_bias, sum(e[2] for e in expected))


def test_locally_connected_gradcheck() -> None:
    given_ = tensors(11, (2, 2, 3, 4), (3, 4, 2, 2, 3, 3), (3, 4, 2))
    assert torch.autograd.gradcheck(lambda *given_: locally_connected(*given_, 1), given_)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_equal_kernels_everywhere_are_a_convolution(layout: torch.memory_format) -> None:
    x, weight, bias = tensors(12, (2, 3, 5, 6), (4, 3, 3, 3), (4,))
    everywhere = weight.expand(5, 6, 4, 3, 3, 3), bias.expand(5, 6, 4)
    found = locally_connected(x.contiguous(memory_format=layout), *everywhere, 1)
    torch.testing.assert_close(found, functional.conv2d(x, weight, bias, padding=1))


@pytest.mark.parametrize(("inputs", "units", "groups"), [(6, 4, 2), (12, 6, 3), (5, 3, 1)])
def test_grouped_linear_is_the_loops_both_ways(inputs: int, units: int, groups: int) -> None:
    x, weight, bias = tensors(13, (3, inputs), (units, inputs // groups), (units,))
    upper = maps(15, 3, units)
    held, moved = weight.detach().numpy(), bias.detach().numpy()
    found = grouped_linear(x, weight, bias, groups)
    rows = list(x.detach().numpy())
    close(found.detach(), np.stack([loops.dense(row, held, moved, groups) for row in rows]))
    expected = [
        loops.dense_gradients(row, g, held, groups) for row, g in zip(rows, upper, strict=True)
    ]
    of_x, of_weight, of_bias = back(found, upper, x, weight, bias)
    close(of_x, np.stack([e[0] for e in expected]))
    close(of_weight, sum(e[1] for e in expected))
    close(of_bias, sum(e[2] for e in expected))
    assert torch.autograd.gradcheck(lambda *g: grouped_linear(*g, groups), (x, weight, bias))


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 4), st.integers(1, 5), st.integers(1, 5))
def test_grouped_linear_is_one_dense_layer_for_each_group(
    groups: int, reads: int, units: int
) -> None:
    x, weight, bias = tensors(16, (2, groups * reads), (groups * units, reads), (groups * units,))
    apart = [
        functional.linear(share, w, b)
        for share, w, b in zip(
            x.split(reads, 1), weight.split(units), bias.split(units), strict=True
        )
    ]
    torch.testing.assert_close(grouped_linear(x, weight, bias, groups), torch.cat(apart, 1))
