"""A recipe: every number that training uses, with unit and source.

The flags of ``alexnet train``, the TOML file, the printed plan, the model's record and
docs/train.md are made from these fields.
"""

import dataclasses
import math
import tomllib
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, NamedTuple

from alexnet.errors import AlexNetError, UsageError
from alexnet.names import nearest
from alexnet.networks.zoo import NETWORKS, Named
from alexnet.training.scaling import scaled

SMALL = 100_000  # pictures; below, "auto" means "fast"


def _number(default: Any, unit: str, source: str) -> Any:
    return field(default=default, metadata={"unit": unit, "source": source})


@dataclass(frozen=True)
class Recipe:
    """How to train. The defaults are the paper's."""

    epochs: float = _number(90, "passes over the training pictures", "section 5: roughly 90")
    batch: int = _number(128, "pictures a step", "section 5")
    rate: float = _number(0.01, "learning rate at its highest", "section 5")
    schedule: Literal["plateau", "steps", "linear", "constant"] = _number(
        "plateau", "how the rate falls", "section 5: by 10 when validation error stops improving"
    )
    reduce_at: tuple[float, ...] = _number(
        (), "epochs at which the rate is reduced", "net 145: 25, 51, 79"
    )
    reduce_by: float = _number(10.0, "what the rate is divided by then", "section 5")
    patience: int = _number(
        5, "epochs without a better validation error, before the rate is reduced",
        "ours; done by hand then",
    )  # fmt: skip
    reductions: int = _number(3, "times that the rate is reduced", "section 5")
    warmup: int = _number(0, "steps over which the rate rises from 0", "ours")
    scaling: Literal["none", "linear"] = _number(
        "none", "what a batch larger than the recipe's does to rate and warmup",
        "ours; linear: Goyal et al. 2017",
    )  # fmt: skip
    optimizer: Literal["momentum", "lars"] = _number("momentum", "rule of the update", "section 5")
    trust: float = _number(
        1.0, "step of a layer's weights, as a part of them, at rate 1",
        "You et al. 2017: 0.001, with rates of about 10",
    )  # fmt: skip
    momentum: float = _number(0.9, "share of the velocity that stays", "section 5")
    decay: float = _number(0.0005, "times rate times weight, each step", "section 5")
    bias_decay: float = _number(0.0, "the same for biases", "cuda-convnet: none")
    bias_rate: float = _number(1.0, "times the weights' rate, for biases", "section 5: equal rates")
    bias_reduce_at: tuple[float, ...] = _number(
        (), "epochs at which the biases' rate is divided by 10, and no others", "net 145: once"
    )
    freeze: tuple[str, ...] = _number((), "layers that stand still", "net 145: conv1, late")
    slow_at: float = _number(
        0.0, "epoch from which the rate of their weights is a tenth", "net 145: 67"
    )
    freeze_at: float = _number(0.0, "epoch from which they stand still", "net 145: 72")
    dropout: float = _number(0.5, "share of fc6 and fc7 that is dropped", "section 4.2")
    init: Literal["run", "paper", "unit"] = _number(
        "run", "start of the weights", "section 5; 0.03 in conv3 to conv5 as really run"
    )
    crop: int = _number(224, "side of what the network reads, pixels", "section 4.1: 224 of 256")
    channels: Literal["RGB", "BGR"] = _number("RGB", "order of the colours", "section 2: RGB")
    scale: tuple[float, ...] = _number(
        (1.0,), "grey levels that make 1 at the input; three: of R, G, B", "section 2: raw RGB"
    )
    mean: Literal["image", "channel"] = _number(
        "image", "what is subtracted: the mean image, or one mean a channel", "section 2"
    )
    mean_at: Literal["crop", "centre"] = _number(
        "crop", "the part of the mean image: at the crop's own place, or its centre",
        "section 2: each pixel; as run: centre",
    )  # fmt: skip
    mirror: bool = _number(True, "mirrored pictures show the same class", "section 4.1")
    colour_noise: float = _number(
        0.1, "standard deviation of the factors of the colour axes", "section 4.1"
    )
    colour_unit: Literal["eigenvalue", "deviation"] = _number(
        "eigenvalue", "what the factors multiply; deviation: its root",
        "section 4.1; as run: deviation",
    )  # fmt: skip
    noise_until: float = _number(0.0, "epochs with colour noise; 0: all", "net 145: 67")
    noise_divides: bool = _number(
        False, "pictures are divided by 1 + colour_noise while there is noise", "as run: yes"
    )
    chroma: Literal["full", "420"] = _number(
        "full", "colour resolution of the pictures; 420: halved, which halves them on a GPU", "ours"
    )
    block: int = _number(1, "pictures in a row that share crop and mirror", "as run: 32")
    area: float = _number(1.0, "least share of a picture that a crop shows", "section 4.1: plain")
    smoothing: float = _number(0.0, "share of the target spread over all classes", "ours")
    precision: Literal["float32", "bf16"] = _number(
        "float32", "arithmetic of a step; weights stay float32", "the original: float32"
    )
    seed: int = _number(0, "of every random number", "ours")

    def __post_init__(self) -> None:
        if len(self.scale) not in (1, 3) or not all(1e-3 <= one <= 1e6 for one in self.scale):
            raise UsageError(f"scale is {self.scale}; it is one number, or three, above 0.")
        for name, low, high in RANGES:
            value = getattr(self, name)
            if not low <= value <= high:
                raise UsageError(f"{name} is {value}; it can be from {low:g} to {high:g}.")
        for at in (*self.reduce_at, *self.bias_reduce_at):
            if not 0 <= at < math.inf:
                raise UsageError(f"A rate is to be reduced at {at}; epochs are 0 or more.")
        if self.schedule == "steps" and not self.reduce_at:
            raise UsageError("schedule is steps, but reduce_at names no epochs, such as 25,51,79.")


