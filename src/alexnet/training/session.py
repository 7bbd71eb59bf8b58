"""``train`` and ``resume``: from data and recipe to a trained run."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from alexnet import files, machine
from alexnet.data.prepare import prepare
from alexnet.data.store import ImageSet, looks_prepared, open_set
from alexnet.errors import AlexNetError, UsageError
from alexnet.model import load_model
from alexnet.names import nearest
from alexnet.networks import variants
from alexnet.networks.layers import Layers, learned
from alexnet.networks.layers import from_json as layers_from_json
from alexnet.networks.layers import to_json as layers_to_json
from alexnet.networks.tables import table
from alexnet.networks.zoo import Named, named
from alexnet.preprocessing import Preprocessing
from alexnet.run import Run, data_folder, locked, open_run
from alexnet.training import loop
from alexnet.training.job import Job, Say, assemble, begin, room_for, take_up
from alexnet.training.plan import described, make_plan
from alexnet.training.recipe import Recipe, Resolved, Settings, fitting, from_plan, resolve
from alexnet.training.weights import Start

OWN = "layers of the caller"  # the network's name where a list was given in place of one


def train(
    data: Path | str,
    run: Path | str,
    *,
    recipe: str = "auto",
    net: str = "alexnet",
    settings: Mapping[str, Any] | None = None,
    budget: float | None = None,
    threads: int | None = None,
    workers: int = 1,
    dry_run: bool = False,
    say: Say = print,
    quiet: bool = False,
    layers: Layers | None = None,
    weights: Path | str | None = None,
) -> Run | None:
    """Train a network on an image set, or on photos, which are prepared first and kept.

    ``settings`` are recipe fields by name, each a value or (value, origin); ``budget`` is the
    training time in seconds, to which the schedule then fits; ``layers`` is a network's list in
    place of a name; ``weights`` is a run to start from, with its network and its preprocessing.
    Returns the run, or None for a dry run. UsageError for a wrong setting,
    AlexNetError where ``run`` exists already or training cannot go on, Interrupted after Ctrl-C.
    """
    folder, given = Path(run), _with_origins(settings or {})
    if not dry_run:
        _check_new(folder)
    # Mistakes are told before photos are prepared, which may take hours.
    _check_numbers(threads, workers)
    known = named(net)
    resolve(recipe, 0, given, known)
    start = None if weights is None else Start.of(weights, net, layers)
    images = _set_of(Path(data), folder, dry_run, say, (start or known).preprocessing)
    if start:
        start.check_fits(images, say)
        given = start.settings | given
    resolved = _resolved(recipe, images, given, budget, known)
    name, listed = _network(known, layers, start, images)
    listed = _with_recipe(listed, resolved)
    _check_outputs(listed, images, resolved.recipe)
    machine.use(threads)
    plan = make_plan(images, name, listed, resolved, threads=torch.get_num_threads(), budget=budget)
    plan["layers"] = layers_to_json(listed)
    if start:
        plan["weights"] = start.described(listed, images.classes)
    job = assemble(
        folder, plan, resolved.recipe, images, listed, workers=workers, say=say, quiet=quiet,
        mean=start.model.mean if start else None,
    )  # fmt: skip
    begin(job, start.network(images.classes) if start else None)
    rate = measured_rate(job)
    if budget:
        plan |= _expected(plan, rate)
    say(described(plan, len(images.classes), rate))
    return None if dry_run else _started(job)


def _network(
    known: Named, layers: Layers | None, start: Start | None, images: ImageSet
) -> tuple[str, Layers]:
    """The name and the list of the network, with an output for each class of the set."""
    if start:
        return start.model.name, start.layers(images.classes)
    return (known.name, known.layers(len(images.classes))) if layers is None else (OWN, layers)


def _check_new(folder: Path) -> None:
    if (folder / "plan.json").exists():
        raise AlexNetError(
            f"{folder} holds a run already. Go on with it: alexnet train --resume {folder}; or "
            "give another --run."
        )


def _resolved(
    name: str, images: ImageSet, given: Settings, budget: float | None, known: Named
) -> Resolved:
    way = known.preprocessing
    crop = (way.of(images.size), f"net {known.name}: {way.crop} of {way.size}")
    given = {"crop": crop, **given}
    pictures = len(images.parts["train"])
    resolved = resolve(name, pictures, given, known)
    if budget and resolved.recipe.schedule == "plateau":
        return resolve(resolved.name, pictures, {**given, **fitting(resolved)}, known)
    return resolved


def _started(job: Job) -> Run:
    job.folder.mkdir(parents=True, exist_ok=True)
    room_for(job.folder, job.plan["parameters"])
    with locked(job.folder):
        _check_new(job.folder)
        files.write_json(job.folder / "plan.json", job.plan)
        if "weights" in job.plan:
            job.save()  # so that going on does not need the other run, which may be gone by then
        loop.run(job)
    return open_run(job.folder)


def _with_origins(settings: Mapping[str, Any]) -> Settings:
    return {
        key: value
        if isinstance(value, tuple) and len(value) == 2 and isinstance(value[1], str)
        else (value, "caller")
        for key, value in settings.items()
    }


def resume(
    run: Path | str,
    *,
    data: Path | str | None = None,
    budget: float | None = None,
    threads: int | None = None,
    workers: int = 1,
    say: Say = print,
    quiet: bool = False,
) -> Run:
    """Go on with a run that was interrupted, in the middle of an epoch, at the right picture.

    ``data`` says where the set lies now, if it was moved; ``budget`` is a new training time in
    seconds, all sittings together, for a run that had one.
    """
    opened = open_run(run)
    plan = opened.plan
    _check_numbers(threads, workers)
    if budget and not plan["budget_seconds"]:
        raise UsageError(
            f"{opened.folder} runs for a number of epochs, which --time cannot change; only a run "
            "that began with --time can get another one."
        )
    images = open_set(data_folder(opened) if data is None else data)
    if images.fingerprint != plan["data"]["fingerprint"]:
        raise AlexNetError(
            f"{images.folder} holds other pictures than when {opened.folder} began; the run "
            "cannot go on with them. Bring the old set back, or train a new run."
        )
    with locked(opened.folder):
        if budget or data is not None:
            plan["budget_seconds"] = budget or plan["budget_seconds"]
            plan["data"]["folder"] = str(images.folder.resolve())
            files.write_json(opened.folder / "plan.json", plan)
        machine.use(threads or plan["threads"])
        return _go_on(opened, images, workers, say, quiet)


def _go_on(opened: Run, images: ImageSet, workers: int, say: Say, quiet: bool) -> Run:
    plan = opened.plan
    resolved = from_plan(plan["recipe"], plan["recipe_name"])
    mean = load_model(opened.folder).mean if "weights" in plan else None
    job = assemble(
        opened.folder, plan, resolved.recipe, images, layers_from_json(plan["layers"]),
        workers=workers, say=say, quiet=quiet, mean=mean,
    )  # fmt: skip
    if not take_up(job):
        say("No checkpoint had been written yet: the run begins again at step 1.")
        begin(job)
    elif loop.finished(job):
        say(f"{opened.folder} is trained to its end ({job.tally.step:,} steps): nothing to do.")
        return opened
    else:
        say(f"Going on at step {job.tally.step + 1:,} of {loop.expected_steps(job):,}.")
    loop.run(job)
    return open_run(opened.folder)


def _set_of(data: Path, run: Path, dry_run: bool, say: Say, way: Preprocessing) -> ImageSet:
    """The set at ``data``; photos are prepared beside the run first."""
    if looks_prepared(data):
        return open_set(data)
    if not data.exists():
        raise UsageError(f"There is no {data}. Give a prepared set, or photos in class folders.")
    if dry_run:
        raise UsageError(
            f"{data} holds no prepared set, and a plan needs its counts: first "
            f"`alexnet prepare {data} DATA`, then give DATA."
        )
    place = run.parent / f"{data.name.split('.')[0] or 'photos'}-prepared"
    say(f"{data} holds no prepared set; its photos are prepared into {place}, which is kept.")
    return prepare(data, place, size=way.size, fit=way.fit, say=say).set


def _expected(plan: Mapping[str, Any], rate: float) -> dict[str, float]:
    """Steps and epochs that the time given will allow at a speed in pictures a second."""
    pictures = plan["budget_seconds"] * rate
    batch = plan["recipe"]["batch"]["value"]
    return {
        "steps": max(1, round(pictures / batch)),
        "epochs": round(pictures / plan["data"]["train"], 2),
    }


def _check_outputs(layers: Layers, images: ImageSet, recipe: Recipe) -> None:
    outputs = table(layers, (3, recipe.crop, recipe.crop))[-1].output
    if outputs != (len(images.classes),):
        raise UsageError(
            f"The network ends in {outputs} outputs, but {images.folder} has "
            f"{len(images.classes)} classes."
        )


def _with_recipe(layers: Layers, resolved: Resolved) -> Layers:
    """The list with the recipe's dropout and start; layers to freeze must be there."""
    names = [layer.name for layer in learned(layers)]
    for name in resolved.recipe.freeze:
        if name not in names and not resolved.origins["freeze"].startswith("net "):
            raise UsageError(f"There is no layer {name!r} to freeze{nearest(name, names)}.")
    layers = variants.with_dropout(layers, resolved.recipe.dropout)
    return variants.with_start(layers, 0.01) if resolved.recipe.init == "paper" else layers


def _check_numbers(threads: int | None, workers: int) -> None:
    if threads is not None and threads < 1:
        raise UsageError(f"{threads} threads were asked for; at least 1 is needed.")
    if workers < 0:
        raise UsageError(f"{workers} workers were asked for; it can be 0 or more.")


def measured_rate(job: Job) -> float:
    """Training speed in pictures a second, from two passes that change nothing; warms up too."""
    views, labels = job.batches.make(0)
    few = slice(0, min(len(labels), 32))
    job.network.train()
    seconds = 1.0
    for _ in range(2):
        started = time.monotonic()
        torch.nn.functional.cross_entropy(job.network(views[few]), labels[few]).backward()  # type: ignore[no-untyped-call]
        job.network.zero_grad(set_to_none=True)
        seconds = time.monotonic() - started
    return len(labels[few]) / seconds
