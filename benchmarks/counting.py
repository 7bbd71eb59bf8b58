"""Counts of what became of many trials, kept in a file from which a stopped run goes on."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from fuzzing import Trial, bad, outcomes, peak

from alexnet.files import write_bytes
from alexnet.machine import describe, versions

AT_ONCE = 1000  # trials in one process, after which the counts are written


def go(trial: Trial, count: int, out: Path, begun: dict[str, Any]) -> int:
    """Do ``count`` trials in all; ``begun`` says what they are made of. 1 where any was bad."""
    report = _taken_up(out, {**begun, "versions": versions(), "machine": describe()})
    while report["trials"] < count:
        first = report["trials"]
        _add(report, trial, first, min(first + AT_ONCE, count))
        write_bytes(out, (json.dumps(report, indent=1) + "\n").encode())
        print(f"{report['trials']:,} trials, {len(report['bad'])} bad", flush=True)
    return 1 if report["bad"] else 0


def _taken_up(out: Path, begun: dict[str, Any]) -> dict[str, Any]:
    """What stands there, if it was begun with the same; else nothing yet."""
    if out.exists():
        former: dict[str, Any] = json.loads(out.read_bytes())
        if all(former.get(name) == value for name, value in begun.items()):
            return former
    return {**begun, "trials": 0, "peak_mb": 0, "outcomes": {}, "mutations": {}, "bad": []}


def _add(report: dict[str, Any], trial: Trial, first: int, end: int) -> None:
    kinds, done = Counter(report["outcomes"]), Counter(report["mutations"])
    for number, line in outcomes(trial, first, end):
        kind, mutations, outcome = line.split("\t") if "\t" in line else ("", "", line)
        kinds[f"{kind}: {outcome}" if kind else outcome] += 1
        done.update(mutations.split("+"))
        if bad(outcome):
            report["bad"].append([number, line])
        report["trials"] += 1
    report |= {"outcomes": dict(kinds.most_common()), "mutations": dict(done.most_common())}
    report["peak_mb"] = max(report["peak_mb"], peak() >> 20)
