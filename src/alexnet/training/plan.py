"""What will happen, said before it happens and kept in ``plan.json``."""

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from alexnet import kernels, machine
from alexnet.data.store import ImageSet
from alexnet.networks.layers import Layers
from alexnet.networks.tables import parameters, training_flop
from alexnet.progress import duration
from alexnet.training.diagnosis import expectation
from alexnet.training.recipe import Resolved, as_plan

NO_VALIDATION = (
    "There is no validation part, so nothing will lower the rate: prepare the set with --val, or "
    "give --set schedule=linear."
)
ONLY_WITH = {
    "patience": ("plateau",), "reductions": ("plateau",), "reduce_at": ("steps",),
    "bias_reduce_at": ("steps",), "reduce_by": ("steps", "plateau"),
}  # fmt: skip
FITS = {"crop": "shorter side and central square", "warp": "both sides scaled"}


def make_plan(
    images: ImageSet,
    network: str,
    layers: Layers,
    resolved: Resolved,
    *,
    threads: int,
    budget: float | None,
) -> dict[str, Any]:
    """All that the run depends on, as plain values."""
    train = len(images.parts["train"])
    recipe = resolved.recipe
    shape = (3, recipe.crop, recipe.crop)
    return {
        "format": 1,
        "network": network,
        "parameters": parameters(layers, shape),
        "gflop_per_picture": training_flop(layers, shape) / 1e9,
        "recipe_name": resolved.name,
        "recipe": as_plan(resolved),
        "data": {
            "folder": str(images.folder.resolve()),
            "fingerprint": images.fingerprint,
            "size": images.size,
            "fit": images.fit,
            "classes": len(images.classes),
            **{part: len(images.parts.get(part, ())) for part in ("train", "val", "test")},
            "channel_means": images.channel_means.tolist(),
            "eigenvalues": images.eigenvalues.tolist(),
        },
        "steps": max(1, -(-round(recipe.epochs * train) // recipe.batch)),
        "epochs": recipe.epochs,
        "budget_seconds": budget,
        "device": "cpu",
        "precision": "float32",
        "kernels": kernels.NAME,
        "threads": threads,
        "machine": machine.describe(),
        "versions": machine.versions(),
        "commit": _commit(),
    }


def _commit() -> str | None:
    """The commit of this source, where it lies in a git checkout of its own."""
    top = Path(__file__).resolve().parents[3]
    if not (top / ".git").exists():
        return None
    try:
        done = subprocess.run(
            ["git", "-C", str(top), "describe", "--always", "--dirty", "--abbrev=12"],
            capture_output=True, text=True, timeout=5, check=True,
        )  # fmt: skip
        return done.stdout.strip() or None
    except (OSError, subprocess.SubprocessError):
        return None


def described(plan: Mapping[str, Any], classes: int, rate: float) -> str:
    """The plan as people read it; ``rate`` is the measured speed in pictures a second."""
    data, recipe = plan["data"], plan["recipe"]
    budget = plan["budget_seconds"]
    pictures = plan["steps"] * recipe["batch"]["value"]
    passes = data["val"] * plan["epochs"] / 3
    expected = (
        f"stops after {duration(budget)} (--time), about "
        f"{budget * rate / max(1, data['train']):.1f} epochs"
        if budget
        else f"about {duration((pictures + passes) / rate)} at {rate:.1f} pictures a second"
    )
    lines = [
        f"Data       {data['folder']}: {data['train']:,} pictures to train, {data['val']:,} to "
        f"validate, {data['test']:,} to test; {classes:,} classes",
        f"Pictures   {data['size']} pixels, {FITS[data['fit']]} (the set); the network sees "
        f"{recipe['crop']['value']}",
        f"Network    {plan['network']}, {plan['parameters']:,} parameters",
        *_weights(plan.get("weights")),
        f"Recipe     {plan['recipe_name']}",
        *_settings(recipe, bool(budget)),
        f"Machine    {plan['machine']['processor']}, {plan['threads']} threads, "
        f"{plan['machine']['instructions']}",
        f"Kernels    {plan['kernels']}; precision {plan['precision']}; device {plan['device']}",
        f"Work       {plan['steps']:,} steps of {recipe['batch']['value']} pictures, "
        f"{plan['epochs']:g} epochs"
        if not budget
        else f"Work       steps of {recipe['batch']['value']} pictures while the time lasts",
        f"Time       {expected}",
        "" if data["val"] or recipe["schedule"]["value"] != "plateau" else NO_VALIDATION,
        expectation(data["train"], classes),
    ]
    return "\n".join(line for line in lines if line)


def _weights(weights: Mapping[str, Any] | None) -> list[str]:
    if weights is None:
        return []
    new = f"; new: {', '.join(weights['new'])}" if weights["new"] else ""
    return [f"Weights    from {weights['folder']}: {', '.join(weights['taken'])}{new}"]


def _settings(recipe: Mapping[str, Mapping[str, Any]], timed: bool) -> list[str]:
    schedule = recipe["schedule"]["value"]
    hidden = {name for name, with_ in ONLY_WITH.items() if schedule not in with_}
    hidden |= {"epochs"} if timed else set()
    hidden |= {"slow_at", "freeze_at"} if not recipe["freeze"]["value"] else set()
    return [
        f"  {name:14}{_value(entry['value']):>9}  {entry['unit']} ({entry['origin']})"
        for name, entry in recipe.items()
        if name not in hidden
    ]


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple | list):
        return ",".join(map(_value, value)) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value)
