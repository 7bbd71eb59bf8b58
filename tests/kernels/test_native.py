"""The kernels in C, on every instruction set that this machine can run, against the loops."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from alexnet.kernels import blocked, native
from alexnet.kernels.blocked import NormPool
from tests.kernels.step import AS_RUN, ORDERS, PAPER, POOLS, STRONG, VECTORS, by_loops, maps

pytestmark = [
    pytest.mark.usefixtures("one_thread"),
    pytest.mark.skipif(native.library() is None, reason="the C kernels were not built"),
]
RUNS = ["portable", *VECTORS]


def both_ways(
    x: torch.Tensor, numbers: NormPool, upper: torch.Tensor, instructions: str
) -> tuple[Any, Any]:
    x = x.clone().requires_grad_()
    found = native.norm_pool(x, numbers, instructions)
    found.backward(upper)
    return found.detach(), x.grad


@pytest.mark.parametrize("instructions", RUNS)
@pytest.mark.parametrize("pool", POOLS)
@pytest.mark.parametrize("relu", ORDERS)
@pytest.mark.parametrize("numbers", [PAPER, AS_RUN, STRONG], ids=["paper", "as-run", "strong"])
def test_float32_is_the_loops_to_its_rounding(
    numbers: NormPool, relu: Any, pool: tuple[int, int], instructions: str
) -> None:
    numbers = replace(numbers, relu=relu, window=pool[0], stride=pool[1])
    a = maps(1, 3, 12, 5, 6).astype(np.float32).astype(np.float64)
    upper = maps(99, *by_loops(a, None, numbers)[0].shape)
    expected, gradient = by_loops(a, upper, numbers)
    x, above = torch.from_numpy(a).float(), torch.from_numpy(upper).float()
    found, back = both_ways(x, numbers, above, instructions)
    np.testing.assert_allclose(found.numpy(), expected, rtol=3e-6)
    np.testing.assert_allclose(back.numpy(), gradient, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("instructions", RUNS)
@pytest.mark.parametrize("relu", ORDERS)
@pytest.mark.parametrize("pool", [(1, 1), (3, 2)])
def test_bfloat16_has_float32_inside_and_rounds_once(
    relu: Any, pool: tuple[int, int], instructions: str
) -> None:
    numbers = replace(PAPER, alpha=0.01, relu=relu, window=pool[0], stride=pool[1])
    x = torch.from_numpy(maps(2, 3, 12, 5, 6)).bfloat16()
    shape = by_loops(x.double().numpy(), None, numbers)[0].shape
    upper = torch.from_numpy(maps(3, *shape)).bfloat16()
    expected, gradient = by_loops(x.double().numpy(), upper.double().numpy(), numbers)
    found, back = both_ways(x, numbers, upper, instructions)
    assert found.dtype == back.dtype == torch.bfloat16
    half_a_step = 2.0**-8
    np.testing.assert_allclose(found.double().numpy(), expected, rtol=half_a_step)
    np.testing.assert_allclose(back.double().numpy(), gradient, rtol=half_a_step, atol=1e-4)


@pytest.mark.parametrize("instructions", RUNS)
@pytest.mark.parametrize("size", [1, 2, 3, 4, 6, 9])
@pytest.mark.parametrize(("channels", "groups"), [(6, 2), (40, 1), (51, 3), (1, 1)])
def test_any_size_and_any_number_of_channels(
    size: int, channels: int, groups: int, instructions: str
) -> None:
    numbers = NormPool(size, 0.02, 0.75, 2.0, groups, "before", 3, 2)
    a = maps(size, 2, channels, 4, 5).astype(np.float32).astype(np.float64)
    upper = maps(9, *by_loops(a, None, numbers)[0].shape)
    expected, gradient = by_loops(a, upper, numbers)
    x, above = torch.from_numpy(a).float(), torch.from_numpy(upper).float()
    found, back = both_ways(x, numbers, above, instructions)
    np.testing.assert_allclose(found.numpy(), expected, rtol=3e-6)
    np.testing.assert_allclose(back.numpy(), gradient, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("instructions", RUNS)
@pytest.mark.parametrize("relu", ORDERS)
def test_what_is_no_number_stays_so(relu: Any, instructions: str) -> None:
    """In each of the four windows that it lies in."""
    x = torch.from_numpy(maps(4, 1, 6, 5, 5)).float()
    x[0, 2, 2, 2] = torch.nan
    found = native.norm_pool(x, replace(PAPER, relu=relu), instructions)
    assert bool(found[0, 2].isnan().all())
    assert not bool(found[0, 5].isnan().any())


@pytest.mark.parametrize("instructions", RUNS)
def test_of_equal_values_the_first_takes_the_gradient(instructions: str) -> None:
    x = torch.full((1, 2, 5, 5), 7.0)
    numbers = replace(PAPER, groups=1)
    places = (x * 0).requires_grad_()
    native.norm_pool(x + places, numbers, instructions).sum().backward()
    plain = (x * 0).requires_grad_()
    blocked.norm_pool(x + plain, numbers).sum().backward()
    torch.testing.assert_close(places.grad, plain.grad)


@pytest.mark.parametrize("threads", [1, 2])
def test_the_number_of_threads_changes_no_bit(threads: int) -> None:
    x = torch.from_numpy(maps(5, 7, 12, 9, 9)).float()
    upper = torch.ones(7, 12, 4, 4)
    expected = both_ways(x, PAPER, upper, RUNS[-1])
    torch.set_num_threads(threads)
    found = both_ways(x, PAPER, upper, RUNS[-1])
    assert all(torch.equal(one, other) for one, other in zip(found, expected, strict=True))


def test_what_it_does_not_take_goes_elsewhere() -> None:
    x = torch.from_numpy(maps(6, 2, 6, 5, 5))
    assert native.takes(x.float(), PAPER)
    assert not native.takes(x, PAPER)  # float64
    assert not native.takes(x.float(), replace(PAPER, window=16))  # places need more than a byte
