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
    ``std`` and ``bias`` are the start: weights from N(0, std^2), all biases equal. ``decay`` is
    the layer's own weight decay; None: the recipe's.
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
    decay: float | None = None


@dataclass(frozen=True)
class LocallyConnected:
    """A convolution whose kernels and biases are its own at every position (cuda-convnet: local).

    Weights are (rows, columns, kernels, channels, window, window), biases (rows, columns, kernels).
    """

    name: str
    kernels: int
    window: int
    padding: int = 0
    std: float = 0.01
    bias: float = 0.0
    decay: float | None = None


@dataclass(frozen=True)
class Linear:
    """``units`` outputs that read every input; maps are flattened as channels, rows, columns.

    With groups, each group of units reads its own share of the inputs: dense layers of towers
    that do not talk (net 150).
    """

    name: str
    units: int
    groups: int = 1
    std: float = 0.01
    bias: float = 0.0
    decay: float | None = None


@dataclass(frozen=True)
class ReLU:
    """max(0, x) (section 3.1)."""

    name: str


@dataclass(frozen=True)
class Tanh:
    """The saturating unit that section 3.1 compares with."""

    name: str


@dataclass(frozen=True)
class LocalResponseNorm:
    """a / (k + alpha * sum of squares over ``size`` neighbouring maps of the same group)^beta.

    Section 3.3: ``alpha`` multiplies the plain sum. ``divided`` is the other convention: alpha is
    divided by ``size`` first, as cuda-convnet, Caffe and torch do, and as the 2012 program did.
    """

    name: str
    size: int = 5
    alpha: float = 1e-4
    beta: float = 0.75
    k: float = 2.0
    groups: int = 1
    divided: bool = False

    @property
    def factor(self) -> float:
        """What multiplies the plain sum of squares."""
        return self.alpha / self.size if self.divided else self.alpha


@dataclass(frozen=True)
class WithinMapNorm:
    """a / (k + alpha / size^2 * sum of squares in a window of the same map)^beta.

    cuda-convnet's ``rnorm``, Caffe's LRN WITHIN_CHANNEL; windows are cut off at the edge.
    """

    name: str
    size: int = 5
    alpha: float = 1e-3
    beta: float = 0.75
    k: float = 1.0

    @property
    def factor(self) -> float:
        """What multiplies the plain sum of squares."""
        return self.alpha / self.size**2


@dataclass(frozen=True)
class ContrastNorm:
    """As WithinMapNorm, but the squares are of x less the mean of its window (``cnorm``)."""

    name: str
    size: int = 5
    alpha: float = 1e-3
    beta: float = 0.75
    k: float = 1.0

    @property
    def factor(self) -> float:
        """What multiplies the plain sum of squares."""
        return self.alpha / self.size**2


@dataclass(frozen=True)
class MaxPool:
    """The largest of ``window`` x ``window`` values, every ``stride`` (section 3.4)."""

    name: str
    window: int = 3
    stride: int = 2
    rounding: Rounding = "ceil"


@dataclass(frozen=True)
class AveragePool:
    """The mean of the values of a window that lie inside the map."""

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


@dataclass(frozen=True)
class Gather:
    """Where processes talk: what ``parts`` of them hold of one thing, put together (section 3.2).

    "maps": each holds its share of the maps or units of the same pictures. "pictures": each holds
    all maps of its own pictures. To "all" of them, or to the "first" only. It stands in the lists
    of what one process holds (``alexnet.parallel.split``), never in a network's own.
    """

    name: str
    parts: int
    what: Literal["maps", "pictures"] = "maps"
    to: Literal["all", "first"] = "all"


@dataclass(frozen=True)
class Own:
    """The process's own share, place ``index`` of ``parts``, of maps that it holds whole."""

    name: str
    parts: int
    index: int


@dataclass(frozen=True)
class Scatter:
    """Sums over ``parts`` processes, of which each keeps those of its own pictures."""

    name: str
    parts: int


Layer = (
    Convolution | LocallyConnected | Linear | ReLU | Tanh | LocalResponseNorm | WithinMapNorm
    | ContrastNorm | MaxPool | AveragePool | Dropout | Gather | Own | Scatter
)  # fmt: skip
Layers = tuple[Layer, ...]
Learned = Convolution | LocallyConnected | Linear
Activation = ReLU | Tanh
Norm = LocalResponseNorm | WithinMapNorm | ContrastNorm
Pool = MaxPool | AveragePool
KINDS: dict[str, type[Layer]] = {
    kind.__name__: kind
    for kind in (
        Convolution, LocallyConnected, Linear, ReLU, Tanh, LocalResponseNorm, WithinMapNorm,
        ContrastNorm, MaxPool, AveragePool, Dropout,
    )
}  # fmt: skip


def learned(layers: Layers) -> list[Learned]:
    """The layers that have weights."""
    return [layer for layer in layers if isinstance(layer, Learned)]


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
