"""Kill processes of a run at many moments; torchrun starts all again; count every picture.

    python benchmarks/kill_ranks.py [--moments 20] [--processes 2] [--parallel towers] [--seed 0]
                                    [--json]

A small network (an eighth of the width, pictures of 64x64) is trained by several processes without
interruption, and then again under `torchrun --max-restarts`: at each of the moments one of the
processes is killed with SIGKILL, right after a step, before a system call that writes, renames or
removes a file, or by a timer wherever it is. torchrun repeats the command, which goes on from the
last step saved. Then are compared: the final weights with those of the run that was never killed,
byte for byte, or within rounding where three processes and more sum gradients; and the pictures:
each process notes which ones it took in which step, and by the steps that the final weights come
from every picture must have been taken once an epoch.
"""

import argparse
import itertools
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
from kills import kill_at_call
from PIL import Image

STEPS = 40
A_RUN = 4  # moments at most
PICTURES = 60
BATCH = 12
ROUNDING = 1e-4  # after forty steps
SAVED = 4  # steps between two checkpoints


def main() -> int:
    """Exit code 0 where the weights are the same and every picture was taken once an epoch."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--moments", type=int, default=20)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--parallel", default="towers")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    draw, found = random.Random(options.seed), Counter[str]()
    kinds: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as place:
        top = Path(place)
        make_set(top)
        launch(top, "whole", [], options)
        while kinds.total() < options.moments:
            moments = [moment(draw, options.processes) for _ in range(A_RUN)]
            launch(top, "killed", moments, options)
            kills = last_attempt(top / "killed.steps")
            kinds.update(kind for _, kind, _ in moments[:kills])
            found.update(judged(top, options))
            for name in ("killed", "killed.steps"):
                shutil.rmtree(top / name)
    result = {
        "processes": options.processes, "parallel": options.parallel, "kills": dict(kinds), **found
    }  # fmt: skip
    print(json.dumps(result) if options.json else "\n".join(f"{k}: {v}" for k, v in result.items()))
    good = found["within_rounding"], found["every_picture_once_an_epoch"]
    return 0 if good == (found["runs"], found["runs"]) else 1


def judged(top: Path, options: argparse.Namespace) -> dict[str, int]:
    """What is counted of a run that was killed and went on."""
    counted = count(top / "killed.steps")
    taken = sum(path.read_text().count("\n") for path in notes(top / "killed.steps"))
    return {
        "runs": 1,
        "bit_identical": int(difference(top) == 0),
        "within_rounding": int(difference(top) < ROUNDING),
        "every_picture_once_an_epoch": int(
            set(counted.values()) == {STEPS * BATCH // PICTURES} and len(counted) == PICTURES
        ),
        "steps_taken_over_again": taken // options.processes - STEPS,
    }


def last_attempt(folder: Path) -> int:
    """How often torchrun started all again."""
    return int(notes(folder)[-1].name.split("-")[0])


def moment(draw: random.Random, processes: int) -> tuple[int, str, float]:
    """Which process is killed, how, and when: steps, system calls or seconds after its start."""
    kind = draw.choice(("step", "call", "timer"))
    when = {"step": draw.randrange(12), "call": draw.randrange(90), "timer": draw.uniform(0.2, 1.2)}
    return 0 if kind == "call" else draw.randrange(processes), kind, when[kind]  # 0 writes


def make_set(top: Path) -> None:
    """Noise pictures in three classes, prepared: sixty to train, six to validate."""
    from alexnet.data.prepare import prepare

    drawn = np.random.default_rng(0)
    for name, number in itertools.product("abc", range(PICTURES // 3 + 2)):
        (top / "photos" / name).mkdir(parents=True, exist_ok=True)
        pixels = drawn.integers(0, 256, (64, 64, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(top / "photos" / name / f"{number}.png")
    prepare(top / "photos", top / "data", size=64, val=1 / 11, workers=1, say=lambda _: None)


def launch(
    top: Path, name: str, moments: list[tuple[int, str, float]], options: argparse.Namespace
) -> None:
    """Train ``top/name`` under torchrun, which starts all again after each moment."""
    (top / f"{name}.steps").mkdir()
    plan = json.dumps({"moments": moments, "notes": str(top / f"{name}.steps")})
    words = [
        sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", str(options.processes),
        "--master-port", "0", "--rdzv-backend", "c10d", "--rdzv-endpoint", "localhost:0",
        "--max-restarts", str(len(moments)), __file__,
        str(top / "data"), str(top / name), options.parallel,
    ]  # fmt: skip
    environment = {**os.environ, "KILL_RANKS": plan, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(words, env=environment, capture_output=True, text=True)
    # An end that nobody ordered must not pass for a kill.
    ended = set(map(int, re.findall(r"failed \(exitcode: (-?\d+)\)", done.stderr)))
    if done.returncode or ended - {-signal.SIGKILL, -signal.SIGALRM}:
        raise RuntimeError(f"training failed:\n{done.stdout}\n{done.stderr}")


def difference(top: Path) -> float:
    """The largest difference of a weight between the two runs, as a share of its layer's largest.

    Sums over three processes or more depend on where in a bucket of gradients a number lies, and
    torch lays the buckets out anew after the first step of each sitting.
    """
    from safetensors.numpy import load_file

    whole, killed = (load_file(top / name / "model.safetensors") for name in ("whole", "killed"))
    return max(float(abs(whole[n] - killed[n]).max() / abs(whole[n]).max()) for n in whole)


def notes(folder: Path) -> list[Path]:
    """What the processes noted, in the order of torchrun's attempts."""
    return sorted(folder.iterdir(), key=lambda path: int(path.name.split("-")[0]))


