"""Layers as plain values and back."""

import json
from dataclasses import FrozenInstanceError

import pytest

from alexnet.errors import AlexNetError
from alexnet.networks.layers import Convolution, Dropout, ReLU, from_json, to_json
from alexnet.networks.zoo import alexnet


def test_there_and_back_through_json() -> None:
    layers = alexnet(7)
    assert from_json(json.loads(json.dumps(to_json(layers)))) == layers


def test_values_are_readable() -> None:
    assert to_json((ReLU("relu1"), Dropout("drop6", 0.3))) == [
        {"kind": "ReLU", "name": "relu1"},
        {"kind": "Dropout", "name": "drop6", "rate": 0.3, "scaled": "test"},
    ]


def test_reading_leaves_the_values_alone() -> None:
    values = to_json(alexnet())
    before = json.dumps(values)
    from_json(values)
    assert json.dumps(values) == before


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ({"kind": "Tanh", "name": "x"}, "unknown kind: .*Known: Convolution, Linear"),
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
