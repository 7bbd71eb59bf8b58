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
from typing import Any, Literal

from alexnet.errors import AlexNetError, UsageError
from alexnet.names import nearest

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
    reduce_at: tuple[float, ...] = _number((), "epochs, for schedule steps", "net 145: 25, 51, 79")
    patience: int = _number(
        5, "epochs without a better validation error", "ours; done by hand then"
    )
    reductions: int = _number(3, "times that the rate is divided by 10", "section 5")
    warmup: int = _number(0, "steps over which the rate rises from 0", "ours")
    momentum: float = _number(0.9, "share of the velocity that stays", "section 5")
    decay: float = _number(0.0005, "times rate times weight, each step", "section 5")
    bias_decay: float = _number(0.0, "the same for biases", "cuda-convnet: none")
    bias_rate: float = _number(1.0, "times the rate, for biases", "section 5: equal rates")
    dropout: float = _number(0.5, "share of fc6 and fc7 that is dropped", "section 4.2")
    init: Literal["run", "paper", "unit"] = _number(
        "run", "start of the weights", "section 5; 0.03 in conv3 to conv5 as really run"
    )
    scale: float = _number(1.0, "grey levels that make 1 at the input", "section 2: raw RGB")
    mean: Literal["image", "channel"] = _number("image", "what is subtracted", "section 2")
    mirror: bool = _number(True, "mirrored pictures show the same class", "section 4.1")
    colour_noise: float = _number(0.1, "std of the factors of the eigenvalues", "section 4.1")
    area: float = _number(1.0, "least share of a picture that a crop shows", "section 4.1: plain")
    smoothing: float = _number(0.0, "share of the target spread over all classes", "ours")
    seed: int = _number(0, "of every random number", "ours")

    def __post_init__(self) -> None:
        for name, low, high in RANGES:
            value = getattr(self, name)
            if not low <= value <= high:
                raise UsageError(f"{name} is {value}; it can be from {low:g} to {high:g}.")
        if not all(0 <= at < math.inf for at in self.reduce_at):
            raise UsageError(f"reduce_at is {self.reduce_at}; epochs are 0 or more.")
        if self.schedule == "steps" and not self.reduce_at:
            raise UsageError("schedule is steps, but reduce_at names no epochs, such as 25,51,79.")


RANGES = (
    ("epochs", 0, 1e6), ("batch", 1, 1e6), ("rate", 0, 10), ("patience", 1, 1e6),
    ("reductions", 0, 100), ("warmup", 0, 1e9), ("momentum", 0, 0.999), ("decay", 0, 1),
    ("bias_decay", 0, 1), ("bias_rate", 0, 100), ("dropout", 0, 0.95), ("scale", 1e-3, 1e6),
    ("colour_noise", 0, 10), ("area", 0.01, 1), ("smoothing", 0, 0.9), ("seed", 0, 2**63 - 1),
)  # fmt: skip

PAPER: dict[str, Any] = {}

FAST: dict[str, Any] = {
    "epochs": 35,
    "batch": 32,
    "rate": 0.01,
    "schedule": "linear",
    "warmup": 20,
    "init": "unit",
    "scale": 64.0,
    "mean": "channel",
}

RECIPES = {"paper": PAPER, "fast": FAST}


@dataclass(frozen=True)
class Resolved:
    """A recipe, its name, and where each value came from ("recipe fast", "--rate", "auto")."""

    name: str
    recipe: Recipe
    origins: Mapping[str, str]


def resolve(
    name: str, pictures: int, given: Mapping[str, tuple[Any, str]] | None = None
) -> Resolved:
    """The recipe of that name for so many training pictures, with given (value, origin) on top.

    "auto" is ``paper`` from 100,000 pictures on and ``fast`` below. UsageError names an unknown
    recipe or field with the nearest known one, or a value out of range.
    """
    if name not in ("auto", *RECIPES):
        raise UsageError(f"There is no recipe {name!r}{nearest(name, ['auto', *RECIPES])}.")
    chosen = name if name != "auto" else ("paper" if pictures >= SMALL else "fast")
    values = dict(RECIPES[chosen])
    origins = {
        known.name: f"recipe {chosen}" if known.name in values or chosen == "paper" else "paper"
        for known in fields(Recipe)
    }
    for key, (value, origin) in (given or {}).items():
        values[key] = converted(key, value)
        origins[key] = origin
    return Resolved(chosen, Recipe(**values), origins)


def fitting(resolved: Resolved) -> dict[str, tuple[Any, str]]:
    """Settings that make a plateau schedule fit a given time: reductions where net 145 had them."""
    reduce_at = tuple(round(resolved.recipe.epochs * at / 91, 2) for at in (25, 51, 79))
    return {"schedule": ("steps", "--time"), "reduce_at": (reduce_at, "--time")}


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
        if value not in typing.get_args(wanted):
            raise ValueError
        return value
    if typing.get_origin(wanted) is tuple:
        items = value.split(",") if isinstance(value, str) else value
        return tuple(float(item) for item in items)
    if wanted is bool:
        known = {"true": True, "false": False, "yes": True, "no": False, "on": True, "off": False}
        return value if isinstance(value, bool) else known[str(value).lower()]
    if isinstance(value, bool) or (wanted is int and isinstance(value, float) and value % 1):
        raise TypeError
    return wanted(value)


def _described(wanted: Any) -> str:
    if typing.get_origin(wanted) is Literal:
        return "one of " + ", ".join(typing.get_args(wanted))
    names = {int: "a whole number", float: "a number", bool: "true or false"}
    return names.get(wanted, "numbers with commas between them")


def read_toml(path: Path) -> dict[str, tuple[Any, str]]:
    """The settings of a TOML file as (value, origin); UsageError where it cannot be read."""
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{path} cannot be read as TOML: {error}.") from None
    return {key: (value, path.name) for key, value in values.items()}


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
    """The recipe that ``as_plan`` described; AlexNetError where a field is missing."""
    missing = {known.name for known in fields(Recipe)} - set(plan)
    if missing:
        raise AlexNetError(f"plan.json lacks settings of its recipe: {', '.join(sorted(missing))}.")
    values = {key: converted(key, entry["value"]) for key, entry in plan.items()}
    return Resolved(name, Recipe(**values), {key: entry["origin"] for key, entry in plan.items()})
