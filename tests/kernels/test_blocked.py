"""The step ReLU + normalisation + pooling against loops, and where its blocks and strides end."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from alexnet.kernels import local_response_norm, relu_norm_pool
from alexnet.kernels.blocked import BLOCK
from tests import loops

PAPER = (5, 1e-4, 0.75, 2.0, 2)
STRONG = (3, 0.3, 0.6, 1.0, 3)  # normalisation that matters at small values, beta not 0.75


def maps(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 30, shape)


def by_loops(
    a: np.ndarray, upper: np.ndarray | None, numbers: tuple, window: int, stride: int
) -> tuple[np.ndarray, np.ndarray]:
    """Pooled maps and the gradient of the input, picture by picture."""
    outputs, gradients = [], []
    for n, picture in enumerate(a):
        active = np.maximum(picture, 0)
        normed, _ = loops.norm(active, *numbers)
        pooled, places = loops.pool(normed, window, stride)
        given = np.ones_like(pooled) if upper is None else upper[n]
        inner = loops.pool_gradient(active.shape, given, places)
        gradients.append(loops.norm_gradient(active, inner, *numbers) * (picture > 0))
        outputs.append(pooled)
    return np.stack(outputs), np.stack(gradients)


def parts(x: Tensor, numbers: tuple, window: int, stride: int) -> Tensor:
    normed = local_response_norm(functional.relu(x), *numbers)
    return functional.max_pool2d(normed, window, stride, ceil_mode=True)


@pytest.mark.parametrize("pictures", [1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK + 1])
@pytest.mark.parametrize("numbers", [PAPER, STRONG])
def test_both_ways_are_the_loops_at_every_block_boundary(pictures: int, numbers: tuple) -> None:
    a = maps(pictures, pictures, 6, 5, 6)
    upper = maps(99, pictures, 6, 2, 3)
    expected, gradient = by_loops(a, upper, numbers, 3, 2)
    x = torch.from_numpy(a).requires_grad_()
    found = relu_norm_pool(x, *numbers, 3, 2)
    found.backward(torch.from_numpy(upper))
    np.testing.assert_allclose(found.detach().numpy(), expected, rtol=1e-13)
    np.testing.assert_allclose(x.grad.numpy(), gradient, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("numbers", [PAPER, STRONG])
def test_float32_is_as_exact_as_float32_can_be(numbers: tuple) -> None:
    a = maps(5, 3, 12, 5, 5)
    expected, gradient = by_loops(a, None, numbers, 3, 2)
    x = torch.from_numpy(a).float().requires_grad_()
    found = relu_norm_pool(x, *numbers, 3, 2)
    found.backward(torch.ones_like(found))
    assert found.dtype == torch.float32
    np.testing.assert_allclose(found.detach().numpy(), expected, rtol=3e-6)
    np.testing.assert_allclose(x.grad.numpy(), gradient, rtol=1e-4, atol=3e-6)


@pytest.mark.parametrize("shape", [(1, 1, 5, 5), (5, 4, 3, 5), (2, 6, 3, 3), (1, 6, 1, 1)])
@pytest.mark.parametrize("beta", [0.75, 0.5, 1.3])
def test_gradcheck(shape: tuple[int, ...], beta: float) -> None:
    window = min(3, *shape[2:])
    groups = 2 if shape[1] % 2 == 0 else 1
    x = (torch.from_numpy(maps(6, *shape)) / 10).requires_grad_()
    assert torch.autograd.gradcheck(
        lambda x: relu_norm_pool(x, 5, 0.1, beta, 2.0, groups, window, 2), x
    )


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


@pytest.mark.parametrize(
    "layout", [nchw, channels_last, every_second_column, some_of_more_channels, rows_for_columns]
)
def test_the_order_in_memory_changes_nothing(layout: Callable[[Tensor], Tensor]) -> None:
    base = torch.from_numpy(maps(7, 5, 6, 5, 7))
    upper = torch.from_numpy(maps(8, 5, 6, 2, 3))
    x = base.clone().requires_grad_()
    found = relu_norm_pool(layout(x), *PAPER, 3, 2)
    found.backward(layout(upper))
    plain = base.clone().requires_grad_()
    expected = relu_norm_pool(plain, *PAPER, 3, 2)
    expected.backward(upper)
    torch.testing.assert_close(found, expected, rtol=0, atol=0)
    torch.testing.assert_close(x.grad, plain.grad, rtol=0, atol=0)


def test_input_and_upper_gradient_are_left_as_they_were() -> None:
    x = channels_last(torch.from_numpy(maps(9, 5, 6, 5, 5)))
    before = x.clone()
    x.requires_grad_()
    found = relu_norm_pool(x, *PAPER, 3, 2)
    upper = channels_last(torch.ones_like(found))
    found.backward(upper)
    assert torch.equal(x.detach(), before)
    assert bool((upper == 1).all())


def test_the_gradient_of_an_expanded_sum() -> None:
    x = torch.from_numpy(maps(10, 5, 6, 5, 5)).requires_grad_()
    relu_norm_pool(x, *PAPER, 3, 2).sum().backward()  # its upper gradient has strides of zero
    np.testing.assert_allclose(
        x.grad.numpy(), by_loops(x.detach().numpy(), None, PAPER, 3, 2)[1], rtol=1e-11, atol=1e-12
    )


def test_of_equal_values_the_first_takes_the_gradient() -> None:
    a = np.full((1, 2, 5, 5), 7.0)
    a[0, 1] = -1.0  # zeros after the ReLU tie as well, and get nothing
    expected, gradient = by_loops(a, None, PAPER, 3, 2)
    x = torch.from_numpy(a).requires_grad_()
    found = relu_norm_pool(x, *PAPER, 3, 2)
    found.sum().backward()
    np.testing.assert_allclose(found.detach().numpy(), expected)
    np.testing.assert_allclose(x.grad.numpy(), gradient)
    places = {(0, 0), (0, 2), (2, 0), (2, 2)}
    assert set(zip(*np.nonzero(x.grad[0, 0].numpy()), strict=True)) == places
    assert not x.grad[0, 1].any()


@pytest.mark.parametrize("side", [3, 4, 5, 6, 7, 8])
@pytest.mark.parametrize(("window", "stride"), [(3, 2), (2, 2), (3, 3)])
def test_the_last_window_may_hang_over(side: int, window: int, stride: int) -> None:
    a = maps(11, 1, 2, side, side)
    expected, _ = by_loops(a, None, PAPER, window, stride)
    found = relu_norm_pool(torch.from_numpy(a), *PAPER, window, stride)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-13)


@pytest.mark.parametrize("numbers", [PAPER, STRONG])
def test_the_step_equals_its_parts_in_torch(numbers: tuple) -> None:
    one, two = (torch.from_numpy(maps(12, 6, 12, 9, 9)).requires_grad_() for _ in range(2))
    found, expected = relu_norm_pool(one, *numbers, 3, 2), parts(two, numbers, 3, 2)
    upper = torch.from_numpy(maps(13, *found.shape))
    found.backward(upper)
    expected.backward(upper)
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(one.grad, two.grad, rtol=1e-11, atol=1e-12)


def test_nan_is_not_hidden() -> None:
    x = torch.ones(1, 4, 3, 3)
    x[0, 0, 1, 1] = float("nan")
    assert bool(relu_norm_pool(x, *PAPER, 3, 2).isnan().any())
