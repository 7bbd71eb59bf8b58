"""Which fact of ``networks.facts`` bears on which difference of which networks."""

from collections.abc import Callable
from dataclasses import dataclass

from alexnet.networks.differences import Difference
from alexnet.networks.facts import COSTS, SCORES, Fact
from alexnet.networks.layers import Convolution, Layer, LocalResponseNorm, MaxPool, Norm, learned
from alexnet.networks.zoo import Named, named


def known(difference: Difference, a: Named, b: Named) -> list[Fact]:
    """What is known to follow from a difference between two networks; most often nothing."""
    pair = Pair(difference, _by_name(a), _by_name(b), frozenset(map(first_name, (a, b))))
    return [COSTS[key] for key, bears in BEARS.items() if bears(pair)]


@dataclass(frozen=True)
class Pair:
    """A difference with the layers of both networks, by name and in order."""

    difference: Difference
    a: dict[str, Layer]
    b: dict[str, Layer]
    names: frozenset[str]

    @property
    def sides(self) -> tuple[dict[str, Layer], dict[str, Layer]]:
        """Both networks."""
        return self.a, self.b

    def is_of(self, what: str, *values: object) -> bool:
        """Whether the difference is in ``what``, and between these values where two are given."""
        one = self.difference
        return one.what == what and (not values or (one.a in values and one.b in values))

    def only(self, *layers: str) -> bool:
        """Whether it is one of these layers, and only one network has it."""
        return self.difference.what == "layer" and self.difference.layer in layers

    def both_have(self, *layers: str) -> bool:
        """Whether both networks have all these layers."""
        return all(name in side for name in layers for side in self.sides)

    def later(self, one: str, other: str) -> set[bool]:
        """In which of both networks, true or false, ``one`` comes after ``other``."""
        orders = [list(side) for side in self.sides if one in side and other in side]
        return {order.index(one) > order.index(other) for order in orders}


def scores(net: Named) -> list[Fact]:
    """The published or logged scores of a network, found by its list of layers."""
    layers = net.layers(net.classes)
    same = (name for name in SCORES if named(name).layers() == layers)
    return [fact for name in same for fact in SCORES[name]]


def first_name(net: Named) -> str:
    """The name without changes."""
    return net.name.partition("+")[0]


def _by_name(net: Named) -> dict[str, Layer]:
    return {layer.name: layer for layer in net.layers()}


def _norms(side: dict[str, Layer]) -> bool:
    return any(isinstance(layer, Norm) for layer in side.values())


def _no_norms(pair: Pair) -> bool:
    of_norm = any(isinstance(side.get(pair.difference.layer or ""), Norm) for side in pair.sides)
    one_has = sum(map(_norms, pair.sides)) == 1
    return of_norm and one_has and pair.is_of("layer") and pair.both_have("conv1", "fc6")


def _middle_layer(pair: Pair) -> bool:
    ours, theirs = ({one.name for one in learned(tuple(side.values()))} for side in pair.sides)
    return pair.only("conv2", "conv3", "conv4", "conv5") and len(ours ^ theirs) == 1


def _own_tower(pair: Pair) -> bool:
    towers = all(
        isinstance(layer, Convolution) and layer.groups == 2
        for layer in (side.get("conv2") for side in pair.sides)
    )
    of_conv3 = pair.difference.layer == "conv3" and pair.is_of("groups")
    return towers and of_conv3 and "alexnet-apart" not in pair.names


def _one_gpu(pair: Pair) -> bool:
    named = "alexnet-one-gpu" in pair.names and pair.names & {"alexnet", "alexnet-as-run"}
    of_halved = pair.difference.layer in ("conv1", "conv2", "conv3", "conv4")
    return bool(named) and of_halved and pair.is_of("kernels")


def _apart(pair: Pair) -> bool:
    named = "alexnet-apart" in pair.names and pair.names & {"alexnet", "alexnet-as-run"}
    return bool(named) and pair.is_of("groups") and pair.difference.layer in ("conv3", "fc6")


def _commutes(pair: Pair) -> bool:
    """A ReLU on the other side of a max pool, and on the same side of a norm, if there is one."""
    name = pair.difference.layer or ""
    number = name.removeprefix("relu")
    pools = all(isinstance(side.get(f"pool{number}"), MaxPool) for side in pair.sides)
    norms = [f"norm{number}" in side for side in pair.sides]
    same = not any(norms) or (all(norms) and len(pair.later(name, f"norm{number}")) == 1)
    return pools and same and pair.is_of("place") and len(pair.later(name, f"pool{number}")) == 2


def _signed(pair: Pair) -> bool:
    moved = pair.is_of("place") and pair.difference.layer in ("relu1", "norm1")
    return moved and len(pair.later("relu1", "norm1")) == 2


def _pool_first(pair: Pair) -> bool:
    name = pair.difference.layer or ""
    number = name[-1:]
    moved = pair.is_of("place") and name in (f"norm{number}", f"pool{number}")
    across = all(isinstance(side.get(f"norm{number}"), LocalResponseNorm) for side in pair.sides)
    return moved and across and len(pair.later(f"pool{number}", f"norm{number}")) == 2


def _same_factor(pair: Pair) -> bool:
    one, other = pair.difference.a, pair.difference.b
    return pair.is_of("alpha") and one["factor"] == other["factor"]


def _overlap(pair: Pair) -> bool:
    of_pool = (pair.difference.layer or "").startswith("pool") and pair.both_have("conv1", "fc6")
    return of_pool and pair.is_of("window", 2, 3)


def _tanh(pair: Pair) -> bool:
    one, other = pair.difference.a, pair.difference.b
    return pair.is_of("kind") and {one["kind"], other["kind"]} == {"ReLU", "Tanh"}


def _noise(pair: Pair) -> bool:
    return pair.is_of("colour_noise") and 0 in (pair.difference.a, pair.difference.b)


# By the keys of ``facts.COSTS``.
BEARS: dict[str, Callable[[Pair], bool]] = {
    "no norms": _no_norms,
    "norms of layer 2": lambda pair: (
        pair.only("norm2", "within2") and pair.both_have("norm1", "fc6")
    ),
    "norm on CIFAR-10": lambda pair: (
        pair.only("norm1", "norm2") and pair.both_have("conv1", "local3")
    ),
    "norm of signed values": _signed,
    "pool before norm": _pool_first,
    "relu and max pool": _commutes,
    "k": lambda pair: pair.is_of("k", 1, 2) and pair.both_have("fc6"),
    "same factor": _same_factor,
    "overlapping pooling": _overlap,
    "one GPU": _one_gpu,
    "towers apart": _apart,
    "conv3 reads its own tower": _own_tower,
    "a middle layer": _middle_layer,
    "a sixth convolution": lambda pair: pair.only("conv6"),
    "tanh": _tanh,
    "biases of 1": lambda pair: pair.is_of("bias", 1, 0.1),
    "scaling of dropout": lambda pair: pair.is_of("scaled"),
    "mean": lambda pair: pair.is_of("mean"),
    "channels": lambda pair: pair.is_of("channels"),
    "colour noise": _noise,
    "batch": lambda pair: pair.is_of("batch", 128, 256),
    "schedule": lambda pair: pair.is_of("reduce_by"),
}