RANGES = (
    ("epochs", 0, 1e6), ("batch", 1, 1e6), ("rate", 0, 10), ("patience", 1, 1e6),
    ("reductions", 0, 100), ("warmup", 0, 1e9), ("momentum", 0, 0.999), ("decay", 0, 1),
    ("bias_decay", 0, 1), ("bias_rate", 0, 100), ("dropout", 0, 0.95), ("reduce_by", 1, 1e6),
    ("slow_at", 0, 1e6), ("freeze_at", 0, 1e6), ("crop", 1, 1e6), ("noise_until", 0, 1e6),
    ("block", 1, 1e6), ("colour_noise", 0, 10), ("area", 0.01, 1), ("smoothing", 0, 0.9),
    ("seed", 0, 2**63 - 1), ("trust", 0, 1),
)  # fmt: skip

PAPER: dict[str, Any] = {}

FAST: dict[str, Any] = {
    "epochs": 35,
    "batch": 32,
    "rate": 0.01,
    "schedule": "linear",
    "warmup": 20,
    "init": "unit",
    "scale": (64.0,),
    "mean": "channel",
}

# Settings that name an epoch; they keep their place in the whole when there are other epochs.
IN_EPOCHS = frozenset({"reduce_at", "bias_reduce_at", "slow_at", "freeze_at", "noise_until"})

RECIPES: dict[str, dict[str, Any] | None] = {"paper": PAPER, "fast": FAST, "own": None}


class Given(NamedTuple):
    """The value of a setting, and where it came from: "--rate", "mine.toml", "caller"."""

    value: Any
    origin: str


Settings = dict[str, Given]


def with_origins(settings: Mapping[str, Any]) -> Settings:
    """Settings by name; those that do not say where they came from came from the caller."""
    return {
        name: value if isinstance(value, Given) else Given(value, "caller")
        for name, value in settings.items()
    }


@dataclass(frozen=True)
class Resolved:
    """A recipe, its name, and where each value came from ("recipe fast", "--rate", "auto").

    ``recipe_batch`` is the batch of the recipe of that name, which may be given another; None: not
    known.
    """

    name: str
    recipe: Recipe
    origins: Mapping[str, str]
    recipe_batch: int | None = None


def resolve(
    name: str,
    pictures: int,
    given: Mapping[str, Given] | None = None,
    net: Named = NETWORKS["alexnet"],
    size: int | None = None,
) -> Resolved:
    """The recipe of that name for a network and so many training pictures, ``given`` on top.

    "own" is the network's own recipe; "auto" is that from 100,000 pictures on and ``fast`` below.
    The network's preprocessing stands unless the recipe or ``given`` says otherwise; its crop is in
    proportion to ``size``, the side of the set's pictures (by default the network's own). Where
    ``given`` has other epochs than the recipe, what the recipe does at an epoch moves with them;
    with scaling, a larger batch raises the rate (``scaling.scaled``).
    UsageError names an unknown recipe or field with the nearest known one, or a value out of range.
    """
    if name not in ("auto", *RECIPES):
        raise UsageError(f"There is no recipe {name!r}{nearest(name, ['auto', *RECIPES])}.")
    chosen = name if name != "auto" else _automatic(pictures, net)
    crop = net.preprocessing.of(size or net.preprocessing.size)
    values = DEFAULTS | net.way | {"crop": crop}
    origins = dict.fromkeys(DEFAULTS, "paper")
    origins |= {key: f"net {net.name}" for key in values if values[key] != DEFAULTS[key]}
    own: Mapping[str, Any] | None = RECIPES[chosen]
    origin = f"recipe {chosen}"
    if own is None:
        own, origin = net.recipe, f"net {net.name}"
    values |= own
    origins |= dict.fromkeys(own, origin)
    if chosen == "fast":
        values |= net.fast
        origins |= dict.fromkeys(net.fast, f"net {net.name}")
    epochs, batch, given = values["epochs"], values["batch"], given or {}
    for key, (value, origin) in given.items():
        values[key], origins[key] = converted(key, value), origin
    for key, (value, how) in (_moved(values, epochs) | scaled(values, batch, pictures)).items():
        if key == "rate" or key not in given:
            values[key], origins[key] = value, f"{origins[key]}, {how}"
    return Resolved(chosen, Recipe(**values), origins, batch)


