"""The update against the paper's rule (section 5), computed here in plain Python floats."""

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
import torch
from torch import Tensor

from alexnet.networks.build import Network
from alexnet.networks.layers import Convolution, Layers, Linear, LocalResponseNorm, MaxPool, ReLU
from alexnet.training.optimizer import Momentum, Rates
from alexnet.training.recipe import Recipe

RATES = [0.01, 0.01, 0.001, 0.001]  # divided by 10 in the middle
GRADIENTS = [0.3, -0.2, 0.5, 0.1]
START = 0.7


def same(rates: Sequence[float]) -> list[Rates]:
    """Biases with the weights' rate."""
    return [Rates(rate, rate) for rate in rates]


def numbers(*layers: Linear, dtype: torch.dtype = torch.double) -> Network:
    """Layers of one unit: a weight and a bias each, all of them START."""
    network = Network(layers or (Linear("fc", 1),), 1, 1).to(dtype)
    with torch.no_grad():
        for value in network.parameters():
            value.fill_(START)
    return network


def moved(network: Network, optimizer: Momentum, rates: list[Rates]) -> dict[str, list[float]]:
    """The value of each parameter after each step; all have the same gradient."""
    places: dict[str, list[float]] = {name: [] for name, _ in network.named_parameters()}
    for now, gradient in zip(rates, GRADIENTS, strict=True):
        for value in network.parameters():
            value.grad = torch.full_like(value, gradient)
        optimizer.step(now)
        for name, value in network.named_parameters():
            places[name].append(value.item())
    return places


def by_the_paper(rates: list[float], decay: float, momentum: float = 0.9) -> list[float]:
    """v <- momentum v - decay rate w - rate g; w <- w + v. At rate 0 neither changes."""
    w, v, places = START, 0.0, []
    for rate, g in zip(rates, GRADIENTS, strict=True):
        if rate:
            v = momentum * v - decay * rate * w - rate * g
            w = w + v
        places.append(w)
    return places


def by_torch(decay: float, momentum: float = 0.9) -> list[float]:
    """What torch.optim.SGD does: the old velocity shrinks with the rate at once."""
    w, b, places = START, 0.0, []
    for rate, g in zip(RATES, GRADIENTS, strict=True):
        b = momentum * b + g + decay * w
        w = w - rate * b
        places.append(w)
    return places


def exactly(places: list[float]) -> object:
    return pytest.approx(places, rel=1e-14)


def test_four_steps_by_hand_with_a_lower_rate_in_the_middle() -> None:
    # v = 0.9 v - 0.0005 rate w - rate g
    # v1 =                     - .0000035           - .003 = -.0030035
    # v2 = -.00270315          - .0000034849825     + .002 = -.0007066349825
    # v3 = -.00063597148425    - .00000034814493251 - .0005 = -.00113631962918251
    # v4 = -.00102268766626426 - .00000034757677269 - .0001 = -.00112303524303695
    found = moved(network := numbers(), Momentum(network, Recipe()), same(RATES))["fc.weight"]
    by_hand = [0.6969965, 0.6962898650175, 0.6951535453883175, 0.6940305101452805]
    assert found == pytest.approx(by_hand, rel=1e-12)
    assert found == exactly(by_the_paper(RATES, 0.0005))


def test_that_is_not_what_torch_does() -> None:
    ours, theirs = by_the_paper(RATES, 0.0005), by_torch(0.0005)
    assert ours[:2] == exactly(theirs[:2])
    assert abs(ours[2] - theirs[2]) > 1e-4


def test_float32_follows_too() -> None:
    network = numbers(dtype=torch.float)
    found = moved(network, Momentum(network, Recipe()), same(RATES))["fc.weight"]
    assert found == pytest.approx(by_the_paper(RATES, 0.0005), rel=1e-6)


def test_biases_do_not_decay() -> None:
    found = moved(network := numbers(), Momentum(network, Recipe(decay=0.1)), same(RATES))
    assert found["fc.weight"] == exactly(by_the_paper(RATES, 0.1))
    assert found["fc.bias"] == exactly(by_the_paper(RATES, 0.0))


