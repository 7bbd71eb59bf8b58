import json

import pytest

from alexnet.cli import main
from tests.data.trees import write_tree
from tests.inspection.sets import made, tree
from tests.reporting.reading import read


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return made(tmp_path_factory.mktemp("inspect")).folder


@pytest.fixture(autouse=True)
def eighty_columns(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")


def printed(capsys, *words):
    assert main(["inspect", *map(str, words)]) == 0
    return capsys.readouterr()


def test_text(data, capsys):
    out = printed(capsys, data).out
    assert out.startswith(f"{data}: 22 pictures of 64x64 in 3 classes\n  train 18, val 4\n")
    assert "  cat        8    2\n" in out
    assert "Grey classes, which can be told by that alone: fox.\n" in out
    assert "  nearly one colour: 1\n    train/dog/6.png\n" in out
    assert "Rejected: 1 file\n" in out
    assert "4 photos are there more than once (pairs: exact 1, near 2, mirrored 1)\n" in out
    assert (
        "  in a part that is tested as well (leaks): 2\n"
        "    train/cat/0.png = val/cat/1.png\n"
        "    train/cat/1.png = val/dog/1.png\n"
        "  in two classes: 1\n"
        "    train/cat/1.png = val/dog/1.png\n"
    ) in out


def test_json_and_nothing_else(data, capsys):
    out, err = printed(capsys, data, "--json")
    told = json.loads(out)
    assert told["folder"] == str(data)
    assert len(told["copies"]["leaks"]) == 2
    assert err == ""


def test_a_page(data, tmp_path, capsys):
    place = tmp_path / "page.html"
    out, err = printed(capsys, data, "--html", place)
    assert "Copies: " in out
    assert err == f"The page is {place}.\n"
    assert read(place.read_text(encoding="utf-8")).broken == []


def test_a_place_for_the_page_that_cannot_be_is_told_before_the_work(data, tmp_path, capsys):
    assert main(["inspect", str(data), "--html", str(tmp_path / "none" / "page.html")]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert str(tmp_path / "none") in err


def test_photos_are_prepared_beside_them_first(tmp_path, capsys):
    photos = write_tree(tmp_path / "pets", tree())
    out, err = printed(capsys, photos)
    place = tmp_path / "pets-prepared"
    assert f"prepared into {place}, which is kept.\n" in err
    assert out.startswith(f"{place}: 22 pictures of 256x256")
    assert (place / "set.json").is_file()
    again = printed(capsys, photos)
    assert again.out == out


def test_nothing_there(tmp_path, capsys):
    assert main(["inspect", str(tmp_path / "none")]) == 2
    assert "There is no" in capsys.readouterr().err
