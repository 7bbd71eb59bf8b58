"""What each process holds of a network, and which layers talk, from the list alone."""

from collections import Counter
from dataclasses import replace

import pytest

from alexnet.errors import UsageError
from alexnet.networks import zoo
from alexnet.networks.layers import (
    Convolution,
    Gather,
    Layer,
    Layers,
    Linear,
    LocallyConnected,
    LocalResponseNorm,
    Own,
    ReLU,
    Scatter,
)
from alexnet.networks.tables import parameters, table
from alexnet.networks.variants import changed, followed
from alexnet.parallel.split import Mode, Share, Slice, not_cut, share_of

ALEXNET = 60_965_224
TWO_TOWERS = (
    "alexnet", "alexnet-as-run", "alexnet-apart", "alexnet-conv6", "caffenet", "bvlc-alexnet",
    "alexnet+own-tower",
)  # fmt: skip


def shares(layers: Layers, mode: Mode, size: int, local: int | None = None) -> list[Share]:
    return [share_of(layers, mode, size, rank, local) for rank in range(size)]


def talking(layers: Layers, size: int) -> list[tuple[str, int, str]]:
    """Before which layers the first process gathers, from how many, and for whom."""
    share = share_of(layers, "towers", size, 0)
    return [
        (one.name.removeprefix("to_"), one.parts, one.to)
        for one in share.layers
        if isinstance(one, Gather)
    ]


def among(size: int, *names: str) -> list[tuple[str, int, str]]:
    """All layers named gather from so many, the last for the first process only."""
    *others, last = names
    return [*((name, size, "all") for name in others), (last, size, "first")]


@pytest.mark.parametrize(
    ("net", "names"),
    [
        ("alexnet", ("conv3", "fc6", "fc7", "fc8")),
        ("alexnet-as-run", ("conv3", "fc6", "fc7", "fc8")),
        ("alexnet-apart", ("fc8",)),
        ("alexnet-conv6", ("conv3", "conv6", "fc6", "fc7", "fc8")),
        ("alexnet+own-tower", ("fc6", "fc7", "fc8")),
        ("caffenet", ("norm1", "norm2", "conv3", "fc6", "fc7", "fc8")),
        ("bvlc-alexnet", ("norm1", "norm2", "conv3", "fc6", "fc7", "fc8")),
    ],
)
def test_two_towers_talk_where_a_layer_reads_both(net: str, names: tuple[str, ...]) -> None:
    assert talking(zoo.layers_of(net), 2) == among(2, *names)


def test_four_towers_talk_where_a_layer_reads_all() -> None:
    layers = zoo.layers_of("alexnet+towers:4")
    assert talking(layers, 4) == among(4, "conv3", "fc6", "fc7", "fc8")
    # Two processes hold two towers each.
    assert talking(layers, 2) == among(2, "conv3", "fc6", "fc7", "fc8")
    conv2 = next(one for one in share_of(layers, "towers", 2, 1).layers if one.name == "conv2")
    assert (conv2.kernels, conv2.groups) == (128, 2)  # type: ignore[union-attr]


def test_neighbours_talk_where_a_layer_reads_half_of_the_towers() -> None:
    layers = changed(zoo.layers_of("alexnet+towers:4"), "conv4", groups=2)
    assert talking(layers, 4) == [
        ("conv3", 4, "all"), ("conv4", 2, "all"), *among(4, "fc6", "fc7", "fc8"),
    ]  # fmt: skip


