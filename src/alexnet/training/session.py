"""``train`` and ``resume``: from data and recipe to a trained run."""

import socket
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import torch

from alexnet import files
from alexnet.data.explain import number
from alexnet.data.store import ImageSet, open_set
from alexnet.errors import AlexNetError, UsageError
from alexnet.model import load_model
from alexnet.networks.layers import Layers
from alexnet.networks.layers import from_json as layers_from_json
from alexnet.parallel.launch import local_size
from alexnet.parallel.meeting import TIMEOUT
from alexnet.run import Run, data_folder, locked, open_run
from alexnet.training import loop
from alexnet.training.choice import Choice, choose
from alexnet.training.job import Job, Say, assemble, begin, room_for, take_up, way_of
from alexnet.training.pace import expected, give, measured_rate
from alexnet.training.plan import described, make_plan
from alexnet.training.questions import check_classes, questions
from alexnet.training.recipe import from_plan, with_origins
from alexnet.training.same import difference
from alexnet.training.sitting import Sitting
from alexnet.training.source import set_for

BROUGHT = {"weights", "mean"}  # what a run may have from elsewhere, and keeps in its model
PREPARED = "several processes would each prepare them"


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
    turns: int = 1,
    parallel: str | None = None,
    exchange: str = "float32",
    timeout: float = TIMEOUT,
    dry_run: bool = False,
    say: Say = print,
    quiet: bool = False,
    device: str | None = None,
    layers: Layers | None = None,
    weights: Path | str | None = None,
    mean: Path | str | Sequence[float] | None = None,
) -> Run | None:
    """Train a network on an image set, or on photos, which are prepared first and kept.

    ``net`` is the network by name, by default "alexnet"; ``layers`` is a list in place of a name;
    ``weights`` is a run to start from, with its network and its preprocessing; ``mean`` is what is
    subtracted in place of the set's (``GivenMean.of``). ``settings`` are recipe fields by name;
    ``budget`` is the training time in seconds, to which the schedule then fits. For ``threads``,
    ``workers``, ``turns``, ``parallel``, ``exchange``, ``timeout`` and ``device`` see
    ``sitting.Sitting``; with ``parallel`` a ``run`` that holds the same recipe is gone on with, as
    torchrun repeats a command whose processes were lost. Returns the run, or None for a dry run.
    UsageError for a wrong setting, AlexNetError where ``run`` exists already or training cannot go
    on, Interrupted after Ctrl-C.
    """
    asked = Sitting(threads, workers, turns, parallel, exchange, timeout, say, quiet, device)
    folder = Path(run)

    def chosen(sitting: Sitting) -> tuple[Choice, ImageSet]:
        if not dry_run:
            _check_new(folder, sitting)
        # Mistakes are told before photos are prepared, which may take hours.
        choice = choose(
            recipe, with_origins(settings or {}), net=net, layers=layers, weights=weights,
            mean=mean, budget=budget,
        )  # fmt: skip
        wanted = "a plan needs its counts" if dry_run else PREPARED if parallel else ""
        return choice, set_for(choice.preprocessing, Path(data), folder, wanted, say)

    with asked.met() as sitting:
        choice, images = sitting.world.together(lambda: chosen(sitting))
        sitting.use_machine(None)
        mine = sitting.world.together(lambda: _plan(choice, images, sitting))
        plan = sitting.world.told(mine)
        sitting.world.together(lambda: _check_same_pictures(mine, plan))
        if not dry_run and sitting.world.told((folder / "plan.json").exists()):
            found = sitting.world.together(lambda: _same(folder, plan))
            return _go_on(found, images, sitting)
        job = _first(choice, images, folder, plan, sitting)
        _begun(job, choice)
        return None if dry_run else _started(job, sitting)


def _plan(choice: Choice, images: ImageSet, sitting: Sitting) -> dict[str, Any]:
    check_classes(images)
    if choice.start:
        choice.start.check_fits(images, sitting.say)
    layers, resolved = choice.fitted(images)
    threads = torch.get_num_threads() * local_size()  # what the machine gives to the run
    plan = make_plan(
        images, choice.name, layers, resolved, threads=threads, budget=choice.budget,
        device=sitting.computes,
    )  # fmt: skip
    if choice.start:
        plan["weights"] = choice.start.described(images.classes)
    if choice.mean:
        plan["mean"] = choice.mean.described()
    return plan


def _first(
    choice: Choice, images: ImageSet, folder: Path, plan: dict[str, Any], sitting: Sitting
) -> Job:
    """The job of a new run."""
    layers, resolved = choice.fitted(images)
    like = choice.start.model if choice.start else None
    mean = choice.mean.image_for(way_of(images, resolved.recipe)) if choice.mean else None
    return assemble(
        folder, plan, resolved.recipe, images, layers, workers=sitting.workers, say=sitting.say,
        quiet=sitting.quiet, turns=sitting.turns, like=like, mean=mean, place=sitting.place,
        device=sitting.computes,
    )  # fmt: skip


def _begun(job: Job, choice: Choice) -> None:
    """Give the job its first weights, measure its speed, and say the plan that follows from it."""
    begin(job, choice.start)
    rate = job.placement.world.told(measured_rate(job))
    if choice.budget:
        job.plan |= expected(job.plan, rate)
        job.fit_to_time()
    plan = described(job.plan, job.classes, rate)
    job.say("\n".join([plan, *questions(job.images), *job.placement.lines()]))


