"""How two networks differ: complete, symmetrical, and nothing where there is nothing."""

from dataclasses import fields, replace
from itertools import combinations
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from alexnet.errors import AlexNetError
from alexnet.networks import tables
from alexnet.networks.differences import Difference, between, moved
from alexnet.networks.layers import Layers
from alexnet.networks.variants import CHANGES
from alexnet.networks.zoo import NETWORKS, Named, named

PAIRS = [*combinations(NETWORKS, 2), ("alexnet+tanh", "alexnet-as-run"), ("vgg16+tanh", "cnn-s")]


def with_list(net: Named, layers: Layers) -> Named:
    return replace(net, layers_of=lambda classes: layers)


def found(a: str, b: str) -> dict[tuple[str | None, str], tuple[Any, Any]]:
    """The differences of two names, by layer and what."""
    return {(d.layer, d.what): (d.a, d.b) for d in between(named(a), named(b))}


def swapped(one: Difference) -> Difference:
    return replace(one, a=one.b, b=one.a)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_does_not_differ_from_itself(name: str) -> None:
    assert between(named(name), named(name)) == []
    assert between(named(f"{name}+width:0.5+width:2"), named(name)) == []


@pytest.mark.parametrize(("a", "b"), PAIRS)
def test_sides_may_be_exchanged(a: str, b: str) -> None:
    ours = [swapped(one) for one in between(named(a), named(b))]
    theirs = between(named(b), named(a))
    assert sorted(map(repr, ours)) == sorted(map(repr, theirs))
    assert ours


@pytest.mark.parametrize(("a", "b"), PAIRS)
def test_no_two_differences_say_the_same(a: str, b: str) -> None:
    keys = [(one.layer, one.what) for one in between(named(a), named(b))]
    assert len(keys) == len(set(keys))


def changes_of(name: str) -> list[str]:
    """Every change that does something to the network, and each layer left out."""
    layers = named(name).layers()
    changes = [*CHANGES, "width:0.5", *(f"without:{one.name}" for one in layers[:-1])]
    return [f"{name}+{change}" for change in changes if does_something(name, change)]


def does_something(name: str, change: str) -> bool:
    try:
        changed = named(f"{name}+{change}")
        tables.table(changed.layers(), changed.input)
    except AlexNetError:
        return False
    return changed.layers() != named(name).layers()


@pytest.mark.parametrize("name", NETWORKS)
def test_each_change_is_a_difference_that_names_its_layers(name: str) -> None:
    old = {layer.name: layer for layer in named(name).layers()}
    names = changes_of(name)
    assert len(names) > len(old)
    for changed in names:
        new = {layer.name: layer for layer in named(changed).layers()}
        expected = {one for one in old | new if old.get(one) != new.get(one)}
        differing = between(named(name), named(changed))
        assert {one.layer for one in differing if one.what != "sides"} - {None} == expected


def other(value: Any, data: st.DataObject) -> Any:
    """Another value of the same type."""
    if isinstance(value, bool):
        return not value
    if value in ("ceil", "floor"):
        return {"ceil": "floor", "floor": "ceil"}[value]
    if value in ("test", "training"):
        return {"test": "training", "training": "test"}[value]
    if value is None:
        return data.draw(st.floats(0, 1))
    return value * data.draw(st.sampled_from((2, 3))) or 1


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_number_that_is_changed_is_told(data: st.DataObject) -> None:
    net = named(data.draw(st.sampled_from(sorted(NETWORKS))))
    layer = data.draw(st.sampled_from(net.layers()))
    numbers = [field.name for field in fields(layer) if field.name != "name"]
    assume(numbers)
    what = data.draw(st.sampled_from(numbers))
    changed = replace(layer, **{what: other(getattr(layer, what), data)})
    layers = tuple(changed if one.name == layer.name else one for one in net.layers())
    try:
        differing = between(net, with_list(net, layers))
    except AlexNetError:  # groups or windows that do not fit
        assume(False)
    told = "alpha" if what == "divided" else what
    own = [one for one in differing if one.layer == layer.name and one.what != "sides"]
    assert [one.what for one in own] in ([told], ["size", "alpha"])  # a size divides alpha too


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_layers_that_change_places_are_told(data: st.DataObject) -> None:
    net = named(data.draw(st.sampled_from(sorted(NETWORKS))))
    layers = list(net.layers())
    place = data.draw(st.integers(0, len(layers) - 2))
    layers[place : place + 2] = reversed(layers[place : place + 2])
    try:
        differing = between(net, with_list(net, tuple(layers)))
    except AlexNetError:
        assume(False)
    (told,) = [one for one in differing if one.what == "place"]
    assert told.layer in {one.name for one in layers[place : place + 2]}
    assert told.a != told.b


