"""The step in Triton, both ways, against the loops; here in Triton's interpreter."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from alexnet.kernels import blocked
from alexnet.kernels.blocked import NormPool
from alexnet.kernels.gpu import norm_pool as tested
from alexnet.kernels.gpu.norm_pool import norm_pool, takes
from tests.kernels.step import ORDERS, PAPER, POOLS, STRONG, by_loops, maps

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
FELT = replace(PAPER, alpha=0.01)  # the paper's alpha does nothing to small maps


CASES = [
    *((relu, pool) for relu in ORDERS for pool in POOLS[:2]),
    *(("before", pool) for pool in POOLS[2:]),
]


def both_ways(x: torch.Tensor, numbers: NormPool, upper: torch.Tensor) -> tuple[Any, Any]:
    x = x.to(DEVICE, copy=True).requires_grad_()
    found = norm_pool(x, numbers)
    found.backward(upper.to(DEVICE))
    return found.detach().cpu(), x.grad.cpu() if x.grad is not None else None


def agrees_with_loops(shape: tuple[int, ...], numbers: NormPool) -> None:
    a = maps(1, *shape).astype(np.float32).astype(np.float64)
    upper = maps(99, *by_loops(a, None, numbers)[0].shape).astype(np.float32)
    expected, gradient = by_loops(a, upper.astype(np.float64), numbers)
    found, back = both_ways(torch.from_numpy(a).float(), numbers, torch.from_numpy(upper))
    np.testing.assert_allclose(found.numpy(), expected, rtol=3e-6)
    np.testing.assert_allclose(back.numpy(), gradient, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("relu", "pool"), CASES)
def test_float32_is_the_loops_to_its_rounding(relu: Any, pool: tuple[int, int]) -> None:
    agrees_with_loops((3, 12, 5, 6), replace(FELT, relu=relu, window=pool[0], stride=pool[1]))


def test_any_beta() -> None:
    agrees_with_loops((2, 6, 5, 6), STRONG)


@pytest.mark.parametrize(
    ("size", "channels", "groups"), [(1, 6, 1), (2, 40, 1), (3, 51, 3), (4, 6, 2), (9, 24, 2)]
)
def test_any_size_and_any_number_of_channels(size: int, channels: int, groups: int) -> None:
    agrees_with_loops((2, channels, 4, 5), NormPool(size, 0.02, 0.75, 2.0, groups, "before", 3, 2))


def test_of_one_channel_there_are_no_neighbours() -> None:
    agrees_with_loops((2, 1, 5, 5), replace(FELT, groups=1))


@pytest.mark.parametrize("programs", [1, 8192])
def test_rows_that_windows_share_are_the_same_in_one_program_and_in_many(
    programs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tested, "PROGRAMS", programs)
    agrees_with_loops((9, 8, 8, 7), FELT)


@pytest.mark.parametrize("relu", ORDERS)
@pytest.mark.parametrize("pool", [(1, 1), (3, 2)])
def test_bfloat16_has_float32_inside_and_rounds_once(relu: Any, pool: tuple[int, int]) -> None:
    numbers = replace(FELT, groups=1, relu=relu, window=pool[0], stride=pool[1])
    x = torch.from_numpy(maps(2, 2, 16, 5, 6)).bfloat16()
    upper = torch.from_numpy(maps(3, *by_loops(x.double().numpy(), None, numbers)[0].shape))
    upper = upper.bfloat16()
    expected, gradient = by_loops(x.double().numpy(), upper.double().numpy(), numbers)
    found, back = both_ways(x, numbers, upper)
    assert found.dtype == back.dtype == torch.bfloat16
    half_a_step = 2.0**-8
    np.testing.assert_allclose(found.double().numpy(), expected, rtol=half_a_step)
    np.testing.assert_allclose(back.double().numpy(), gradient, rtol=half_a_step, atol=1e-4)


@pytest.mark.parametrize("relu", ORDERS)
def test_what_is_no_number_stays_so(relu: Any) -> None:
    x = torch.from_numpy(maps(4, 1, 6, 5, 5)).float()
    x[0, 2, 2, 2] = torch.nan  # which all four windows have, and maps 0, 1 and 2 as neighbours
    found = norm_pool(x.to(DEVICE), replace(PAPER, relu=relu)).isnan()
    assert bool(found[:, :3].all())
    assert not bool(found[:, 3:].any())


def test_of_equal_values_the_first_takes_the_gradient() -> None:
    x, numbers = torch.full((1, 2, 5, 5), 7.0), replace(PAPER, groups=1)
    upper = torch.ones(1, 2, 2, 2)
    _, found = both_ways(x, numbers, upper)
    plain = x.clone().requires_grad_()
    blocked.norm_pool(plain, numbers).backward(upper)
    torch.testing.assert_close(found, plain.grad)


def test_maps_and_gradients_may_lie_in_any_order() -> None:
    x = torch.from_numpy(maps(5, 2, 5, 6, 12)).float().permute(0, 3, 2, 1)
    upper = torch.from_numpy(maps(6, 2, 12, 3, 2)).float()
    layout = torch.channels_last
    expected = both_ways(x.contiguous(memory_format=layout), FELT, upper.to(memory_format=layout))
    found = both_ways(x, FELT, upper)
    assert all(torch.equal(one, other) for one, other in zip(found, expected, strict=True))
    assert found[0].is_contiguous(memory_format=layout)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_shapes_follow_without_values(dtype: torch.dtype) -> None:
    x = torch.empty(2, 96, 55, 55, dtype=dtype, device="meta", requires_grad=True)
    found = norm_pool(x, PAPER)
    assert found.shape == (2, 96, 27, 27)
    assert found.dtype == dtype
    assert found.is_contiguous(memory_format=torch.channels_last)
    found.sum().backward()
    assert x.grad is not None
    assert x.grad.shape == x.shape


def test_the_operators_are_what_torch_asks_of_one() -> None:
    x = torch.from_numpy(maps(7, 1, 2, 4, 4)).float().to(DEVICE).requires_grad_()
    checks = ("test_schema", "test_autograd_registration", "test_faketensor")
    values = (5, 0.01, 0.75, 2.0, 1, "before", 3, 2)
    torch.library.opcheck(tested.maxima, (x, *values), test_utils=checks)


def test_what_it_does_not_take_goes_elsewhere() -> None:
    x = torch.from_numpy(maps(6, 2, 6, 5, 5))
    assert takes(x.float(), PAPER)
    assert takes(x.bfloat16(), PAPER)
    assert not takes(x, PAPER)  # float64
    assert not takes(x.float(), replace(PAPER, window=5))
    assert not takes(x.float(), replace(PAPER, k=0.0))