def _check_same_pictures(mine: Mapping[str, Any], plan: Mapping[str, Any]) -> None:
    """AlexNetError where this process has another set than the first one."""
    if mine["data"]["fingerprint"] != plan["data"]["fingerprint"]:
        raise AlexNetError(
            f"{mine['data']['folder']} on {socket.gethostname()} holds other pictures than the set "
            "of process 0. Every machine must have the same set: copy it, or share a disk."
        )


def _check_new(folder: Path, sitting: Sitting) -> None:
    """AlexNetError where there is a run already, or no file can be written."""
    if not sitting.world.first:
        return
    if (folder / "plan.json").exists():
        if sitting.parallel:
            return
        raise AlexNetError(
            f"{folder} holds a run already. Go on with it: alexnet train --resume {folder}; or "
            "give another --run."
        )
    files.check_place(folder / "plan.json", making=True)


def _started(job: Job, sitting: Sitting) -> Run:
    with ExitStack() as stack:
        sitting.world.by_first(lambda: _take(job, stack))
        sitting.world.together(lambda: _check_seen(job.folder))
        if BROUGHT & job.plan.keys():
            # Before the plan, which makes it a run: going on may not need the other run, which can
            # be gone by then.
            job.save()
        sitting.world.by_first(lambda: files.write_json(job.folder / "plan.json", job.plan))
        loop.run(job)
    return open_run(job.folder)


def _take(job: Job, stack: ExitStack) -> None:
    """Make the folder of a new run and keep other trainings out of it until the stack ends."""
    job.folder.mkdir(parents=True, exist_ok=True)
    room_for(job.folder, job.plan["parameters"])
    stack.enter_context(locked(job.folder))
    _check_new(job.folder, Sitting())


def _check_seen(folder: Path) -> None:
    if not folder.is_dir():
        raise AlexNetError(
            f"{folder}, which process 0 has made, is not to be seen on {socket.gethostname()}. The "
            "run must lie on a disk that all machines share."
        )


def _same(folder: Path, plan: Mapping[str, Any]) -> Run:
    """The run in a folder; AlexNetError where it is not what ``plan`` says."""
    found = open_run(folder)
    if differs := difference(found.plan, plan):
        raise AlexNetError(
            f"{folder} holds another run already: {differs}. Go on with it: alexnet train --resume "
            f"{folder}; or give another --run."
        )
    found.plan["data"]["folder"] = plan["data"]["folder"]  # where the same set lies now
    return found


def resume(
    run: Path | str,
    *,
    data: Path | str | None = None,
    budget: float | None = None,
    threads: int | None = None,
    workers: int = 1,
    turns: int = 1,
    parallel: str | None = None,
    exchange: str = "float32",
    timeout: float = TIMEOUT,
    say: Say = print,
    quiet: bool = False,
    device: str | None = None,
) -> Run:
    """Go on with a run that was interrupted, in the middle of an epoch, at the right picture.

    ``data`` says where the set lies now, if it was moved; ``budget`` is a new training time in
    seconds, all sittings together, for a run that had one. The others are as in ``train``, and need
    not be what they were: a run can move between one device and any number of processes.
    """
    asked = Sitting(threads, workers, turns, parallel, exchange, timeout, say, quiet, device)

    def opened() -> tuple[Run, ImageSet]:
        found = open_run(run)
        _check_goes_on(found, budget)
        images = open_set(data_folder(found) if data is None else data)
        if images.fingerprint != found.plan["data"]["fingerprint"]:
            raise AlexNetError(
                f"{images.folder} holds other pictures than when {found.folder} began; the run "
                "cannot go on with them. Bring the old set back, or train a new run."
            )
        return found, images

    with asked.met() as sitting:
        found, images = sitting.world.together(opened)
        sitting.use_machine(found.plan["threads"])
        if budget or data is not None:
            found.plan["data"]["folder"] = str(images.folder.resolve())
            give(found.plan, budget or found.plan["budget_seconds"])
        return _go_on(found, images, sitting)


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


def _go_on(opened: Run, images: ImageSet, sitting: Sitting) -> Run:
    """Take up a run with its plan, which is written where it is not the one that lies there."""
    with ExitStack() as stack:
        sitting.world.by_first(lambda: _take_again(opened, stack))
        plan = opened.plan
        resolved = from_plan(plan["recipe"], plan["recipe_name"])
        job = assemble(
            opened.folder, plan, resolved.recipe, images, layers_from_json(plan["layers"]),
            workers=sitting.workers, say=sitting.say, quiet=sitting.quiet, turns=sitting.turns,
            like=load_model(opened.folder) if BROUGHT & plan.keys() else None, place=sitting.place,
            device=sitting.computes,
        )  # fmt: skip
        job.fit_to_time()
        if not take_up(job):
            _begin_again(job)
        elif loop.finished(job):
            done = number(job.tally.step, "step")
            sitting.say(f"{opened.folder} is trained to its end ({done}): nothing to do.")
            return opened
        else:
            going = f"Going on at step {job.tally.step + 1:,} of {loop.expected_steps(job):,}."
            sitting.say("\n".join([going, *job.placement.lines()]))
        loop.run(job)
    return open_run(opened.folder)


def _take_again(opened: Run, stack: ExitStack) -> None:
    stack.enter_context(locked(opened.folder))
    if files.read_json(opened.folder / "plan.json") != opened.plan:
        files.write_json(opened.folder / "plan.json", opened.plan)


def _begin_again(job: Job) -> None:
    if "weights" in job.plan:
        raise AlexNetError(
            f"{job.folder} has lost its checkpoints, and with them the weights that it began with; "
            f"train a new run with --weights {job.plan['weights']['folder']}."
        )
    job.say("No checkpoint had been written yet: the run begins again at step 1.")
    begin(job)
