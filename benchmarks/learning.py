"""Which networks, starts, scales and rates leave ln N within 500 steps on a small set of photos.

    python benchmarks/learning.py SET OUT.jsonl [--nets alexnet,caffenet] [--steps 500]

Each trial is the beginning of `alexnet train SET --net NET --recipe R --set ...`: the spread of the
logits between 16 pictures before step 1, then the loss every 50 steps (mean over those). A trial
ends early once the mean over 50 steps is below 0.9 ln N: it has learnt. Finished trials are kept in
OUT and not run again. `--table OUT` prints them as a table.
"""

import argparse
import json
import math
import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from alexnet import machine
from alexnet.data.store import ImageSet, open_set
from alexnet.errors import AlexNetError
from alexnet.networks.variants import with_dropout, with_start
from alexnet.networks.zoo import named
from alexnet.training import loop
from alexnet.training.job import Job, assemble, begin
from alexnet.training.plan import make_plan
from alexnet.training.recipe import resolve
from alexnet.training.start import logit_spread

WINDOW = 50  # steps


@dataclass(frozen=True)
class Trial:
    """What is tried: a network, the settings in which it differs from the recipe."""

    net: str
    recipe: str = "fast"
    settings: tuple[tuple[str, Any], ...] = ()
    steps: int = 500

    @property
    def words(self) -> str:
        """The settings as one writes them."""
        return " ".join(f"{name}={value}" for name, value in self.settings) or "as it is"


STARTS = (
    ("own", (("batch", 32),)),
    ("fast", (("init", "run"), ("scale", 1.0))),
    ("fast", (("init", "run"),)),
    ("fast", (("init", "unit"), ("scale", 1.0))),
    ("fast", (("init", "paper"),)),
    ("fast", (("rate", 0.03),)),
    ("fast", (("rate", 0.003),)),
)


def trials(nets: list[str], steps: int, starts: int) -> Iterator[Trial]:
    """The default of every network first, then other starts, scales and rates."""
    yield from (Trial(net, steps=steps) for net in nets)
    for net in nets:
        yield from (Trial(net, recipe, settings, steps) for recipe, settings in STARTS[:starts])


def job_of(trial: Trial, images: ImageSet, folder: Path) -> Job:
    """The job as `alexnet train` would make it, before its start."""
    known = named(trial.net)
    given = {name: (value, "trial") for name, value in trial.settings}
    given["crop"] = (known.preprocessing.of(images.size), "set")
    resolved = resolve(trial.recipe, len(images.parts["train"]), given, known)
    layers = with_dropout(known.layers(len(images.classes)), resolved.recipe.dropout)
    if resolved.recipe.init == "paper":
        layers = with_start(layers, 0.01)
    plan = make_plan(
        images, trial.net, layers, resolved, threads=torch.get_num_threads(), budget=None
    )
    return assemble(
        folder, plan, resolved.recipe, images, layers, workers=1, say=lambda _: None, quiet=True
    )


def run(trial: Trial, images: ImageSet) -> dict[str, Any]:
    """The figures of one trial."""
    with tempfile.TemporaryDirectory() as folder:
        job = job_of(trial, images, Path(folder))
        begin(job)
        views, _ = job.batches.make(0)
        spread = logit_spread(job.network, views[:16])
        job.network.train()
        chance = math.log(job.classes)
        losses: list[float] = []
        windows: list[float] = []
        started = time.monotonic()
        batches = job.batches.run(0, 1)
        end = ""
        while job.tally.step < trial.steps:
            before = job.tally.loss
            try:
                loop.one_step(job, next(batches), time.monotonic())
            except AlexNetError:
                end = "the loss is no number"
                break
            losses.append((job.tally.loss - before) / job.recipe.batch)
            if job.tally.step % WINDOW == 0:
                windows.append(sum(losses[-WINDOW:]) / WINDOW)
                if windows[-1] < 0.9 * chance:
                    break
        batches.close()
        end = end or ended(windows[-1] / chance)
        rate = job.recipe.batch * job.tally.step / (time.monotonic() - started)
    return {
        **asdict(trial), "words": trial.words, "spread": spread, "ln_n": chance,
        "windows": windows, "steps_done": job.tally.step, "end": end, "images_per_second": rate,
    }  # fmt: skip


def ended(share: float) -> str:
    """A last loss, as a share of ln N, in words."""
    return "learns" if share < 0.9 else "learns slowly" if share < 0.97 else "stays at ln N"


def table(path: Path) -> None:
    """What was found, as a table in Markdown."""
    print("| network | recipe | settings | spread at step 0 | loss, means of 50 steps | end |")
    print("| --- | --- | --- | --- | --- | --- |")
    for line in path.read_text().splitlines():
        row = json.loads(line)
        shown = row["windows"][:2] + row["windows"][-1:] if row["windows"] else []
        losses = " / ".join(f"{loss:.2f}" for loss in shown)
        end = ended(row["windows"][-1] / row["ln_n"]) if row["steps_done"] % WINDOW == 0 else ""
        print(
            f"| {row['net']} | {row['recipe']} | {row['words']} | {row['spread']:.2g} | {losses} | "
            f"{end or row['end']}, step {row['steps_done']} |"
        )


def main() -> None:
    """Run what has not been run yet."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("set", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--nets", default="alexnet")
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument(
        "--starts", type=int, default=len(STARTS), help="so many beside the default"
    )
    parser.add_argument("--table", action="store_true")
    options = parser.parse_args()
    if options.table:
        table(options.out)
        return
    machine.use()
    images = open_set(options.set)
    done = []
    if options.out.exists():
        done = [json.loads(line) for line in options.out.read_text().splitlines()]
    known = {(row["net"], row["recipe"], row["words"]) for row in done}
    for trial in trials(options.nets.split(","), options.steps, options.starts):
        if (trial.net, trial.recipe, trial.words) in known:
            continue
        row = run(trial, images)
        with options.out.open("a") as file:
            file.write(json.dumps(row) + "\n")
            file.flush()
            os.fsync(file.fileno())
        print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
