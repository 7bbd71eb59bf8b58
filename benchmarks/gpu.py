"""Everything about a GPU that can be measured in a few minutes, in one call.

    python benchmarks/gpu.py [--set SET] [--photos PHOTOS] [--minutes 8] [--parts exact,sweep]

SET is a prepared set, PHOTOS the class folders that it was made of; without them photos that cost
the same are made up and prepared. First what the GPU computes is compared with float64 and with the
processor, bit for bit where it should be; then kernels are timed beside their rooflines, then whole
steps: batches and precisions, captured or kernel by kernel, from noise and from the set, pictures
on the device or copied, torch.compile, and the plain PyTorch loop in turn with ours. A part for
which no time is left is skipped with a sentence. --out is written after each result, so that what
was measured is never lost; parts that lie there are not measured again by the same version of the
same GPU, unless --parts names them. The ladder of predictions and targets is printed at the end.

A GPU that fails once refuses everything to that process, so what is left is then done in a new one.
"""

import argparse
import json
import os
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import gpu_exact
import gpu_kernels
import gpu_ladder
import gpu_plain
import gpu_steps
import torch

import alexnet
from alexnet import files, machine
from alexnet.devices import Device, described, device_of, settle

RESULTS = Path(__file__).resolve().parents[1] / "docs" / "results" / "gpu.json"
SMALL, LARGE = 128, 1024  # batches
EPOCHS = 300  # of the whole run: about as many pictures as an epoch of ILSVRC has


@dataclass
class Bench:
    """What is measured on, and what was found so far."""

    device: Device
    data: Path | None
    photos: Path | None
    out: Path
    until: float  # by time.monotonic()
    results: dict[str, Any] = field(default_factory=dict)

    @property
    def left(self) -> float:
        """Seconds."""
        return self.until - time.monotonic()

    @property
    def peaks(self) -> dict[str, float]:
        """GFLOP/s by precision, where they were measured."""
        peaks = self.results.get("peaks") or [{}]
        return {
            name: 1e3 * peaks[0][name]["median"] for name in gpu_exact.DTYPES if name in peaks[0]
        }

    @property
    def copies(self) -> float:
        """Bytes a second that the GPU copies."""
        return float(1e9 * self.results["peaks"][0]["copy_gb_s"])

    def save(self) -> None:
        """Write all that is known."""
        self.results["ladder"] = gpu_ladder.ladder(self.results)
        self.results["targets"] = gpu_ladder.targets(self.results)
        text = json.dumps(self.results, indent=1) + "\n"
        self.out.parent.mkdir(parents=True, exist_ok=True)
        files.write_bytes(self.out, text.encode())


Work = Callable[[Bench], Iterable[dict[str, Any]]]


@dataclass(frozen=True)
class Part:
    """Something to measure, and the seconds that it may take."""

    name: str
    seconds: float
    work: Work


def peaks(bench: Bench) -> Iterator[dict[str, Any]]:
    """Products and copies."""
    settle(bench.device, "float32")
    yield gpu_kernels.peaks(bench.device.where)


def exact(bench: Bench) -> Iterable[dict[str, Any]]:
    """Whether all is computed right."""
    settle(bench.device, "float32")
    return gpu_exact.all_checks(bench.device.where)


def kernels(bench: Bench) -> Iterator[dict[str, Any]]:
    """Each kernel beside its roofline."""
    where = bench.device.where
    for measure in (
        gpu_kernels.norm_pools, gpu_kernels.cuts, gpu_kernels.masks, gpu_kernels.updates
    ):  # fmt: skip
        yield from measure(where, bench.copies)


def sweep(bench: Bench) -> Iterator[dict[str, Any]]:
    """Batches and precisions; the batch that counts most comes first."""
    order = (LARGE, SMALL, 256, 512, 2048)
    return gpu_steps.sweep(bench.device, bench.peaks, order)


def launched(bench: Bench) -> Iterator[dict[str, Any]]:
    """Captured or kernel by kernel."""
    for batch in (SMALL, LARGE):
        yield {"batch": batch, "variants": gpu_steps.launched(bench.device, batch)}


def fed(bench: Bench) -> Iterator[dict[str, Any]]:
    """Where the pictures come from."""
    _make_set(bench)
    for batch in (LARGE, SMALL):
        variants = gpu_steps.feeds(bench.device, str(bench.data), batch)
        yield {"batch": batch, "variants": gpu_steps.fed(variants)}


def pairs(bench: Bench) -> Iterator[dict[str, Any]]:
    """Against the plain loop."""
    _make_set(bench)
    yield from gpu_plain.pairs(bench.device, bench.data, bench.photos, SMALL)
    yield from gpu_plain.pairs(bench.device, bench.data, None, LARGE)


def whole(bench: Bench) -> Iterator[dict[str, Any]]:
    """A whole training as a user starts it, the start of the process and all files in the clock."""
    _make_set(bench)
    gpu_steps.clean(bench.device)  # this process keeps no memory from the other one
    run = Path(gettempdir()) / f"gpu-run-{os.getpid()}"
    words = ["train", str(bench.data), "--run", str(run), "--recipe", "paper", "--set",
             f"epochs={EPOCHS}", "--set", f"batch={LARGE}", "--precision", "bf16",
             "--device", bench.device.name]  # fmt: skip
    started = time.monotonic()
    subprocess.run([sys.executable, "-m", "alexnet", *words], check=True, timeout=bench.left)
    seconds = time.monotonic() - started
    rows = alexnet.open_run(run).metrics
    pictures = rows[-1]["step"] * LARGE
    yield {
        "pictures": pictures, "seconds": seconds, "images_per_second": pictures / seconds,
        "training_seconds": rows[-1]["seconds"],
        "images_per_second_at_the_end": rows[-1]["images_per_second"],
    }  # fmt: skip