def test_biases_with_twice_the_rate_and_a_decay_of_their_own() -> None:
    recipe = Recipe(bias_decay=0.2, momentum=0.5)
    rates = [Rates(rate, 2 * rate) for rate in RATES]
    found = moved(network := numbers(), Momentum(network, recipe), rates)
    twice = [2 * rate for rate in RATES]
    assert found["fc.bias"] == exactly(by_the_paper(twice, 0.2, momentum=0.5))
    assert found["fc.weight"] == exactly(by_the_paper(RATES, 0.0005, momentum=0.5))


def test_biases_lowered_at_another_step_than_weights() -> None:
    """Each keeps its velocity when its own rate falls, and only then."""
    weights, biases = [0.01, 0.001, 0.001, 0.001], [0.02, 0.02, 0.02, 0.002]
    rates = [Rates(*pair) for pair in zip(weights, biases, strict=True)]
    found = moved(network := numbers(), Momentum(network, Recipe()), rates)
    assert found["fc.weight"] == exactly(by_the_paper(weights, 0.0005))
    assert found["fc.bias"] == exactly(by_the_paper(biases, 0.0))


def test_layers_with_a_decay_of_their_own() -> None:
    """All of them keep their velocity when the rate falls."""
    network = numbers(Linear("fc1", 1, decay=0.3), Linear("fc2", 1), Linear("fc3", 1, decay=0.0))
    found = moved(network, Momentum(network, Recipe(decay=0.1)), same(RATES))
    for name, decay in (("fc1", 0.3), ("fc2", 0.1), ("fc3", 0.0)):
        assert found[f"{name}.weight"] == exactly(by_the_paper(RATES, decay))
        assert found[f"{name}.bias"] == exactly(by_the_paper(RATES, 0.0))


def test_a_slow_layer_has_a_share_of_the_weights_rate_and_the_biases_whole_rate() -> None:
    """Phases of run4.sh: all, conv1's weights at a tenth, conv1 at 0."""
    network = numbers(Linear("fc1", 1), Linear("fc2", 1))
    rates = [Rates(0.01, 0.02), Rates(0.01, 0.02, 0.1), Rates(0.01, 0.02, 0), Rates(0.01, 0.02)]
    found = moved(network, Momentum(network, Recipe(freeze=("fc1",))), rates)
    assert found["fc1.weight"] == exactly(by_the_paper([0.01, 0.001, 0, 0.01], 0.0005))
    assert found["fc1.bias"] == exactly(by_the_paper([0.02, 0.02, 0, 0.02], 0.0))
    assert found["fc2.weight"] == exactly(by_the_paper([0.01] * 4, 0.0005))
    assert found["fc2.bias"] == exactly(by_the_paper([0.02] * 4, 0.0))


def test_rate_zero_changes_nothing_and_the_velocity_is_kept() -> None:
    network, rates = numbers(), [0.01, 0.0, 0.0, 0.01]
    found = moved(network, Momentum(network, Recipe()), same(rates))["fc.weight"]
    assert found[0] == found[1] == found[2] != found[3]
    assert found == exactly(by_the_paper(rates, 0.0005))


def test_rate_zero_at_the_very_start() -> None:
    optimizer = Momentum(network := numbers(), Recipe())
    found = moved(network, optimizer, same([0.0] * 4))
    assert found == {"fc.weight": [START] * 4, "fc.bias": [START] * 4}
    assert optimizer.tensors() == {}


def test_no_momentum() -> None:
    found = moved(network := numbers(), Momentum(network, Recipe(momentum=0)), same(RATES))
    assert found["fc.weight"] == exactly(by_the_paper(RATES, 0.0005, momentum=0))


LAYERS: Layers = (
    Convolution("conv1", 4, 3),
    ReLU("relu1"),
    LocalResponseNorm("norm1"),
    MaxPool("pool1"),
    Convolution("conv2", 4, 2, decay=0.01),
    ReLU("relu2"),
    Linear("fc3", 5),
)


def small(seed: int = 0) -> Network:
    """A network with a start and, in front of its second convolution, the fused step."""
    network, random = Network(LAYERS, 8), torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for value in network.parameters():
            value.copy_(torch.randn(value.shape, generator=random) / 4)
    return network


def rates_of(step: int) -> Rates:
    """All for two steps, then the layers of `freeze` at a tenth, from step 4 on still."""
    rate = 0.02 if step < 2 else 0.003
    return Rates(rate, 0.01, 1.0 if step < 2 else 0.1 if step < 4 else 0.0)


