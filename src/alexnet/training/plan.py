"""What will happen, said before it happens and kept in ``plan.json``."""

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from alexnet import machine
from alexnet.data.explain import number
from alexnet.data.store import ImageSet
from alexnet.devices import CPU, Device, passed_by
from alexnet.networks.layers import Layers, to_json
from alexnet.networks.tables import parameters, training_flop
from alexnet.progress import duration
from alexnet.training import scaling
from alexnet.training.diagnosis import expectation
from alexnet.training.recipe import IN_EPOCHS, Resolved, as_plan

NO_VALIDATION = (
    "There is no validation part, so nothing will lower the rate: prepare the set with --val, or "
    "give --set schedule=linear."
)
# Settings that have an effect only with some values of another one,
ONLY_WITH = {
    "reduce_at": ("schedule", ("steps",)),
    "reduce_by": ("schedule", ("steps", "plateau")),
    "patience": ("schedule", ("plateau",)),
    "reductions": ("schedule", ("plateau",)),
    "bias_reduce_at": ("schedule", ("steps",)),
    "mean_at": ("mean", ("image",)),
    "trust": ("optimizer", ("lars",)),
}
# or only where another one is not 0 or empty;
NEEDS = {
    "slow_at": "freeze", "freeze_at": "freeze", "colour_unit": "colour_noise",
    "noise_until": "colour_noise", "noise_divides": "colour_noise",
}  # fmt: skip
# and values that leave out what the setting is about.
OFF = {
    "bias_reduce_at": (), "warmup": 0, "freeze": (), "slow_at": 0, "noise_until": 0,
    "noise_divides": False, "block": 1, "area": 1, "smoothing": 0, "scaling": "none",
}  # fmt: skip
PROGRAMS = ("paper", "recipe ", "net ", "weights ")  # origins of values that no person gave
WIDEST = 12  # a longer value moves only its own line
LEAST = 1e-3  # part of a layer's weights; at 1e-5 the loss stayed at ln N, at 1e-2 it fell
FITS = {"crop": "shorter side and central square", "warp": "both sides scaled"}


