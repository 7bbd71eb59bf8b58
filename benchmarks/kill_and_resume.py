"""Kill training at many moments, go on, and compare the weights bit by bit.

    python benchmarks/kill_and_resume.py [--moments 200] [--seed 0] [--json]

A small network (an eighth of the width, pictures of 64x64) is trained without interruption, and
then again for each moment: it is killed there, taken up with `resume` until it ends, and
``model.safetensors`` is compared byte for byte. The moments are: SIGKILL between two steps; SIGKILL
before the n-th system call that opens, writes, syncs, renames or removes a file; SIGALRM from a
timer, which ends the process wherever it is, inside a matrix product too; SIGTERM and SIGINT, which
save first. The number of workers that make batches changes from sitting to sitting.
"""

import argparse
import itertools
import json
import os
import random
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch
import torch._dynamo  # or each child would spend its first two seconds on it
from kills import kill_at_call
from PIL import Image

from alexnet import files
from alexnet.data.prepare import prepare
from alexnet.errors import Interrupted
from alexnet.networks.lists.krizhevsky import alexnet
from alexnet.networks.variants import with_width
from alexnet.training import checkpoint, loop, session

CALLS_OF_A_RUN = 820
STEPS = 15
SETTINGS = {"epochs": 3, "batch": 8, "rate": 0.002, "warmup": 2}


def silent(_text: str) -> None:
    """Say nothing."""


def make_photos(folder: Path) -> None:
    """Sixty grey-and-colour noise pictures in three classes."""
    drawn = np.random.default_rng(0)
    for name, number in itertools.product("abc", range(20)):
        (folder / name).mkdir(parents=True, exist_ok=True)
        pixels = drawn.integers(0, 256, (64, 64, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / name / f"{number}.png")


def first_sitting(data: Path, run: Path, workers: int) -> None:
    """Train from the start; every step is followed by a checkpoint."""
    session.train(
        data, run, settings=SETTINGS, layers=with_width(alexnet(3), 1 / 8), workers=workers,
        threads=1, say=silent, quiet=True,
    )  # fmt: skip


def next_sitting(run: Path, workers: int) -> None:
    """Go on."""
    session.resume(run, workers=workers, say=silent, quiet=True)


def sitting(arm: Callable[[], object], data: Path, run: Path, workers: int, begun: bool) -> None:
    """One process of a trial, with its kill armed."""
    arm()
    if begun:
        next_sitting(run, workers)
    else:
        first_sitting(data, run, workers)


def in_child(work: Callable[[], None]) -> str:
    """Run in a forked process; "ended", "saved" (a polite stop), or the signal that killed it."""
    process = os.fork()
    if process == 0:
        code = 1
        try:
            work()
            code = 0
        except (Interrupted, KeyboardInterrupt):
            code = 130
        finally:
            os._exit(code)
    status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    if status == 1:
        raise RuntimeError("training failed; see above")
    return {0: "ended", 130: "saved"}.get(status) or signal.Signals(-status).name


def armed(kind: str, draw: random.Random) -> Callable[[], object]:
    """What a child does first, so that it is killed at a moment of that kind."""
    if kind == "timer":
        return partial(signal.setitimer, signal.ITIMER_REAL, draw.uniform(0.01, 1.2))
    if kind == "call":
        return partial(kill_at_call, [files.os, checkpoint.os], draw.randrange(CALLS_OF_A_RUN))
    number = {"step": signal.SIGKILL, "SIGTERM": signal.SIGTERM, "SIGINT": signal.SIGINT}[kind]
    return partial(_signal_after_step, draw.randrange(STEPS), number)


def _signal_after_step(at: int, number: signal.Signals) -> None:
    step, counter = loop.one_step, itertools.count()

    def instead(*args: object) -> str:
        line = step(*args)
        if next(counter) == at:
            os.kill(os.getpid(), number)
        return line

    loop.one_step = instead


def one_trial(kind: str, data: Path, run: Path, draw: random.Random) -> list[str]:
    """Kill at moments of that kind, once or twice, and go on; how each sitting ended."""
    ends: list[str] = []
    kills = draw.choice((1, 1, 2))
    while not ends or ends[-1] != "ended":
        arm = armed(kind, draw) if len(ends) < kills else lambda: None
        workers = draw.choice((0, 1, 3))
        begun = (run / "plan.json").exists()

        ends.append(in_child(partial(sitting, arm, data, run, workers, begun)))
    return ends


def main() -> int:
    """Exit code 0 where every run ended with the same bytes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--moments", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    loop.CHECKPOINT_EVERY, loop.SAVING_SHARE = 0.0, 1e9
    torch.set_num_threads(1)
    draw, ends = random.Random(options.seed), Counter[str]()
    moments: Counter[str] = Counter()
    same: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as place:
        top = Path(place)
        make_photos(top / "photos")
        prepare(top / "photos", top / "data", size=64, workers=1, say=silent)
        in_child(lambda: first_sitting(top / "data", top / "whole", 1))
        wanted = (top / "whole/model.safetensors").read_bytes()
        kinds = itertools.cycle(("call", "timer", "call", "step", "SIGTERM", "call", "SIGINT"))
        for number, kind in zip(range(options.moments), kinds, strict=False):
            run = top / f"run{number}"
            ends.update(one_trial(kind, top / "data", run, draw))
            moments[kind] += 1
            same[kind] += (run / "model.safetensors").read_bytes() == wanted
            for file in sorted(run.rglob("*"), reverse=True):
                file.unlink() if file.is_file() else file.rmdir()
    result = {"moments": dict(moments), "bit_identical": dict(same), "sittings": dict(ends)}
    if options.json:
        print(json.dumps(result))
    else:
        for kind, count in moments.items():
            print(f"{kind:8} {count:4} moments, {same[kind]:4} ended bit-identical")
        print("How the sittings ended:", dict(ends))
    return 0 if moments == same else 1


if __name__ == "__main__":
    sys.exit(main())
