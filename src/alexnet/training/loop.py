"""The loop: batches in, updates, one line while it runs, a row an epoch, checkpoints by time."""

import math
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

from alexnet.errors import AlexNetError, Interrupted
from alexnet.interrupt import catching, to_stderr
from alexnet.parallel.launch import threads
from alexnet.parallel.world import silent
from alexnet.progress import Progress, duration
from alexnet.training import diagnosis, memory
from alexnet.training.batches import Batch
from alexnet.training.job import Job
from alexnet.training.optimizer import Rates
from alexnet.training.schedule import bias_rate_at, rate_at, share_of_slow
from alexnet.training.step import Outcome, agreed
from alexnet.training.tally import advice_on_waiting
from alexnet.training.validation import validate

CHECKPOINT_EVERY = 300.0  # seconds; less often where saving would take more than its share
SAVING_SHARE = 0.015
GRACE = 2.0  # seconds: a scheduler's signal comes from it and, again, from torchrun


def run(job: Job) -> None:
    """Train from where the tally stands to the end.

    Interrupted after Ctrl-C or SIGTERM, everything saved; AlexNetError where the loss or a weight
    is no number any more, the last good checkpoint kept.
    """
    if not job.device.gpu:  # which says itself where the pictures lie
        memory.read_ahead(job.images.shards(), job.say)
    progress = Progress("train", job.plan["steps"], "steps", quiet=job.quiet)
    saving = Saving(job)
    batches = job.batches.run(job.tally.step, job.workers)
    job.network.train()
    job.placement.exchanged()
    first, line = job.tally.step, ""
    world = job.placement.world
    say, grace = to_stderr if world.first else silent, GRACE if world.size > 1 else 0.0
    with catching(say, grace) as stop, closing(batches), closing(progress), letting_go(job):
        while not finished(job):
            started = time.monotonic()
            line = one_step(job, next(batches), started) or line
            if ends_epoch(job) or finished(job):
                end_epoch(job)
                progress.close()
            if job.tally.step == first + 1 and (line_of_bytes := job.placement.exchanged()):
                job.say(line_of_bytes)
            progress.total = expected_steps(job)
            progress.update(job.tally.step, line)
            asked = world.sums({"stop": stop.requested, "save": world.of_first(saving.due())})
            if asked["stop"] or asked["save"]:
                settle(job)
            if asked["stop"] and not finished(job):
                job.save()
                raise Interrupted(_stopped(job))
            if asked["save"]:
                saving.save()
        job.save()


@contextmanager
def letting_go(job: Job) -> Iterator[None]:
    """Afterwards the network's masks do not hold the job any more, which holds them.

    And whoever called has the GPU's stream of before.
    """
    try:
        yield
    finally:
        job.network.reset_masks()
        job.engine.close()


def finished(job: Job) -> bool:
    """Whether all steps are done, or the time given is used up."""
    budget = job.plan["budget_seconds"]
    if budget:
        return bool(job.tally.seconds >= budget)
    return bool(job.tally.step >= job.plan["steps"])


def expected_steps(job: Job) -> int:
    """Steps of the whole run: those of the plan, or as many as the time given will allow."""
    tally, budget = job.tally, job.plan["budget_seconds"]
    if not budget:
        return int(job.plan["steps"])
    return max(tally.step, round(tally.step * float(budget) / max(tally.seconds, 1e-9)))


def one_step(job: Job, batch: Batch, started: float) -> str:
    """Forward, backward, update; returns what the progress line says of it."""
    rates = current_rates(job)
    here = job.engine.step(job, batch, rates)
    found = _finite(job, agreed(job, here, batch.waited, time.monotonic() - started))
    job.tally.add(*found)
    remark_if_stuck(job)
    return line_of(job, found.loss) if found.pictures else ""


def settle(job: Job) -> None:
    """Count what a GPU has found meanwhile in the steps that were asked of it."""
    started = time.monotonic()
    here = job.engine.settle()
    job.tally.count(*_finite(job, agreed(job, here, 0.0, time.monotonic() - started)))


def _finite(job: Job, found: Outcome) -> Outcome:
    """What was found; AlexNetError where the loss is no number."""
    if not math.isfinite(found.loss):
        kept = "The last good checkpoint is kept." if any_checkpoint(job) else ""
        rate = job.optimizer.last.get("weights", 0.0)
        raise AlexNetError(diagnosis.advice_when_not_finite(job.tally.step, rate, kept))
    return found


def current_rates(job: Job) -> Rates:
    """The learning rates of the step to come."""
    tally, budget = job.tally, job.plan["budget_seconds"]
    done = tally.seconds / budget if budget else tally.step / job.plan["steps"]
    # With a time given, the epochs of the recipe stand for shares of that time.
    passed = tally.step * job.recipe.batch / len(job.batches.part)
    epoch = done * job.recipe.epochs if budget else passed
    rate = rate_at(job.recipe, tally.step, epoch, done, tally.errors)
    biases = bias_rate_at(job.recipe, tally.step, epoch, rate)
    return Rates(rate, biases, share_of_slow(job.recipe, epoch))


