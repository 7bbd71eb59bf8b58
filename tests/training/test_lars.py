"""LARS: a rate for each layer by the sizes of its weights and gradients (You et al. 2017)."""

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
import torch
from torch import Tensor

from alexnet.networks.build import Network
from alexnet.networks.layers import Linear
from alexnet.training.optimizer import Momentum, Rates
from alexnet.training.recipe import Recipe
from tests.training.test_optimizer import same, small, state, trained

LARS: dict[str, Any] = {"optimizer": "lars", "trust": 0.02}


def two_layers(width: int = 4, decay: float | None = None) -> Network:
    """fc1 of so many units, which reads three numbers, and fc2 of three units, in float64."""
    return Network((Linear("fc1", width, decay=decay), Linear("fc2", 3)), 1).double()


def drawn(network: Network, seed: int) -> dict[str, Tensor]:
    """A tensor for each parameter."""
    random = torch.Generator().manual_seed(seed)
    return {
        name: torch.randn(value.shape, generator=random, dtype=torch.double)
        for name, value in network.named_parameters()
    }


def put(network: Network, values: dict[str, Tensor]) -> None:
    with torch.no_grad():
        for name, value in network.named_parameters():
            value.copy_(values[name])


def norm(numbers: list[float]) -> float:
    return math.sqrt(math.fsum(number * number for number in numbers))


def by_lars(start: Tensor, gradients: list[Tensor], rates: list[float], decay: float) -> Tensor:
    """One layer's weights: You et al. 2017, algorithm 1, number by number."""
    w, v = start.flatten().tolist(), [0.0] * start.numel()
    for gradient, rate in zip(gradients, rates, strict=True):
        if not rate:
            continue
        g = gradient.flatten().tolist()
        local = (
            LARS["trust"] * norm(w) / (norm(g) + decay * norm(w)) if norm(g) and norm(w) else 1.0
        )
        for n in range(len(w)):
            v[n] = 0.9 * v[n] - rate * local * (g[n] + decay * w[n])
            w[n] = w[n] + v[n]
    return torch.tensor(w, dtype=torch.double).view(start.shape)


def stepped(network: Network, optimizer: Momentum, rates: list[Rates]) -> list[dict[str, Tensor]]:
    """The gradients of steps at these rates; each step has its own, drawn."""
    gradients = [drawn(network, 10 + n) for n in range(len(rates))]
    for now, drawn_ones in zip(rates, gradients, strict=True):
        for name, value in network.named_parameters():
            value.grad = drawn_ones[name].clone()
        optimizer.freeze(now)
        optimizer.step(now)
    return gradients


def test_lars_against_a_loop_over_numbers() -> None:
    """With a lower rate in the middle; each layer has its own norms and its own decay."""
    network, rates = two_layers(decay=0.3), [0.5, 0.5, 0.05, 0.05]
    put(network, start := drawn(network, 0))
    gradients = stepped(network, Momentum(network, Recipe(**LARS)), same(rates))
    for name, decay in (("fc1.weight", 0.3), ("fc2.weight", 0.0005)):
        wanted = by_lars(start[name], [one[name] for one in gradients], rates, decay)
        assert torch.allclose(network.get_parameter(name), wanted, rtol=1e-12, atol=1e-14), name
        assert not torch.allclose(start[name], wanted, rtol=1e-3)


def test_lars_leaves_biases_to_the_plain_rule_bit_for_bit() -> None:
    rates = [Rates(0.5, 0.02), Rates(0.05, 0.002)]
    ends = []
    for recipe in (Recipe(bias_decay=0.1), Recipe(bias_decay=0.1, **LARS)):
        network = two_layers()
        put(network, drawn(network, 0))
        stepped(network, Momentum(network, recipe), rates)
        ends.append(network.state_dict())
    plain, lars = ends
    for name in plain:
        assert torch.equal(plain[name], lars[name]) == name.endswith("bias"), name


def test_lars_first_step_is_trust_times_rate_of_each_layer_whatever_its_gradient() -> None:
    for factor in (1e-4, 1.0, 1e4):
        network = two_layers()
        put(network, start := drawn(network, 0))
        for name, value in network.named_parameters():
            value.grad = factor * drawn(network, 1)[name]
        Momentum(network, Recipe(decay=0.0, **LARS)).step(Rates(0.5, 0.0))
        for name in ("fc1.weight", "fc2.weight"):
            step = network.get_parameter(name).detach() - start[name]
            assert float(step.norm() / start[name].norm()) == pytest.approx(0.02 * 0.5)


@pytest.mark.parametrize("zero", ["weights", "gradients"])
def test_lars_takes_the_plain_rate_where_weights_or_gradients_are_all_0(zero: str) -> None:
    ends = []
    for recipe in (Recipe(decay=0.1), Recipe(decay=0.1, **LARS)):
        network = two_layers()
        put(network, {n: v * (zero != "weights") for n, v in drawn(network, 0).items()})
        for name, value in network.named_parameters():
            value.grad = drawn(network, 1)[name] * (zero != "gradients")
        Momentum(network, recipe).step(Rates(0.5, 0.5))
        ends.append(network.state_dict())
    for name in ends[0]:
        assert torch.allclose(ends[0][name], ends[1][name], rtol=1e-14, atol=0), name


