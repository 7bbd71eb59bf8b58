import json
from pathlib import Path

import pytest

from alexnet.cli import main
from tests.reporting.runs import write_run, write_set


@pytest.fixture
def run(tmp_path):
    return write_run(tmp_path / "run", write_set(tmp_path / "set"))


def test_the_path_is_printed_and_nothing_else(run, capsys):
    assert main(["report", str(run)]) == 0
    out = capsys.readouterr().out
    assert out == f"{run / 'report.html'}\n"
    assert Path(out.strip()).read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_json(run, capsys):
    assert main(["report", str(run), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told == {"run": str(run), "report": str(run / "report.html")}


def test_other_data(run, tmp_path, capsys):
    other = write_set(tmp_path / "other", wrong=6)
    assert main(["report", str(run), "--data", str(other)]) == 0
    assert "25.0" in (run / "report.html").read_text(encoding="utf-8")


def test_no_run(tmp_path, capsys):
    assert main(["report", str(tmp_path)]) == 1
    assert "is no run" in capsys.readouterr().err
