"""`train` and `resume` as calls: what they refuse, prepare, write, store and repeat."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from alexnet import machine
from alexnet.errors import AlexNetError, UsageError
from alexnet.run import locked
from alexnet.training import choice, loop, session
from alexnet.training.job import Job
from tests.system import narrow, short_run, small_photos, small_prepares, small_set


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_set(tmp_path_factory.mktemp("session") / "data")


@pytest.fixture(scope="module")
def run(data: Path) -> Path:
    """A finished run."""
    return short_run(data, data.parent / "run").folder


def weights(folder: Path) -> bytes:
    return (folder / "model.safetensors").read_bytes()


def content(folder: Path) -> dict[str, bytes | None]:
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }


def test_what_a_finished_run_holds(run: Path) -> None:
    assert {path.name for path in run.iterdir()} == {
        "plan.json", "metrics.csv", "layers.csv", "checkpoints", "model.safetensors", "model.json",
        "lock",
    }  # fmt: skip
    assert [path.name for path in (run / "checkpoints").iterdir()] == ["step-00000009.safetensors"]


def test_a_run_is_not_overwritten(data: Path, run: Path) -> None:
    before = content(run)
    with pytest.raises(AlexNetError, match=r"holds a run already.*train --resume"):
        short_run(data, run)
    assert content(run) == before


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"recipe": "fst"}, r"no recipe 'fst' \(did you mean 'fast'"),
        ({"settings": {"momentm": 0.5}}, r"no setting 'momentm' \(did you mean 'momentum'"),
        ({"settings": {"rate": "high"}}, r"rate is 'high'; it must be a number"),
        ({"settings": {"dropout": 1}}, r"dropout is 1\.0; it can be from 0 to 0\.95"),
        ({"net": "alexnt"}, r"no network 'alexnt' \(did you mean 'alexnet'"),
        ({"net": "alexnet+tnah"}, r"no change 'tnah' \(did you mean 'tanh'"),
        ({"settings": {"freeze": "con1"}}, r"no layer 'con1' to freeze \(did you mean 'conv"),
        ({"net": "vgg16", "settings": {"freeze": "conv1"}}, "no layer 'conv1' to freeze"),
        ({"settings": {"schedule": "steps"}}, "reduce_at names no epochs"),
        ({"threads": 0}, r"0 threads"),
    ],
)
def test_mistakes_are_told_before_photos_are_prepared(
    tmp_path: Path, options: dict[str, Any], sentence: str
) -> None:
    small_photos(tmp_path / "photos", each=2)
    before = content(tmp_path)
    with pytest.raises(UsageError, match=sentence):
        session.train(tmp_path / "photos", tmp_path / "runs" / "run", say=pytest.fail, **options)
    assert content(tmp_path) == before


def test_photos_are_prepared_beside_the_run_and_kept_for_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_prepares(monkeypatch)
    photos, said = small_photos(tmp_path / "photos"), list[str]()
    first = short_run(photos, tmp_path / "runs" / "first", said)
    prepared = tmp_path / "runs" / "photos-prepared"
    assert f"prepared into {prepared}, which is kept" in said[0]
    assert first.plan["data"]["folder"] == str(prepared)
    before = {path: path.stat().st_mtime_ns for path in prepared.rglob("*")}
    second = short_run(photos, tmp_path / "runs" / "second")
    assert {path: path.stat().st_mtime_ns for path in prepared.rglob("*")} == before
    assert second.plan["data"] == first.plan["data"]
    assert weights(second.folder) == weights(first.folder)


def test_other_photos_of_the_same_name_are_not_mixed_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_prepares(monkeypatch)
    short_run(small_photos(tmp_path / "a" / "photos"), tmp_path / "runs" / "a")
    others = small_photos(tmp_path / "b" / "photos", each=11)
    with pytest.raises(AlexNetError, match="photos-prepared"):
        short_run(others, tmp_path / "runs" / "b")
    assert not (tmp_path / "runs" / "b").exists()


def test_the_plan(data: Path, run: Path) -> None:
    plan = json.loads((run / "plan.json").read_text())
    assert plan["network"] == choice.OWN
    assert plan["recipe_name"] == "fast"
    for entry in plan["recipe"].values():
        assert set(entry) == {"value", "unit", "origin", "source"}
    epochs, momentum = plan["recipe"]["epochs"], plan["recipe"]["momentum"]
    assert (epochs["value"], epochs["origin"], momentum["origin"]) == (2, "caller", "paper")
    facts = json.loads((data / "set.json").read_text())
    for key in ("fingerprint", "channel_means", "eigenvalues"):
        assert plan["data"][key] == facts[key]
    counts = {key: plan["data"][key] for key in ("classes", "train", "val", "test")}
    assert counts == {"classes": 3, "train": 27, "val": 3, "test": 0}
    assert Path(plan["data"]["folder"]) == data
    assert (plan["steps"], plan["epochs"], plan["threads"]) == (9, 2, 1)
    assert (plan["precision"], plan["budget_seconds"]) == ("float32", None)
    assert {"processor", "cores", "instructions"} <= set(plan["machine"])
    assert {"alexnet", "torch", "numpy", "pillow", "python"} <= set(plan["versions"])
    assert {"kernels", "commit", "device", "parameters"} <= set(plan)


def test_a_place_that_takes_no_files_is_told_before_photos_are_prepared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("alexnet.files.os.access", lambda *_: False)
    monkeypatch.setattr(session, "set_for", None)
    with pytest.raises(AlexNetError, match="could not be written: Permission denied"):
        session.train(tmp_path / "photos", tmp_path / "run")


def test_the_plan_is_said_before_the_first_step(data: Path, tmp_path: Path) -> None:
    said: list[str] = []
    short_run(data, tmp_path / "run", said)
    places = [
        next(place for place, text in enumerate(said) if wanted in text)
        for wanted in ("27 pictures to train, 3 to validate", "epoch 1:", "epoch 2:")
    ]
    assert places == sorted(places)
    for wanted in ("9 steps of 6 pictures", "float32", "1 thread,", "recipe fast", "(caller)"):
        assert wanted in said[places[0]]


def test_the_same_seed_gives_the_same_bytes_and_another_does_not(
    data: Path, run: Path, tmp_path: Path
) -> None:
    same = short_run(data, tmp_path / "same", workers=2)
    assert weights(same.folder) == weights(run)
    other = short_run(data, tmp_path / "other", settings={"seed": 1})
    assert weights(other.folder) != weights(run)


def test_a_dry_run_writes_nothing(data: Path, tmp_path: Path) -> None:
    said: list[str] = []
    before = content(data)
    done = session.train(
        data, tmp_path / "new" / "run", layers=narrow(), threads=1, dry_run=True, say=said.append
    )
    assert done is None
    assert "27 pictures to train" in said[-1]
    assert list(tmp_path.iterdir()) == []
    assert content(data) == before


def test_a_dry_run_does_not_prepare(tmp_path: Path) -> None:
    small_photos(tmp_path / "photos", each=2)
    before = content(tmp_path)
    with pytest.raises(UsageError, match="alexnet prepare"):
        session.train(tmp_path / "photos", tmp_path / "run", dry_run=True)
    assert content(tmp_path) == before


def test_measuring_the_speed_changes_nothing(data: Path, run: Path, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(session, "measured_rate", lambda _: 1.0)
        done = short_run(data, tmp_path / "run")
    assert weights(done.folder) == weights(run)


def test_the_network_s_dropout_and_start_are_the_recipe_s(data: Path, tmp_path: Path) -> None:
    done = short_run(data, tmp_path / "run", settings={"dropout": 0.25, "init": "paper"})
    layers = {layer["name"]: layer for layer in done.plan["layers"]}
    assert layers["drop6"]["rate"] == layers["drop7"]["rate"] == 0.25
    assert layers["conv3"]["std"] == layers["fc8"]["std"] == 0.01


def test_a_finished_run_has_nothing_to_do(run: Path) -> None:
    before, said = content(run), list[str]()
    done = session.resume(run, say=said.append)
    assert "trained to its end (9 steps): nothing to do" in said[-1]
    assert len(done.metrics) == 2
    assert content(run) == before


def test_a_run_of_epochs_cannot_get_a_time(run: Path) -> None:
    before = content(run)
    with pytest.raises(UsageError, match="runs for a number of epochs"):
        session.resume(run, budget=60.0)
    assert content(run) == before


def test_a_run_with_a_time_can_get_another(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "run", lambda job: job.save())
    short_run(data, tmp_path / "run", budget=60.0)
    done = session.resume(tmp_path / "run", budget=90.0, say=lambda _: None)
    assert done.plan["budget_seconds"] == 90.0
    assert json.loads((tmp_path / "run/plan.json").read_text())["budget_seconds"] == 90.0


def test_a_schedule_that_waits_for_errors_becomes_steps_with_a_time(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "run", lambda job: job.save())
    done = short_run(data, tmp_path / "run", recipe="paper", budget=60.0, settings={"epochs": 91})
    recipe = done.plan["recipe"]
    assert (recipe["schedule"]["value"], recipe["schedule"]["origin"]) == ("steps", "--time")
    assert recipe["reduce_at"]["value"] == [25, 51, 79]


def test_with_a_time_noise_ends_when_its_share_of_the_passes_is_over(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs: list[Job] = []
    monkeypatch.setattr(loop, "run", lambda job: (jobs.append(job), job.save()))
    monkeypatch.setattr(session, "measured_rate", lambda _: 4.5)  # 27 pictures: 10 epochs a minute
    settings = {"epochs": 100, "noise_until": 50}
    short_run(data, tmp_path / "run", budget=60.0, settings=settings)
    session.resume(tmp_path / "run", budget=120.0, say=lambda _: None)
    assert [job.plan["epochs"] for job in jobs] == [10, 20]
    assert [job.plan["steps"] for job in jobs] == [45, 90]
    assert [job.batches.ways.noise_until for job in jobs] == [5, 10]


def test_a_refused_resume_changes_no_plan(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "run", lambda job: job.save())
    short_run(data, tmp_path / "run", budget=60.0)
    before = content(tmp_path / "run")
    with pytest.raises(UsageError, match="-1 threads"):
        session.resume(tmp_path / "run", budget=90.0, threads=-1)
    assert content(tmp_path / "run") == before


def test_a_folder_without_a_run_cannot_be_resumed(tmp_path: Path) -> None:
    with pytest.raises(AlexNetError, match="is no run"):
        session.resume(tmp_path)


def test_a_run_does_not_go_on_with_other_pictures(tmp_path: Path) -> None:
    data = small_set(tmp_path / "data")
    run = short_run(data, tmp_path / "run").folder
    data.rename(tmp_path / "old")
    small_set(tmp_path / "data", each=11)
    with pytest.raises(AlexNetError, match="holds other pictures than when"):
        session.resume(run)


def test_a_set_that_is_gone_is_named(tmp_path: Path) -> None:
    data = small_set(tmp_path / "data")
    run = short_run(data, tmp_path / "run").folder
    data.rename(tmp_path / "moved")
    with pytest.raises(AlexNetError, match=str(data)):
        session.resume(run)


@pytest.mark.parametrize(("asked", "used"), [(None, 3), (2, 2)])
def test_threads_are_stored_and_used_on_resuming(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: int | None, used: int
) -> None:
    set_to: list[int] = []
    monkeypatch.setattr(torch, "set_num_threads", set_to.append)
    monkeypatch.setattr(torch, "get_num_threads", lambda: set_to[-1])
    monkeypatch.setattr(loop, "run", lambda job: job.save())
    short_run(data, tmp_path / "run", threads=3)
    assert json.loads((tmp_path / "run/plan.json").read_text())["threads"] == 3
    session.resume(tmp_path / "run", threads=asked, say=lambda _: None)
    assert set_to == [3, used]


def test_threads_are_as_many_as_cores(
    data: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    set_to: list[int] = []
    monkeypatch.setattr(torch, "set_num_threads", set_to.append)
    monkeypatch.setattr(machine, "cores", lambda: 7)
    session.train(data, tmp_path / "run", layers=narrow(), dry_run=True, say=lambda _: None)
    assert set_to == [7]


def test_no_two_processes_train_one_run(run: Path) -> None:
    with locked(run), pytest.raises(AlexNetError, match="being trained by another process"):
        session.resume(run, budget=None, say=lambda _: None)
