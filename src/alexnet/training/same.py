"""Whether a run is the one that a command asks for: the same recipe on the same pictures."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from alexnet.training.plan import unused
from alexnet.training.recipe import Recipe

PARTS = {
    "network": "the network", "layers": "the list of layers", "budget_seconds": "--time",
    "weights": "the weights it began with",
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
    idle = _idle(there) & _idle(asked)
    for name, entry in asked["recipe"].items():
        if name in idle:
            continue
        before = there["recipe"].get(name, {}).get("value")
        if before != entry["value"]:
            return f"{name} is {before} there and {entry['value']} here"
    return ""


def _idle(plan: Mapping[str, Any]) -> set[str]:
    """Settings without effect: a default that is no more what it was need not stop a run."""
    known = {known.name for known in fields(Recipe)} <= set(plan["recipe"])
    return set(unused(plan)) if known else set()
