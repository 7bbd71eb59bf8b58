"""The three normalisations against their formulas in loops, both ways, and against torch."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional

from alexnet.kernels import front as kernels
from alexnet.kernels.front import contrast_norm, within_map_norm
from alexnet.kernels.reference import band, local_response_norm, window_sums
from tests import loops

pytestmark = pytest.mark.usefixtures("one_thread")

LRN = [
    pytest.param(local_response_norm, id="reference"),
    pytest.param(kernels.local_response_norm, id="blocked"),
]
SETTINGS = [
    (5, 1e-4, 0.75, 2.0, 1),
    (5, 1e-4, 0.75, 2.0, 2),
    (3, 0.3, 0.5, 1.0, 1),
    (5, 0.2, 1.25, 0.5, 3),
    (9, 0.1, 0.75, 2.0, 2),  # a window wider than a tower
    (4, 0.1, 0.75, 2.0, 1),  # two maps before and one after, as cuda-convnet and torch have it
    (2, 0.1, 0.75, 2.0, 3),
    (6, 0.1, 0.5, 1.0, 2),
    (1, 0.1, 0.75, 2.0, 1),
]
WITHIN = [  # size, factor, beta, k
    (5, 0.001 / 25, 0.75, 1.0),  # net 145's second norm
    (3, 5e-5 / 9, 0.75, 1.0),  # layers-18pct
    (5, 0.3, 0.75, 1.0),
    (3, 0.2, 1.3, 0.5),
    (1, 0.1, 0.75, 2.0),
    (2, 0.3, 0.75, 1.0),  # even: one before and none after
    (4, 0.3, 0.5, 2.0),
    (9, 0.1, 0.75, 1.0),  # a window wider than the map
]
WINDOWED = [
    pytest.param(within_map_norm, loops.within, loops.within_gradient, id="within"),
    pytest.param(contrast_norm, loops.contrast, loops.contrast_gradient, id="contrast"),
]


def maps(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 3, shape)


def tensors(seed: int, *shapes: tuple[int, ...]) -> list[Tensor]:
    return [torch.from_numpy(maps(seed + i, *s)).requires_grad_() for i, s in enumerate(shapes)]


def back(found: Tensor, upper: np.ndarray, *of: Tensor) -> list[np.ndarray]:
    return [g.numpy() for g in torch.autograd.grad(found, of, torch.from_numpy(upper))]


def close(found: Any, expected: Any) -> None:
    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("norm", LRN)
@pytest.mark.parametrize("numbers", SETTINGS)
def test_forward_is_the_formula(norm: Any, numbers: tuple[int, float, float, float, int]) -> None:
    a = maps(0, 2, 6, 3, 4)
    expected = np.stack([loops.norm(picture, *numbers)[0] for picture in a])
    np.testing.assert_allclose(norm(torch.from_numpy(a), *numbers).numpy(), expected, rtol=1e-13)


@pytest.mark.parametrize("norm", LRN)
@pytest.mark.parametrize("numbers", SETTINGS)
def test_backward_is_the_derivative_of_the_formula(
    norm: Any, numbers: tuple[int, float, float, float, int]
) -> None:
    a, upper = maps(1, 2, 6, 3, 2), maps(2, 2, 6, 3, 2)
    expected = np.stack(
        [loops.norm_gradient(x, g, *numbers) for x, g in zip(a, upper, strict=True)]
    )
    x = torch.from_numpy(a).requires_grad_()
    norm(x, *numbers).backward(torch.from_numpy(upper))
    np.testing.assert_allclose(x.grad.numpy(), expected, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("norm", LRN)
@pytest.mark.parametrize("size", [4, 5])
def test_gradcheck(norm: Any, size: int) -> None:
    (x,) = tensors(3, (2, 6, 2, 3))
    assert torch.autograd.gradcheck(lambda x: norm(x, size, 0.1, 0.75, 2.0, 2), x)


@pytest.mark.parametrize("norm", LRN)
def test_maps_of_different_towers_are_no_neighbours(norm: Any) -> None:
    a = np.zeros((1, 96, 1, 1))
    a[0, 47] = a[0, 48] = 100.0
    one, two = (
        norm(torch.from_numpy(a), 5, 1e-4, 0.75, 2.0, groups).numpy().ravel() for groups in (1, 2)
    )
    together, alone = 100 / (2 + 1e-4 * 20000) ** 0.75, 100 / (2 + 1e-4 * 10000) ** 0.75
    np.testing.assert_allclose(one[[47, 48]], together, rtol=1e-12)
    np.testing.assert_allclose(two[[47, 48]], alone, rtol=1e-12)


@pytest.mark.parametrize("norm", LRN)
@settings(max_examples=25, deadline=None)
@given(st.integers(1, 9), st.floats(1e-5, 1), st.floats(0.25, 2), st.integers(1, 8))
def test_torch_divides_its_alpha_by_the_size(
    norm: Any, size: int, alpha: float, beta: float, channels: int
) -> None:
    x = torch.from_numpy(maps(4, 2, channels, 3, 3))
    theirs = functional.local_response_norm(x, size, alpha * size, beta, 2.0)
    torch.testing.assert_close(norm(x, size, alpha, beta, 2.0), theirs)


def test_the_band_is_broken_where_a_tower_ends() -> None:
    expected = [
        [1, 1, 0, 0, 0, 0],
        [1, 1, 1, 0, 0, 0],
        [0, 1, 1, 0, 0, 0],
        [0, 0, 0, 1, 1, 0],
        [0, 0, 0, 1, 1, 1],
        [0, 0, 0, 0, 1, 1],
    ]
    assert band(6, 2, 3).tolist() == expected


def test_an_even_window_has_one_more_before_than_after() -> None:
    sees = {i: [j for j in range(6) if band(6, 1, 4)[j, i]] for i in range(6)}
    assert sees == {
        0: [0, 1], 1: [0, 1, 2], 2: [0, 1, 2, 3], 3: [1, 2, 3, 4], 4: [2, 3, 4, 5], 5: [3, 4, 5],
    }  # fmt: skip
    x = torch.zeros(1, 1, 5, 5)
    x[0, 0, 2, 3] = 1
    expected = torch.zeros(5, 5)
    expected[2:4, 3:5] = 1  # rows and columns whose window begins one before
    assert torch.equal(window_sums(x, 2)[0, 0], expected)


def test_neighbours_first_asked_for_in_inference_can_train_later() -> None:
    band.cache_clear()
    x = torch.randn(1, 7, 2, 2, requires_grad=True)
    with torch.inference_mode():
        local_response_norm(x)
    local_response_norm(x).sum().backward()
    assert x.grad is not None


@pytest.mark.parametrize(("norm", "formula", "gradient"), WINDOWED)
@pytest.mark.parametrize("numbers", WITHIN)
def test_windows_of_a_map_are_the_formula_both_ways(
    norm: Any, formula: Any, gradient: Any, numbers: tuple[int, float, float, float]
) -> None:
    a, upper = maps(5, 2, 2, 5, 6), maps(6, 2, 2, 5, 6)
    x = torch.from_numpy(a).requires_grad_()
    found = norm(x, *numbers)
    close(found.detach(), np.stack([formula(picture, *numbers)[0] for picture in a]))
    (found_back,) = back(found, upper, x)
    close(found_back, np.stack([gradient(p, g, *numbers) for p, g in zip(a, upper, strict=True)]))


@pytest.mark.parametrize(("norm", "formula", "gradient"), WINDOWED)
@pytest.mark.parametrize("size", [2, 3, 5])
def test_windows_of_a_map_gradcheck(norm: Any, formula: Any, gradient: Any, size: int) -> None:
    (x,) = tensors(7, (2, 2, 3, 4))
    assert torch.autograd.gradcheck(lambda x: norm(x, size, 0.1, 0.75, 1.0), x)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 7), st.floats(0.1, 30), st.sampled_from([0, 1, 2]))
def test_scaling_the_input_is_scaling_alpha(size: int, c: float, which: int) -> None:
    """norm(c x) with alpha is c norm(x) with alpha c^2, whichever norm."""

    def norm(x: Tensor, alpha: float) -> Tensor:
        if which == 0:
            return kernels.local_response_norm(x, size, alpha, 0.75, 2.0)
        return (within_map_norm, contrast_norm)[which - 1](x, size, alpha, 0.75, 2.0)

    x = torch.from_numpy(maps(8, 2, 5, 4, 4))
    torch.testing.assert_close(norm(c * x, 0.1), c * norm(x, 0.1 * c * c))


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 7), st.floats(-100, 100))
def test_contrast_does_not_see_brightness(size: int, brighter: float) -> None:
    """A constant moves the numerator only: the mean is over what lies inside, at edges too."""
    x = torch.from_numpy(maps(9, 1, 2, 5, 5))
    plain, moved = (contrast_norm(y, size, 0.1, 0.75, 1.0) / y for y in (x, x + brighter + 1e-3))
    torch.testing.assert_close(moved, plain, rtol=1e-7, atol=1e-9)
