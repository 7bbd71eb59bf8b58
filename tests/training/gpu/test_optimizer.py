"""The update on a GPU against the CPU's: same steps, same velocities, and copies that follow."""

from collections.abc import Sequence

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from alexnet.networks.build import Network
from alexnet.training.gpu.optimizer import GpuMomentum
from alexnet.training.optimizer import Momentum, Rates
from alexnet.training.recipe import Recipe
from tests.training.test_optimizer import rates_of, small, state

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
RECIPE = Recipe(freeze=("conv1",), bias_decay=0.01)
STEPS = range(7)  # in which all move, then conv1 slowly, then not


def on_gpu(seed: int = 0, precision: torch.dtype = torch.float32) -> Network:
    network = small(seed).to(DEVICE)
    network.precision = precision
    network.make_copies()
    return network


def backward(network: Network, step: int) -> None:
    device = next(network.parameters()).device
    x = torch.randn(6, 3, 8, 8, generator=torch.Generator().manual_seed(step)).to(device)
    functional.cross_entropy(network(x), torch.arange(6, device=device) % 5).backward()


def trained(steps: Sequence[int], network: Network, optimizer: Momentum) -> None:
    for step in steps:
        optimizer.freeze(rates_of(step))
        backward(network, step)
        optimizer.step(rates_of(step))


def assert_close(found: dict[str, Tensor], wanted: dict[str, Tensor]) -> None:
    assert found.keys() == wanted.keys()
    for name, value in wanted.items():
        torch.testing.assert_close(found[name].cpu(), value.cpu(), rtol=1e-4, atol=1e-6, msg=name)


def test_steps_through_all_phases_are_the_cpu_s() -> None:
    here, there = small(), on_gpu()
    wanted, found = Momentum(here, RECIPE), GpuMomentum(there, RECIPE)
    trained(STEPS, here, wanted)
    trained(STEPS, there, found)
    assert_close(state(there, found), state(here, wanted))
    assert (found.rates, found.last) == (wanted.rates, wanted.last)


def test_without_momentum() -> None:
    here, there, recipe = small(), on_gpu(), Recipe(momentum=0.0)
    trained(STEPS, here, Momentum(here, recipe))
    trained(STEPS, there, GpuMomentum(there, recipe))
    assert_close(dict(there.state_dict()), dict(here.state_dict()))


@pytest.mark.parametrize("at", [1, 3, 5])
def test_a_run_goes_on_on_the_other_device(at: int) -> None:
    """With what a checkpoint holds: weights, velocities by name, and rates."""
    whole, here, there = small(), small(1), on_gpu(1)
    reference = Momentum(whole, RECIPE)
    trained(STEPS[:at], whole, reference)
    others = Momentum(here, RECIPE), GpuMomentum(there, RECIPE)
    kept = {name: buffer.clone() for name, buffer in reference.tensors().items()}
    for network, optimizer in zip((here, there), others, strict=True):
        network.load_state_dict(whole.state_dict())
        optimizer.restore(kept, reference.rates)
    trained(STEPS[at:], there, others[1])
    trained(STEPS[at:], here, others[0])
    assert_close(state(there, others[1]), state(here, others[0]))
    whole.load_state_dict(there.state_dict())
    reference.restore(others[1].tensors(), others[1].rates)
    trained(range(1), here, others[0])
    trained(range(1), whole, reference)
    assert_close(state(whole, reference), state(here, others[0]))


def test_copies_get_the_gradients_and_are_the_weights_rounded() -> None:
    network = on_gpu(precision=torch.bfloat16)
    optimizer = GpuMomentum(network, RECIPE)
    before = state(network, optimizer)
    optimizer.freeze(rates_of(0))
    backward(network, 0)
    held = dict(network.named_parameters())
    assert network.copies.keys() == held.keys() - {"fc3.weight", "fc3.bias"}
    for name, value in held.items():
        assert (value.grad is None) == (name in network.copies), name
    for name, copy in network.copies.items():
        assert copy.grad is not None
        assert copy.grad.dtype == torch.bfloat16, name
        assert copy.grad.stride() == copy.stride() == held[name].stride(), name
    optimizer.step(rates_of(0))
    for name, value in held.items():
        assert not torch.equal(value, before[name]), name
        assert value.grad is None
    for name, copy in network.copies.items():
        assert copy.grad is None
        assert torch.equal(copy, held[name].bfloat16()), name


