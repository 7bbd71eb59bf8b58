"""The weights before step 1."""

import math

import pytest
import torch

from alexnet.networks.build import Network
from alexnet.networks.layers import Convolution, Linear, LocallyConnected, ReLU
from alexnet.networks.lists.krizhevsky import alexnet
from alexnet.networks.variants import with_width
from alexnet.training.start import draw_weights, logit_spread, unit_variance

SIDE = 64
EIGHTH = with_width(alexnet(10), 1 / 8)
LEARNED = [layer for layer in EIGHTH if isinstance(layer, Convolution | Linear)]


def drawn(seed: int = 0) -> Network:
    network = Network(EIGHTH, SIDE)
    draw_weights(network, seed)
    return network


def test_weights_have_the_spread_and_biases_the_value_of_their_layer() -> None:
    held = dict(drawn().named_parameters())
    for layer in LEARNED:
        weight, bias = held[f"{layer.name}.weight"].detach(), held[f"{layer.name}.bias"]
        chance = 5 / math.sqrt(2 * weight.numel())  # five standard errors of a spread
        assert float(weight.std()) == pytest.approx(layer.std, rel=chance)
        assert abs(float(weight.mean())) < 5 * layer.std / math.sqrt(weight.numel())
        assert bool((bias == layer.bias).all())


def test_the_start_is_a_function_of_the_seed() -> None:
    one, same, other = (drawn(seed).state_dict() for seed in (3, 3, 4))
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert not any(torch.equal(one[f"{n.name}.weight"], other[f"{n.name}.weight"]) for n in LEARNED)


def test_a_layer_s_weights_do_not_depend_on_the_other_layers() -> None:
    alone = Network((Convolution("conv1", 12, 11, stride=4, rounding="ceil"),), SIDE)
    draw_weights(alone, 0)
    assert torch.equal(alone.state_dict()["conv1.weight"], drawn().state_dict()["conv1.weight"])


def test_maps_and_units_of_a_layer_have_mean_zero_and_the_same_spread() -> None:
    network = drawn()
    batch = 50 * torch.randn(16, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0))
    unit_variance(network, batch)
    with torch.inference_mode():
        found = network.eval().activations(batch, [layer.name for layer in LEARNED])
    for layer in LEARNED:
        values = found[layer.name].double().transpose(0, 1).flatten(1)
        spreads, level = values.std(1, correction=0), values.std(1, correction=0).mean().item()
        assert spreads.tolist() == pytest.approx([level] * len(values), rel=1e-3)
        assert values.mean(1).abs().max().item() < 1e-4
        if isinstance(layer, Convolution):
            assert level == pytest.approx(1, rel=1e-3)
    # So small a spread of the logits that the loss starts at ln N.
    assert level == pytest.approx(0.1, rel=1e-3)
    loss = torch.nn.functional.cross_entropy(found["fc8"], torch.arange(16) % 10)
    assert loss.item() == pytest.approx(math.log(10), abs=0.1)


def test_layers_that_are_kept_stay_and_the_others_are_balanced_on_them() -> None:
    network, random = drawn(), torch.Generator().manual_seed(0)
    batch = 50 * torch.randn(16, 3, SIDE, SIDE, generator=random)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    unit_variance(network, batch, [layer.name for layer in LEARNED[:-1]])
    after = network.state_dict()
    assert [name for name in before if not torch.equal(before[name], after[name])] == [
        "fc8.weight", "fc8.bias",
    ]  # fmt: skip
    with torch.inference_mode():
        logits = network.eval()(batch).double()
    assert logits.std(0, correction=0).tolist() == pytest.approx([0.1] * 10, rel=0.01)


def test_kernels_of_their_own_at_each_place_are_balanced_by_maps() -> None:
    network = Network((LocallyConnected("local1", 4, 3), ReLU("relu1"), Linear("fc2", 5)), 8)
    draw_weights(network, 0)
    batch = torch.randn(16, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    unit_variance(network, batch)
    with torch.inference_mode():
        found = network.eval().activations(batch, ["local1"])["local1"].double()
    maps = found.transpose(0, 1).flatten(1)
    assert maps.std(1, correction=0).tolist() == pytest.approx([0.2] * 4, rel=1e-3)
    assert maps.mean(1).abs().max().item() < 1e-4


def test_one_picture_or_pictures_that_are_all_alike_give_no_spread_to_divide_by() -> None:
    network = Network((Convolution("conv1", 4, 3), ReLU("relu1"), Linear("fc2", 5)), 6)
    for batch in (torch.rand(1, 3, 6, 6), torch.rand(1, 3, 6, 6).repeat(8, 1, 1, 1)):
        draw_weights(network, 0)
        unit_variance(network, batch)
        for name, value in network.state_dict().items():
            assert bool((value.abs() < 1e3).all()), name


def test_logit_spread_is_between_pictures() -> None:
    network = Network((Linear("fc", 2),), 1, 1)
    network.load_state_dict({"fc.weight": torch.tensor([[1.0], [3.0]]), "fc.bias": torch.ones(2)})
    batch = torch.tensor([-1.0, 0.0, 1.0]).reshape(3, 1, 1, 1)
    assert logit_spread(network, batch) == pytest.approx((1 + 3) / 2 * math.sqrt(2 / 3))
    assert logit_spread(network, torch.ones(3, 1, 1, 1)) == 0
