"""Changes to a list of layers touch what they name and nothing else."""

from alexnet.networks.layers import Convolution, Dropout, Linear
from alexnet.networks.variants import with_dropout, with_start, with_width
from alexnet.networks.zoo import alexnet

LEARNED = (Convolution, Linear)


def test_dropout() -> None:
    changed = with_dropout(alexnet(), 0.3)
    assert [layer for layer in changed if isinstance(layer, Dropout)] == [
        Dropout("drop6", 0.3),
        Dropout("drop7", 0.3),
    ]
    others = [(a, b) for a, b in zip(alexnet(), changed, strict=True) if not isinstance(a, Dropout)]
    assert all(a == b for a, b in others)


def test_start_is_the_paper_s_text() -> None:
    changed = with_start(alexnet(), 0.01)
    assert {layer.std for layer in changed if isinstance(layer, LEARNED)} == {0.01}
    assert [layer.bias for layer in changed if isinstance(layer, LEARNED)] == [
        layer.bias for layer in alexnet() if isinstance(layer, LEARNED)
    ]


def test_an_eighth_of_the_width_keeps_the_classes() -> None:
    changed = with_width(alexnet(10), 1 / 8)
    kernels = [layer.kernels for layer in changed if isinstance(layer, Convolution)]
    units = [layer.units for layer in changed if isinstance(layer, Linear)]
    assert kernels == [12, 32, 48, 48, 32]
    assert units == [512, 512, 10]
    assert with_width(alexnet(), 1) == alexnet()
