"""Layers as plain values and back."""

import json
from dataclasses import FrozenInstanceError

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alexnet.errors import AlexNetError
from alexnet.networks.layers import (
    KINDS,
    ContrastNorm,
    Convolution,
    Dropout,
    Linear,
    LocallyConnected,
    LocalResponseNorm,
    ReLU,
    WithinMapNorm,
    from_json,
    learned,
    to_json,
)
from alexnet.networks.lists.krizhevsky import alexnet

RECORDS = st.one_of([st.builds(kind) for kind in KINDS.values()])


@settings(max_examples=50, deadline=None)
@given(st.lists(RECORDS))
def test_any_list_goes_there_and_back_through_json(layers: list) -> None:
    assert from_json(json.loads(json.dumps(to_json(tuple(layers))))) == tuple(layers)


def test_values_are_readable() -> None:
    assert to_json((ReLU("relu1"), Dropout("drop6", 0.3))) == [
        {"kind": "ReLU", "name": "relu1"},
        {"kind": "Dropout", "name": "drop6", "rate": 0.3, "scaled": "test"},
    ]
    assert to_json((Linear("fc6", 8, groups=2, decay=0.004),)) == [
        {"kind": "Linear", "name": "fc6", "units": 8, "groups": 2, "std": 0.01, "bias": 0.0,
         "decay": 0.004},
    ]  # fmt: skip


def test_fields_that_came_later_have_what_was_the_rule_before() -> None:
    """model.json of a version before groups of dense layers, divided alphas and own decays."""
    values = [
        {"kind": "LocalResponseNorm", "name": "n", "size": 5, "alpha": 1e-4, "beta": 0.75, "k": 2.0,
         "groups": 2},
        {"kind": "Linear", "name": "fc", "units": 10, "std": 0.01, "bias": 1.0},
    ]  # fmt: skip
    assert from_json(values) == (LocalResponseNorm("n", groups=2), Linear("fc", 10, bias=1))


def test_reading_leaves_the_values_alone() -> None:
    values = to_json(alexnet())
    before = json.dumps(values)
    from_json(values)
    assert json.dumps(values) == before


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (
            {"kind": "Sigmoid", "name": "x"},
            "unknown kind: .*Known: Convolution, LocallyConnected, Linear",
        ),
        ({"name": "x"}, "unknown kind"),
        ({"kind": "ReLU"}, "ReLU cannot be made of"),
        ({"kind": "ReLU", "name": "x", "slope": 0.1}, "ReLU cannot be made of .*slope"),
    ],
)
def test_what_cannot_be_read_is_named(value: dict[str, object], sentence: str) -> None:
    with pytest.raises(AlexNetError, match=sentence):
        from_json([value])


def test_layers_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        Convolution("conv1", 96, 11).kernels = 64  # type: ignore[misc]


def test_what_has_weights() -> None:
    layers = (Convolution("c", 4, 3), ReLU("r"), LocallyConnected("l", 4, 3), Linear("f", 2))
    assert [layer.name for layer in learned(layers)] == ["c", "l", "f"]


def test_what_multiplies_the_plain_sum_of_squares() -> None:
    assert LocalResponseNorm("n").factor == 1e-4
    assert LocalResponseNorm("n", divided=True).factor == pytest.approx(2e-5, rel=1e-15)
    assert LocalResponseNorm("n", 9, 1e-3, divided=True).factor == pytest.approx(1e-3 / 9)
    assert WithinMapNorm("n").factor == pytest.approx(4e-5, rel=1e-15)
    assert ContrastNorm("n", 3, 5e-5).factor == pytest.approx(5e-5 / 9, rel=1e-15)