def test_with_copies_the_steps_are_those_without() -> None:
    """A copy is what the network would have rounded its weights to; so is a gradient."""
    here, there = small(), on_gpu(precision=torch.bfloat16)
    here.precision = torch.bfloat16
    wanted, found = Momentum(here, RECIPE), GpuMomentum(there, RECIPE)
    trained(STEPS, here, wanted)
    trained(STEPS, there, found)
    if DEVICE == "cpu":  # one arithmetic: only the update rounds otherwise
        assert_close(state(there, found), state(here, wanted))
    for name, copy in there.copies.items():
        assert torch.equal(copy, there.get_parameter(name).bfloat16()), name


@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
def test_what_stands_still_needs_no_gradient_and_stays(precision: torch.dtype) -> None:
    network = on_gpu(precision=precision)
    optimizer = GpuMomentum(network, RECIPE)
    trained(range(4), network, optimizer)
    before = state(network, optimizer)
    backward(network, 3)
    optimizer.freeze(rates_of(4))
    leaves = {**dict(network.named_parameters()), **network.copies}
    for name, leaf in leaves.items():
        assert leaf.requires_grad == (not name.startswith("conv1")), name
        assert leaf.requires_grad or leaf.grad is None
    optimizer.step(rates_of(4))
    after = state(network, optimizer)
    for name in before:
        assert torch.equal(before[name], after[name]) == ("conv1" in name), name


def test_what_is_captured_holds_for_rates_that_move_the_same() -> None:
    optimizer = GpuMomentum(on_gpu(), RECIPE)
    keys = [optimizer.standing(rates_of(step)) for step in STEPS]
    assert keys[0] == keys[1] == keys[2] == keys[3] != keys[4] == keys[5]
    assert optimizer.standing(Rates(0.1, 0.0)) not in keys


def test_the_numbers_of_a_step() -> None:
    """Rate, momentum times the former rate by this one, and decay; 0 where nothing moves."""
    optimizer = GpuMomentum(on_gpu(), Recipe(freeze=("conv1",), decay=0.002))
    kinds = [group.kind for group in optimizer.groups]
    assert optimizer.numbers(Rates(0.1, 0.2))[kinds.index("slow weights")] == [0.1, 0.9, 0.002]
    lowered = optimizer.numbers(Rates(0.01, 0.2, 0.0))
    assert lowered[kinds.index("slow weights")] == [0.0, 0.0, 0.0]
    assert lowered[kinds.index("weights")] == pytest.approx([0.01, 9.0, 0.01])  # conv2's decay
    assert lowered[kinds.index("biases")] == pytest.approx([0.2, 0.9, 0.0])
    again = optimizer.numbers(Rates(0.01, 0.2))
    assert again[kinds.index("slow weights")] == pytest.approx([0.01, 9.0, 0.002])


@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
def test_lars_is_the_cpu_s_and_cannot_be_captured(precision: torch.dtype) -> None:
    recipe = Recipe(optimizer="lars", trust=0.02, freeze=("conv1",))
    here, there = small(), on_gpu(precision=precision)
    here.precision = precision
    wanted, found = Momentum(here, recipe), GpuMomentum(there, recipe)
    assert not found.capturable
    assert GpuMomentum(there, RECIPE).capturable
    trained(STEPS, here, wanted)
    trained(STEPS, there, found)
    if DEVICE == "cpu" or precision == torch.float32:
        assert_close(state(there, found), state(here, wanted))
    assert (found.rates, found.last) == (wanted.rates, wanted.last)
    for name, copy in there.copies.items():
        assert torch.equal(copy, there.get_parameter(name).bfloat16())


@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
def test_a_step_reads_nothing_from_the_device(precision: torch.dtype) -> None:
    """Tensors without values cannot be read, nor can those of a step that is captured."""
    network = small().to("meta")
    network.precision = precision
    network.make_copies()
    optimizer = GpuMomentum(network, RECIPE)
    optimizer.freeze(rates_of(0))
    network(torch.empty(6, 3, 8, 8, device="meta")).sum().backward()
    numbers = torch.tensor(optimizer.numbers(rates_of(0))).to("meta")
    optimizer.apply(numbers)
    leaves = [*network.parameters(), *network.copies.values()]
    assert all(leaf.grad is None for leaf in leaves)
    assert all(buffer is not None and buffer.is_meta for buffer in optimizer.buffers.values())