def trained(steps: range, network: Network, optimizer: Momentum) -> None:
    for step in steps:
        random = torch.Generator().manual_seed(step)
        optimizer.freeze(rates_of(step))
        logits = network(torch.randn(6, 3, 8, 8, generator=random))
        torch.nn.functional.cross_entropy(logits, torch.arange(6) % 5).backward()
        optimizer.step(rates_of(step))


def state(network: Network, optimizer: Momentum) -> dict[str, Tensor]:
    """Weights and velocities, as they are now."""
    velocities = {f"velocity {name}": b for name, b in optimizer.tensors().items()}
    return {name: v.detach().clone() for name, v in (network.state_dict() | velocities).items()}


def test_what_stands_still_keeps_weights_and_velocity_bit_for_bit() -> None:
    network = small()
    optimizer = Momentum(network, Recipe(freeze=("conv1",)))
    trained(range(4), network, optimizer)
    before = state(network, optimizer)
    trained(range(4, 7), network, optimizer)
    after = state(network, optimizer)
    for name in before:
        assert torch.equal(before[name], after[name]) == ("conv1" in name), name


def test_no_gradient_is_computed_for_what_stands_still_nor_below_it() -> None:
    network = small()
    optimizer = Momentum(network, Recipe(freeze=("conv1", "conv2")))
    still = Rates(0.01, 0.01, 0.0)
    optimizer.freeze(still)
    found = network.activations(torch.ones(2, 3, 8, 8), ["relu2"])
    assert not found["relu2"].requires_grad
    found[""].sum().backward()
    for name, value in network.named_parameters():
        assert value.requires_grad == (value.grad is not None) == name.startswith("fc3"), name


def test_a_still_layer_between_others_lets_gradients_through() -> None:
    network = small()
    Momentum(network, Recipe(freeze=("conv2",))).freeze(Rates(0.01, 0.01, 0.0))
    network(torch.ones(2, 3, 8, 8)).sum().backward()
    learning = {name for name, value in network.named_parameters() if value.grad is not None}
    assert learning == {f"{layer}.{kind}" for layer in ("conv1", "fc3") for kind in KINDS}


KINDS = ("weight", "bias")


def test_freezing_drops_gradients_that_are_there() -> None:
    network = small()
    optimizer = Momentum(network, Recipe(freeze=("conv1",)))
    network(torch.ones(2, 3, 8, 8)).sum().backward()
    optimizer.freeze(Rates(0.01, 0.01, 0.0))
    assert network.held(LAYERS[0]).weight.grad is None
    assert network.held(LAYERS[4]).weight.grad is not None


def test_what_stood_still_learns_again_where_the_rate_goes_up() -> None:
    network = small()
    optimizer = Momentum(network, Recipe(freeze=("conv1",)))
    trained(range(3, 5), network, optimizer)
    before = state(network, optimizer)
    trained(range(1), network, optimizer)
    after = state(network, optimizer)
    assert not any(torch.equal(before[name], after[name]) for name in before)


@pytest.mark.parametrize("at", [1, 3, 5])
def test_restored_in_any_phase_it_goes_on_bit_for_bit(at: int) -> None:
    recipe = Recipe(freeze=("conv1", "conv2"))
    whole, first, second = small(), small(), small(1)
    reference, before, after = (Momentum(network, recipe) for network in (whole, first, second))
    trained(range(7), whole, reference)
    trained(range(at), first, before)
    kept = {name: buffer.contiguous().clone() for name, buffer in before.tensors().items()}
    second.load_state_dict(first.state_dict())
    after.restore(kept, before.rates)
    trained(range(at, 7), second, after)
    wanted, found = state(whole, reference), state(second, after)
    assert len(wanted) == 12
    assert all(torch.equal(wanted[name], found[name]) for name in wanted)


def test_the_last_step_is_rate_times_buffer_and_nothing_for_what_stands_still() -> None:
    network = numbers(Linear("fc1", 1), Linear("fc2", 1))
    optimizer = Momentum(network, Recipe(freeze=("fc1",)))
    rates = [Rates(rate, 2 * rate) for rate in RATES]
    found = moved(network, optimizer, [*rates[:3], Rates(0.001, 0.002, 0.0)])
    steps = {name: -rate * buffer.item() for name, buffer, rate in optimizer.velocities()}
    assert steps == {
        name: pytest.approx(after[-1] - after[-2], rel=1e-9) for name, after in found.items()
    }
    assert steps["fc1.weight"] == steps["fc1.bias"] == 0


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