@pytest.mark.parametrize("index", [0, 1])
def test_each_of_two_holds_half_of_the_kernels_and_units(index: int) -> None:
    found = {one.name: one for one in share_of(zoo.layers_of("alexnet"), "towers", 2, index).layers}
    for layer in zoo.layers_of("alexnet")[:-1]:
        mine = found[layer.name]
        if isinstance(layer, Convolution):
            assert mine == replace(layer, kernels=layer.kernels // 2, groups=1)
        elif isinstance(layer, Linear):
            assert mine == replace(layer, units=layer.units // 2)
        elif isinstance(layer, LocalResponseNorm):
            assert mine == replace(layer, groups=1)  # of its own 48 and 128 maps
        else:
            assert mine == layer


def test_the_first_process_has_the_whole_last_layer_and_the_others_none() -> None:
    layers = zoo.layers_of("alexnet")
    first, second = shares(layers, "towers", 2)
    assert first.layers[-2:] == (Gather("to_fc8", 2, to="first"), layers[-1])
    assert second.layers[-1] == Gather("to_fc8", 2, to="first")


def test_a_norm_over_all_maps_is_of_all_and_each_goes_on_with_its_own() -> None:
    for index, share in enumerate(shares(zoo.layers_of("bvlc-alexnet"), "towers", 2)):
        place = [one.name for one in share.layers].index("norm1")
        assert share.layers[place - 1] == Gather("to_norm1", 2)
        assert share.layers[place + 1] == Own("own_norm1", 2, index)


@pytest.mark.parametrize("net", TWO_TOWERS)
@pytest.mark.parametrize("size", [2, 4])
def test_towers_hold_each_parameter_once(net: str, size: int) -> None:
    """On four processes there are two replicas of the two towers."""
    layers = zoo.layers_of(net)
    side = zoo.named(net).preprocessing.crop
    held = [parameters(share.layers, (3, side, side)) for share in shares(layers, "towers", size)]
    assert sum(held) == size / 2 * parameters(layers, (3, side, side))
    assert sum(held[:2]) == ALEXNET or net not in ("alexnet", "alexnet-as-run", "caffenet")


def test_four_towers_hold_each_parameter_once() -> None:
    layers = zoo.layers_of("alexnet+towers:4")
    held = [parameters(share.layers) for share in shares(layers, "towers", 4)]
    assert sum(held) == parameters(layers)
    assert len(set(held[1:])) == 1


def test_towers_cut_everything_but_the_last_layer_which_the_first_holds() -> None:
    for share in shares(zoo.layers_of("alexnet"), "towers", 2):
        kinds = Counter(share.slices.values())
        assert kinds == {Slice(0): 14, Slice(only=True): 2}
        assert {name for name, one in share.slices.items() if one.only} == not_cut(share.slices)


def test_replicas_hold_everything() -> None:
    for share in shares(zoo.layers_of("alexnet"), "replicas", 3):
        assert share.layers == zoo.layers_of("alexnet")
        assert len(not_cut(share.slices)) == 16


@pytest.mark.parametrize(("size", "parts"), [(2, 2), (4, 4), (8, 8)])
def test_hybrid_cuts_the_dense_layers_and_no_others(size: int, parts: int) -> None:
    layers = zoo.layers_of("alexnet")
    for share in shares(layers, "hybrid", size):
        cut = {name for name, one in share.slices.items() if one.dim is not None}
        assert cut == {"fc6.weight", "fc6.bias", "fc7.weight", "fc7.bias", "fc8.weight"}
        assert share.slices["fc8.weight"] == Slice(1)
        assert share.layers[:15] == layers[:15]  # up to pool5
        assert share.layers[15:] == (
            Gather("to_fc6", parts, "pictures"),
            Linear("fc6", 4096 // parts, bias=1), ReLU("relu6"), layers[17],
            Gather("to_fc7", parts),
            Linear("fc7", 4096 // parts, bias=1), ReLU("relu7"), layers[20],
            Linear("fc8", 1000), Scatter("from_fc8", parts),
        )  # fmt: skip
        held = {row.layer.name: row.weights + row.biases for row in table(share.layers)}
        travels_not = sum(held[name] for name in ("fc6", "fc7", "fc8")) - 1000
        assert travels_not * size == 58_630_144


def test_hybrid_over_machines_cuts_within_a_machine() -> None:
    layers = zoo.layers_of("one-weird-trick")
    found = shares(layers, "hybrid", 4, local=2)
    assert [(share.parts, share.index) for share in found] == [(2, 0), (2, 1)] * 2
    assert found[:2] == shares(layers, "hybrid", 2)


FIRST = Convolution("conv1", 6, 3)
REFUSED: list[tuple[Layers, Mode, int, str]] = [
    (
        zoo.layers_of("one-weird-trick"), "towers", 2,
        "This network has one tower, so it cannot be spread as towers; --parallel replicas "
        "spreads any network.",
    ),
    (
        zoo.layers_of("alexnet"), "towers", 3,
        "A network of 2 towers cannot be spread over 3 processes; start a multiple of 2: "
        "torchrun --nproc-per-node 2 ...",
    ),
    (
        changed(zoo.layers_of("alexnet"), "conv3", kernels=385), "towers", 2,
        "conv3 has 385 outputs, which 2 processes cannot share evenly.",
    ),
    (
        (FIRST, Convolution("conv2", 6, 3, groups=3), Convolution("conv3", 6, 3, groups=2),
         Linear("fc", 3)), "towers", 3,
        "conv3 has 2 groups; 3 towers cannot share.",
    ),
    (
        (replace(FIRST, groups=3), Linear("fc", 3)), "towers", 3,
        "conv1 reads groups of what no tower before it has shared out.",
    ),
    (
        (FIRST, Convolution("conv2", 6, 3, groups=2), LocallyConnected("local3", 4, 3),
         Linear("fc", 3)), "towers", 2,
        "local3 has weights of its own everywhere and no towers.",
    ),
    (
        zoo.layers_of("alexnet-apart"), "hybrid", 2,
        "fc6, fc7: dense layers in towers, which --parallel towers spreads; --parallel hybrid does "
        "not.",
    ),
    (
        (FIRST, Linear("fc", 3)), "hybrid", 2,
        "--parallel hybrid shares out the dense layers but the last, and this network has none "
        "such; use --parallel replicas.",
    ),
    (
        (FIRST,), "hybrid", 2,
        "--parallel hybrid shares out the dense layers but the last, and this network has none "
        "such; use --parallel replicas.",
    ),
    (
        (Linear("fc1", 4), FIRST, Linear("fc2", 4)), "hybrid", 2,
        "--parallel hybrid wants all dense layers behind the convolutions.",
    ),
    (
        zoo.layers_of("alexnet"), "hybrid", 3,
        "fc6 has 4096 outputs, which 3 processes cannot share evenly.",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("layers", "mode", "size", "sentence"), REFUSED)
def test_what_cannot_be_spread_is_refused(
    layers: Layers, mode: Mode, size: int, sentence: str
) -> None:
    for rank in range(size):
        with pytest.raises(UsageError) as refused:
            share_of(layers, mode, size, rank)
        assert str(refused.value) == sentence


def test_the_last_layer_of_a_hybrid_is_shared_out_by_its_inputs() -> None:
    """So a number of classes that cannot be shared out does not matter."""
    for share in shares(zoo.layers_of("one-weird-trick", 3), "hybrid", 4):
        rows = {row.layer.name: row for row in table(share.layers)}
        assert rows["fc8"].weight_shape == (3, 1024)


@pytest.mark.parametrize("extra", [ReLU("relu0"), LocalResponseNorm("norm0")])
def test_before_the_first_weights_each_process_has_everything(extra: Layer) -> None:
    """Nobody gathers there."""
    layers = (extra, *zoo.layers_of("alexnet"))
    assert talking(layers, 2) == among(2, "conv3", "fc6", "fc7", "fc8")
    for share in shares(layers, "towers", 2):
        assert share.layers[0] == extra
        assert extra.name not in share.spread
        assert "drop7" in share.spread


def test_a_list_may_gather_for_one_layer_more() -> None:
    layers = followed(zoo.layers_of("alexnet"), "relu5", Convolution("conv6", 256, 1))
    assert talking(layers, 2) == among(2, "conv3", "conv6", "fc6", "fc7", "fc8")