def test_lars_with_a_slow_layer_that_then_stands_still() -> None:
    """What stands still has no gradient and is not asked for; its velocity is kept."""
    network = two_layers()
    put(network, start := drawn(network, 0))
    optimizer, asked = Momentum(network, Recipe(freeze=("fc1",), **LARS)), []

    def totals(squares: Tensor, names: Sequence[str]) -> Tensor:
        asked.append((tuple(squares.shape), squares.dtype, list(names)))
        return squares

    optimizer.totals = totals
    rates = [Rates(0.5, 0.5), Rates(0.5, 0.5, 0.1), Rates(0.5, 0.5, 0.0), Rates(0.5, 0.5)]
    gradients = stepped(network, optimizer, [*rates, Rates(0.0, 0.0)])[:4]
    for name, own in (("fc1.weight", [0.5, 0.05, 0.0, 0.5]), ("fc2.weight", [0.5] * 4)):
        wanted = by_lars(start[name], [one[name] for one in gradients], own, 0.0005)
        assert torch.allclose(network.get_parameter(name), wanted, rtol=1e-12, atol=1e-14), name
    both, one = ["fc1.weight", "fc2.weight"], ["fc2.weight"]
    assert [names for _, _, names in asked] == [both, both, one, both, []]
    assert [shape for shape, _, _ in asked] == [(2, 2), (2, 2), (2, 1), (2, 2), (2, 0)]
    assert {dtype for _, dtype, _ in asked} == {torch.double}


def test_the_plain_rule_asks_for_no_totals() -> None:
    network = two_layers()
    optimizer = Momentum(network, Recipe())

    def totals(squares: Tensor, names: Sequence[str]) -> Tensor:
        raise AssertionError(names)

    optimizer.totals = totals
    stepped(network, optimizer, same([0.1]))
    assert all(buffer is not None for buffer in optimizer.buffers.values())  # it was a step


HALVES = {"fc1.weight": 0, "fc1.bias": 0, "fc2.weight": 1}  # the dimension that is shared out


def half(values: dict[str, Tensor], index: int) -> dict[str, Tensor]:
    return {
        name: value.chunk(2, HALVES[name])[index] if name in HALVES else value
        for name, value in values.items()
    }


def test_lars_on_slices_of_the_layers_is_lars_on_the_whole() -> None:
    """Two threads in place of processes: units of fc1 are shared out, and inputs of fc2."""
    whole = two_layers(4)
    start, gradients = drawn(whole, 0), [drawn(whole, 10 + n) for n in range(4)]
    rates, meeting, brought = same([0.5, 0.5, 0.05, 0.05]), Barrier(2), [torch.empty(0)] * 2

    def trained_part(network: Network, index: int | None) -> dict[str, Tensor]:
        optimizer = Momentum(network, Recipe(**LARS))

        def totals(squares: Tensor, _names: Sequence[str]) -> Tensor:
            assert index is not None
            brought[index] = squares
            meeting.wait(60)
            total = brought[0] + brought[1]
            meeting.wait(60)  # before one of them brings the next step's
            return total

        if index is not None:
            optimizer.totals = totals
        put(network, start if index is None else half(start, index))
        for now, all_of_it in zip(rates, gradients, strict=True):
            mine = all_of_it if index is None else half(all_of_it, index)
            for name, value in network.named_parameters():
                value.grad = mine[name].clone()
            optimizer.step(now)
        return {name: value.detach() for name, value in network.named_parameters()}

    wanted = trained_part(whole, None)
    with ThreadPoolExecutor(2) as pool:
        halves = list(pool.map(trained_part, [two_layers(2), two_layers(2)], [0, 1]))
    for index, found in enumerate(halves):
        for name, value in half(wanted, index).items():
            assert torch.allclose(found[name], value, rtol=1e-12, atol=1e-14), name


def test_norms_of_a_large_layer_are_right_in_float32() -> None:
    """One float32 sum of as many squares is off by 1e-4."""
    network = Network((Linear("fc", 1024),), 32)
    put(network, {n: v.float() for n, v in drawn(network, 0).items()})
    weight = network.get_parameter("fc.weight")
    weight.grad = weight.detach().clone()
    exact, kept = float(weight.detach().double().square().sum()), []

    def totals(squares: Tensor, _names: Sequence[str]) -> Tensor:
        kept.append(squares)
        return squares

    optimizer = Momentum(network, Recipe(**LARS))
    optimizer.totals = totals
    optimizer.step(Rates(0.1, 0.0))
    assert kept[0].flatten().tolist() == pytest.approx([exact, exact], rel=1e-6)


def test_lars_restored_goes_on_bit_for_bit() -> None:
    recipe = Recipe(freeze=("conv1",), **LARS)
    whole, first, second = small(), small(), small(1)
    reference, before, after = (Momentum(network, recipe) for network in (whole, first, second))
    trained(range(6), whole, reference)
    trained(range(3), first, before)
    second.load_state_dict(first.state_dict())
    after.restore(before.tensors(), before.rates)
    trained(range(3, 6), second, after)
    wanted, found = state(whole, reference), state(second, after)
    assert all(torch.equal(wanted[name], found[name]) for name in wanted)