def _moved(values: Mapping[str, Any], planned: float) -> dict[str, tuple[Any, str]]:
    """What happens at an epoch of ``planned`` ones, at the same share of those that there are.

    Each with words for its origin.
    """
    epochs = values["epochs"]
    if epochs in (0, planned):  # at 0, "from epoch 72 on" would become "from the start"
        return {}
    named = {key: values[key] for key in sorted(IN_EPOCHS) if values[key]}
    moved = {
        key: tuple(at * epochs / planned for at in value)
        if isinstance(value, tuple)
        else value * epochs / planned
        for key, value in named.items()
    }
    return {key: (value, "moved with epochs") for key, value in moved.items()}


def _automatic(pictures: int, net: Named) -> str:
    if pictures < SMALL:
        return "fast"
    return "own" if net.recipe else "paper"


DEFAULTS: dict[str, Any] = {known.name: known.default for known in fields(Recipe)}


def fitting(resolved: Resolved) -> Settings:
    """Settings that make a plateau schedule fit a given time: reductions where net 145 had them."""
    reduce_at = tuple(round(resolved.recipe.epochs * at / 91, 2) for at in (25, 51, 79))
    return {"schedule": Given("steps", "--time"), "reduce_at": Given(reduce_at, "--time")}


def converted(key: str, value: Any) -> Any:
    """A value from a flag, a TOML file or a caller as the type of its field."""
    types = typing.get_type_hints(Recipe)
    if key not in types:
        raise UsageError(f"There is no setting {key!r}{nearest(key, types)}.")
    wanted = types[key]
    try:
        return _as(wanted, value)
    except (KeyError, TypeError, ValueError, OverflowError):
        expected = _described(wanted)
        raise UsageError(f"{key} is {value!r}; it must be {expected}.") from None


def _as(wanted: Any, value: Any) -> Any:
    if typing.get_origin(wanted) is Literal:
        word = str(value) if type(value) is int else value  # a TOML file may have 420 unquoted
        if word not in typing.get_args(wanted):
            raise ValueError
        return word
    if typing.get_origin(wanted) is tuple:
        items = value.split(",") if isinstance(value, str) else value
        items = [items] if isinstance(items, int | float) else items
        return tuple(_as(typing.get_args(wanted)[0], item) for item in items if item != "")
    if wanted is str:
        return str.strip(value)
    if wanted is bool:
        known = {"true": True, "false": False, "yes": True, "no": False, "on": True, "off": False}
        return value if isinstance(value, bool) else known[str(value).lower()]
    if isinstance(value, bool) or (wanted is int and isinstance(value, float) and value % 1):
        raise TypeError
    return wanted(value)


def _described(wanted: Any) -> str:
    if typing.get_origin(wanted) is Literal:
        return "one of " + ", ".join(typing.get_args(wanted))
    if typing.get_args(wanted)[:1] == (str,):
        return "names with commas between them"
    names = {int: "a whole number", float: "a number", bool: "true or false"}
    return names.get(wanted, "numbers with commas between them")


def read_toml(path: Path) -> Settings:
    """The settings of a TOML file; UsageError where it cannot be read."""
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{path} cannot be read as TOML: {error}.") from None
    return {key: Given(value, path.name) for key, value in values.items()}


def as_plan(resolved: Resolved) -> dict[str, dict[str, Any]]:
    """Each setting with value, unit, origin and source, as ``plan.json`` keeps it."""
    values = dataclasses.asdict(resolved.recipe)
    return {
        known.name: {
            "value": values[known.name],
            "unit": known.metadata["unit"],
            "origin": resolved.origins[known.name],
            "source": known.metadata["source"],
        }
        for known in fields(Recipe)
    }


def from_plan(plan: Mapping[str, Mapping[str, Any]], name: str) -> Resolved:
    """The recipe that ``as_plan`` described; AlexNetError where there is none.

    A setting that is newer than the plan is at its default, which is how the run trained.
    """
    if not plan:
        raise AlexNetError("plan.json holds no settings, so there is no training to go on with.")
    values = {key: converted(key, entry["value"]) for key, entry in plan.items()}
    origins = dict.fromkeys(DEFAULTS, "paper") | {key: one["origin"] for key, one in plan.items()}
    return Resolved(name, Recipe(**values), origins)
