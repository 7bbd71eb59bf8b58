"""Whether a run is the one that a command asks for: the same recipe on the same pictures."""

import json
from collections.abc import Mapping
from typing import Any

from alexnet.training.plan import unused
from alexnet.training.recipe import DEFAULTS

PARTS = {
    "network": "the network", "layers": "the list of layers", "budget_seconds": "--time",
    "weights": "the weights it began with", "mean": "the mean that was given",
}  # fmt: skip


def difference(there: Mapping[str, Any], asked: Mapping[str, Any]) -> str:
    """What two plans differ in, as words; empty where both train the same."""
    if "recipe" not in there:
        return "it was imported"
    if there["data"]["fingerprint"] != asked["data"]["fingerprint"]:
        return "it learns from other pictures"
    for name, what in PARTS.items():
        if there.get(name) != asked.get(name):
            return f"{what} differs"
    there, asked = _complete(there), _complete(asked)
    # A default that is no more what it was need not stop a run that it has no effect on.
    idle = set(unused(there)) & set(unused(asked))
    for name in asked["recipe"]:
        before, now = (plan["recipe"][name]["value"] for plan in (there, asked))
        if before != now and name not in idle:
            return f"{name} is {before} there and {now} here"
    return ""


def _complete(plan: Mapping[str, Any]) -> dict[str, Any]:
    """As JSON has it; settings that are younger than the plan are at their defaults."""
    defaults = {name: {"value": value, "origin": "paper"} for name, value in DEFAULTS.items()}
    found: dict[str, Any] = json.loads(
        json.dumps({**plan, "recipe": {**defaults, **plan["recipe"]}})
    )
    return found
