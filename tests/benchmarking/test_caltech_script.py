"""benchmarks/caltech.py: which runs there are, and what is said of them."""

import json
import time
from pathlib import Path
from typing import Any

import caltech
import pytest

from alexnet.training.recipe import resolve, with_origins


def row(trial: caltech.Trial, accuracy: float) -> dict[str, Any]:
    return {**trial.key, "mean_class_accuracy": {"1": accuracy - 0.02, "10": accuracy}}


def test_each_ingredient_is_left_out_in_turn() -> None:
    found = caltech.trials(120, [0, 1, 2], {"precision": "bf16"})
    assert len(found) == 3 * (2 + len(caltech.WITHOUT))
    assert len({trial.folder for trial in found}) == len(found)
    whole = found[0].settings
    for trial in found:
        recipe = resolve("fast", 3030, with_origins(trial.settings)).recipe
        assert (recipe.seed, recipe.precision) == (trial.seed, "bf16")
        changed = {key for key in whole if trial.settings[key] != whole[key]} - {"seed"}
        assert len(changed) == {caltech.ALL: 0, caltech.NONE: 5}.get(trial.name, 1)


def test_the_summary_is_of_the_seeds() -> None:
    whole = caltech.trials(120, [0, 1], {})[:2]
    without = caltech.trials(120, [0], {})[1]
    rows = [row(whole[0], 0.58), row(whole[1], 0.60), row(without, 0.50)]
    first, second = caltech.summary(rows)
    assert first["ten_views"] == pytest.approx(59)
    assert first["spread"] == pytest.approx(2**0.5)
    assert (second["spread"], second["less_than_all"]) == (None, pytest.approx(9))
    assert len(caltech.table([first, second])) == 4


def test_what_is_done_is_not_done_again_and_nothing_is_begun_too_late(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    begun: list[str] = []

    def done(trial: caltech.Trial, *_: object) -> dict[str, Any]:
        begun.append(trial.folder)
        return {**row(trial, 0.5), "seconds": 1.0}

    class Pictures:
        fingerprint = "same"

    monkeypatch.setattr(caltech, "done", done)
    monkeypatch.setattr(caltech.alexnet, "open_set", lambda _: Pictures, raising=False)
    trials, out = caltech.trials(120, [0], {}), tmp_path / "caltech.json"

    def study(wanted: list[caltech.Trial], seconds: float) -> dict[str, Any]:
        until = time.monotonic() + seconds
        return caltech.study(tmp_path, tmp_path, out, wanted, "cpu", until)

    study(trials[:2], 60)
    assert begun == [trial.folder for trial in trials[:2]]
    study(trials[:3], 60)
    assert begun == [trial.folder for trial in trials[:3]]
    study(trials, -1)
    assert len(begun) == 3
    assert len(json.loads(out.read_text())["summary"]) == 3
