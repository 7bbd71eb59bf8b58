"""`alexnet evaluate`: what it prints, and where."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from alexnet import evaluation
from alexnet.cli import main
from alexnet.errors import AlexNetError
from alexnet.evaluation import Evaluation
from alexnet.metrics import class_accuracies
from tests.test_evaluation_of_runs import tiny_run, tiny_set
from tests.tiny import tiny_model


def measured(views: int, names: tuple[str, ...] = ("ant", "bee", "cat", "dog")) -> Evaluation:
    labels = np.array([0, 0, 0, 0, 1, 1, 2, 2])
    first = np.array([0, 0, 0, 1, 0, 0, 2, 2])
    top = np.stack([first, (first + 1) % len(names)], axis=1)
    accuracies, counts = class_accuracies(labels, first == labels, len(names))
    return Evaluation(
        run="runs/a", part="test", images=8, classes=names, k=min(3, len(names) - 1), views=views,
        top1_error=3 / 8, topk_error=0.0, mean_class_accuracy=7 / 12,
        top1_interval=(0.1368, 0.6943), topk_interval=(0.0, 0.3244),
        mean_class_interval=(0.3, 0.8), class_counts=counts, class_accuracies=accuracies,
        labels=labels, top=top, probability=np.full((8, 2), 0.5, np.float32),
        true_probability=np.full(8, 0.25, np.float32), files=tuple(f"{n}.jpg" for n in range(8)),
        data="data",
    )  # fmt: skip


devices: list[str] = []  # that evaluation was asked to run on


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Evaluation is replaced; what it was asked for is kept here."""
    asked: list[object] = []
    devices.clear()

    def fake(runs, data, *, part, views, say, world, device):  # type: ignore[no-untyped-def]
        asked.extend([runs, data, part, views])
        devices.append(device)
        say("A note.")
        return [measured(views)] if views else [measured(1), measured(10)]

    monkeypatch.setattr(evaluation, "evaluate", fake)
    return asked


def test_the_table_for_people(asked: list[object], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "runs/a"]) == 0
    assert asked == [[Path("runs/a")], None, None, None]
    out, err = capsys.readouterr()
    assert err == ""
    assert out == (
        "A note.\n"
        "runs/a, 8 test pictures of data, 4 classes\n"
        "\n"
        "views  top-1 error               top-3 error             mean class accuracy\n"
        "    1  37.50 % (13.68 to 69.43)  0.00 % (0.00 to 32.44)  58.33 % (30.00 to 80.00)\n"
        "   10  37.50 % (13.68 to 69.43)  0.00 % (0.00 to 32.44)  58.33 % (30.00 to 80.00)\n"
        "In brackets: intervals of 95 %.\n"
        "Classes without pictures here, left out of the mean: 1.\n"
        "\n"
        "Worst classes (10 views):\n"
        "   0.0 % of     2  bee\n"
        "  75.0 % of     4  ant\n"
    )


def test_json_is_all_that_is_on_standard_output(
    asked: list[object], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    table = tmp_path / "table.csv"
    words = ["evaluate", "a", "b", "--data", "d", "--part", "val", "--json", "--csv", str(table)]
    assert main(words) == 0
    assert asked == [[Path("a"), Path("b")], Path("d"), "val", None]
    out, err = capsys.readouterr()
    one, ten = json.loads(out)
    assert err == f"A note.\nThe predictions of each image are in {table}.\n"
    assert (one["views"], ten["views"]) == (1, 10)
    wanted = {"run": "runs/a", "part": "test", "images": 8, "k": 3, "views": 1,
              "top1_error": 0.375, "topk_error": 0.0, "mean_class_accuracy": 7 / 12}  # fmt: skip
    assert wanted.items() <= one.items()
    with table.open(newline="") as file:
        assert len(list(csv.DictReader(file))) == 16


def test_views_are_passed_on(asked: list[object], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "a", "--views", "10", "--json"]) == 0
    assert asked[3] == 10
    assert [e["views"] for e in json.loads(capsys.readouterr().out)] == [10]
    assert main(["evaluate", "a", "--views", "1"]) == 0
    assert "Worst classes (1 view):" in capsys.readouterr().out


def test_the_device_is_passed_on(asked: list[object], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "a", "--device", "cuda:1"]) == 0
    assert main(["evaluate", "a"]) == 0
    assert devices == ["cuda:1", "auto"]


def test_dense_is_a_row_of_its_own(
    asked: list[object], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = replace(measured(8), dense=True)
    monkeypatch.setattr(evaluation, "evaluate", lambda *_, **given: [found])
    assert main(["evaluate", "a", "--views", "dense"]) == 0
    out = capsys.readouterr().out
    assert "\ndense  37.50 % (13.68 to 69.43)" in out
    assert "Worst classes (dense):" in out
    assert main(["evaluate", "a", "--views", "dense", "--json"]) == 0
    (one,) = json.loads(capsys.readouterr().out)
    assert (one["views"], one["dense"]) == (8, True)


def test_two_classes_have_no_column_for_top_k(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from alexnet.cli import evaluate

    two = measured(1)
    object.__setattr__(two, "k", 1)
    assert evaluate._rates([two])[2] == "views  top-1 error               mean class accuracy"


def test_names_of_classes_cannot_break_the_output() -> None:
    from alexnet.cli import evaluate

    lines = evaluate._worst(measured(1, ("an\tt", "\udc80", "cat", "dog")))
    assert lines[1:] == ["Worst classes (1 view):", *lines[2:]]
    assert "\\udc80" in lines[2]
    assert "an\\tt" in lines[3]


def test_nothing_wrong_is_said_too() -> None:
    from alexnet.cli import evaluate

    good = measured(1)
    good.class_accuracies[:2] = 1
    assert evaluate._worst(good) == ["", "Every picture is named rightly."]


def test_errors_are_sentences_and_codes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def fail(*args: object, **options: object) -> None:
        raise AlexNetError("No such run.")

    monkeypatch.setattr(evaluation, "evaluate", fail)
    assert main(["evaluate", "a", "--json"]) == 1
    assert capsys.readouterr() == ("", "alexnet evaluate: No such run.\n")
    with pytest.raises(SystemExit, match="2"):
        main(["evaluate"])
    with pytest.raises(SystemExit, match="2"):
        main(["evaluate", "a", "--views", "3"])


def test_the_whole_way(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = tiny_set(tmp_path / "data", 2)
    run = tiny_run(tmp_path / "run", data, tiny_model())
    assert main(["evaluate", str(run), "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert [e["top1_error"] for e in printed] == [0, 0]
    assert json.loads((run / "evaluation.json").read_text()) == printed
    assert main(["evaluate", str(tmp_path / "none"), "--json"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "none" in err


def test_a_csv_that_cannot_be_written_is_told_before_anything_is_measured(
    asked: list[object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    monkeypatch.setattr("alexnet.files.os.access", lambda *_: False)
    assert main(["evaluate", "run", "--csv", str(tmp_path / "p.csv")]) == 1
    assert "p.csv could not be written: Permission denied" in capsys.readouterr().err
    assert asked == []


def test_a_set_of_another_filter_is_told_and_measured(tmp_path: Path, capsys) -> None:
    data = tiny_set(tmp_path / "data", 2)  # which does not say its filter
    model = tiny_model()
    way = replace(model.preprocessing, filter="bilinear")
    run = tiny_run(tmp_path / "run", data, replace(model, preprocessing=way))
    assert main(["evaluate", str(run), "--views", "1"]) == 0
    told = f"{data} was scaled by the bicubic filter, the pictures of {run} by the bilinear one"
    assert told in capsys.readouterr().out
