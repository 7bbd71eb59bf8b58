"""The whole training step: a plain PyTorch loop and ours, in turn, on this machine.

    python benchmarks/training_step.py SET [--variants float32,bf16,blocked] [--pairs 9]

SET is a prepared set of real pictures; the network has 1000 outputs, so that a picture is 4.136
GFLOP. A step is all of it: pictures cut and coloured out of the store, forward with normalisation
and dropout, backward, update. Both sides are fed by our own threads, so that the ratio compares
steps, not loaders. They live in two processes, because glibc's allocator settings belong to a
process, and work in turn. Each turn begins with --settle steps that are not counted: memory that
the plain loop hands back has to be got anew after a pause, which a loop that goes on is spared
(--settle 0 shows by how much the pause makes it slower). 3072x3072 products are timed before and
after each step that counts, and pairs in which two of the four readings differ by over 10 % are
discarded. share = 4.136 x images/s / median rate of the products, bf16 products for the bf16 path.
"""

import argparse
import json
import time
from datetime import date
from pathlib import Path
from typing import Any

import torch
from pairs import CLASSES, PRECISION, steady, summary, text, told, verdicts
from plain import PEERS, Loop
from workers import Peaks, Worker, serve

from alexnet import machine
from alexnet.benchmarking.load import Load
from alexnet.benchmarking.memory import peak_gb
from alexnet.benchmarking.steps import RATE, Steps, Work
from alexnet.data.store import open_set
from alexnet.kernels import front as kernels
from alexnet.kernels import native
from alexnet.networks.build import Network
from alexnet.training.batches import Batches
from alexnet.training.job import mean_of, way_of
from alexnet.training.start import draw_weights

VARIANTS = ("float32", "bf16", "blocked")
WARM = 2  # steps
RESULTS = Path(__file__).resolve().parents[1] / "docs" / "results"


class Ours:
    """Steps as ``alexnet train`` makes them; ``blocked`` is without the kernels in C."""

    def __init__(self, variant: str, data: str, batch: int) -> None:
        if variant == "blocked":
            native.library = lambda: None  # type: ignore[assignment]
            kernels.NAME = "plain torch, in blocks of pictures"
        settings = {"precision": PRECISION[variant], "batch": batch}
        machine.use()
        self.steps = Steps(Work(data, "alexnet", "paper", CLASSES, settings))

    def one(self) -> dict[str, float]:
        """Seconds of a step, and of waiting in it."""
        step = self.steps.one()
        loss = self.steps.job.tally.loss / self.steps.job.tally.pictures
        return {"seconds": step.seconds, "waited": step.waited, "loss": loss}


class Plain:
    """Steps of a plain loop, on the same pictures and from the same weights."""

    def __init__(self, peer: str, data: str, batch: int) -> None:
        torch.set_num_threads(machine.cores())
        work = Work(data, "alexnet", "paper", CLASSES, {"batch": batch})
        start = Network(work.layers)
        draw_weights(start, 0)
        images, recipe = work.images, work.resolved.recipe
        batches = Batches(images, mean_of(images, recipe), recipe, way_of(images, recipe))
        self.batches = batches.run(0, 1)
        self.loop = Loop(peer, list(start.parameters()), RATE)

    def one(self) -> dict[str, float]:
        """The same; what it takes to lay the pictures out in NCHW is not counted."""
        started = time.monotonic()
        batch = next(self.batches)
        arrived = time.monotonic()
        pictures = batch.views.contiguous()
        ready = time.monotonic()
        loss = self.loop.step(pictures, batch.labels)
        seconds = arrived - started + time.monotonic() - ready
        return {"seconds": seconds, "waited": batch.waited, "loss": loss}


def work(side: str, data: str, batch: int, precisions: list[str], settle: int) -> None:
    """The worker: steps when asked, with readings of the peak around each."""
    steps: Ours | Plain = (Plain if side in PEERS else Ours)(side, data, batch)
    peaks = Peaks(precisions)

    def step() -> dict[str, Any]:
        for _ in range(settle):
            steps.one()
        load, before = Load(), peaks.read()
        done = steps.one()
        return {**done, "before": before, "after": peaks.read(), "others": load.others()}

    serve({"warm": steps.one, "step": step, "facts": facts})


