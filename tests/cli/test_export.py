"""`alexnet export` as a user calls it."""

import json
from pathlib import Path

import pytest
import torch

import alexnet
from alexnet.cli import main
from alexnet.formats import exporting
from alexnet.formats.hub import read_hub
from alexnet.model import save_model
from tests.tiny import tiny_model


@pytest.fixture
def run(tmp_path: Path) -> str:
    (tmp_path / "run").mkdir()
    save_model(tiny_model(), tmp_path / "run")
    return str(tmp_path / "run")


def left(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in tmp_path.iterdir() if path.name != "run")


def test_onnx(run: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("onnxruntime")
    file = tmp_path / "model.ONNX"
    assert main(["export", run, str(file)]) == 0
    told = capsys.readouterr()
    assert told.out.startswith(f"{file}: ONNX, 0.0 MB; ")
    assert told.err == ""
    assert left(tmp_path) == ["model.ONNX"]


def test_onnx_with_preprocessing_as_json(run: str, tmp_path: Path, capsys) -> None:
    pytest.importorskip("onnxruntime")
    file = tmp_path / "model.onnx"
    assert main(["export", "--json", run, str(file), "--preprocessing"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert 0 <= told["difference"].pop("probabilities") <= 1e-5
    assert told == {
        "file": str(file), "format": "ONNX", "bytes": file.stat().st_size, "files": [str(file)],
        "difference": {"logits": None},
    }  # fmt: skip


def test_torch_export(run: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "model.pt2"
    assert main(["export", run, str(file), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["format"] == "torch.export"
    pixels = torch.ones(1, 3, 24, 24)
    found = torch.export.load(file).module()(pixels)
    assert torch.equal(found, tiny_model().network.eval()(pixels))


@pytest.mark.parametrize("name", ["model", "model/", "model-1.0/"])
def test_a_folder(run: str, tmp_path: Path, name: str, capsys) -> None:
    assert main(["export", run, f"{tmp_path}/{name}"]) == 0
    folder = tmp_path / name
    assert capsys.readouterr().out == (
        f"{folder}: a model hub's folder, 0.0 MB; bit for bit the network's numbers.\n"
    )
    assert read_hub(folder).classes == ("red", "green", "blue")


def test_a_state_dict_of_another_network(run: str, tmp_path: Path, capsys) -> None:
    assert main(["export", run, str(tmp_path / "model.pth")]) == 1
    assert (
        "conv1 has kernels 6, stride 13, padding 0 where that has 64, 4, 2"
        in capsys.readouterr().err
    )
    assert not left(tmp_path)


@pytest.mark.parametrize("name", [".onnx", ".PTH", ".pt2/", "..", ""])
def test_what_is_no_name_is_refused(run: str, tmp_path: Path, name: str, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["export", run, name]) == 2
    assert f"{name!r} is no name for a file; give one such as" in capsys.readouterr().err
    assert not left(tmp_path)


def test_a_folder_that_takes_no_files_is_told_before_the_model_is_loaded(
    run: str, tmp_path: Path, monkeypatch, capsys
) -> None:
    monkeypatch.setattr("alexnet.files.os.access", lambda *_: False)
    assert main(["export", f"{run}/none", str(tmp_path / "model.onnx")]) == 1
    assert "model.onnx could not be written: Permission denied" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["model.onnx", "model.pt2", "model/"])
def test_what_came_in_the_meantime_is_not_replaced(
    run: str, tmp_path: Path, name: str, monkeypatch, capsys
) -> None:
    """Another process writes there while the network is compared."""
    if name == "model.onnx":
        pytest.importorskip("onnx")
    place = tmp_path / name.rstrip("/")
    there = exporting.place

    def taken(*given: object) -> object:
        found = there(*given)
        place.write_text("theirs")
        return found

    monkeypatch.setattr(exporting, "place", taken)
    assert main(["export", run, str(tmp_path / name)]) == 1
    assert "exists already" in capsys.readouterr().err
    assert place.read_text() == "theirs"
    assert left(tmp_path) == [place.name]


@pytest.mark.parametrize("name", ["model.pb", "model.tar.gz", "model-1.0"])
def test_an_unknown_suffix_lists_those_that_are_known(
    run: str, tmp_path: Path, name: str, capsys
) -> None:
    assert main(["export", run, str(tmp_path / name)]) == 2
    err = capsys.readouterr().err
    for known in (".onnx", ".pt2", ".pth", "no suffix"):
        assert known in err
    assert not left(tmp_path)


@pytest.mark.parametrize("name", ["model.pt2", "model.pth", "model"])
def test_preprocessing_is_for_onnx(run: str, tmp_path: Path, name: str, capsys) -> None:
    assert main(["export", run, str(tmp_path / name), "--preprocessing"]) == 2
    assert "Only a file .onnx can hold the preprocessing" in capsys.readouterr().err
    assert not left(tmp_path)


@pytest.mark.parametrize("name", ["model.onnx", "model.pt2", "model.pth", "model"])
def test_nothing_is_replaced(run: str, tmp_path: Path, name: str, capsys) -> None:
    (tmp_path / name).write_text("mine")
    assert main(["export", run, str(tmp_path / name)]) == 2
    assert f"{name} exists already; choose another name or remove it." in capsys.readouterr().err
    assert (tmp_path / name).read_text() == "mine"


def test_no_folder_to_write_in_and_no_model(run: str, tmp_path: Path, capsys) -> None:
    assert main(["export", run, str(tmp_path / "gone" / "model.onnx")]) == 2
    assert f"there is no folder {tmp_path / 'gone'}" in capsys.readouterr().err
    assert main(["export", str(tmp_path), str(tmp_path / "model.onnx")]) == 1
    assert "no trained model" in capsys.readouterr().err


def test_names_cannot_command_the_terminal(run: str, tmp_path: Path, capsys) -> None:
    assert main(["export", run, f"{tmp_path}/\x1b[31m"]) == 0
    assert "\x1b" not in capsys.readouterr().out


def test_in_python_it_gives_the_path(run: str, tmp_path: Path) -> None:
    assert alexnet.export(run, tmp_path / "model") == tmp_path / "model"
