"""Changes to a list of layers touch what they name and nothing else."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alexnet.errors import UsageError
from alexnet.networks import variants
from alexnet.networks.layers import (
    Convolution,
    Dropout,
    Layer,
    Layers,
    Linear,
    LocalResponseNorm,
    MaxPool,
    ReLU,
    Tanh,
    WithinMapNorm,
    learned,
)
from alexnet.networks.lists.krizhevsky import alexnet, alexnet_as_run
from alexnet.networks.tables import multiply_adds, parameters, table
from alexnet.networks.zoo import NETWORKS, layers_of, named

LEARNED = (Convolution, Linear)


def differing(old: Layers, new: Layers) -> dict[str, Layer]:
    """The layers of a list of equal length that are no longer what they were."""
    return {b.name: b for a, b in zip(old, new, strict=True) if a != b}


def names(layers: Layers) -> list[str]:
    return [layer.name for layer in layers]


def gone(old: Layers, new: Layers) -> list[str]:
    """The names that are gone; what stays is as it was and in its order."""
    left = set(names(old)) - set(names(new))
    assert tuple(layer for layer in old if layer.name not in left) == new
    return [name for name in names(old) if name in left]


def outputs(layers: Layers) -> dict[str, int]:
    """The sides of the maps that convolutions and pools make."""
    rows = table(layers)
    return {
        row.layer.name: row.output[1]
        for row in rows
        if isinstance(row.layer, Convolution | MaxPool)
    }


def test_dropout() -> None:
    changed = variants.with_dropout(alexnet(), 0.3)
    assert differing(alexnet(), changed) == {
        "drop6": Dropout("drop6", 0.3),
        "drop7": Dropout("drop7", 0.3),
    }


def test_start_is_the_paper_s_text() -> None:
    changed = variants.with_start(alexnet(), 0.01)
    assert {layer.std for layer in changed if isinstance(layer, LEARNED)} == {0.01}
    assert [layer.bias for layer in changed if isinstance(layer, LEARNED)] == [
        layer.bias for layer in alexnet() if isinstance(layer, LEARNED)
    ]


def test_an_eighth_of_the_width_keeps_the_classes() -> None:
    changed = variants.with_width(alexnet(10), 1 / 8)
    kernels = [layer.kernels for layer in changed if isinstance(layer, Convolution)]
    units = [layer.units for layer in changed if isinstance(layer, Linear)]
    assert kernels == [12, 32, 48, 48, 32]
    assert units == [512, 512, 10]


def test_width_reaches_local_layers() -> None:
    changed = variants.with_width(layers_of("cifar10-11pct", 7), 1 / 4)
    found = [getattr(layer, "kernels", getattr(layer, "units", 0)) for layer in learned(changed)]
    assert found == [16, 16, 16, 8, 7]


@pytest.mark.parametrize("name", NETWORKS)
def test_a_change_that_changes_nothing_gives_an_equal_list(name: str) -> None:
    layers = layers_of(name, 9)
    last = learned(layers)[-1]
    assert variants.with_width(layers, 1) == layers
    assert variants.with_classes(layers, 9) == layers
    assert variants.without(layers) == layers
    assert variants.followed(layers, last.name) == layers
    assert variants.changed(layers, last.name, std=last.std) == layers


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("torchvision", "no-norm"),
        ("vgg16", "no-norm"),
        ("vgg16", "no-overlap"),
        ("alexnet-apart", "own-tower"),
        ("alexnet+tanh", "tanh"),
        ("alexnet", "width:1"),
    ],
)
def test_a_change_that_changes_nothing_is_a_wrong_call(name: str, change: str) -> None:
    with pytest.raises(UsageError, match=f"{change} changes nothing in this network; leave it"):
        named(f"{name}+{change}")


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("classes", [2, 21_843])
def test_classes_change_the_last_layer_only(name: str, classes: int) -> None:
    layers = layers_of(name)
    changed = variants.with_classes(layers, classes)
    assert changed == layers_of(name, classes) or name == "vgg16"  # whose start depends on them
    assert [layer.units for layer in differing(layers, changed).values()] == [classes]
    assert list(differing(layers, changed)) == [layers[-1].name]


def test_classes_need_a_dense_layer() -> None:
    with pytest.raises(UsageError, match="The last layer, c, is not a dense one"):
        variants.with_classes((Convolution("c", 4, 3), ReLU("r")), 10)


@pytest.mark.parametrize("name", NETWORKS)
def test_tanh_takes_the_place_of_every_activation(name: str) -> None:
    layers = layers_of(name)
    changed = layers_of(f"{name}+tanh")
    activations = [layer.name for layer in layers if isinstance(layer, ReLU)]
    assert differing(layers, changed) == {name: Tanh(name) for name in activations}


@pytest.mark.parametrize("name", NETWORKS)
def test_no_norm_takes_all_three_kinds(name: str) -> None:
    layers = layers_of(name)
    found = gone(layers, variants.without_norms(layers))
    assert found == [
        layer.name for layer in layers if isinstance(layer, LocalResponseNorm | WithinMapNorm)
    ]


def test_no_overlap_is_net_147() -> None:
    layers = layers_of("alexnet-as-run+no-overlap")
    assert outputs(layers) == {
        "conv1": 55, "pool1": 28, "conv2": 26, "pool2": 13, "conv3": 13, "conv4": 13,
        "conv5": 11, "pool5": 6,
    }  # fmt: skip
    assert parameters(layers) == 60_965_224
    assert multiply_adds(layers) == 686_891_552
    changed = differing(alexnet_as_run(), layers)
    assert [changed[name] for name in ("pool1", "pool2", "pool5")] == [
        MaxPool(name, 2, 2) for name in ("pool1", "pool2", "pool5")
    ]
    assert {name: changed[name].padding for name in ("conv2", "conv5")} == {"conv2": 1, "conv5": 0}
    assert len(changed) == 5
    assert multiply_adds(layers_of("alexnet+no-overlap")) == 686_891_552


def test_own_tower() -> None:
    (conv3,) = differing(alexnet(), layers_of("alexnet+own-tower")).values()
    assert (conv3.name, conv3.groups) == ("conv3", 2)
    assert parameters(layers_of("alexnet+own-tower")) == 60_965_224 - 884_736 // 2


def test_nets_148_and_149_and_widths_without_groups() -> None:
    assert parameters(layers_of("alexnet-as-run+no-norm")) == 60_965_224
    norm = LocalResponseNorm("norm5", groups=2, divided=True)
    net149 = variants.followed(alexnet_as_run(), "conv5", norm)
    assert names(net149)[13:16] == ["conv5", "norm5", "pool5"]
    assert parameters(net149) == 60_965_224
    whole = alexnet()
    for name in ("conv2", "conv4", "conv5", "norm1", "norm2"):
        whole = variants.changed(whole, name, groups=1)
    assert (parameters(whole), multiply_adds(whole)) == (62_378_344, 1_135_256_096)


def test_the_footnote_of_2014_and_the_paper_s_cnn_s() -> None:
    footnote = variants.changed(layers_of("one-weird-trick"), "conv4", kernels=384)
    assert (parameters(footnote), multiply_adds(footnote)) == (61_838_248, 838_788_800)
    padded = variants.changed(layers_of("cnn-s"), "conv2", padding=1)
    assert (parameters(padded), multiply_adds(padded)) == (102_908_520, 2_927_705_120)
    sides = outputs(padded)
    assert [sides[name] for name in ("conv2", "pool2", "pool5")] == [35, 18, 6]


@pytest.mark.parametrize(
    ("name", "removed", "expected"),
    [
        ("alexnet", ["conv4"], ["conv4", "relu4"]),
        ("alexnet", ["norm1"], ["norm1"]),
        ("alexnet", ["relu3"], ["relu3"]),
        ("alexnet", ["pool5", "conv3", "norm2"], ["norm2", "conv3", "relu3", "pool5"]),
        ("alexnet", ["fc6"], ["fc6", "relu6", "drop6"]),
        ("caffenet", ["fc6", "fc7"], ["fc6", "relu6", "drop6", "fc7", "relu7", "drop7"]),
        ("alexnet-as-run", ["conv5"], ["conv5", "relu5"]),  # the pool in between stays
        ("alexnet-as-run", ["conv1"], ["conv1", "relu1"]),
        ("alexnet-as-run", ["conv4", "conv5"], ["conv4", "relu4", "conv5", "relu5"]),
        ("torchvision", ["fc6"], ["fc6", "relu6", "drop7"]),  # drop6 is left before fc7
        ("torchvision", ["fc7"], ["fc7", "relu7"]),
        ("cifar10-13pct", ["local4"], ["local4", "relu4"]),
        ("vgg16", ["conv3_3"], ["conv3_3", "relu3_3"]),
        ("alexnet+tanh", ["conv4"], ["conv4", "relu4"]),
        ("alexnet+without:relu4", ["conv4"], ["conv4"]),  # conv5's ReLU is not conv4's
    ],
)
def test_a_layer_with_weights_goes_with_its_activation_and_dropout(
    name: str, removed: list[str], expected: list[str]
) -> None:
    layers = layers_of(name)
    assert gone(layers, variants.without(layers, *removed)) == expected


@pytest.mark.parametrize("removed", ["conv2", "conv3", "conv4", "conv5", "fc6", "fc7"])
@pytest.mark.parametrize("name", ["alexnet", "alexnet-as-run", "caffenet"])
def test_a_network_with_a_layer_less_is_still_one(name: str, removed: str) -> None:
    layers = layers_of(f"{name}+without:{removed}", 5)
    assert table(layers, named(name).input)[-1].output == (5,)


def test_others_come_right_after_a_layer() -> None:
    layers = variants.followed(alexnet(), "relu5", Tanh("a"), Tanh("b"))
    assert names(layers)[12:16] == ["conv5", "relu5", "a", "b"]
    assert gone(layers, alexnet()) == ["a", "b"]


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(sorted(NETWORKS)), st.lists(st.sampled_from(
    ["tanh", "no-norm", "no-overlap", "width:0.5", "without:pool1"]), unique=True))  # fmt: skip
def test_a_name_with_changes_is_the_changes_in_their_order(name: str, changes: list[str]) -> None:
    layers, effective = layers_of(name), []
    for change in changes:
        with suppress(UsageError):  # it changes nothing
            layers = variants.apply(layers, change)
            effective.append(change)
    changes = effective
    found = named("+".join([name, *changes]))
    assert found.layers() == layers
    assert found.changes == tuple(changes)
    assert found.preprocessing == named(name).preprocessing


def test_changes_compose() -> None:
    layers = layers_of("alexnet+tanh+without:conv4,norm1+width:0.5", 10)
    assert gone(alexnet(10), layers_of("alexnet+without:conv4,norm1", 10)) == [
        "norm1", "conv4", "relu4",
    ]  # fmt: skip
    assert Tanh("relu3") in layers
    assert not any(isinstance(layer, ReLU) for layer in layers)
    assert [layer.kernels for layer in layers if isinstance(layer, Convolution)] == [
        48, 128, 192, 128,
    ]  # fmt: skip
    assert layers[-1] == Linear("fc8", 10)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("tanhh", r"no change 'tanhh' \(did you mean 'tanh'\?\)"),
        ("", r"no change '' \(known: tanh, no-norm, no-overlap, own-tower, without:"),
        ("tanh:3", "no change 'tanh:3'"),
        ("width", r"no change 'width' \(did you mean 'width:...'\?\)"),
        ("width:", "width is ''; it must be a share such as 0.5"),
        ("width:half", "width is 'half'"),
        ("width:nan", "width is 'nan'"),
        ("width:0", "width is '0'"),
        ("width:11", "width is '11'"),
        ("without:conv9", r"no layer 'conv9' \(did you mean 'conv"),
        ("without:", "no layer ''"),
        ("without:conv4+without:conv4", "no layer 'conv4'"),
        ("without:fc8", "fc8 gives the classes"),
        ("without:conv1,conv2,conv3,conv4,conv5,fc6,fc7,fc8", "fc8 gives the classes"),
    ],
)
def test_what_cannot_be_changed_is_told(change: str, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        named(f"alexnet+{change}")


@pytest.mark.parametrize("name", ["torchvision", "one-weird-trick", "alexnet-one-gpu", "cnn-s"])
def test_a_network_of_one_tower_has_no_own_tower(name: str) -> None:
    with pytest.raises(UsageError, match="has one tower at conv2, so conv3 has none of its own"):
        named(f"{name}+own-tower")


def test_blanks_around_names_do_not_count() -> None:
    assert layers_of("alexnet+without:conv4, conv5") == layers_of("alexnet+without:conv4,conv5")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ("tanh+width:0.3", r"norm1 has 2 groups.* of \+width:0.3: take a share .* as width:0.5\."),
        ("without:conv1+tanh", r"norm1 has 2 groups.* of \+without:conv1: take that layer away as"),
    ],
)
def test_what_breaks_towers_is_told_with_the_change(changes: str, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        named(f"alexnet+{changes}")


def test_what_a_later_change_mends_is_no_mistake() -> None:
    found = layers_of("alexnet+without:norm1,norm2,conv2,conv4,conv5+without:conv1")
    assert found == layers_of("alexnet+without:conv1,norm1,norm2,conv2,conv4,conv5")
    assert layers_of("alexnet+without:conv1+without:norm1,conv2,conv4,conv5,norm2") == found


def test_a_change_for_a_layer_that_is_not_there() -> None:
    with pytest.raises(UsageError, match=r"no layer 'conv3' \(did you mean 'conv"):
        named("vgg16+own-tower")


@pytest.mark.parametrize(
    "change",
    [
        lambda layers: variants.changed(layers, "conv6", kernels=1),
        lambda layers: variants.without(layers, "conv6"),
        lambda layers: variants.followed(layers, "conv6", ReLU("r")),
    ],
)
def test_unknown_layers(change: Any) -> None:
    with pytest.raises(UsageError, match="no layer 'conv6'"):
        change(alexnet())


@pytest.mark.parametrize("table_", [variants.CHANGES, variants.CHANGES_WITH])
def test_every_change_says_what_it_is(table_: dict[str, Any]) -> None:
    assert all(sentence.strip() for _, sentence in table_.values())