def facts() -> dict[str, Any]:
    """What is known at the end."""
    return {
        "memory_gb": peak_gb(), "kernels": kernels.NAME, "threads": torch.get_num_threads(),
    }  # fmt: skip


def measure(options: argparse.Namespace, variant: str) -> dict[str, Any]:
    """Pairs of steps of the peer and of ours, until so many count."""
    precision, peer = PRECISION[variant], options.peer
    precisions = ",".join(dict.fromkeys(("float32", precision)))
    sides = {
        side: Worker(
            __file__, str(options.set), "--worker", side, "--batch", str(options.batch),
            "--precisions", precisions, "--settle", str(options.settle),
        )
        for side in (peer, variant)
    }  # fmt: skip
    for worker in sides.values():
        for _ in range(WARM):
            worker.ask("warm")
    kept: list[dict[str, Any]] = []
    discarded: list[dict[str, Any]] = []
    while len(kept) < options.pairs and len(kept) + len(discarded) < options.most:
        # The first of a pair changes, so that neither side always follows the other.
        order = list(sides)[:: 1 if (len(kept) + len(discarded)) % 2 else -1]
        pair = {side: sides[side].ask("step") for side in order}
        (kept if steady(pair) else discarded).append(pair)
        print(told(variant, pair, len(kept), len(discarded)), flush=True)
    known = {side: worker.ask("facts") for side, worker in sides.items()}
    for worker in sides.values():
        worker.close()
    return {"variant": variant, "peer": peer, "kept": kept, "discarded": discarded, "facts": known}


def possible(variants: list[str]) -> list[str]:
    """Those that this processor has; the others are named."""
    if "bf16" in variants and not machine.has_bf16():
        print("bf16: this processor does not multiply bf16 itself (no avx512_bf16, no amx_bf16).")
        return [variant for variant in variants if variant != "bf16"]
    return variants


def main() -> None:
    """Measure each variant, print and keep what was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("set", type=Path, metavar="SET", help="a prepared set")
    parser.add_argument("--variants", default=",".join(VARIANTS))
    parser.add_argument("--peer", choices=PEERS, default="plain")
    parser.add_argument("--pairs", type=int, default=9, help="that must count")
    parser.add_argument("--most", type=int, default=40, help="pairs in all")
    parser.add_argument("--settle", type=int, default=1, help="steps before each that counts")
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--json", type=Path, help="where to keep the figures (docs/results)")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    parser.add_argument("--precisions", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        work(
            options.worker,
            str(options.set),
            options.batch,
            options.precisions.split(","),
            options.settle,
        )
        return
    run(options)


def run(options: argparse.Namespace) -> None:
    """The driver."""
    images, load = open_set(options.set), Load()
    described = {
        "date": date.today().isoformat(), "machine": machine.describe(),
        "versions": machine.versions(), "batch": options.batch, "settle": options.settle,
        "load": load.at_start,
        "set": {"fingerprint": images.fingerprint, "train": len(images.parts["train"]),
                "classes": len(images.classes), "size": images.size},
    }  # fmt: skip
    print(json.dumps(described, indent=1))
    results = []
    for variant in possible(options.variants.split(",")):
        found = measure(options, variant)
        if not found["kept"]:
            print(f"{variant}: all {options.most} pairs were discarded; the machine is too busy.")
            continue
        summed = summary(found, options.batch)
        print("\n".join(text(found, summed)), flush=True)
        results.append({**found, **summed, "targets": verdicts(variant, options.peer, summed)})
    if not results:
        raise SystemExit("Nothing was measured, so nothing is kept.")
    name = f"training-step-{described['date']}.json"
    path = options.json or RESULTS / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({**described, "results": results}, indent=1) + "\n")
    print(f"Kept in {path.name}.")


if __name__ == "__main__":
    main()
