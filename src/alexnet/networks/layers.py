"""The kinds of layer, as records. A network is a tuple of them; each reads the one before it.

Every record has a name; parameters are called after it (``conv1.weight``, ``conv1.bias``).
``groups`` are the paper's towers: a group reads and normalises only its own maps (section 3.2).
"""

from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

from alexnet.errors import AlexNetError

Rounding = Literal["floor", "ceil"]


@dataclass(frozen=True)
class Convolution:
    """``kernels`` filters of ``window`` x ``window`` pixels.

    With rounding "ceil" the last window may hang over the right and lower edge, where zeros are
    read; that is how 224 pixels give 55 positions (paper, figure 2; cuda-convnet's rule).
    ``std`` and ``bias`` are the start: weights from N(0, std^2), all biases equal.
    """

    name: str
    kernels: int
    window: int
    stride: int = 1
    padding: int = 0
    groups: int = 1
    rounding: Rounding = "floor"
    std: float = 0.01
    bias: float = 0.0


@dataclass(frozen=True)
class Linear:
    """``units`` outputs that read every input; maps are flattened as channels, rows, columns."""

    name: str
    units: int
    std: float = 0.01
    bias: float = 0.0


@dataclass(frozen=True)
class ReLU:
    """max(0, x) (section 3.1)."""

    name: str


@dataclass(frozen=True)
class LocalResponseNorm:
    """a / (k + alpha * sum of squares over ``size`` neighbouring maps of the same group)^beta.

    Section 3.3. ``alpha`` multiplies the plain sum, as the paper writes it; torch and Caffe divide
    their alpha by ``size`` (1e-4 here is 5e-4 there).
    """

    name: str
    size: int = 5
    alpha: float = 1e-4
    beta: float = 0.75
    k: float = 2.0
    groups: int = 1


@dataclass(frozen=True)
class MaxPool:
    """The largest of ``window`` x ``window`` values, every ``stride`` (section 3.4)."""

    name: str
    window: int = 3
    stride: int = 2
    rounding: Rounding = "ceil"


@dataclass(frozen=True)
class Dropout:
    """Each value is zero with probability ``rate`` while training (section 4.2).

    ``scaled`` says when the expectation is kept: "test" multiplies by 1 - rate outside training
    (the paper), "training" divides by it while training (torch, Caffe). Stored weights differ.
    """

    name: str
    rate: float = 0.5
    scaled: Literal["test", "training"] = "test"


Layer = Convolution | Linear | ReLU | LocalResponseNorm | MaxPool | Dropout
Layers = tuple[Layer, ...]
KINDS: dict[str, type[Layer]] = {
    kind.__name__: kind for kind in (Convolution, Linear, ReLU, LocalResponseNorm, MaxPool, Dropout)
}


def to_json(layers: Layers) -> list[dict[str, Any]]:
    """The list as plain values, for ``model.json``."""
    return [{"kind": type(layer).__name__, **asdict(layer)} for layer in layers]


def from_json(values: list[dict[str, Any]]) -> Layers:
    """The list that ``to_json`` wrote; AlexNetError names a kind or field that is unknown."""
    return tuple(_layer(dict(value)) for value in values)


def _layer(value: dict[str, Any]) -> Layer:
    kind = KINDS.get(value.pop("kind", None))
    if kind is None:
        raise AlexNetError(f"A layer of an unknown kind: {value}. Known: {', '.join(KINDS)}.")
    unknown = set(value) - {field.name for field in fields(kind)}
    if unknown or "name" not in value:
        raise AlexNetError(f"{kind.__name__} cannot be made of {value}.")
    return kind(**value)
