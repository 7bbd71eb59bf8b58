"""The whole training step: a plain PyTorch loop and ours, in turn, on this machine.

    python benchmarks/training_step.py SET [--variants float32,bf16,blocked] [--pairs 9]

SET is a prepared set of real pictures; the network has 1000 outputs, so that a picture is 4.136
GFLOP. A step is all of it: pictures cut and coloured out of the store, forward with normalisation
and dropout, backward, update. Both sides are fed by our own threads, so that the ratio compares
steps, not loaders. They live in two processes, because glibc's allocator settings belong to a
process, and work in turn. 3072x3072 products are timed before and after each step: pairs in which
two of the four readings differ by over 10 % are discarded. share = 4.136 x images/s / median rate
of the products, bf16 products for the bf16 path.
"""

import argparse
import json
import time
from dataclasses import replace
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any

import torch
from plain import PEERS, Loop
from workers import Peaks, Worker, serve

from alexnet import kernels, machine
from alexnet.benchmarking.load import Load
from alexnet.benchmarking.memory import peak_gb
from alexnet.benchmarking.steps import RATE, Steps, Work
from alexnet.data.store import open_set
from alexnet.kernels import native
from alexnet.networks.build import Network
from alexnet.networks.tables import training_flop
from alexnet.networks.zoo import layers_of
from alexnet.training.batches import Batches
from alexnet.training.job import mean_of, way_of
from alexnet.training.start import draw_weights

VARIANTS = ("float32", "bf16", "blocked")
PRECISION = {"float32": "float32", "bf16": "bf16", "blocked": "float32"}
TARGETS = {"float32": (0.75, 3.0, 0.90), "bf16": (0.70, 4.5, 0.85)}  # must: share, ratio; goal
SPREAD = 1.1  # between the readings of a pair that counts
WAITING = 0.02
WARM = 2  # steps
CLASSES = 1000
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
        before = self.steps.waited
        seconds = self.steps.one()
        loss = self.steps.job.tally.loss / self.steps.job.tally.pictures
        return {"seconds": seconds, "waited": self.steps.waited - before, "loss": loss}


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


def work(side: str, data: str, batch: int, precisions: list[str]) -> None:
    """The worker: steps when asked, with readings of the peak around each."""
    steps: Ours | Plain = (Plain if side in PEERS else Ours)(side, data, batch)
    peaks = Peaks(precisions)

    def step() -> dict[str, Any]:
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
            "--precisions", precisions,
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


def steady(pair: dict[str, Any]) -> bool:
    """Whether all four readings of the peak lie within 10 %, for each precision."""
    for precision in next(iter(pair.values()))["before"]:
        readings = [step[at][precision] for step in pair.values() for at in ("before", "after")]
        if max(readings) > SPREAD * min(readings):
            return False
    return True


def told(variant: str, pair: dict[str, Any], kept: int, discarded: int) -> str:
    """A line while it runs."""
    steps = ", ".join(
        f"{side} {one['seconds']:.2f} s at {one['before']['float32']:.0f} and "
        f"{one['after']['float32']:.0f} GFLOP/s"
        for side, one in sorted(pair.items())
    )
    return f"  {variant}: {steps}; {kept} pairs count, {discarded} do not"


def summary(found: dict[str, Any], batch: int) -> dict[str, Any]:
    """Medians and spreads over the pairs that count."""
    variant, peer = found["variant"], found["peer"]
    rates = {
        side: [batch / pair[side]["seconds"] for pair in found["kept"]] for side in (peer, variant)
    }
    sides = {side: side_summary(side, peer, rates[side], found) for side in (peer, variant)}
    ratios = [ours / plain for ours, plain in zip(rates[variant], rates[peer], strict=True)]
    steps = [pair[variant] for pair in found["kept"]]
    return {
        "sides": sides,
        "ratio": median(ratios), "ratio_from": min(ratios), "ratio_to": max(ratios),
        "waiting": sum(one["waited"] for one in steps) / sum(one["seconds"] for one in steps),
    }  # fmt: skip


