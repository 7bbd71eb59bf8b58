"""Recipes in a comparison, sources of what a change made, plain values for scripts."""

import json
from dataclasses import replace
from itertools import combinations

import pytest

from alexnet.comparison import Explained, compare
from alexnet.networks.zoo import NETWORKS, named


def found(a: str, b: str) -> dict[tuple[str | None, str], Explained]:
    return {(one.difference.layer, one.difference.what): one for one in compare(named(a), named(b))}


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_does_not_differ_from_itself(name: str) -> None:
    assert compare(named(name), named(name)) == []


def test_the_recipe_of_the_run_against_the_paper_s() -> None:
    one = found("alexnet", "alexnet-as-run")[None, "epochs"]
    assert (one.difference.a, one.difference.b) == (90, 91)
    assert (one.source_a, one.source_b) == ("section 5", "layer-params-145.cfg")
    two = found("alexnet-as-run", "alexnet-apart")[None, "reduce_at"]
    assert (two.difference.a, two.difference.b) == ((25, 51, 79), (25, 49, 79))


def test_a_setting_that_neither_recipe_names_is_no_difference() -> None:
    assert (None, "momentum") not in found("caffenet", "torchvision")


def test_totals_come_last() -> None:
    parts = [one.difference.part for one in compare(named("alexnet"), named("vgg16"))]
    assert list(dict.fromkeys(parts)) == ["layers", "start", "pictures", "training", "totals"]


@pytest.mark.parametrize(
    ("layer", "what", "a", "b"),
    [
        ("norm1", "alpha", "section 3.3", "layer.py, which divides"),
        ("relu1", "place", "section 3.5", "layers-145.cfg"),
        ("within2", "layer", "section 3.5", "layers-145.cfg"),
        (None, "mean_at", "section 2", "convdata_jpeg.py"),
        (None, "colour_unit", "section 4.1", "convdata_jpeg.py"),
    ],
)
def test_sources_of_paper_and_run(layer: str | None, what: str, a: str, b: str) -> None:
    sources = found("alexnet", "alexnet-as-run")
    assert (sources[layer, what].source_a, sources[layer, what].source_b) == (a, b)


def test_what_a_change_made_names_the_change() -> None:
    sources = found("alexnet", "alexnet+tanh+without:conv4+width:0.5")
    assert sources["relu1", "kind"].source_b == "+tanh"
    assert sources["conv4", "layer"].source_b == "+without:conv4"
    assert sources["conv3", "kernels"].source_b == "+width:0.5"
    assert sources["conv3", "kernels"].source_a == "section 3.5"
    assert sources[None, "parameters"].source_b == "arithmetic"


def test_a_value_of_none_has_a_source_of_its_own() -> None:
    decay = found("alexnet", "cifar10-18pct")["conv1", "decay"]
    assert (decay.difference.a, decay.source_a) == (None, "section 5")
    assert (decay.difference.b, decay.source_b) == (0.004, "its layer-params file")


def test_no_change_is_blamed_for_an_order() -> None:
    assert found("alexnet+tanh", "alexnet-as-run")["relu1", "place"].source_a == "section 3.5"
    assert found("alexnet+tanh", "alexnet-as-run")["relu1", "kind"].source_a == "+tanh"


@pytest.mark.parametrize(("a", "b"), [*combinations(NETWORKS, 2)])
def test_sides_may_be_exchanged(a: str, b: str) -> None:
    ours = [
        Explained(
            replace(one.difference, a=one.difference.b, b=one.difference.a),
            one.source_b, one.source_a, one.known,
        )
        for one in compare(named(a), named(b))
    ]  # fmt: skip
    theirs = compare(named(b), named(a))
    assert sorted(map(repr, ours)) == sorted(map(repr, theirs))


@pytest.mark.parametrize("pair", [("alexnet", "torchvision"), ("cifar10-11pct", "vgg16")])
def test_plain_values(pair: tuple[str, str]) -> None:
    values = [one.as_json() for one in compare(*map(named, pair))]
    read = json.loads(json.dumps(values))
    assert {frozenset(one) for one in read} == {
        frozenset(("part", "layer", "what", "a", "b", "source_a", "source_b", "known"))
    }
    assert all(one["a"] != one["b"] for one in read)
