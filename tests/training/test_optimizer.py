"""The update against the paper's rule (section 5), computed here in plain Python floats."""

from collections.abc import Sequence

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
