"""What another batch than the recipe's changes: Goyal et al. 2017 (arXiv 1706.02677), and words.

Their rule for a batch k times as large: k times the rate, reached over the first five epochs.
"""

import math
from collections.abc import Mapping
from typing import Any

WARMUP = 5  # epochs
PARTS = {2: "half", 3: "a third", 4: "a quarter", 5: "a fifth", 6: "a sixth", 8: "an eighth"}


def scaled(
    values: Mapping[str, Any], recipe_batch: int, pictures: int
) -> dict[str, tuple[float, str]]:
    """Rate and warm-up for a batch larger than the recipe's, each with words for its origin.

    ``pictures`` is the number of training pictures; while that is not known, 0, the warm-up stays.
    """
    batch = values["batch"]
    if values["scaling"] != "linear" or batch <= recipe_batch:
        return {}
    times = batch / recipe_batch
    found: dict[str, tuple[float, str]] = {
        "rate": (values["rate"] * times, f"x{times:g} for batch {batch}")
    }
    steps = math.ceil(WARMUP * pictures / batch)
    if steps > values["warmup"]:
        found["warmup"] = (steps, f"raised to {WARMUP} epochs for batch {batch}")
    return found


def described(plan: Mapping[str, Any]) -> list[str]:
    """A line of the plan, where the batch is not the recipe's own; none where that is not known."""
    batch, recipe_batch = plan["recipe"]["batch"]["value"], plan.get("recipe_batch")
    if recipe_batch in (None, batch):
        return []
    return [
        f"Batch      {batch:,} in place of {recipe_batch:,}: {_part(recipe_batch, batch)} as many "
        f"updates an epoch; {_rate(plan, batch / recipe_batch)}"
    ]


def _part(a: int, b: int) -> str:
    """How often b goes into a: "half", "1/64", "twice", "2.5 times"."""
    if b % a == 0:
        return PARTS.get(b // a, f"1/{b // a:,}")
    return _times(a / b)


def _times(much: float) -> str:
    return "twice" if much == 2 else f"{much:.3g} times" if much < 1000 else f"{much:,.0f} times"


def _rate(plan: Mapping[str, Any], times: float) -> str:
    """What becomes of the rate with a batch so many times as large."""
    linear = plan["recipe"]["scaling"]["value"] == "linear"
    if linear and times > 1:
        return f"rate {_times(times)} as high {_warmup(plan)}"
    if linear:
        return "the rate is not scaled (scaling=linear is for larger batches)"
    hint = " (--set scaling=linear raises it in proportion)" if times > 1 else ""
    return f"the rate is not scaled{hint}"


def _warmup(plan: Mapping[str, Any]) -> str:
    steps, batch = (plan["recipe"][name]["value"] for name in ("warmup", "batch"))
    if not steps:
        return "from the start (scaling=linear)"
    epochs = round(steps * batch / plan["data"]["train"], 1)
    shown = _counted(steps, "step") if epochs < 1 else _counted(epochs, "epoch")
    late = "; the run ends before that: give --set warmup=STEPS" if steps >= plan["steps"] else ""
    return f"after {shown} of warm-up (scaling=linear){late}"


def _counted(n: float, one: str) -> str:
    return f"{n:,g} {one}{'s' * (n != 1)}"
