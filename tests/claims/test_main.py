"""The command, from a prepared set to its files."""

import csv
import json
from pathlib import Path

import pytest

from alexnet.claims import CLAIMS, bench, relu
from alexnet.claims import report as module
from alexnet.claims.__main__ import main
from alexnet.claims.claim import Claim
from alexnet.claims.curves import train
from alexnet.cli import main as alexnet
from alexnet.errors import UsageError
from tests.claims.made import easy_set
from tests.tiny import COLOURS, write_photo

FILES = ("relu.csv", "relu.svg", "relu.json")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures of one colour each, which any network tells apart at once."""
    top = tmp_path_factory.mktemp("claims")
    for name, (red, green, blue) in COLOURS.items():
        for number in range(8):
            write_photo(top / "photos" / name / f"{number}.png", (red + number, green, blue))
    assert alexnet(["prepare", str(top / "photos"), str(top / "data"), "--size", "32"]) == 0
    return top / "data"


@pytest.fixture(scope="module")
def out(data: Path) -> Path:
    """One measurement from beginning to end."""
    folder = data.parent / "out"
    assert main(["relu", str(data), str(folder)]) == 0
    return folder


def test_the_list(capsys):
    assert main([]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(CLAIMS)
    assert "six times faster" in lines[0]


def test_every_line_of_the_table_is_a_claim():
    for name in CLAIMS:
        claim = module.claim_of(name)
        assert isinstance(claim, Claim)
        assert claim.name == name


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["rely", "data", "out"], "no claim 'rely' (did you mean 'relu'?)"),
        (["relu", "data"], "Give a set and a folder: relu DATA OUT."),
    ],
)
def test_wrong_calls(words, said, capsys):
    assert main(words) == 2
    assert said in capsys.readouterr().err


def test_a_folder_that_is_no_set(tmp_path, capsys):
    assert main(["relu", str(tmp_path), str(tmp_path / "out")]) == 1
    assert "no prepared set" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_set_of_another_size(tmp_path):
    with pytest.raises(UsageError, match=r"reads training pictures of 32x32; .* Prepare it with"):
        module.measure(relu.CLAIM, easy_set(size=64), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_what_is_written(data, out):
    with (out / "relu.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["network"] for row in rows} == {"relu", "tanh"}
    assert {row["seed"] for row in rows} == {"0", "1", "2", "3"}
    assert all(0 <= float(row["training_error"]) <= 1 for row in rows)
    record = json.loads((out / "relu.json").read_text())
    assert record["holds"] in ("yes", "in part", "no", "open")
    assert record["verdict"].startswith("Claim: With ReLU")
    assert record["settings"]["seeds"] == [1, 2, 3]
    assert record["settings"]["decay"] == 0.0
    assert (
        record["data"]["fingerprint"] == json.loads((data / "set.json").read_text())["fingerprint"]
    )
    assert record["versions"]["torch"]
    assert record["machine"]["cores"]
    assert (out / "relu.svg").read_text().startswith("<svg")


def test_the_same_again_trains_nothing_and_gives_the_same(data, out, capsys, monkeypatch):
    before = [(out / name).read_bytes() for name in FILES]
    monkeypatch.setattr(bench, "train", None)
    assert main(["relu", str(data), str(out)]) == 0
    assert [(out / name).read_bytes() for name in FILES] == before
    printed = capsys.readouterr().out
    assert printed.startswith("Rates tried with seed 0")
    assert "\nClaim: With ReLU" in printed


@pytest.mark.parametrize("at", [2, 9])
def test_interrupted_and_taken_up_it_gives_the_same_files(
    data, out, tmp_path, capsys, monkeypatch, at
):
    calls = []

    def stopped(images, one, stop, tell):
        calls.append(one.key)
        stop.requested = stop.requested or len(calls) == at
        return train(images, one, stop, tell)

    with monkeypatch.context() as patched:
        patched.setattr(bench, "train", stopped)
        assert main(["relu", str(data), str(tmp_path)]) == 130
    assert "the same command goes on" in capsys.readouterr().err
    assert "verdict" not in json.loads((tmp_path / "relu.json").read_text())
    assert main(["relu", str(data), str(tmp_path)]) == 0
    for name in FILES:
        assert (tmp_path / name).read_bytes() == (out / name).read_bytes()


def test_curves_of_another_set_are_not_mixed_in(out):
    before = (out / "relu.csv").read_bytes()
    with pytest.raises(UsageError, match="measured with other data; give another folder"):
        module.measure(relu.CLAIM, easy_set(), out)
    assert (out / "relu.csv").read_bytes() == before
