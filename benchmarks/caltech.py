"""What each ingredient gives on Caltech-101: 30 photos a class, from scratch, unmodified network.

    python benchmarks/caltech.py TRAIN TEST WORK [--epochs 120] [--seeds 0,1,2] [--minutes 60]

TRAIN and TEST are photos in class folders, or tars of them. Everything together is trained with
each seed, then with each ingredient left out in turn, then with none; the figure is the mean of the
accuracies of the classes on TEST, with one view and with ten. TEST decides nothing. Runs lie in
WORK/runs; one that is finished is not repeated, one that was stopped is gone on with, and none is
begun once the minutes are over. --out is written after every run.
"""

import argparse
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import alexnet
from alexnet import files, machine
from alexnet.devices import described, device_of

TARGET = 0.58  # mean class accuracy, from scratch
NO_VAL = 1e-9  # a share for val, less than one photo: all are trained on
SHORT = 35.0  # epochs of the recipe fast
RESULTS = Path(__file__).resolve().parents[1] / "docs" / "results" / "caltech.json"
TOGETHER: dict[str, Any] = {
    "area": 0.3, "colour_noise": 0.1, "colour_unit": "deviation", "dropout": 0.5, "init": "unit",
}  # fmt: skip
WITHOUT: dict[str, dict[str, Any]] = {
    "crops by area": {"area": 1.0},
    "colour noise": {"colour_noise": 0.0},
    "dropout": {"dropout": 0.0},
    "unit start": {"init": "run"},
    "longer training": {"epochs": SHORT},
}
ALL, NONE = "all together", "none of them"


@dataclass(frozen=True)
class Trial:
    """A run of the study: what is in it, its settings."""

    name: str
    seed: int
    settings: Mapping[str, Any]

    @property
    def folder(self) -> str:
        """The name of its run."""
        return f"{self.name.replace(' ', '-')}-{self.seed}"

    @property
    def key(self) -> dict[str, Any]:
        """What tells it from others."""
        return {"trial": self.name, "seed": self.seed, "settings": dict(self.settings)}


def trials(epochs: float, seeds: Sequence[int], more: dict[str, Any]) -> list[Trial]:
    """All of them, the whole recipe first; ``more`` are settings of every trial."""
    whole = TOGETHER | {"epochs": epochs} | more
    left_out = {f"without {name}": change for name, change in WITHOUT.items()}
    bare = {key: value for change in WITHOUT.values() for key, value in change.items()}
    changes: dict[str, dict[str, Any]] = {ALL: {}, **left_out, NONE: bare}
    return [
        Trial(name, seed, whole | change | {"seed": seed})
        for name, change in changes.items()
        for seed in seeds
    ]


def done(trial: Trial, data: Path, runs: Path, device: str | None) -> dict[str, Any]:
    """Train, or go on where a run was stopped; evaluate; what was found."""
    run, started = runs / trial.folder, time.monotonic()
    if (run / "plan.json").exists():
        alexnet.resume(run, say=lambda _: None, device=device)
    else:
        alexnet.train(
            data, run, recipe="fast", settings=trial.settings, say=lambda _: None, device=device
        )
    seconds = time.monotonic() - started
    rows = alexnet.open_run(run).metrics
    found = alexnet.evaluate(run, part="test", say=lambda _: None, quiet=True, device=device)
    return {
        **trial.key, "seconds": seconds, "train_loss": rows[-1]["train_loss"],
        "train_error": rows[-1]["train_error"], "test_pictures": found[0].images,
        "mean_class_accuracy": {one.way: one.mean_class_accuracy for one in found},
        "top1_error": {one.way: one.top1_error for one in found},
    }  # fmt: skip


def summary(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Mean and spread over the seeds of each trial, and what leaving out cost; in points."""
    names = list(dict.fromkeys(row["trial"] for row in rows))
    found = []
    for name in names:
        values = [100 * row["mean_class_accuracy"]["10"] for row in rows if row["trial"] == name]
        one = [100 * row["mean_class_accuracy"]["1"] for row in rows if row["trial"] == name]
        found.append({
            "trial": name, "seeds": len(values), "ten_views": mean(values),
            "spread": stdev(values) if len(values) > 1 else None, "one_view": mean(one),
        })  # fmt: skip
    whole = next((row["ten_views"] for row in found if row["trial"] == ALL), None)
    return [
        {**row, "less_than_all": None if whole is None else whole - row["ten_views"]}
        for row in found
    ]


def table(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """As people read it."""
    lines = [
        "| trial | seeds | mean class accuracy, ten views | one view | less than all |",
        "| --- | --- | --- | --- | --- |",
    ]
    for row in rows:
        spread = "" if row["spread"] is None else f" +- {row['spread']:.1f}"
        less = "" if row["less_than_all"] is None else f"{row['less_than_all']:.1f}"
        lines.append(
            f"| {row['trial']} | {row['seeds']} | {row['ten_views']:.1f} %{spread} | "
            f"{row['one_view']:.1f} % | {less} |"
        )
    return lines


def taken_up(out: Path, begun: Mapping[str, Any]) -> dict[str, Any]:
    """What lies there, if it is of the same pictures; else nothing yet."""
    if out.exists():
        former: dict[str, Any] = json.loads(out.read_bytes())
        if former.get("fingerprint") == begun["fingerprint"]:
            return former
    return {"date": date.today().isoformat(), **begun, "target": TARGET, "runs": []}


def study(
    data: Path, work: Path, out: Path, wanted: Sequence[Trial], device: str | None, until: float
) -> dict[str, Any]:
    """All trials that are not done yet, until time.monotonic() is ``until``; what is known."""
    begun = {
        "fingerprint": alexnet.open_set(data).fingerprint, "device": described(device_of(device)),
        "machine": machine.describe(), "versions": machine.versions(),
    }  # fmt: skip
    report = taken_up(out, begun)
    for trial in wanted:
        if any(trial.key.items() <= row.items() for row in report["runs"]):
            continue
        if time.monotonic() > until:
            print(f"{trial.folder} and what follows were not begun: the time is up.")
            break
        found = done(trial, data, work / "runs", device)
        report["runs"].append(found)
        report["summary"] = summary(report["runs"])
        accuracy = found["mean_class_accuracy"]
        print(f"{trial.folder}: {accuracy} in {found['seconds']:.0f} s", flush=True)
        out.parent.mkdir(parents=True, exist_ok=True)
        files.write_bytes(out, (json.dumps(report, indent=1) + "\n").encode())
    return report


def main() -> None:
    """Prepare, train, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("train", type=Path)
    parser.add_argument("test", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--epochs", type=float, default=120)
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--device")
    parser.add_argument("--precision", default="bf16", help="float32 or bf16")
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    until = time.monotonic() + 60 * options.minutes
    machine.use()
    data = options.work / "set"
    alexnet.prepare(options.train, data, test=options.test, val=NO_VAL, say=print)
    seeds = [int(seed) for seed in options.seeds.split(",")]
    wanted = trials(options.epochs, seeds, {"precision": options.precision})
    report = study(data, options.work, options.out, wanted, options.device, until)
    print("\n".join(table(report.get("summary", []))))
    best = max((row["ten_views"] for row in report.get("summary", [])), default=None)
    if best is not None:
        print(f"Best {best:.1f} %, target {100 * TARGET:.0f} %.")


if __name__ == "__main__":
    main()