def side_summary(side: str, peer: str, rates: list[float], found: dict[str, Any]) -> dict[str, Any]:
    """Images a second, and the share of the peak: of the medians, and of each pair."""
    precision = "float32" if side == peer else PRECISION[side]
    gflop = training_flop(layers_of(PEERS.get(side, "alexnet"), CLASSES)) / 1e9
    peaks = [
        (pair[side]["before"][precision] + pair[side]["after"][precision]) / 2
        for pair in found["kept"]
    ]
    shares = [gflop * rate / peak for rate, peak in zip(rates, peaks, strict=True)]
    return {
        "images_per_second": median(rates), "from": min(rates), "to": max(rates),
        "gflop_per_image": gflop, "peak_gflops": median(peaks), "peak_precision": precision,
        "share": gflop * median(rates) / median(peaks),
        "share_of_pairs": median(shares), "share_from": min(shares), "share_to": max(shares),
        "others": max((pair[side]["others"] or 0.0) for pair in found["kept"]),
        **found["facts"][side],
    }  # fmt: skip


def verdicts(variant: str, peer: str, summed: dict[str, Any]) -> list[dict[str, Any]]:
    """Each target: what was asked, what was found, whether it holds."""
    if peer != "plain" or variant not in TARGETS:
        return []
    share, ratio, goal = TARGETS[variant]
    ours, plain = summed["sides"][variant], summed["sides"][peer]
    rows = (
        ("share of the peak", ours["share"], share, ours["share"] >= share),
        ("share of the peak, the goal", ours["share"], goal, ours["share"] >= goal),
        ("times the plain loop", summed["ratio"], ratio, summed["ratio"] >= ratio),
        ("memory at most the plain loop's, GB", ours["memory_gb"], plain["memory_gb"],
         ours["memory_gb"] < plain["memory_gb"]),
        ("waiting for pictures, share", summed["waiting"], WAITING, summed["waiting"] < WAITING),
    )  # fmt: skip
    return [
        {"target": what, "found": found, "asked": asked, "held": bool(held)}
        for what, found, asked, held in rows
    ]


def text(found: dict[str, Any], summed: dict[str, Any]) -> list[str]:
    """The summary as people read it."""
    variant = found["variant"]
    lines = [
        f"{variant} against {found['peer']}: {len(found['kept'])} pairs count, "
        f"{len(found['discarded'])} were discarded"
    ]
    for side, one in summed["sides"].items():
        lines.append(
            f"  {side:10}{one['images_per_second']:6.1f} images/s ({one['from']:.1f} to "
            f"{one['to']:.1f}), {one['share']:.1%} of {one['peak_gflops']:.0f} GFLOP/s "
            f"{one['peak_precision']}; pair by pair {one['share_of_pairs']:.1%} "
            f"({one['share_from']:.1%} to {one['share_to']:.1%}); {one['memory_gb']:.2f} GB at most"
        )
    lines.append(
        f"  ratio {summed['ratio']:.2f} ({summed['ratio_from']:.2f} to {summed['ratio_to']:.2f}); "
        f"ours waited {summed['waiting']:.2%} of its time; kernels "
        f"{found['facts'][variant]['kernels']}; others kept at most "
        f"{max(one['others'] for one in summed['sides'].values()):.1f} processors busy"
    )
    for one in verdicts(variant, found["peer"], summed):
        held = "held" if one["held"] else "missed"
        lines.append(f"  {held:7}{one['target']}: {one['found']:.3g}, asked {one['asked']:.3g}")
    return lines


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
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--json", type=Path, help="where to keep the figures (docs/results)")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    parser.add_argument("--precisions", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        work(options.worker, str(options.set), options.batch, options.precisions.split(","))
        return
    run(options)


def run(options: argparse.Namespace) -> None:
    """The driver."""
    images, load = open_set(options.set), Load()
    described = {
        "date": date.today().isoformat(), "machine": machine.describe(),
        "versions": machine.versions(), "batch": options.batch, "load": load.at_start,
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
    name = f"training-step-{described['date']}.json"
    path = options.json or RESULTS / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({**described, "results": results}, indent=1) + "\n")
    print(f"Kept in {path.name}.")


if __name__ == "__main__":
    main()
