"""The network as a GPU runs it: the answers of the CPU, and a step that reads nothing back.

Without a GPU Triton's interpreter runs the kernels.
"""

import pickle

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from alexnet.errors import AlexNetError
from alexnet.kernels import strided
from alexnet.kernels.gpu import front
from alexnet.networks.build import Network
from alexnet.networks.layers import Convolution
from alexnet.networks.zoo import NETWORKS, layers_of
from alexnet.training.dropout import masks_of
from alexnet.training.gpu.masks import masks
from alexnet.training.gpu.optimizer import GpuMomentum
from alexnet.training.optimizer import Rates
from alexnet.training.recipe import Recipe
from tests.networks.test_named import CLASSES, built, pictures, small

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
ORDERS = ["alexnet", "alexnet-as-run"]
SIDES = {"cifar10-18pct": 32, "torchvision": 75}  # of others the least, for the interpreter
IN_BLOCKS = {"alexnet": (48, 19, 19), "torchvision": (48, 20, 20), "cnn-s": (12, 36, 36)}
Found = tuple[Tensor, dict[str, Tensor]]


def pair(name: str, precision: torch.dtype = torch.float32) -> tuple[Network, Network]:
    """The same small network, with the same weights, for a CPU and for a GPU."""
    layers, side = small(name)[0], SIDES.get(name, 43)
    on_cpu, on_gpu = built(layers, side).float(), built(layers, side).float().to(DEVICE)
    on_gpu.kernels = front
    for network in (on_cpu, on_gpu):
        network.precision = precision
    on_gpu.make_copies()
    on_cpu.masks = masks_of(3, 4)
    on_gpu.masks = masks(3, torch.tensor(4, device=DEVICE))
    return on_cpu, on_gpu


def learned(network: Network, x: Tensor) -> Found:
    """Logits and the gradients of the weights, which may be those of their copies."""
    logits = network(x)
    functional.cross_entropy(logits, torch.tensor([2, 4], device=x.device)).backward()
    leaves = {**dict(network.named_parameters()), **network.copies}
    return logits.detach().cpu(), {n: leaf.grad.cpu() for n, leaf in leaves.items()}


def blocks_of(network: Network, x: Tensor) -> Tensor:
    """Pictures as the blocks that the network may read in their place."""
    first = network.layers[0]
    assert isinstance(first, Convolution)
    row = network.rows[first.name]
    weight = torch.zeros(row.weight_shape, dtype=x.dtype, device=x.device)
    places = row.output[1], row.output[2]
    return strided.unstrided(x, weight, first.stride, first.padding, places)[0]


def off(found: Tensor, wanted: Tensor) -> float:
    return float((found - wanted).norm() / wanted.norm())


@pytest.mark.parametrize("name", [*ORDERS, "cifar10-18pct"])
def test_logits_and_gradients_are_the_cpu_s(name: str) -> None:
    on_cpu, on_gpu = pair(name)
    x = pictures(on_cpu.input[1]).float()
    (wanted, gradients), (logits, found) = learned(on_cpu, x), learned(on_gpu, x.to(DEVICE))
    assert off(logits, wanted) < 1e-5
    for parameter, gradient in gradients.items():
        assert off(found[parameter], gradient) < 1e-4, parameter


@pytest.mark.parametrize("name", ORDERS)
def test_in_bf16_and_of_blocks_they_are_near(name: str) -> None:
    on_cpu, on_gpu = pair(name, torch.bfloat16)
    x = pictures(on_cpu.input[1]).float()
    (wanted, _), (near, _) = learned(pair(name)[0], x), learned(on_cpu, x)
    blocks = blocks_of(on_gpu, x.to(DEVICE, torch.bfloat16))
    assert tuple(blocks.shape[1:]) == on_gpu.blocks
    logits, found = learned(on_gpu, blocks)
    assert logits.dtype == torch.float32
    assert off(logits, wanted) < 2 * off(near, wanted) + 0.01
    assert {one.dtype for one in found.values()} == {torch.bfloat16, torch.float32}
    assert all(bool(gradient.isfinite().all()) for gradient in found.values())


