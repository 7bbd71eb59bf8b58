"""Run folders."""

import json
from pathlib import Path

import pytest

from alexnet.errors import AlexNetError
from alexnet.run import data_folder, open_run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    data = tmp_path / "data"
    data.mkdir()
    run = tmp_path / "run"
    run.mkdir()
    (run / "plan.json").write_text(
        json.dumps({"network": "alexnet", "data": {"folder": str(data)}})
    )
    return run


def test_a_run_before_its_first_epoch(folder: Path) -> None:
    run = open_run(str(folder))
    assert (run.folder, run.plan["network"], run.metrics) == (folder, "alexnet", [])
    assert data_folder(run) == folder.parent / "data"


def test_metrics_are_numbers_and_empty_fields_are_left_out(folder: Path) -> None:
    (folder / "metrics.csv").write_text("epoch,val_error,rate\n1,,0.01\n2,0.25,0.001\n")
    assert open_run(folder).metrics == [
        {"epoch": 1.0, "rate": 0.01},
        {"epoch": 2.0, "val_error": 0.25, "rate": 0.001},
    ]


def test_no_run_there(tmp_path: Path) -> None:
    with pytest.raises(AlexNetError, match=r"is no run \(it holds no plan.json\)"):
        open_run(tmp_path)


def test_a_plan_that_is_no_json(folder: Path) -> None:
    (folder / "plan.json").write_text("{")
    with pytest.raises(AlexNetError, match=r"plan\.json is no JSON"):
        open_run(folder)


def test_a_set_that_is_gone(folder: Path) -> None:
    (folder.parent / "data").rmdir()
    with pytest.raises(AlexNetError, match=r"is not at .*data any more; give --data"):
        data_folder(open_run(folder))