def make_plan(
    images: ImageSet,
    network: str,
    layers: Layers,
    resolved: Resolved,
    *,
    threads: int,
    budget: float | None,
    device: Device = CPU,
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
        "layers": to_json(layers),
        "recipe_name": resolved.name,
        "recipe": as_plan(resolved),
        "recipe_batch": resolved.recipe_batch,
        "data": _data(images),
        "steps": max(1, -(-round(recipe.epochs * train) // recipe.batch)),
        "epochs": recipe.epochs,
        "budget_seconds": budget,
        "device": device.name,
        "precision": recipe.precision,
        "kernels": device.kernels,
        "threads": threads,
        "machine": machine.describe(device.where if device.where.type == "cuda" else None),
        "versions": machine.versions(gpu=device.gpu),
        "commit": _commit(),
    }


def _data(images: ImageSet) -> dict[str, Any]:
    return {
        "folder": str(images.folder.resolve()),
        "fingerprint": images.fingerprint,
        "size": images.size,
        "fit": images.fit,
        "filter": images.filter,
        "classes": len(images.classes),
        **{part: len(images.parts.get(part, ())) for part in ("train", "val", "test")},
        "channel_means": images.channel_means.tolist(),
        "eigenvalues": images.eigenvalues.tolist(),
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
    of = f", that of {plan['network']}" if plan["recipe_name"] == "own" else ""
    lines = [
        f"Data       {data['folder']}: {number(data['train'], 'picture')} to train, "
        f"{data['val']:,} to validate, {data['test']:,} to test; "
        f"{number(classes, 'class', 'classes')}",
        f"Pictures   {data['size']} pixels, {FITS[data['fit']]}, {data['filter']} (the set); "
        f"the network sees {recipe['crop']['value']}",
        f"Network    {plan['network']}, {plan['parameters']:,} parameters{_decays(plan)}",
        *_weights(plan.get("weights")),
        f"Recipe     {plan['recipe_name']}{of}",
        *_settings(plan),
        *scaling.described(plan),
        *_lars(plan),
        _machine(plan),
        f"Kernels    {plan['kernels']}; precision {plan['precision']}; device {plan['device']}",
        *_faster(plan),
        *_work(plan, rate),
        "" if data["val"] or recipe["schedule"]["value"] != "plateau" else NO_VALIDATION,
        "" if "weights" in plan else expectation(data["train"], classes),
    ]
    return "\n".join(line for line in lines if line)


def _machine(plan: Mapping[str, Any]) -> str:
    found = plan["machine"]
    line = f"Machine    {found['processor']}, {number(plan['threads'], 'thread')}, "
    if card := found.get("gpu"):
        return f"{line}{card['card']} ({card['card_memory_gb']} GB)"
    return f"{line}{found['instructions']}"


def _faster(plan: Mapping[str, Any]) -> list[str]:
    """How to get a faster path than the one that runs, or that the one asked for is slow here."""
    if plan["device"] != "cpu":
        return []
    lines = [why] if (why := passed_by()) else []
    if not plan["kernels"].startswith("C"):
        lines.append("normalisation is quicker in C, which installing with a C compiler builds")
    if plan["precision"] == "float32" and machine.has_bf16():
        lines.append("this processor multiplies bf16 itself: --precision bf16 is quicker")
    if plan["precision"] == "bf16" and not machine.has_bf16():
        lines.append("this processor has no bf16 of its own: --precision float32 is quicker")
    return [f"{'Faster' if not n else '':11}{line}" for n, line in enumerate(lines)]


def _lars(plan: Mapping[str, Any]) -> list[str]:
    """How far LARS goes; with its paper's trust it stands still at the rates of other rules."""
    name, rate, trust = (plan["recipe"][key]["value"] for key in ("optimizer", "rate", "trust"))
    if name != "lars":
        return []
    step = rate * trust
    little = "; so little hardly learns: give a higher --set trust or --rate"
    return [
        f"LARS       a step adds about {step:.2g} of a layer's weights to their velocity, at the "
        f"highest rate{little if step < LEAST else ''}"
    ]


def _decays(plan: Mapping[str, Any]) -> str:
    own = [f"{one['name']} {one['decay']:g}" for one in _learned(plan) if one["decay"] is not None]
    return f"; decays of their own: {', '.join(own)}" if own else ""


def _learned(plan: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [layer for layer in plan["layers"] if "decay" in layer]


def _weights(weights: Mapping[str, Any] | None) -> list[str]:
    if weights is None:
        return []
    new = f"; new: {', '.join(weights['new'])}" if weights["new"] else ""
    return [f"Weights    from {weights['folder']}: {', '.join(weights['taken'])}{new}"]


def _work(plan: Mapping[str, Any], rate: float) -> list[str]:
    batch, budget, train = plan["recipe"]["batch"]["value"], plan["budget_seconds"], plan["data"]
    if budget:
        epochs = budget * rate / max(1, train["train"])
        return [
            f"Work       steps of {number(batch, 'picture')} while the time lasts",
            f"Time       stops after {duration(budget)} (--time), about {epochs:.1f} epochs",
        ]
    passes = plan["steps"] * batch + train["val"] * plan["epochs"] / 3
    epochs = f"{plan['epochs']:g} {'epoch' if plan['epochs'] == 1 else 'epochs'}"
    return [
        f"Work       {number(plan['steps'], 'step')} of {number(batch, 'picture')}, {epochs}",
        f"Time       about {duration(passes / rate)} at {rate:.1f} pictures a second",
    ]


def _settings(plan: Mapping[str, Any]) -> list[str]:
    """A line for each setting that has an effect or that somebody gave, and one for the others."""
    idle = unused(plan)
    used = {name: entry for name, entry in plan["recipe"].items() if name not in idle}
    shown = {name: _value(entry["value"]) for name, entry in used.items()}
    units = {name: entry["unit"] for name, entry in used.items()}
    if plan["budget_seconds"]:
        units["epochs"] = "epochs that the time given stands for"
    width = max(len(value) for value in shown.values() if len(value) <= WIDEST)
    lines = [
        f"  {name:14}{shown[name]:>{width}}  {units[name]} ({entry['origin']})"
        for name, entry in used.items()
    ]
    return [*lines, f"  not used: {', '.join(idle)}"] if idle else lines


def unused(plan: Mapping[str, Any]) -> list[str]:
    """Settings that change nothing here, unless a person has given them."""
    values = {name: entry["value"] for name, entry in plan["recipe"].items()}
    idle = {name for name, (key, with_) in ONLY_WITH.items() if values[key] not in with_}
    idle |= {name for name, key in NEEDS.items() if not values[key]}
    idle |= {name for name, value in OFF.items() if values[name] == value}
    idle |= _idle_here(plan)
    if plan["budget_seconds"] and idle >= IN_EPOCHS:
        idle.add("epochs")
    return [
        name
        for name, entry in plan["recipe"].items()
        if name in idle and entry["origin"].startswith(PROGRAMS)
    ]


def _idle_here(plan: Mapping[str, Any]) -> set[str]:
    """Settings that have no effect on this network, or on weights that are all taken."""
    idle = {"decay"} if all(one["decay"] is not None for one in _learned(plan)) else set()
    if all(layer["kind"] != "Dropout" for layer in plan["layers"]):
        idle.add("dropout")
    if "weights" in plan and not plan["weights"]["new"]:
        idle.add("init")
    return idle


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple | list):
        return ",".join(map(_value, value)) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value)
