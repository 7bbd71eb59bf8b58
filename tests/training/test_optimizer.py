"""The update against the paper's rule (section 5), computed here in plain Python floats."""

import pytest
import torch

from alexnet.networks.build import Network
from alexnet.networks.layers import Convolution, Linear
from alexnet.training.optimizer import Momentum
from alexnet.training.recipe import Recipe

RATES = [0.01, 0.01, 0.001, 0.001]  # divided by 10 in the middle
GRADIENTS = [0.3, -0.2, 0.5, 0.1]
START = 0.7


def one_weight(dtype: torch.dtype = torch.double) -> Network:
    """w and b, one number each."""
    network = Network((Linear("fc", 1),), 1, 1).to(dtype)
    with torch.no_grad():
        for value in network.parameters():
            value.fill_(START)
    return network


def moved(network: Network, optimizer: Momentum, rates: list[float]) -> list[tuple[float, float]]:
    """(weight, bias) after each step."""
    places = []
    for rate, gradient in zip(rates, GRADIENTS, strict=True):
        for value in network.parameters():
            value.grad = torch.full_like(value, gradient)
        optimizer.step(rate)
        places.append(tuple(value.item() for value in network.parameters()))
    return places


def by_the_paper(decay: float, share: float = 1.0, momentum: float = 0.9) -> list[float]:
    w, v, places = START, 0.0, []
    for rate, g in zip(RATES, GRADIENTS, strict=True):
        v = momentum * v - decay * share * rate * w - share * rate * g
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


def test_four_steps_by_hand_with_a_lower_rate_in_the_middle() -> None:
    # v = 0.9 v - 0.0005 rate w - rate g
    # v1 =                     - .0000035           - .003 = -.0030035
    # v2 = -.00270315          - .0000034849825     + .002 = -.0007066349825
    # v3 = -.00063597148425    - .00000034814493251 - .0005 = -.00113631962918251
    # v4 = -.00102268766626426 - .00000034757677269 - .0001 = -.00112303524303695
    places = moved(network := one_weight(), Momentum(network, Recipe()), RATES)
    by_hand = [0.6969965, 0.6962898650175, 0.6951535453883175, 0.6940305101452805]
    assert [weight for weight, _ in places] == pytest.approx(by_hand, rel=1e-12)
    assert [weight for weight, _ in places] == pytest.approx(by_the_paper(0.0005), rel=1e-14)


def test_that_is_not_what_torch_does() -> None:
    ours, theirs = by_the_paper(0.0005), by_torch(0.0005)
    assert ours[:2] == pytest.approx(theirs[:2], rel=1e-14)
    assert abs(ours[2] - theirs[2]) > 1e-4


def test_float32_follows_too() -> None:
    places = moved(network := one_weight(torch.float), Momentum(network, Recipe()), RATES)
    assert [weight for weight, _ in places] == pytest.approx(by_the_paper(0.0005), rel=1e-6)


def test_biases_do_not_decay() -> None:
    places = moved(network := one_weight(), Momentum(network, Recipe(decay=0.1)), RATES)
    assert [weight for weight, _ in places] == pytest.approx(by_the_paper(0.1), rel=1e-14)
    assert [bias for _, bias in places] == pytest.approx(by_the_paper(0.0), rel=1e-14)


def test_biases_with_twice_the_rate_and_a_decay_of_their_own() -> None:
    recipe = Recipe(bias_rate=2, bias_decay=0.2, momentum=0.5)
    places = moved(network := one_weight(), Momentum(network, recipe), RATES)
    expected = by_the_paper(0.2, share=2, momentum=0.5)
    assert [bias for _, bias in places] == pytest.approx(expected, rel=1e-14)


def test_rate_zero_changes_nothing() -> None:
    network = one_weight()
    optimizer = Momentum(network, Recipe())
    places = moved(network, optimizer, [0.01, 0.0, 0.0, 0.01])
    assert places[0] == places[1] == places[2] != places[3]
    v1 = -0.01 * 0.3 - 0.0005 * 0.01 * START
    w1 = START + v1
    v4 = 0.9 * v1 - 0.01 * 0.1 - 0.0005 * 0.01 * w1  # the velocity of step 1 was kept
    assert places[3][0] == pytest.approx(w1 + v4, rel=1e-14)


def test_rate_zero_at_the_very_start() -> None:
    network = one_weight()
    optimizer = Momentum(network, Recipe())
    assert set(moved(network, optimizer, [0.0] * 4)) == {(START, START)}
    assert optimizer.tensors() == {}


def test_no_momentum() -> None:
    network = one_weight()
    places = moved(network, Momentum(network, Recipe(momentum=0)), RATES)
    assert [w for w, _ in places] == pytest.approx(by_the_paper(0.0005, momentum=0), rel=1e-14)


def trained(steps: range, network: Network, optimizer: Momentum) -> None:
    for step in steps:
        random = torch.Generator().manual_seed(step)
        for value in network.parameters():
            gradient = torch.randn(value.shape, generator=random)
            value.grad = torch.empty_like(value).copy_(gradient)  # in the weight's order in memory
        optimizer.step(0.02 if step < 2 else 0.003 / (step + 1))


def test_restored_it_goes_on_bit_for_bit() -> None:
    layers = (Convolution("conv1", 4, 3), Linear("fc2", 5))
    whole, first, second = (Network(layers, 6) for _ in range(3))
    reference = Momentum(whole, Recipe())
    trained(range(6), whole, reference)
    before = Momentum(first, Recipe())
    trained(range(3), first, before)
    kept = {name: buffer.contiguous().clone() for name, buffer in before.tensors().items()}
    second.load_state_dict(first.state_dict())
    after = Momentum(second, Recipe())
    after.restore(kept, before.rate)
    trained(range(3, 6), second, after)
    for name, value in whole.state_dict().items():
        assert torch.equal(value, second.state_dict()[name]), name
    for name, buffer in reference.tensors().items():
        assert torch.equal(buffer, after.tensors()[name]), name


def test_the_last_step_is_rate_times_buffer() -> None:
    network = one_weight()
    optimizer = Momentum(network, Recipe(bias_rate=2))
    before, after = moved(network, optimizer, RATES)[-2:]
    steps = {name: -rate * buffer.item() for name, buffer, rate in optimizer.velocities()}
    assert steps == {
        "fc.weight": pytest.approx(after[0] - before[0], rel=1e-9),
        "fc.bias": pytest.approx(after[1] - before[1], rel=1e-9),
    }