@pytest.mark.parametrize("name", ORDERS)
def test_blocks_of_pixels_do_for_pictures(name: str) -> None:
    """On a CPU too, where float64 shows it to the last digits."""
    network = built(*small(name))
    x = pictures(network.input[1])
    wanted, gradients = learned(network, x)
    network.zero_grad()
    logits, found = learned(network, blocks_of(network, x))
    assert off(logits, wanted) < 1e-12
    assert all(off(found[one], gradients[one]) < 1e-10 for one in found)


@pytest.mark.parametrize("name", NETWORKS)
def test_which_networks_read_blocks(name: str) -> None:
    layers, side = small(name)
    network = Network(layers, side)
    first = layers[0]
    assert (network.blocks is not None) == (isinstance(first, Convolution) and first.stride > 1)
    assert IN_BLOCKS.get(name, network.blocks) == network.blocks


def test_the_blocks_of_the_paper_s_pictures() -> None:
    with torch.device("meta"):
        assert Network(layers_of("alexnet")).blocks == (48, 57, 57)


def test_other_shapes_are_refused_as_before() -> None:
    network = Network(*small("alexnet"))
    for shape in ((48, 19, 20), (3, 75, 76)):
        with pytest.raises(AlexNetError, match=r"reads pictures of \(3, 75, 75\)"):
            network(torch.zeros(1, *shape))


@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("name", NETWORKS)
def test_a_step_reads_nothing_from_the_device(name: str, precision: torch.dtype) -> None:
    """Tensors without values cannot be read; nor can those of a step that is captured."""
    layers, side = small(name)
    network = Network(layers, side).to("meta")
    network.kernels, network.precision = front, precision
    network.make_copies()
    optimizer, rates = GpuMomentum(network, Recipe()), Rates(0.1, 0.2)
    optimizer.freeze(rates)
    numbers = torch.tensor(optimizer.numbers(rates)).to("meta")
    network.masks = masks(0, torch.empty((), dtype=torch.int64, device="meta"))
    x = torch.empty(4, *(network.blocks or network.input), dtype=precision, device="meta")
    logits = network(x.to(memory_format=torch.channels_last))
    assert (logits.shape, logits.dtype) == ((4, CLASSES), torch.float32)
    labels = torch.empty(4, dtype=torch.int64, device="meta")
    functional.cross_entropy(logits, labels).backward()
    leaves = [network.copies.get(n, value) for n, value in network.named_parameters()]
    assert all(leaf.grad is not None for leaf in leaves)
    optimizer.apply(numbers)
    assert all(leaf.grad is None for leaf in leaves)


def test_copies_are_no_parameters_and_follow_new_weights() -> None:
    network = pair("alexnet", torch.bfloat16)[1]
    assert network.copies.keys() == network.state_dict().keys() - {"fc8.weight", "fc8.bias"}
    with torch.no_grad():
        for value in network.parameters():
            value.mul_(1.7)
    network.refresh_copies()
    for name, copy in network.copies.items():
        assert torch.equal(copy, network.get_parameter(name).bfloat16())
        assert copy.stride() == network.get_parameter(name).stride()
    network.precision = torch.float32
    network.make_copies()
    assert network.copies == {}


def test_answers_come_of_the_weights_not_of_their_copies() -> None:
    network = pair("torchvision", torch.bfloat16)[1].eval()
    x = pictures(network.input[1]).float().to(DEVICE)
    wanted = network(x)
    for copy in network.copies.values():
        copy.detach().zero_()
    assert torch.equal(network(x), wanted)


def test_a_network_can_still_be_pickled() -> None:
    network = built(*small("alexnet"))
    network.reset_masks()
    again = pickle.loads(pickle.dumps(network)).eval()
    x = pictures(network.input[1])
    assert torch.equal(again(x), network.eval()(x))
