import csv
import io
import json
import sys

import numpy as np
import pytest

from alexnet.cli import main
from alexnet.model import Model, save_model
from alexnet.networks.build import Network
from alexnet.networks.layers import Convolution, Linear, ReLU
from alexnet.preprocessing import Preprocessing
from tests.shared import shared_data
from tests.tiny import COLOURS, write_photo


@pytest.fixture
def run(tmp_path):
    layers = (
        Convolution("conv1", 4, 5, stride=4), ReLU("relu1"), Linear("fc7", 6), ReLU("relu7"),
        Linear("fc8", 3),
    )  # fmt: skip
    network = Network(layers, side=24)
    for value in network.parameters():
        value.data.normal_(0, 0.05)
    folder = tmp_path / "run"
    folder.mkdir()
    mean = np.full((32, 32, 3), 100, np.float32)
    save_model(Model(network, "small", Preprocessing(32, crop=24), mean, ("r", "g", "b")), folder)
    return str(folder)


@pytest.fixture
def album(tmp_path):
    album = tmp_path / "album"
    write_photo(album / "red.png", COLOURS["red"])
    write_photo(album / "below" / "blue.JPG", COLOURS["blue"])
    (album / "list.txt").write_text("red.png")
    return album


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out.npy"


def names(out) -> list[str]:
    with out.with_suffix(".csv").open(newline="") as file:
        return [row["file"] for row in csv.DictReader(file)]


def test_rows_and_a_table(run, album, out, capsys):
    assert main(["features", run, str(album), str(out)]) == 0
    told = capsys.readouterr()
    assert told.out == (
        f"{out}: 2 rows of 6 numbers; {out.with_suffix('.csv')} says which photo is in which row.\n"
    )
    assert told.err.splitlines() == [
        "fc7 means the values after its activation, relu7, as in the paper and Caffe.",
        "1 other files in the folders are no photos and were skipped.",
    ]
    found = np.load(out)
    assert (found.shape, found.dtype) == ((2, 6), np.float32)
    assert (found >= 0).all()
    assert names(out) == [str(album / "below" / "blue.JPG"), str(album / "red.png")]


@pytest.mark.parametrize(
    "order",
    [
        "RUN A B --layer conv1 OUT", "RUN A --layer conv1 B OUT", "--layer conv1 RUN A B OUT",
        "RUN --layer=conv1 A B OUT", "RUN A B OUT --layer conv1", "RUN A --layer conv1 -- B OUT",
    ],
)  # fmt: skip
def test_options_may_stand_anywhere(run, album, out, order, capsys):
    places = {"RUN": run, "A": str(album / "red.png"), "B": str(album / "below"), "OUT": str(out)}
    assert main(["features", *(places.get(word, word) for word in order.split())]) == 0
    assert np.load(out).shape == (2, 4 * 5 * 5)
    assert "2 rows of 4 x 5 x 5 numbers" in capsys.readouterr().out


def test_json_is_one_value_and_nothing_else(run, album, out, capsys):
    photos = [str(album), str(album / "gone.jpg")]
    assert main(["features", run, *photos, "--layer", "relu1", "--json", str(out)]) == 3
    assert json.loads(capsys.readouterr().out) == {
        "layer": "relu1", "output_of": "relu1", "shape": [4, 5, 5], "rows": 3, "failed": 1,
        "files": [str(out), str(out.with_suffix(".csv"))],
    }  # fmt: skip


def test_a_bad_file_is_a_row_of_nan_and_the_code_is_three(run, album, out, capsys):
    photos = [str(album / "list.txt"), str(album / "red.png")]
    assert main(["features", run, *photos, str(out)]) == 3
    err = capsys.readouterr().err
    assert f"{album / 'list.txt'}: not read: a text file, not a photo" in err
    assert "1 of 2 photos could not be read; their rows are NaN." in err
    assert np.isnan(np.load(out)).all(axis=1).tolist() == [True, False]


def test_one_if_none_could_be_read(run, album, out):
    assert main(["features", run, str(album / "list.txt"), str(out)]) == 1
    assert np.isnan(np.load(out)).all()


@pytest.mark.parametrize("last", ["out.csv", "red.png", "-"])
def test_two_where_the_last_word_is_no_npy(run, album, last, capsys, monkeypatch):
    monkeypatch.chdir(album)
    assert main(["features", run, "red.png", last]) == 2
    assert f"{last} cannot be the file to write: its name must end in .npy" in (
        capsys.readouterr().err
    )
    assert sorted(path.name for path in album.iterdir()) == ["below", "list.txt", "red.png"]


def test_two_where_a_word_is_missing(run, album, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["features", run, str(album)])
    assert stopped.value.code == 2
    assert "OUT.npy" in capsys.readouterr().err


def test_two_for_an_unknown_layer(run, album, out, capsys):
    assert main(["features", run, str(album), "--layer", "fc77", str(out)]) == 2
    err = capsys.readouterr().err
    assert "small has no layer 'fc77' (did you mean 'fc7'?)." in err
    assert "Its layers: conv1, relu1, fc7, relu7, fc8." in err
    assert not out.exists()


def test_two_for_no_photos_and_one_for_no_model(run, album, tmp_path, out, capsys):
    (tmp_path / "empty").mkdir()
    assert main(["features", run, str(tmp_path / "empty"), str(out)]) == 2
    assert main(["features", str(tmp_path), str(album), str(out)]) == 1
    assert "no trained model" in capsys.readouterr().err
    assert not out.exists()


def test_a_device_is_named_and_one_that_is_not_there_is_a_wrong_call(run, album, out, capsys):
    assert main(["features", run, str(album), str(out), "--device", "cpu"]) == 0
    assert main(["features", run, str(album), str(out), "--device", "mps"]) == 2
    assert "mps cannot be used: this software computes on" in capsys.readouterr().err


def test_a_list_on_standard_input(run, album, out, monkeypatch):
    words = "\0".join(str(album / name) for name in ("red.png", "below/blue.JPG"))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(words.encode())))
    assert main(["features", run, "-", str(out)]) == 0
    assert names(out) == [str(album / "red.png"), str(album / "below" / "blue.JPG")]


def test_names_cannot_command_the_terminal(run, tmp_path, out, capsys):
    assert main(["features", run, str(tmp_path / "a\x1b[31m.jpg"), str(out)]) == 1
    told = capsys.readouterr()
    assert "\x1b" not in told.out + told.err
    assert "a\\x1b[31m.jpg: not read" in told.err


def test_awkward_real_files_all_get_a_row(run, out, capsys):
    folder = shared_data("hard") / "files"
    assert main(["features", run, str(folder), "--json", str(out)]) == 3
    told = json.loads(capsys.readouterr().out)
    found = np.load(out)
    assert told["rows"] == len(found) == len(names(out)) > 90
    assert np.isnan(found).all(axis=1).sum() == told["failed"] > 20
    assert np.isnan(found).any(axis=1).sum() == told["failed"]
