"""``train`` and ``resume``: from data and recipe to a trained run."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from alexnet import files, machine
from alexnet.data.explain import number
from alexnet.data.store import ImageSet, open_set
from alexnet.errors import AlexNetError, UsageError
from alexnet.model import load_model
from alexnet.networks.layers import Layers
from alexnet.networks.layers import from_json as layers_from_json
from alexnet.run import Run, data_folder, locked, open_run
from alexnet.training import loop
from alexnet.training.choice import Choice, choose
from alexnet.training.job import Job, Say, assemble, begin, room_for, take_up
from alexnet.training.plan import described, make_plan
from alexnet.training.recipe import from_plan, with_origins
from alexnet.training.source import set_for


def train(
    data: Path | str,
    run: Path | str,
    *,
    recipe: str = "auto",
    net: str | None = None,
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

    ``net`` is the network by name, by default "alexnet"; ``layers`` is a list in place of a name;
    ``weights`` is a run to start from, with its network and its preprocessing. ``settings`` are
    recipe fields by name; ``budget`` is the training time in seconds, to which the schedule then
    fits. Returns the run, or None for a dry run. UsageError for a wrong setting, AlexNetError where
    ``run`` exists already or training cannot go on, Interrupted after Ctrl-C.
    """
    folder = Path(run)
    if not dry_run:
        _check_new(folder)
    _check_numbers(threads, workers)
    # Mistakes are told before photos are prepared, which may take hours.
    choice = choose(
        recipe, with_origins(settings or {}), net=net, layers=layers, weights=weights, budget=budget
    )
    images = set_for(choice.preprocessing, Path(data), folder, dry_run, say)
    machine.use(threads)
    job = _first(choice, images, folder, workers, say, quiet)
    _begun(job, choice)
    return None if dry_run else _started(job)


def _first(
    choice: Choice, images: ImageSet, folder: Path, workers: int, say: Say, quiet: bool
) -> Job:
    """The job of a new run, with its plan."""
    if choice.start:
        choice.start.check_fits(images, say)
    layers, resolved = choice.fitted(images)
    threads = torch.get_num_threads()
    plan = make_plan(images, choice.name, layers, resolved, threads=threads, budget=choice.budget)
    like = None
    if choice.start:
        plan["weights"] = choice.start.described(images.classes)
        like = choice.start.model
    return assemble(
        folder, plan, resolved.recipe, images, layers, workers=workers, say=say, quiet=quiet,
        like=like,
    )  # fmt: skip


def _begun(job: Job, choice: Choice) -> None:
    """Give the job its first weights, measure its speed, and say the plan that follows from it."""
    begin(job, choice.start)
    rate = measured_rate(job)
    if choice.budget:
        job.plan |= _expected(job.plan, rate)
        job.fit_to_time()
    job.say(described(job.plan, job.classes, rate))


def _check_new(folder: Path) -> None:
    """AlexNetError where there is a run already, or no file can be written."""
    if (folder / "plan.json").exists():
        raise AlexNetError(
            f"{folder} holds a run already. Go on with it: alexnet train --resume {folder}; or "
            "give another --run."
        )
    files.check_place(folder / "plan.json", making=True)


def _check_numbers(threads: int | None, workers: int) -> None:
    if threads is not None and threads < 1:
        raise UsageError(f"{threads} threads were asked for; at least 1 is needed.")
    if workers < 0:
        raise UsageError(f"{workers} workers were asked for; it can be 0 or more.")


