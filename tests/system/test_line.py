"""The whole line through the command line: photos, set, run, error rates, predictions, a page."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors import safe_open

from alexnet.cli import main
from tests.data.trees import photo
from tests.system import narrow_by_name, small_photos


class Line:
    """One folder with all that the verbs made, in their order; what each printed."""

    def __init__(self, top: Path) -> None:
        self.top, self.data, self.run = top, top / "data", top / "run"
        self.photos = small_photos(top / "photos")
        (self.photos / "a" / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 cut off")
        (self.photos / "a" / "notes.txt").write_text("no photo")
        self.album = top / "album"
        self.album.mkdir()
        for name in ("one", "two"):
            (self.album / f"{name}.png").write_bytes(photo(len(name), 300, 200))
        (self.album / "bad.jpg").write_text("not a photo at all")


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Prepared and trained, as by `alexnet prepare` and `alexnet train`."""
    found = Line(tmp_path_factory.mktemp("line"))
    with pytest.MonkeyPatch.context() as patched:
        narrow_by_name(patched)
        words = ["--size", "64", "--test", "0.2", "--workers", "1"]
        assert main(["prepare", str(found.photos), str(found.data), *words]) == 0
        words = ["--epochs", "2", "--batch", "6", "--threads", "1"]
        assert main(["train", str(found.data), "--run", str(found.run), *words]) == 0
    return found


def asked(capsys: pytest.CaptureFixture[str], *words: str | Path, code: int = 0) -> Any:
    """The one JSON value that a verb prints."""
    assert main([*map(str, words), "--json"]) == code
    return json.loads(capsys.readouterr().out)


def test_prepare(line: Line, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--size", "64", "--test", "0.2", "--workers", "1"]
    found = asked(capsys, "prepare", line.photos, line.data, *words)
    assert found["images"] == 30 == found["train"] + found["val"] + found["test"]
    assert (found["test"], found["val"], found["classes"]) == (6, 3, 3)
    (rejected,) = found["rejected"]
    assert set(rejected) == {"file", "reason"}
    assert rejected["file"].endswith("a/broken.jpg")
    strict = asked(capsys, "prepare", line.photos, line.data, *words, "--strict", code=3)
    assert strict["rejected"] == found["rejected"]


def test_the_model_carries_its_preprocessing(line: Line) -> None:
    described = json.loads((line.run / "model.json").read_text())
    assert described["classes"] == ["a", "b", "c"]
    way = described["preprocessing"]
    assert (way["size"], way["crop"], way["fit"], way["mirror"]) == (64, 56, "crop", True)
    with safe_open(line.run / "model.safetensors", "np") as file:
        names = set(file.keys())
        assert file.get_tensor("mean").shape == (64, 64, 3)
        assert np.isfinite(file.get_tensor("fc8.weight")).all()
    layers = ("conv1", "conv2", "conv3", "conv4", "conv5", "fc6", "fc7", "fc8")
    assert names == {
        "mean",
        *(f"{layer}.{kind}" for layer in layers for kind in ("weight", "bias")),
    }


def test_evaluate(line: Line, capsys: pytest.CaptureFixture[str]) -> None:
    file = line.top / "predictions.csv"
    found = asked(capsys, "evaluate", line.run, "--csv", file)
    assert [one["views"] for one in found] == [1, 10]
    for one in found:
        assert set(one) >= {
            "run", "part", "images", "k", "views", "top1_error", "topk_error",
            "mean_class_accuracy",
        }  # fmt: skip
        assert (one["run"], one["part"], one["images"], one["k"]) == (str(line.run), "test", 6, 2)
        assert 0 <= one["topk_error"] <= one["top1_error"] <= 1
        # Two pictures of each class: the mean over classes is the mean over pictures.
        assert one["mean_class_accuracy"] == pytest.approx(1 - one["top1_error"])
    with file.open(newline="") as opened:
        rows = list(csv.DictReader(opened))
    assert len({row["file"] for row in rows}) == 6


def test_evaluate_what_was_asked_for(line: Line, capsys: pytest.CaptureFixture[str]) -> None:
    (found,) = asked(
        capsys, "evaluate", line.run, line.run, "--data", line.data, "--part", "val", "--views", "1"
    )
    assert (found["part"], found["images"], found["views"]) == ("val", 3, 1)


def test_predict(line: Line, capsys: pytest.CaptureFixture[str]) -> None:
    found = asked(capsys, "predict", line.run, line.album, code=3)
    answers = {Path(answer["file"]).name: answer for answer in found}
    assert set(answers) == {"one.png", "two.png", "bad.jpg"}
    bad = answers.pop("bad.jpg")
    assert set(bad) == {"file", "error"}
    assert "not a photo" in bad["error"]
    for answer in answers.values():
        assert set(answer) == {"file", "predictions"}
        shares = [one["probability"] for one in answer["predictions"]]
        assert {one["class"] for one in answer["predictions"]} == {"a", "b", "c"}
        assert shares == sorted(shares, reverse=True)
        assert sum(shares) == pytest.approx(1)


def test_a_photo_of_the_set_gets_the_answer_of_evaluate(
    line: Line, capsys: pytest.CaptureFixture[str]
) -> None:
    file = line.top / "val.csv"
    asked(capsys, "evaluate", line.run, "--part", "val", "--views", "10", "--csv", file)
    with file.open(newline="") as opened:
        row = next(csv.DictReader(opened))
    (answer,) = asked(capsys, "predict", line.run, line.photos / row["file"], "--views", "10")
    best = answer["predictions"][0]
    assert row["class_1"] == best["class"]
    assert float(row["probability_1"]) == pytest.approx(best["probability"], abs=1e-4)


def test_report(line: Line, capsys: pytest.CaptureFixture[str]) -> None:
    found = asked(capsys, "report", line.run)
    page = Path(found["report"])
    assert page == line.run / "report.html"
    text = page.read_text(encoding="utf-8")
    assert text.lower().startswith("<!doctype html>")
    plan = json.loads((line.run / "plan.json").read_text())
    assert plan["data"]["fingerprint"][:12] in text
    assert "<script" not in text
    assert 'src="http' not in text


def test_the_same_by_the_api(line: Line) -> None:
    import alexnet

    run = alexnet.open_run(line.run)
    assert [row["epoch"] for row in run.metrics] == [1, 2]
    assert alexnet.open_set(line.data).fingerprint == run.plan["data"]["fingerprint"]
    model = alexnet.load_model(line.run)
    assert model.classes == ("a", "b", "c")
    one, ten = alexnet.evaluate([line.run])
    assert (one.views, ten.views, one.images) == (1, 10, 6)
    answers = alexnet.predict(line.run, [line.album / "one.png", line.album / "bad.jpg"])
    assert [answer.error is None for answer in answers] == [True, False]