def any_checkpoint(job: Job) -> bool:
    """Whether there is something to go on from."""
    return any((job.folder / "checkpoints").glob("*.safetensors"))


def line_of(job: Job, loss: float) -> str:
    """Loss, error so far in the epoch, speed, share of time spent waiting for data."""
    row = job.tally.training_row()
    last = job.tally.errors[-1:]
    return (
        f"loss {loss:.2f}, error {row['train_error']:.0%}"
        + (f", val {last[0]:.0%}" if last else "")
        + f", {row['images_per_second']:.1f} images/s, waiting {row['data_wait_share']:.1%}"
    )


def remark_if_stuck(job: Job) -> None:
    """Say once, after 200 steps, that the loss is still about ln N, and why that may be."""
    tally = job.tally
    if tally.warned or tally.step % diagnosis.PATIENCE:
        return
    mean = tally.loss / max(1, tally.pictures)
    if tally.pictures and diagnosis.stuck(mean, job.classes):
        job.placement.put_into(job.model.network)
        tally.warned = True
        if job.placement.world.first:
            views, _ = job.batches.of_rows(range(min(16, job.recipe.batch))).make(tally.step)
            dead = diagnosis.dead_shares(job.model.network, views.to(job.device.where))
            job.say(diagnosis.advice_when_stuck(mean, job.classes, dead, job.recipe.init))


def ends_epoch(job: Job) -> bool:
    """Whether the step just done took the last picture of an epoch."""
    batch, count, step = job.recipe.batch, len(job.batches.part), job.tally.step
    return step * batch // count > (step - 1) * batch // count


def end_epoch(job: Job) -> None:
    """Validate, add a row to the tables and print it; the time counts as training time."""
    settle(job)
    tally = job.tally
    began = time.monotonic()
    whole = tally.step * job.recipe.batch // len(job.batches.part)
    epoch = whole if ends_epoch(job) else whole + 1
    rate = job.optimizer.rates.get("weights", 0.0)
    job.placement.put_into(job.model.network)
    world = job.placement.world
    measured = validate(job.model, job.images, world, job.engine.held_out)
    spent = world.of_first(time.monotonic() - began)
    tally.seconds += world.sums({"seconds": spent})["seconds"]
    row = {"epoch": epoch, "step": tally.step, "rate": rate, **tally.training_row(), **measured}
    row["seconds"] = tally.seconds
    tally.drop_epoch(epoch)
    tally.rows.append(row)
    moves = job.placement.over_parts(diagnosis.moved(job.optimizer))
    tally.layer_rows += diagnosis.update_ratios(job.model.network, moves, epoch)
    advice = on_waiting(job)
    tally.next_epoch()
    world.by_first(lambda: tally.write(job.folder))
    job.say("\n".join(line for line in (epoch_line(row), advice) if line))


def on_waiting(job: Job) -> str:
    """What to change where much of the epoch went by waiting for data, or ""."""
    if not job.tally.waits:
        return ""
    missing = memory.missing(job.images.shards())
    workers = threads() if job.device.gpu else job.workers  # for a GPU all of them read
    return advice_on_waiting(job.tally.waiting_share, workers, threads(), missing)


def epoch_line(row: dict[str, float | None]) -> str:
    """One epoch in a line."""
    measured = ""
    if row["val_error"] is not None:
        measured = f"; validation: loss {row['val_loss']:.3f}, error {row['val_error']:.1%}"
    return (
        f"epoch {row['epoch']}: loss {row['train_loss']:.3f}, error {row['train_error']:.1%}"
        f"{measured}; rate {row['rate']:.2g}, {row['images_per_second']:.1f} images/s, "
        f"waiting for data {row['data_wait_share']:.1%}, {duration(row['seconds'] or 0)} so far"
    )


def _stopped(job: Job) -> str:
    return (
        f"stopped after step {job.tally.step:,} of {expected_steps(job):,}, all saved; "
        f"go on with: alexnet train --resume {job.folder}"
    )


class Saving:
    """Checkpoints by time: every few minutes, so seldom that saving stays a small share."""

    def __init__(self, job: Job) -> None:
        self.job, self.last, self.every = job, time.monotonic(), CHECKPOINT_EVERY

    def due(self) -> bool:
        """Whether the time has come."""
        return time.monotonic() - self.last >= self.every

    def save(self) -> None:
        """Save; the next is due later where this one took long."""
        started = time.monotonic()
        self.job.save()
        self.last = time.monotonic()
        self.every = max(CHECKPOINT_EVERY, (self.last - started) / SAVING_SHARE)