def test_order_and_the_second_norm_of_the_run() -> None:
    run = found("alexnet", "alexnet-as-run")
    after, before = run["relu1", "place"]
    assert after == {"after": "conv1", "before": "norm1"}
    assert before == {"after": "pool1", "before": "conv2"}
    none, within = run["within2", "layer"]
    assert none is None
    assert (within["kind"], within["size"], within["after"]) == ("WithinMapNorm", 5, "norm2")
    plain, divided = run["norm1", "alpha"]
    assert (plain["factor"], divided["factor"]) == (1e-4, pytest.approx(2e-5))
    assert run[None, "mean_at"] == ("crop", "centre")
    assert (None, "parameters") not in run  # they are equal


def test_numbers_pictures_and_totals() -> None:
    pair = found("bvlc-alexnet", "torchvision")
    assert pair["conv1", "kernels"] == (96, 64)
    assert pair["conv2", "groups"] == (2, 1)
    assert pair["fc6", "bias"] == (0.1, 0)
    assert pair["drop6", "place"][1] == {"after": "pool5", "before": "fc6"}
    assert pair[None, "input"] == ((3, 227, 227), (3, 224, 224))
    assert pair[None, "channels"] == ("BGR", "RGB")
    assert pair[None, "mean"] == ("image", "channel")
    assert pair[None, "parameters"] == (60_965_224, 61_100_840)


def test_sides_of_net_147() -> None:
    pair = found("alexnet", "alexnet+no-overlap")
    sides = {layer: value for (layer, what), value in pair.items() if what == "sides"}
    assert sides["pool1"] == ((27, 27), (28, 28))
    assert sides["conv2"] == ((27, 27), (26, 26))
    assert sides["conv5"] == ((13, 13), (11, 11))
    assert "pool2" not in sides  # "equivalent output dimensions"
    assert "pool5" not in sides
    assert pair[None, "multiply_adds"] == (724_406_816, 686_891_552)


def test_a_kind_and_a_place_that_does_not_matter() -> None:
    pair = found("cifar10-13pct", "cifar10-18pct")
    assert [side["kind"] for side in pair["pool2", "kind"]] == ["MaxPool", "AveragePool"]
    # Whole pictures have no other place, and three numbers have none at all.
    assert (None, "mean_at") not in pair
    assert (None, "mean_at") not in found("alexnet-as-run", "torchvision")
    assert (None, "mean_at") in found("alexnet-as-run", "caffenet")


def test_classes_are_passed_on() -> None:
    a, b = named("alexnet"), named("alexnet-conv6")
    assert between(a, b, 10) != []
    sums = {one.what: one.a for one in between(a, b, 10) if one.part == "totals"}
    assert sums["parameters"] == tables.parameters(a.layers(10))


@settings(max_examples=100, deadline=None)
@given(st.permutations("abcdefg"), st.lists(st.sampled_from((1, 10, 100)), min_size=7, max_size=7))
def test_what_has_moved_explains_the_order(order: list[str], weights: list[int]) -> None:
    names, heavy = list("abcdefg"), dict(zip("abcdefg", weights, strict=True))
    gone = moved(names, order, heavy)
    assert [one for one in order if one not in gone] == [one for one in names if one not in gone]
    assert gone == sorted(moved(order, names, heavy))
    lightest = min(
        sum(heavy[one] for one in names if one not in kept)
        for size in range(8)
        for kept in combinations(names, size)
        if [one for one in order if one in kept] == list(kept)
    )
    assert sum(heavy[one] for one in gone) == lightest


def test_only_names_that_both_have_can_move() -> None:
    assert moved(["a", "x", "b"], ["b", "y", "a"], {"a": 2, "b": 1, "x": 9, "y": 9}) == ["b"]
