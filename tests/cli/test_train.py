"""`alexnet train`: times, settings and where they came from, refusals, exit codes, what is said."""

import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from alexnet.cli import main
from alexnet.cli.train import FLAGS, seconds_of
from alexnet.errors import Interrupted, UsageError
from alexnet.training import session
from tests.system import narrow_by_name, small_photos, small_set, stop_after

SMALL = ["--epochs", "2", "--batch", "6", "--threads", "1"]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(small_set(tmp_path_factory.mktemp("train") / "data"))


@pytest.fixture
def _narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    narrow_by_name(monkeypatch)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the API is called with; nothing is trained."""
    seen: list[dict[str, Any]] = []

    def noted(*places: Any, **options: Any) -> SimpleNamespace:
        seen.append({"places": places, **options})
        return SimpleNamespace(folder="RUN")

    monkeypatch.setattr(session, "train", noted)
    monkeypatch.setattr(session, "resume", noted)
    return seen


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("30m", 1800), ("2h", 7200), ("1h30m", 5400), ("1h1m1s", 3661), ("1.5h", 5400),
     ("0.5m", 30), ("1h5s", 3605)],
)  # fmt: skip
def test_times(text: str, seconds: float) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "30", "m", "30 m", "-30m", "1d", "30m1h", "0s", "0h0m", "1e3s", "soon", "inf"]
)
def test_times_that_are_none(text: str) -> None:
    with pytest.raises(UsageError, match="such as 90s, 30m or 1h30m"):
        seconds_of(text)


def test_a_time_that_is_empty_is_not_passed_over(calls: list[Any]) -> None:
    assert main(["train", "data", "--run", "run", "--time", ""]) == 2
    assert calls == []


def test_the_api_gets_what_was_given(calls: list[Any], tmp_path: Path) -> None:
    words = ["--recipe", "paper", "--time", "1h", "--threads", "2", "--workers", "3"]
    assert main(["train", "data", "--run", "run", *words, "--weights", "big"]) == 0
    (call,) = calls
    assert call["places"] == ("data", "run")
    assert (call["recipe"], call["net"], call["budget"]) == ("paper", None, 3600)
    assert (call["threads"], call["workers"], call["dry_run"]) == (2, 3, False)
    assert (call["settings"], call["weights"], call["mean"]) == ({}, "big", None)
    assert main(["train", "data", "--run", "run", "--mean", "mean.npy"]) == 0
    assert calls[1]["mean"] == "mean.npy"


def test_a_flag_beats_set_and_set_beats_the_file(calls: list[Any], tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("rate = 0.1\nepochs = 1\nmomentum = 0.8\nmirror = true\n")
    words = ["--settings", str(file), "--rate", "0.3", "--set", "rate=0.2", "--set", "epochs=2"]
    assert main(["train", "data", "--run", "run", *words, "--no-mirror"]) == 0
    assert calls[0]["settings"] == {
        "rate": ("0.3", "--rate"), "epochs": ("2", "--set"), "momentum": (0.8, "mine.toml"),
        "mirror": (False, "--no-mirror"),
    }  # fmt: skip


def test_names_may_have_hyphens_and_the_last_set_counts(calls: list[Any]) -> None:
    words = ["--set", "colour-noise=0.2", "--set", "reduce_at = 1,2", "--set", "colour_noise=0.3"]
    assert main(["train", "data", "--run", "run", *words]) == 0
    assert calls[0]["settings"] == {
        "colour_noise": ("0.3", "--set"), "reduce_at": ("1,2", "--set"),
    }  # fmt: skip


@pytest.mark.usefixtures("_narrow")
def test_the_plan_says_where_each_value_came_from(
    data: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("decay = 0.001\nmomentum = 0.8\nrate = 0.1\n")
    words = ["--settings", str(file), "--set", "momentum=0.7", "--set", "rate=0.2", "--rate", "0.3"]
    assert main(["train", data, "--dry-run", *words, "--no-mirror", "--threads", "1"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    lines = {line.split()[0]: line for line in out.splitlines() if line.startswith("  ")}
    for name, value, origin in (
        ("rate", "0.3", "--rate"),
        ("momentum", "0.7", "--set"),
        ("decay", "0.001", "mine.toml"),
        ("mirror", "no", "--no-mirror"),
        ("batch", "32", "recipe fast"),
        ("bias_rate", "1", "paper"),
    ):
        assert lines[name].split()[1] == value
        assert lines[name].endswith(f"({origin})")


@pytest.mark.usefixtures("_narrow")
def test_a_dry_run_prints_the_plan_and_writes_nothing(
    data: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["train", data, "--run", "run", "--dry-run", *SMALL]) == 0
    out = capsys.readouterr().out
    for wanted in (
        "27 pictures to train, 3 to validate, 0 to test; 3 classes", "alexnet, 321,523 parameters",
        "Recipe     fast", "1 thread,", "float32", "device cpu", "9 steps of 6 pictures, 2 epochs",
        "pictures a second", "9 photos a class from scratch: expect",
    ):  # fmt: skip
        assert wanted in out
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("_narrow")
def test_a_dry_run_may_stand_in_a_run_folder(
    data: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "plan.json").write_text("{}")
    monkeypatch.chdir(tmp_path)
    assert main(["train", data, "--dry-run", *SMALL]) == 0


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--set", "momentm=0.5"], "no setting 'momentm' (did you mean 'momentum'?)"),
        (["--set", "init=units"], "init is 'units'; it must be one of run, paper, unit"),
        (["--set", "momentum"], "NAME=VALUE is expected"),
        (["--epochs", "many"], "epochs is 'many'; it must be a number"),
        (["--rate", "11"], "rate is 11.0; it can be from 0 to 10"),
        (["--recipe", "papr"], "did you mean 'paper'?"),
        (["--net", "alexnt"], "did you mean 'alexnet'?"),
        (["--net", "alexnet+width:big"], "width is 'big'; it must be a share such as 0.5"),
        (["--set", "freeze=fc66"], "no layer 'fc66' to freeze (did you mean 'fc6'?)"),
        (["--settings", "none.toml"], "none.toml cannot be read as TOML"),
        (["--time", "soon"], "--time is 'soon'"),
        (["--threads", "0"], "0 threads"),
        (["--workers", "-1"], "-1 workers"),
    ],
)
def test_wrong_calls_are_two_and_a_sentence(
    data: str, tmp_path: Path, words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", data, "--run", str(tmp_path / "run"), *words]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("alexnet train: ")
    assert sentence in err
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("words", [[], ["data"], ["--run", "run"], ["--dry-run"]])
def test_data_and_a_place_for_the_run_are_needed(
    words: list[str], calls: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", *words]) == 2
    assert "DATA and --run RUN are needed" in capsys.readouterr().err
    assert calls == []


def test_photos_for_a_dry_run_are_a_wrong_call(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small_photos(tmp_path / "photos", each=2)
    assert main(["train", str(tmp_path / "photos"), "--dry-run"]) == 2
    assert "alexnet prepare" in capsys.readouterr().err


REFUSED = [
    *([f"--{name}", "1"] for name, _, _ in FLAGS),
    ["--run", "new"], ["--set", "rate=1"], ["--settings", "a.toml"], ["--no-mirror"],
    ["--dry-run"], ["--recipe", "paper"], ["--net", "other"], ["--weights", "other"],
    ["--mean", "1,2,3"],
]  # fmt: skip


@pytest.mark.parametrize("words", REFUSED, ids=lambda words: words[0])
def test_what_the_plan_holds_cannot_be_changed_on_resuming(
    words: list[str], calls: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "--resume", "run", *words]) == 2
    err = capsys.readouterr().err
    assert f"so {words[0]} cannot be given with it" in err
    assert calls == []


def test_the_default_s_name_is_refused_too_where_the_network_is_fixed(
    calls: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "--resume", "run", "--net", "alexnet"]) == 2
    assert "so --net cannot be given with it" in capsys.readouterr().err
    assert calls == []


def test_data_that_was_moved_can_be_named_on_resuming(calls: list[Any]) -> None:
    assert main(["train", "data", "--resume", "run"]) == 0
    assert calls[0]["data"] == "data"


def test_threads_workers_and_time_can_be_changed_on_resuming(calls: list[Any]) -> None:
    words = ["--threads", "3", "--workers", "0", "--time", "2m", "--device", "cuda:1"]
    assert main(["train", "--resume", "run", *words]) == 0
    (call,) = calls
    assert call.pop("places") == ("run",)
    call.pop("say")
    assert call == {
        "data": None, "threads": 3, "workers": 0, "budget": 120, "turns": 1, "parallel": None,
        "exchange": "float32", "timeout": 600, "device": "cuda:1",
    }  # fmt: skip


@pytest.mark.usefixtures("_narrow")
def test_trained_stopped_resumed_and_refused(
    data: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = str(tmp_path / "run")
    with pytest.MonkeyPatch.context() as patched:
        stop_after(patched, 7, signal.SIGTERM)
        assert main(["train", data, "--run", run, *SMALL]) == 130
    out, err = capsys.readouterr()
    assert "9 steps of 6 pictures" in out
    assert "epoch 1: " in out
    assert "Trained" not in out
    assert f"go on with: alexnet train --resume {run}" in err
    assert main(["train", "--resume", run]) == 0
    out, err = capsys.readouterr()
    first, second, third, last = out.splitlines()
    assert first == "Going on at step 8 of 9."
    assert second == "The set (0.4 MB) fits into memory and is read ahead."
    assert third.startswith("epoch 2: ")
    assert last == f"Trained; error rates: alexnet evaluate {run}"
    assert err == ""
    assert main(["train", "--resume", run]) == 0
    assert "nothing to do" in capsys.readouterr().out
    assert main(["train", data, "--run", run]) == 1
    assert "holds a run already" in capsys.readouterr().err
    assert main(["train", "--resume", data]) == 1
    assert "is no run" in capsys.readouterr().err


def test_a_stop_by_the_api_is_130(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stopped(*_: Any, **__: Any) -> None:
        raise Interrupted("stopped after step 3")

    monkeypatch.setattr(session, "train", stopped)
    assert main(["train", "data", "--run", "run"]) == 130
    assert capsys.readouterr().err == "alexnet train: stopped after step 3\n"


PROGRAM = """
import sys
import pytest
from alexnet import cli
from tests.system import narrow_by_name
narrow_by_name(pytest.MonkeyPatch())
sys.exit(cli.main(sys.argv[1:]))
"""


def test_ctrl_c_saves_and_is_130(data: str, tmp_path: Path) -> None:
    run = tmp_path / "run"
    words = ["train", data, "--run", str(run), "--batch", "6", "--threads", "1", "--epochs", "9999"]
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *words], cwd=Path(__file__).resolve().parents[2],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        said = []
        for line in process.stdout:
            said.append(line)
            if line.startswith("epoch 1: "):
                process.send_signal(signal.SIGINT)
                break
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130, err
    lines = [line for line in (*said, *out.splitlines()) if line.startswith("epoch ")]
    assert (run / "metrics.csv").read_text().count("\n") == 1 + len(lines)
    assert "stopping after this step; once more to stop at once" in err
    assert err.rstrip().endswith(f"alexnet train --resume {run}")
    assert "Traceback" not in err
    assert len(list((run / "checkpoints").iterdir())) == 1
    assert (run / "model.safetensors").exists()