def torchs(bench: Bench) -> Iterator[dict[str, Any]]:
    """The best that torch offers without kernels of one's own."""
    for batch in (LARGE, SMALL):
        yield gpu_plain.best_of_torch(bench.device.where, batch)


def compiled(bench: Bench) -> Iterator[dict[str, Any]]:
    """Whether torch.compile makes ours quicker."""
    for batch in (LARGE, SMALL):
        yield {"batch": batch, "variants": gpu_steps.compiled(bench.device, batch)}


# Seconds are what a part takes at least before it yields its first result, by estimate.
PARTS = (
    Part("peaks", 10, peaks),
    Part("exact", 40, exact),
    Part("sweep", 15, sweep),
    Part("kernels", 20, kernels),
    Part("pairs", 60, pairs),
    Part("fed", 40, fed),
    Part("launched", 20, launched),
    Part("torch", 60, torchs),
    Part("compiled", 60, compiled),
    Part("whole", 60, whole),
)


def _make_set(bench: Bench) -> None:
    """Photos and a set of them, where none were given; in processes that know of no GPU."""
    if bench.data:
        return
    folder = Path(gettempdir()) / "gpu-photos"
    photos, data = folder / "photos", folder / "set"
    if not data.exists():
        script = Path(__file__).with_name("gpu_photos.py")
        subprocess.run([sys.executable, str(script), str(photos)], check=True)
        words = ["prepare", str(photos), str(data)]
        subprocess.run([sys.executable, "-m", "alexnet", *words], check=True)
    bench.data, bench.photos = data, photos


def measure(bench: Bench, part: Part) -> bool:
    """Do a part as far as time allows; False: the GPU can do no more in this process."""
    found: list[dict[str, Any]] = []
    bench.results[part.name] = found
    for fate in ("failed", "stopped"):
        bench.results.get(fate, {}).pop(part.name, None)
    print(f"\n{part.name}", flush=True)
    try:
        for row in part.work(bench):
            found.append(row)
            bench.save()
            print("\n".join(gpu_ladder.rows_as_text([row])), flush=True)
            if bench.left < 0:
                bench.results.setdefault("stopped", {})[part.name] = "the time was up"
                bench.save()
                print(f"{part.name} was stopped: the time is up.", flush=True)
                break
    except Exception as error:  # whatever one part does, the others are still wanted
        traceback.print_exc()
        bench.results.setdefault("failed", {})[part.name] = f"{type(error).__name__}: {error}"
        bench.save()
        return not _broken(bench.device)
    return True


def _broken(device: Device) -> bool:
    """Whether the GPU answers this process no more."""
    try:
        return bool(torch.ones((), device=device.where).item() != 1)
    except RuntimeError:
        return True


def chosen(bench: Bench, named: str | None) -> list[Part]:
    """The parts that are named, or those that do not lie there yet."""
    if named:
        return [part for part in PARTS if part.name in named.split(",")]
    return [part for part in PARTS if not bench.results.get(part.name)]


def taken_up(bench: Bench) -> None:
    """Go on with what lies there, if it is of the same GPU and versions."""
    now = {"gpu": described(bench.device), "versions": machine.versions()}
    if bench.out.exists():
        former = json.loads(bench.out.read_bytes())
        if all(former.get(name) == value for name, value in now.items()):
            bench.results = former
            return
    bench.results = {"date": date.today().isoformat(), "machine": machine.describe(), **now}


def report(results: dict[str, Any]) -> list[str]:
    """Kernels beside their rooflines, the ladder, the targets, what was wrong."""
    wrong = [row for row in results.get("exact", []) if not row["held"]]
    lines = [f"NOT RIGHT: {row['check']}: {row['error']:.2g}" for row in wrong]
    lines += [f"FAILED: {name}: {why}" for name, why in results.get("failed", {}).items()]
    return [*gpu_kernels.table(results.get("kernels", [])), "", *gpu_ladder.text(results), *lines]


def main() -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--set", type=Path)
    parser.add_argument("--photos", type=Path)
    parser.add_argument("--minutes", type=float, default=8.0)
    parser.add_argument("--parts", help="only these: " + ", ".join(part.name for part in PARTS))
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    until = time.monotonic() + 60 * options.minutes
    machine.use()
    bench = Bench(device_of(options.device), options.set, options.photos, options.out, until)
    taken_up(bench)
    print(json.dumps(described(bench.device)), flush=True)
    parts = chosen(bench, options.parts)
    for number, part in enumerate(parts):
        if bench.left < part.seconds:
            print(f"{part.name} was skipped: {max(0.0, bench.left):.0f} seconds are left.")
            continue
        if not measure(bench, part) and parts[number + 1 :]:
            _go_on(bench, parts[number + 1 :])
    bench.save()
    print("\n" + "\n".join(report(bench.results)))


def _go_on(bench: Bench, parts: list[Part]) -> None:
    """The rest in a new process, in place of this one."""
    print("The GPU answers this process no more; the rest is done in a new one.", flush=True)
    given = [("--set", bench.data), ("--photos", bench.photos), ("--out", bench.out),
             ("--minutes", bench.left / 60), ("--device", bench.device.name),
             ("--parts", ",".join(part.name for part in parts))]  # fmt: skip
    words = [str(word) for pair in given if pair[1] is not None for word in pair]
    os.execv(sys.executable, [sys.executable, __file__, *words])


if __name__ == "__main__":
    main()
