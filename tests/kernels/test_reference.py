"""Local response normalisation against the formula of section 3.3, in loops."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from alexnet.kernels import local_response_norm
from alexnet.kernels.reference import band
from tests import loops

SETTINGS = [
    (5, 1e-4, 0.75, 2.0, 1),
    (5, 1e-4, 0.75, 2.0, 2),
    (3, 0.3, 0.5, 1.0, 1),
    (5, 0.2, 1.25, 0.5, 3),
    (9, 0.1, 0.75, 2.0, 2),  # a window wider than a tower
    (4, 0.1, 0.75, 2.0, 1),  # n/2 is integer division: five neighbours
    (1, 0.1, 0.75, 2.0, 1),
]


def maps(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 3, shape)


@pytest.mark.parametrize("numbers", SETTINGS)
def test_forward_is_the_formula(numbers: tuple[int, float, float, float, int]) -> None:
    a = maps(0, 2, 6, 3, 4)
    expected = np.stack([loops.norm(picture, *numbers)[0] for picture in a])
    found = local_response_norm(torch.from_numpy(a), *numbers).numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-13)


@pytest.mark.parametrize("numbers", SETTINGS)
def test_backward_is_the_derivative_of_the_formula(
    numbers: tuple[int, float, float, float, int],
) -> None:
    a, upper = maps(1, 2, 6, 3, 2), maps(2, 2, 6, 3, 2)
    expected = np.stack(
        [loops.norm_gradient(x, g, *numbers) for x, g in zip(a, upper, strict=True)]
    )
    x = torch.from_numpy(a).requires_grad_()
    local_response_norm(x, *numbers).backward(torch.from_numpy(upper))
    np.testing.assert_allclose(x.grad.numpy(), expected, rtol=1e-11, atol=1e-13)


def test_gradcheck() -> None:
    x = torch.from_numpy(maps(3, 2, 6, 2, 3)).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: local_response_norm(x, 5, 0.1, 0.75, 2.0, 2), x)


def test_maps_of_different_towers_are_no_neighbours() -> None:
    a = np.zeros((1, 96, 1, 1))
    a[0, 47] = a[0, 48] = 100.0
    one, two = (
        local_response_norm(torch.from_numpy(a), groups=groups).numpy().ravel() for groups in (1, 2)
    )
    together, alone = 100 / (2 + 1e-4 * 20000) ** 0.75, 100 / (2 + 1e-4 * 10000) ** 0.75
    np.testing.assert_allclose(one[[47, 48]], together, rtol=1e-12)
    np.testing.assert_allclose(two[[47, 48]], alone, rtol=1e-12)


@settings(max_examples=25, deadline=None)
@given(st.sampled_from([1, 3, 5, 7]), st.floats(1e-5, 1), st.floats(0.25, 2), st.integers(1, 8))
def test_torch_divides_its_alpha_by_the_size(
    size: int, alpha: float, beta: float, channels: int
) -> None:
    x = torch.from_numpy(maps(4, 2, channels, 3, 3))
    theirs = functional.local_response_norm(x, size, alpha * size, beta, 2.0)
    torch.testing.assert_close(local_response_norm(x, size, alpha, beta, 2.0), theirs)


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


def test_neighbours_first_asked_for_in_inference_can_train_later() -> None:
    band.cache_clear()
    x = torch.randn(1, 7, 2, 2, requires_grad=True)
    with torch.inference_mode():
        local_response_norm(x)
    local_response_norm(x).sum().backward()
    assert x.grad is not None
