"""The step in blocks of plain torch: against loops, and where blocks and strides end."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional

from alexnet.kernels import reference
from alexnet.kernels.blocked import BLOCK, NormPool, norm_pool
from tests.kernels.step import AS_RUN, ORDERS, PAPER, POOLS, STRONG, by_loops, maps

pytestmark = pytest.mark.usefixtures("one_thread")


def parts(x: Tensor, numbers: NormPool) -> Tensor:
    """The step from torch's functions and the definition in ``reference``."""
    n = numbers
    x = functional.relu(x) if n.relu == "before" else x
    x = reference.local_response_norm(x, n.size, n.alpha, n.beta, n.k, n.groups)
    x = functional.max_pool2d(x, n.window, n.stride, ceil_mode=True)
    return functional.relu(x) if n.relu == "after" else x


def both_ways(x: Tensor, numbers: NormPool, upper: Tensor | None = None) -> tuple[Any, Any]:
    x = x.clone().requires_grad_()
    found = norm_pool(x, numbers)
    found.backward(torch.ones_like(found) if upper is None else upper)
    return found.detach(), x.grad


@pytest.mark.parametrize("pool", POOLS)
@pytest.mark.parametrize("relu", ORDERS)
@pytest.mark.parametrize("numbers", [PAPER, AS_RUN, STRONG], ids=["paper", "as-run", "strong"])
def test_both_ways_are_the_loops_in_every_mode(
    numbers: NormPool, relu: Any, pool: tuple[int, int]
) -> None:
    numbers = replace(numbers, relu=relu, window=pool[0], stride=pool[1])
    a = maps(1, 2, 6, 5, 6)
    upper = maps(99, *by_loops(a, None, numbers)[0].shape)
    expected, gradient = by_loops(a, upper, numbers)
    found, back = both_ways(torch.from_numpy(a), numbers, torch.from_numpy(upper))
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-13)
    np.testing.assert_allclose(back.numpy(), gradient, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("pictures", [1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK + 1])
@pytest.mark.parametrize("relu", ORDERS)
@pytest.mark.parametrize("pool", [(1, 1), (3, 2)])
def test_both_ways_are_the_loops_at_every_block_boundary(
    pictures: int, relu: Any, pool: tuple[int, int]
) -> None:
    numbers = replace(STRONG, relu=relu, window=pool[0], stride=pool[1])
    a = maps(pictures, pictures, 6, 3, 4)
    upper = maps(99, *by_loops(a, None, numbers)[0].shape)
    expected, gradient = by_loops(a, upper, numbers)
    found, back = both_ways(torch.from_numpy(a), numbers, torch.from_numpy(upper))
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-13)
    np.testing.assert_allclose(back.numpy(), gradient, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("size", [1, 2, 4, 6, 9])
@pytest.mark.parametrize("relu", ORDERS)
def test_windows_of_even_size_and_wider_than_a_tower(size: int, relu: Any) -> None:
    numbers = NormPool(size, 0.2, 0.75, 1.0, 2, relu, 3, 2)
    a = maps(size, 1, 10, 3, 5)
    upper = maps(98, 1, 10, 1, 2)
    expected, gradient = by_loops(a, upper, numbers)
    found, back = both_ways(torch.from_numpy(a), numbers, torch.from_numpy(upper))
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-13)
    np.testing.assert_allclose(back.numpy(), gradient, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("relu", ORDERS)
@pytest.mark.parametrize("numbers", [PAPER, STRONG], ids=["paper", "strong"])
def test_float32_is_as_exact_as_float32_can_be(numbers: NormPool, relu: Any) -> None:
    numbers = replace(numbers, relu=relu)
    a = maps(5, 3, 12, 5, 5)
    expected, gradient = by_loops(a, None, numbers)
    found, back = both_ways(torch.from_numpy(a).float(), numbers)
    assert found.dtype == back.dtype == torch.float32
    np.testing.assert_allclose(found.numpy(), expected, rtol=3e-6)
    np.testing.assert_allclose(back.numpy(), gradient, rtol=1e-4, atol=3e-6)


@pytest.mark.parametrize("shape", [(1, 1, 4, 4), (BLOCK + 1, 2, 2, 3), (1, 4, 3, 3), (1, 6, 1, 1)])
@pytest.mark.parametrize("beta", [0.75, 1.3])
@pytest.mark.parametrize("relu", ORDERS)
def test_gradcheck(shape: tuple[int, ...], beta: float, relu: Any) -> None:
    groups = 2 if shape[1] % 2 == 0 else 1
    x = (torch.from_numpy(maps(6, *shape)) / 10).requires_grad_()
    for window, stride in {(1, 1), (min(3, *shape[2:]), 2)}:
        numbers = NormPool(5, 0.1, beta, 2.0, groups, relu, window, stride)
        assert torch.autograd.gradcheck(norm_pool, (x, numbers))


def nchw(x: Tensor) -> Tensor:
    return x.contiguous()


def channels_last(x: Tensor) -> Tensor:
    return x.contiguous(memory_format=torch.channels_last)


def every_second_column(x: Tensor) -> Tensor:
    return torch.stack([x, -x], -1).flatten(-2)[..., ::2]


def some_of_more_channels(x: Tensor) -> Tensor:
    return torch.cat([x, x], 1)[:, : x.shape[1]]


def rows_for_columns(x: Tensor) -> Tensor:
    return x.transpose(2, 3).contiguous().transpose(2, 3)


@pytest.mark.parametrize("pool", [(1, 1), (3, 2)])
@pytest.mark.parametrize("relu", ORDERS)
@pytest.mark.parametrize(
    "layout", [nchw, channels_last, every_second_column, some_of_more_channels, rows_for_columns]
)
@pytest.mark.parametrize("shape", [(5, 6, 5, 7), (3, 2, 1, 1)])
def test_the_order_in_memory_changes_nothing(
    layout: Callable[[Tensor], Tensor], relu: Any, pool: tuple[int, int], shape: tuple[int, ...]
) -> None:
    window = min(pool[0], shape[2])
    numbers = replace(PAPER, relu=relu, window=window, stride=min(pool[1], window))
    base = torch.from_numpy(maps(7, *shape))
    upper = torch.from_numpy(maps(8, *norm_pool(base, numbers).shape))
    expected, gradient = both_ways(base, numbers, upper)
    x = base.clone().requires_grad_()
    found = norm_pool(layout(x), numbers)
    found.backward(layout(upper))
    torch.testing.assert_close(found, expected, rtol=0, atol=0)
    torch.testing.assert_close(x.grad, gradient, rtol=0, atol=0)


@pytest.mark.parametrize("window", [1, 3])
@pytest.mark.parametrize("relu", ORDERS)
def test_input_and_upper_gradient_are_left_as_they_were(relu: Any, window: int) -> None:
    x = channels_last(torch.from_numpy(maps(9, 5, 6, 5, 5)))
    before = x.clone()
    x.requires_grad_()
    found = norm_pool(x, replace(PAPER, relu=relu, window=window, stride=1))
    upper = channels_last(torch.ones_like(found))
    found.backward(upper)
    assert torch.equal(x.detach(), before)
    assert bool((upper == 1).all())


@pytest.mark.parametrize("window", [1, 3])
@pytest.mark.parametrize("relu", ORDERS)
def test_the_gradient_of_an_expanded_sum(relu: Any, window: int) -> None:
    numbers = replace(PAPER, relu=relu, window=window, stride=1)
    x = torch.from_numpy(maps(10, 5, 6, 3, 4)).requires_grad_()
    norm_pool(x, numbers).sum().backward()  # its upper gradient has strides of zero
    expected = by_loops(x.detach().numpy(), None, numbers)[1]
    np.testing.assert_allclose(x.grad.numpy(), expected, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("relu", ORDERS)
def test_of_equal_values_the_first_takes_the_gradient(relu: Any) -> None:
    numbers = replace(PAPER, relu=relu)
    a = np.full((1, 2, 5, 5), 7.0)
    a[0, 1] = -1.0  # after a ReLU, before or behind, these get nothing
    expected, gradient = by_loops(a, None, numbers)
    found, back = both_ways(torch.from_numpy(a), numbers)
    np.testing.assert_allclose(found.numpy(), expected)
    np.testing.assert_allclose(back.numpy(), gradient)
    places = {(0, 0), (0, 2), (2, 0), (2, 2)}
    assert set(zip(*np.nonzero(back[0, 0].numpy()), strict=True)) == places
    assert bool(back[0, 1].any()) == (relu == "none")


@pytest.mark.parametrize("side", [3, 4, 5, 6, 7, 8])
@pytest.mark.parametrize("pool", POOLS)
def test_the_last_window_may_hang_over(side: int, pool: tuple[int, int]) -> None:
    numbers = replace(PAPER, window=pool[0], stride=pool[1])
    a = maps(11, 1, 2, side, side)
    expected, gradient = by_loops(a, None, numbers)
    found, back = both_ways(torch.from_numpy(a), numbers)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-13)
    np.testing.assert_allclose(back.numpy(), gradient, rtol=1e-11, atol=1e-12)


@settings(max_examples=60, deadline=None)
@given(
    st.tuples(st.integers(1, 6), st.integers(1, 4), st.integers(3, 8), st.integers(3, 8)),
    st.integers(1, 9),
    st.integers(1, 3),
    st.sampled_from(ORDERS),
    st.sampled_from(POOLS),
    st.floats(0.25, 2),
)
def test_the_step_equals_its_parts_in_torch(
    shape: tuple[int, ...], size: int, groups: int, relu: Any, pool: tuple[int, int], beta: float
) -> None:
    pictures, share, *sides = shape
    numbers = NormPool(size, 0.01, beta, 2.0, groups, relu, *pool)
    one, two = (
        torch.from_numpy(maps(12, pictures, share * groups, *sides)).requires_grad_()
        for _ in range(2)
    )
    found, expected = norm_pool(one, numbers), parts(two, numbers)
    upper = torch.from_numpy(maps(13, *found.shape))
    found.backward(upper)
    expected.backward(upper)
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(one.grad, two.grad, rtol=1e-10, atol=1e-11)


@pytest.mark.parametrize("window", [1, 3])
@pytest.mark.parametrize("relu", ORDERS)
def test_nan_is_not_hidden(relu: Any, window: int) -> None:
    x = torch.ones(1, 4, 3, 3)
    x[0, 0, 1, 1] = float("nan")
    assert bool(norm_pool(x, replace(PAPER, relu=relu, window=window)).isnan().any())