def _started(job: Job) -> Run:
    job.folder.mkdir(parents=True, exist_ok=True)
    room_for(job.folder, job.plan["parameters"])
    with locked(job.folder):
        _check_new(job.folder)
        if "weights" in job.plan:
            # Before the plan, which makes it a run: going on may not need the other run, which can
            # be gone by then.
            job.save()
        files.write_json(job.folder / "plan.json", job.plan)
        loop.run(job)
    return open_run(job.folder)


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
    _check_numbers(threads, workers)
    _check_goes_on(opened, budget)
    images = open_set(data_folder(opened) if data is None else data)
    if images.fingerprint != opened.plan["data"]["fingerprint"]:
        raise AlexNetError(
            f"{images.folder} holds other pictures than when {opened.folder} began; the run "
            "cannot go on with them. Bring the old set back, or train a new run."
        )
    with locked(opened.folder):
        if budget or data is not None:
            opened.plan["data"]["folder"] = str(images.folder.resolve())
            _give(opened.plan, budget or opened.plan["budget_seconds"])
            files.write_json(opened.folder / "plan.json", opened.plan)
        machine.use(threads or opened.plan["threads"])
        return _go_on(opened, images, workers, say, quiet)


def _check_goes_on(opened: Run, budget: float | None) -> None:
    if "recipe" not in opened.plan:
        raise AlexNetError(
            f"{opened.folder} was imported, so there is no training to go on with; start from it: "
            f"alexnet train DATA --run RUN --weights {opened.folder}"
        )
    if budget and not opened.plan["budget_seconds"]:
        raise UsageError(
            f"{opened.folder} runs for a number of epochs, which --time cannot change; only a run "
            "that began with --time can get another one."
        )


def _give(plan: dict[str, Any], budget: float | None) -> None:
    """Another time for a run that had one; so many more or fewer steps are expected."""
    if budget and budget != plan["budget_seconds"]:
        longer = budget / plan["budget_seconds"]
        plan["steps"] = max(1, round(plan["steps"] * longer))
        plan["epochs"] = round(plan["epochs"] * longer, 2)
        plan["budget_seconds"] = budget


def _go_on(opened: Run, images: ImageSet, workers: int, say: Say, quiet: bool) -> Run:
    plan = opened.plan
    resolved = from_plan(plan["recipe"], plan["recipe_name"])
    job = assemble(
        opened.folder, plan, resolved.recipe, images, layers_from_json(plan["layers"]),
        workers=workers, say=say, quiet=quiet,
        like=load_model(opened.folder) if "weights" in plan else None,
    )  # fmt: skip
    job.fit_to_time()
    if not take_up(job):
        _begin_again(job)
    elif loop.finished(job):
        done = number(job.tally.step, "step")
        say(f"{opened.folder} is trained to its end ({done}): nothing to do.")
        return opened
    else:
        say(f"Going on at step {job.tally.step + 1:,} of {loop.expected_steps(job):,}.")
    loop.run(job)
    return open_run(opened.folder)


def _begin_again(job: Job) -> None:
    if "weights" in job.plan:
        raise AlexNetError(
            f"{job.folder} has lost its checkpoints, and with them the weights that it began with; "
            f"train a new run with --weights {job.plan['weights']['folder']}."
        )
    job.say("No checkpoint had been written yet: the run begins again at step 1.")
    begin(job)


def _expected(plan: Mapping[str, Any], rate: float) -> dict[str, float]:
    """Steps and epochs that the time given will allow at a speed in pictures a second."""
    pictures = plan["budget_seconds"] * rate
    batch = plan["recipe"]["batch"]["value"]
    return {
        "steps": max(1, round(pictures / batch)),
        "epochs": round(pictures / plan["data"]["train"], 2),
    }


def measured_rate(job: Job) -> float:
    """Training speed in pictures a second, from two passes that change nothing; warms up too."""
    views, labels = job.batches.make(0)
    few = slice(0, min(len(labels), 32))
    job.network.train()
    job.optimizer.freeze(loop.current_rates(job))  # what stands still costs less
    seconds = 1.0
    for _ in range(2):
        started = time.monotonic()
        loss = torch.nn.functional.cross_entropy(job.network(views[few]), labels[few])
        if loss.requires_grad:
            loss.backward()  # type: ignore[no-untyped-call]
        job.network.zero_grad(set_to_none=True)
        seconds = time.monotonic() - started
    return len(labels[few]) / seconds
