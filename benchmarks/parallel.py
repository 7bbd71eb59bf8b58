"""What travels between processes, measured and computed, and how fast they train together.

    python benchmarks/parallel.py SET [--batch 128] [--rounds 3] [--steps 5] [--json]

The whole network, pictures out of the store of SET. In turn, on this machine's cores: one process
with all of them; two processes, with half of them each, as towers (also with bf16 exchange, and
with exchanges that no arithmetic hides), as replicas and as hybrid; four as towers x replicas. Of
each: pictures a second, the share of the step in which a process waits for others' values, and
bytes that went through the loopback interface, which the kernel counts, beside the bytes that the
list of layers says. Then the table of bytes a step and process for 2, 4, 8 and 64 processes, and
the scaling that follows for this machine and for a GPU that is assumed.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

AT_ONCE = "float32, not hidden"  # each exchange is waited for where it begins
WAYS = (
    (1, None, "float32"), (2, "towers", "float32"), (2, "towers", AT_ONCE), (2, "towers", "bf16"),
    (2, "replicas", "float32"), (2, "hybrid", "float32"), (4, "towers", "float32"),
)  # fmt: skip
SIZES = (2, 4, 8, 64)
LINKS = {"NVLink, 450 GB/s": 450e9, "100 Gb/s Ethernet": 12.5e9}
GPU = 60_000.0  # pictures a second of one GPU: a target, not a measurement


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("set", type=Path)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rounds = [measured(way, options) for _ in range(options.rounds) for way in WAYS]
    found = [summary(way, [one for one in rounds if one["way"] == list(way)]) for way in WAYS]
    speed = found[0]["images_per_second"][1]
    result = {"measured": found, "bytes": table(options.batch), "scaling": scaling(speed)}
    print(json.dumps(result, indent=1) if options.json else text(result))
    return 0


def measured(way: tuple[int, str | None, str], options: argparse.Namespace) -> dict[str, Any]:
    """One launch of torchrun, or of one process."""
    size, mode, exchange = way
    with tempfile.TemporaryDirectory() as place:
        out = Path(place) / "out.json"
        words = [sys.executable]
        if mode:
            words += ["-m", "torch.distributed.run", "--nproc-per-node", str(size)]
        words += [__file__, str(options.set), "--batch", str(options.batch)]
        plan = {"mode": mode, "exchange": exchange, "out": str(out), "steps": options.steps}
        environment = {**os.environ, "PARALLEL_WORKER": json.dumps(plan)}
        done = subprocess.run(words, env=environment, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(done.stdout + done.stderr)
        return {"way": list(way), **json.loads(out.read_text())}


def worker(data: str, batch: int) -> None:
    """One process: some steps, timed."""
    from alexnet import machine
    from alexnet.parallel.launch import threads
    from alexnet.parallel.meeting import everyone

    plan = json.loads(os.environ["PARALLEL_WORKER"])
    machine.use(threads())
    with everyone() as world:
        job = job_of(data, batch, plan, world)
        watch = Watch()
        batches = job.batches.run(0, 1)
        run(job, batches, 2)
        job.placement.exchanged()
        watch.start()
        seconds = [run(job, batches, 1) for _ in range(plan["steps"])]
        found = watch.found(plan["steps"], sum(seconds))
        sent = traffic_of(job, plan["steps"])
        batches.close()
        if world.first:
            rate = batch / statistics.median(seconds)
            Path(plan["out"]).write_text(json.dumps({"rate": rate, **found, **sent}))


def job_of(data: str, batch: int, plan: dict[str, Any], world: Any) -> Any:
    """The whole network of the paper on the pictures of a set, in its first weights."""
    from alexnet.data.store import open_set
    from alexnet.networks.lists.krizhevsky import alexnet
    from alexnet.training.job import assemble, begin
    from alexnet.training.recipe import Recipe
    from alexnet.training.sitting import Sitting

    if plan["exchange"] == AT_ONCE:
        wait_at_once()
    exchange = plan["exchange"].partition(",")[0]
    sitting = Sitting(parallel=plan["mode"], exchange=exchange, world=world)
    facts = {"network": "alexnet", "recipe_name": "paper", "budget_seconds": None, "steps": 10**9}
    job = assemble(
        Path("nowhere"), facts, Recipe(batch=batch, rate=1e-6, schedule="constant"),
        open_set(data), alexnet(1000), workers=1, say=lambda _: None, quiet=True,
        place=sitting.place,
    )  # fmt: skip
    begin(job)
    job.network.train()
    job.tally.warned = True
    return job


def run(job: Any, batches: Any, steps: int) -> float:
    """Seconds of some steps."""
    from alexnet.training import loop

    started = time.monotonic()
    for _ in range(steps):
        loop.one_step(job, next(batches), time.monotonic())
    return time.monotonic() - started


def traffic_of(job: Any, steps: int) -> dict[str, float]:
    """Bytes a step, of all processes: counted, and computed from the list."""
    if job.placement.world.size == 1:
        return {"counted": 0.0, "computed": 0.0}
    place = job.placement
    counted = place.world.sums({"bytes": place.traffic.values + place.traffic.gradients})["bytes"]
    expected = place.expected()
    computed = place.world.sums({"bytes": expected.values + expected.gradients})["bytes"]
    return {"counted": counted / steps, "computed": computed}


def wait_at_once() -> None:
    """Nothing is computed while values travel."""
    from alexnet.parallel.groups import Group

    def waiting(call: Any) -> Any:
        def instead(*given: Any) -> Any:
            pending = call(*given)
            pending.work.wait()
            return pending

        return instead

    Group.gather, Group.swap = waiting(Group.gather), waiting(Group.swap)  # type: ignore[method-assign]


class Watch:
    """What goes through the loopback interface, and how long this process waits for values."""

    def __init__(self) -> None:
        from alexnet.parallel import groups

        self.waited, wait = 0.0, groups.Pending.wait

        def timed(pending: Any) -> Any:
            started = time.monotonic()
            came = wait(pending)
            self.waited += time.monotonic() - started
            return came

        groups.Pending.wait = timed  # type: ignore[method-assign]

    def start(self) -> None:
        self.waited, self.before = 0.0, loopback()

    def found(self, steps: int, seconds: float) -> dict[str, float]:
        through = (loopback() - self.before) / steps
        return {"loopback": through, "waiting": self.waited / seconds}


def loopback() -> int:
    """Bytes that this machine has sent to itself."""
    lines = Path("/proc/net/dev").read_text().splitlines()
    return next(int(line.split()[9]) for line in lines if line.strip().startswith("lo:"))


def summary(way: tuple[int, str | None, str], rounds: list[dict[str, Any]]) -> dict[str, Any]:
    """Least, median and most over the rounds."""
    rates = sorted(one["rate"] for one in rounds)
    middle = sorted(rounds, key=lambda one: one["rate"])[len(rounds) // 2]
    return {
        "processes": way[0], "parallel": way[1] or "one device", "exchange": way[2],
        "images_per_second": [rates[0], statistics.median(rates), rates[-1]],
        "waiting": middle["waiting"], "loopback_mb": middle["loopback"] / 1e6,
        "counted_mb": middle["counted"] / 1e6, "computed_mb": middle["computed"] / 1e6,
    }  # fmt: skip


def table(batch: int) -> list[dict[str, Any]]:
    """Bytes that one process sends in a step, for ``batch`` pictures of its own.

    A hybrid of 64 twice: with all of them on one machine, and on eight machines.
    """
    from alexnet.networks.lists.krizhevsky import alexnet
    from alexnet.parallel.traffic import of_step

    rows = []
    kinds = [(mode, size, None) for mode in ("towers", "replicas", "hybrid") for size in SIZES]
    for mode, size, local in [*kinds, ("hybrid", 64, 8)]:
        streams = size // 2 if mode == "towers" else size
        sent = of_step(
            alexnet(1000), (3, 224, 224), mode, size, 0, batch * streams, local=local
        )  # fmt: skip
        rows.append(
            {"parallel": mode + (f", {local} a machine" if local else ""), "processes": size,
             "batch": batch * streams, "values_mb": sent.values / 1e6,
             "gradients_mb": sent.gradients / 1e6, "inside": local is not None}
        )  # fmt: skip
    return rows


def scaling(speed: float) -> list[dict[str, Any]]:
    """Efficiency if nothing is hidden: computing over computing and sending.

    For this machine's measured speed with 128 pictures a process, and for a GPU that would train
    60,000 pictures a second with 1,024.
    """
    rows = []
    for what, rate, batch in (("this machine", speed, 128), ("a GPU of 60,000/s", GPU, 1024)):
        for row in table(batch):
            # Two towers share the pictures, so that each computes half of what a replica does.
            computing = batch / rate / (2 if row["parallel"] == "towers" else 1)
            shares = {
                link: computing / (computing + sending(row, speed)) for link, speed in LINKS.items()
            }
            rows.append({"device": what, **row, **shares})
    return rows


def sending(row: dict[str, Any], speed: float) -> float:
    """Seconds; values that stay inside a machine go over NVLink whatever joins the machines."""
    inside = max(LINKS.values()) if row["inside"] else speed
    return float(row["values_mb"] * 1e6 / inside + row["gradients_mb"] * 1e6 / speed)


def text(result: dict[str, Any]) -> str:
    lines = []
    for one in result["measured"]:
        low, middle, high = one["images_per_second"]
        lines.append(
            f"{one['processes']} {one['parallel']:10} {one['exchange']:19} {middle:6.1f} images/s "
            f"({low:.1f} to {high:.1f}), waiting {one['waiting']:5.1%}, loopback "
            f"{one['loopback_mb']:7.1f} MB, counted {one['counted_mb']:7.1f}, computed "
            f"{one['computed_mb']:7.1f}"
        )
    for row in result["bytes"]:
        lines.append(
            f"{row['parallel']:20} {row['processes']:3} processes, batch {row['batch']:6,}: "
            f"{row['values_mb']:7.1f} MB of values, {row['gradients_mb']:7.1f} MB of gradients"
        )
    for row in result["scaling"]:
        shares = ", ".join(f"{link} {row[link]:.1%}" for link in LINKS)
        lines.append(f"{row['device']:18} {row['parallel']:20} {row['processes']:3}: {shares}")
    return "\n".join(lines)


if __name__ == "__main__":
    if "PARALLEL_WORKER" in os.environ:
        worker(sys.argv[1], int(sys.argv[3]))
    else:
        sys.exit(main())