def count(folder: Path) -> Counter[int]:
    """How often each picture counts in the final weights: by the last attempt at each step."""
    last: dict[tuple[int, str], tuple[int, list[int]]] = {}
    final: dict[int, int] = {}
    for path in notes(folder):
        attempt, rank = path.name.split("-")
        for line in path.read_text().splitlines():
            step, *pictures = map(int, line.split())
            last[step, rank] = (int(attempt), pictures)
            final[step] = max(final.get(step, 0), int(attempt))
    taken = Counter[int]()
    for (step, _), (attempt, pictures) in last.items():
        # A process that was killed in the step before others took it has no part in the last one.
        if attempt == final[step]:
            taken.update(pictures)
    return taken


def worker(data: str, run: str, parallel: str) -> None:
    """One process under torchrun: arm the kill of this attempt, note the pictures, train."""
    from alexnet import files
    from alexnet.networks.lists.krizhevsky import alexnet
    from alexnet.networks.variants import with_width
    from alexnet.training import checkpoint, loop, session

    plan = json.loads(os.environ["KILL_RANKS"])
    attempt, rank = int(os.environ["TORCHELASTIC_RESTART_COUNT"]), int(os.environ["RANK"])
    loop.Saving.due = lambda self: self.job.tally.step % SAVED == 0
    kill_after = None
    if attempt < len(plan["moments"]) and plan["moments"][attempt][0] == rank:
        _, kind, when = plan["moments"][attempt]
        kill_after = when if kind == "step" else None
        if kind == "timer":
            signal.setitimer(signal.ITIMER_REAL, when)
        if kind == "call":
            kill_at_call([files.os, checkpoint.os], int(when))
    note_pictures(loop, Path(plan["notes"]) / f"{attempt}-{rank}", kill_after)
    session.train(
        data, run, layers=with_width(alexnet(3), 1 / 8), parallel=parallel, quiet=True,
        settings={"epochs": STEPS * BATCH / PICTURES, "batch": BATCH, "rate": 0.002, "warmup": 2},
        say=lambda _: None,
    )  # fmt: skip


def note_pictures(loop: object, path: Path, kill_after: float | None) -> None:
    """Write a line a step: its number and the pictures that this process took."""
    one_step, counter = loop.one_step, itertools.count()  # type: ignore[attr-defined]

    def instead(job: object, *args: object) -> object:
        step, places = job.tally.step, job.batches.places(job.tally.step)  # type: ignore[attr-defined]
        found = one_step(job, *args)
        # Where a network is spread over processes, one of them counts for all.
        held = job.placement.share.spread and job.placement.share.index  # type: ignore[attr-defined]
        mine = [] if held and not job.placement.share.apart else [n for _, n in places]  # type: ignore[attr-defined]
        with path.open("a") as file:
            file.write(" ".join(map(str, [step, *mine])) + "\n")
        if next(counter) == kill_after:
            os.kill(os.getpid(), signal.SIGKILL)
        return found

    loop.one_step = instead  # type: ignore[attr-defined]


if __name__ == "__main__":
    if "KILL_RANKS" in os.environ:
        worker(*sys.argv[1:])
    else:
        sys.exit(main())
