"""The GPU's front against the CPU's, function by function."""

import inspect

import pytest
import torch
from torch import Tensor

from alexnet.kernels import front as on_cpu
from alexnet.kernels.blocked import NormPool
from alexnet.kernels.gpu import front, launch

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


def drawn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def test_the_same_functions_with_the_same_arguments() -> None:
    wanted = {name for name in vars(on_cpu.Kernels) if not name.startswith("_")}
    assert set(front.__all__) == {"NAME", *wanted}
    for name in front.__all__:
        ours, theirs = getattr(front, name), getattr(on_cpu, name)
        if inspect.isfunction(ours):
            assert inspect.signature(ours) == inspect.signature(theirs), name
    assert front.NAME.startswith("Triton")
    assert front.NAME.endswith("(interpreted)") == launch.interpreted()


@pytest.mark.parametrize(
    "numbers",
    [
        NormPool(5, 1e-2, 0.75, 2.0, 2, "before", 3, 2),
        NormPool(5, 1e-2, 0.75, 2.0, 1, "after", 3, 2),
        NormPool(3, 1e-2, 0.5, 1.0),
        NormPool(5, 1e-2, 0.75, 2.0, 1, "before", 6, 2),  # a window that nobody's kernel takes
    ],
    ids=["paper", "as run", "no pooling", "large window"],
)
def test_norm_pool_both_ways(numbers: NormPool) -> None:
    x, found = drawn(2, 8, 9, 8), {}
    for kernels, device in ((on_cpu, "cpu"), (front, DEVICE)):
        leaf = x.to(device).requires_grad_()
        result = kernels.norm_pool(leaf, numbers)
        result.backward(drawn(*result.shape, seed=1).to(device))
        assert leaf.grad is not None
        found[kernels] = result.detach().cpu(), leaf.grad.cpu()
    for one, other in zip(found[front], found[on_cpu], strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("side", [11, 12, 14, 15, 16, 19])
@pytest.mark.parametrize("padding", [0, 2])
@pytest.mark.parametrize("more", [0, 1], ids=["inside", "hanging over"])
def test_strided_convolutions_reach_as_far(side: int, padding: int, more: int) -> None:
    places = (side + 2 * padding - 11) // 4 + 1 + more
    x, weight, bias = drawn(2, 3, side, side + 4), drawn(5, 3, 11, 11, seed=1), drawn(5, seed=2)
    rest = 4, padding, (places, places + 1), True
    wanted = on_cpu.strided_convolution(x, weight, bias, *rest)
    found = front.strided_convolution(*(t.to(DEVICE) for t in (x, weight, bias)), *rest)
    torch.testing.assert_close(found.cpu(), wanted, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("groups", [1, 2])
def test_convolutions(groups: int) -> None:
    x, weight = drawn(2, 8, 7, 7), drawn(6, 8 // groups, 3, 3, seed=1)
    wanted = on_cpu.convolution(x, weight, drawn(6), 1, groups, False)
    found = front.convolution(*(t.to(DEVICE) for t in (x, weight, drawn(6))), 1, groups, True)
    torch.testing.assert_close(found.cpu(), wanted, rtol=1e-4, atol=1e-4)


def test_normalisation_alone() -> None:
    x = drawn(2, 6, 3, 3)
    found = front.norm_pool(x.to(DEVICE), NormPool(5, 0.1, 0.75, 2.0, 2))
    wanted = on_cpu.local_response_norm(x, 5, 0.1, 0.75, 2.0, 2)
    torch.testing.assert_close(found.cpu(), wanted, rtol=1e-5, atol=1e-6)


def test_what_triton_does_not_take_reads_nothing_either() -> None:
    x = torch.empty(5, 6, 24, 24, device="meta", dtype=torch.float64, requires_grad=True)
    result = front.norm_pool(x, NormPool(5, 0.1, 0.75, 2.0, 2, "after", 3, 2))
    result.sum().backward()
    assert (result.shape, x.grad is not None) == ((5, 6, 12, 12), True)
