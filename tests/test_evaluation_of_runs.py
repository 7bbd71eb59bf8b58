"""Evaluation of real runs on real sets, tiny ones."""

import csv
import dataclasses
from pathlib import Path

import numpy as np
import pytest

from alexnet import results
from alexnet.errors import AlexNetError
from alexnet.evaluation import evaluate, saved_evaluations
from alexnet.files import write_json
from alexnet.model import Model, save_model
from alexnet.networks.build import Network
from alexnet.networks.layers import Linear, LocallyConnected
from tests.sets import write_set
from tests.tiny import COLOURS, tiny_model


def tiny_set(folder: Path, each: int) -> Path:
    """A set on disk as docs describe it: squares of one colour, the names of which are sorted."""
    names = sorted(COLOURS)
    labels = np.repeat(np.arange(3), each).tolist()
    colours = np.array([COLOURS[names[n]] for n in labels], np.uint8)[:, None, None]
    pictures = np.tile(colours, (1, 32, 32, 1))
    files = [f"{n}.png" for n in range(len(labels))]
    return write_set(folder, names, {"test": (pictures, labels, files)}, fingerprint="f")


def tiny_run(folder: Path, data: Path, model: Model) -> Path:
    folder.mkdir()
    write_json(folder / "plan.json", {"data": {"folder": str(data), "fingerprint": "f"}})
    save_model(model, folder)
    return folder


@pytest.mark.parametrize("mirror", [True, False])
def test_real_runs_and_a_real_set(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], mirror: bool
) -> None:
    data = tiny_set(tmp_path / "data", 15)
    run = tiny_run(tmp_path / "run", data, tiny_model(mirror=mirror))
    found = evaluate(run)
    assert [e.views for e in found] == [1, 10 if mirror else 5]
    for e in found:
        assert e.classes == ("red", "green", "blue")
        assert (e.top1_error, e.mean_class_accuracy, e.images) == (0.0, 1.0, 45)
    assert found[0].k == 2
    assert saved_evaluations(run)[0].top1_error == 0
    assert capsys.readouterr().out.count("Five views") == (not mirror)


@pytest.mark.parametrize("mirror", [True, False])
def test_dense_on_a_real_run(tmp_path: Path, mirror: bool) -> None:
    data = tiny_set(tmp_path / "data", 5)
    run = tiny_run(tmp_path / "run", data, tiny_model(mirror=mirror))
    (found,) = evaluate(run, views="dense")
    assert (found.top1_error, found.images, found.views) == (0.0, 15, 1 + mirror)
    results.write_predictions(tmp_path / "table.csv", [found])
    with (tmp_path / "table.csv").open(newline="") as file:
        assert {row["views"] for row in csv.DictReader(file)} == {"dense"}


def test_where_it_cannot_be_dense_a_sentence_says_why(tmp_path: Path) -> None:
    layers = (LocallyConnected("local3", 2, 3), Linear("fc8", 3))
    model = dataclasses.replace(tiny_model(), network=Network(layers, side=24))
    run = tiny_run(tmp_path / "run", tiny_set(tmp_path / "data", 2), model)
    with pytest.raises(AlexNetError, match=r"local3 has kernels .*; take 1 or 10 views"):
        evaluate(run, views="dense")


def test_a_model_that_confuses_two_classes(tmp_path: Path) -> None:
    data = tiny_set(tmp_path / "data", 5)
    run = tiny_run(tmp_path / "run", data, tiny_model(("green", "red", "blue")))
    (found,) = evaluate([run], views=1)
    assert found.top1_error == 10 / 15
    assert found.class_accuracies.tolist() == [0, 0, 1]
    ensemble = evaluate([run, run], views=1)[0]
    np.testing.assert_array_equal(found.probability, ensemble.probability)


def test_a_model_without_a_plan_needs_a_set_and_no_more(tmp_path: Path) -> None:
    data = tiny_set(tmp_path / "data", 2)
    run = tiny_run(tmp_path / "run", data, tiny_model())
    (run / "plan.json").unlink()
    said: list[str] = []
    assert evaluate(run, data, views=1, say=said.append)[0].top1_error == 0
    assert said == [
        f"The classes of {data} are those of {run} in another order; they are matched by name."
    ]
    with pytest.raises(AlexNetError, match="no run"):
        evaluate(run)


def test_a_model_with_its_class_names_in_another_order_is_found_out(tmp_path: Path) -> None:
    data = tiny_set(tmp_path / "data", 40)
    run = tiny_run(tmp_path / "run", data, tiny_model(("green", "blue", "red")))
    write_json(run / "plan.json", {"imported": {}})
    said: list[str] = []
    (found,) = evaluate(run, data, views=1, say=said.append)
    assert found.top1_error == 1
    assert "yet the answers are no guesses: 120 get the answer" in said[-1]
    assert f"Either {run} has its class names in another order" in said[-1]
