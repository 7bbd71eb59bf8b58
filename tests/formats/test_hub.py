"""The folder for hubs: there and back bit for bit, what loaders look for, the card."""

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch

from alexnet.errors import AlexNetError, UsageError
from alexnet.formats import hub
from alexnet.formats.exporting import export, written
from alexnet.formats.hub import read_hub
from alexnet.formats.importing import import_weights
from alexnet.model import Model, save_model
from alexnet.results import Evaluation, fingerprint, keep
from tests.formats.models import drawn, small
from tests.tiny import COLOURS, tiny_model, write_photo


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return export(tiny_model(), tmp_path / "model")


def config_of(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "config.json").read_text())


@pytest.mark.parametrize("name", ["alexnet", "caffenet", "cifar10-11pct"])
def test_there_and_back_bit_for_bit(name: str, tmp_path: Path) -> None:
    names = ("cat", "ключ", "été", "n\udcff")
    model = replace(small(name), names=names)
    done = written(model, tmp_path / "model")
    assert [path.name for path in done.files] == ["README.md", "config.json", "model.safetensors"]
    assert done.difference is not None
    assert done.difference.probabilities == 0
    assert done.bytes == sum(path.stat().st_size for path in (tmp_path / "model").iterdir())
    again = read_hub(str(tmp_path / "model"))
    for field in ("layers", "name", "preprocessing", "classes", "names", "recipe"):
        assert getattr(again, field) == getattr(model, field), field
    np.testing.assert_array_equal(again.mean, model.mean)
    theirs = again.network.state_dict()
    assert all(torch.equal(value, theirs[n]) for n, value in model.network.state_dict().items())


def test_the_weights_are_those_of_the_run(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    save_model(tiny_model(), tmp_path / "run")
    ours = (tmp_path / "run" / "model.safetensors").read_bytes()
    assert (folder / "model.safetensors").read_bytes() == ours
    assert config_of(folder)["alexnet"] == json.loads((tmp_path / "run/model.json").read_text())
    assert not list(tmp_path.glob(".alexnet*"))
    assert folder.stat().st_mode & 0o777 == 0o755


def test_what_loaders_look_for(tmp_path: Path) -> None:
    model = drawn(tiny_model().layers, 24, scale=(51.0, 102.0, 255.0), channels="BGR", fit="warp")
    mean = np.zeros_like(model.mean)
    mean[:14, :, 0], mean[..., 2] = 51, 255
    found = config_of(export(replace(model, mean=mean, names=("x", "x", "y")), tmp_path / "model"))
    assert found["architecture"] == "alexnet"
    assert found["num_classes"] == 3
    assert found["label_names"] == ["x (class 0)", "x (class 1)", "y"]
    assert found["id2label"] == {"0": "x (class 0)", "1": "x (class 1)", "2": "y"}
    assert found["label2id"]["y"] == 2
    assert found["pretrained_cfg"] == {
        "input_size": [3, 24, 24],
        "fixed_input_size": True,
        "interpolation": "bicubic",
        "crop_pct": 24 / 28,
        "crop_mode": "squash",
        "channels": "BGR",
        "mean": [0.1, 0.0, 1.0],
        "mean_image": True,
        "std": [0.2, 0.4, 1.0],
    }


def test_mean_and_std_are_what_a_hub_s_loader_subtracts_and_divides_by() -> None:
    model = drawn(tiny_model().layers, 24)
    flat = np.zeros_like(model.mean)
    flat[:] = 120.0, 110.0, 100.0
    model = replace(model, mean=flat)
    told = hub.config(model, {})["pretrained_cfg"]
    assert told["mean_image"] is False
    picture = np.random.default_rng(0).integers(0, 256, (28, 28, 3), dtype=np.uint8)
    theirs = (picture / 255 - told["mean"]) / told["std"]
    np.testing.assert_allclose(theirs, (picture - flat) / 60.0, atol=1e-5)


def measured(views: int, **more: Any) -> Evaluation:
    values: dict[str, Any] = {
        "run": "r", "part": "test", "images": 1234, "classes": ("red", "green", "blue"), "k": 2,
        "views": views, "top1_error": 0.25, "topk_error": 0.125, "mean_class_accuracy": 0.75,
        "top1_interval": (0.2, 0.3), "topk_interval": (0.1, 0.15),
        "mean_class_interval": (0.7, 0.8), "class_counts": np.array([1, 1, 2]),
        "class_accuracies": np.ones(3), "labels": np.zeros(4, np.int64),
        "top": np.zeros((4, 3), np.int64), "probability": np.zeros((4, 3), np.float32),
        "true_probability": np.zeros(4, np.float32), "files": ("a", "b", "c", "d"),
        "data": "/home/somebody/sets/my_set",
    }  # fmt: skip
    return Evaluation(**{**values, **more})


def test_the_card_has_the_measured_errors_and_no_path(tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    save_model(tiny_model(), run)
    keep(run, [measured(1), measured(10, top1_error=0.2)], fingerprint(run))
    card = (export(run, tmp_path / "model") / "README.md").read_text()
    assert "On the 1,234 test pictures of my\\_set" in card
    assert "| views | top-1 error | top-2 error |" in card
    assert "| 1 | 25.00 % (20.00 to 30.00) | 12.50 % (10.00 to 15.00) |" in card
    assert "| 10 | 20.00 % (20.00 to 30.00) |" in card
    assert "somebody" not in card
    assert str(tmp_path) not in card


def test_the_card_says_where_nothing_was_measured(folder: Path, tmp_path: Path) -> None:
    assert "This model has not been evaluated." in (folder / "README.md").read_text()
    run = tmp_path / "run"
    run.mkdir()
    save_model(tiny_model(), run)
    keep(run, [measured(1)], "of other weights")
    card = (export(run, tmp_path / "again") / "README.md").read_text()
    assert "This model has not been evaluated." in card


def test_the_card_s_head_leaves_the_licence_to_the_user(folder: Path) -> None:
    card = (folder / "README.md").read_text()
    assert card.startswith("---\nlibrary_name: alexnet\npipeline_tag: image-classification\n")
    head = card.split("---\n")[1].splitlines()
    assert not [line for line in head if line.startswith("license:")]
    assert [line for line in head if line.startswith("# license: yours to choose")]


def test_names_of_classes_are_shown_as_they_are(tmp_path: Path) -> None:
    names = ("a|b", "<b>c*d_e", "two\nlines \x1b[31m")
    card = (export(tiny_model(names), tmp_path / "model") / "README.md").read_text()
    assert "a\\|b, \\<b\\>c\\*d\\_e, two lines  \\[31m." in card


def test_of_many_classes_the_card_lists_some(tmp_path: Path) -> None:
    names = tuple(f"class {n}" for n in range(1200))
    card = (export(tiny_model(names), tmp_path / "model") / "README.md").read_text()
    assert "class 49 and 1,150 more, see config.json." in card
    assert "class 50," not in card


def test_the_card_s_example_runs(tmp_path: Path) -> None:
    export(tiny_model(), tmp_path / 'my "model"')
    card = (tmp_path / 'my "model"' / "README.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", card, re.DOTALL)
    write_photo(tmp_path / "photo.jpg", COLOURS["green"])
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("(('green', ")
    assert len([line for line in code.splitlines() if line]) <= 5


def test_a_folder_that_is_there_is_left_alone(folder: Path) -> None:
    before = {path: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(UsageError, match="exists already"):
        export(tiny_model(), folder)
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


def test_what_reads_back_otherwise_is_not_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def other(folder: Path) -> Model:
        return replace(read_hub(folder), mean=np.zeros((32, 32, 3), np.float32))

    monkeypatch.setattr(hub, "read_hub", other)
    with pytest.raises(AlexNetError, match="was not written: it reads back as other weights"):
        export(tiny_model(), tmp_path / "model")
    assert not list(tmp_path.iterdir())


def test_what_is_no_number_is_told_without_the_temporary_folder(tmp_path: Path) -> None:
    model = tiny_model()
    with torch.no_grad():
        model.network.held(model.layers[-1]).bias[0] = torch.nan
    with pytest.raises(AlexNetError) as caught:
        hub.write_hub(model, tmp_path / "model")
    assert str(caught.value).startswith(f"{tmp_path}/model/model.safetensors is damaged: fc8 holds")
    assert not list(tmp_path.iterdir())


def test_a_damaged_folder_is_not_imported(folder: Path, tmp_path: Path) -> None:
    tensors = safetensors.torch.load_file(folder / "model.safetensors")
    tensors["conv1.bias"][0] = torch.inf
    safetensors.torch.save_file(tensors, folder / "model.safetensors")
    with pytest.raises(AlexNetError, match=r"model\.safetensors is damaged: conv1 holds"):
        import_weights(folder, tmp_path / "run", say=lambda _: None)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"{", "is no JSON"),
        (b"[]", "has no part 'alexnet'"),
        (b'{"architecture": "alexnet"}', "has no part 'alexnet'"),
        (b'{"alexnet": {"format": 7}}', "has format 7; this version reads format 1"),
        (b'{"alexnet": {"format": 1}}', "does not fit together"),
    ],
)
def test_a_config_that_is_not_ours(folder: Path, content: bytes, words: str) -> None:
    (folder / "config.json").write_bytes(content)
    with pytest.raises(AlexNetError, match=words):
        read_hub(folder)


def test_weights_that_do_not_fit(folder: Path) -> None:
    tensors = safetensors.torch.load_file(folder / "model.safetensors")
    del tensors["fc8.bias"]
    safetensors.torch.save_file(tensors, folder / "model.safetensors")
    with pytest.raises(AlexNetError, match="does not fit together"):
        read_hub(folder)
    (folder / "model.safetensors").unlink()
    with pytest.raises(AlexNetError, match=r"model\.safetensors cannot be read"):
        read_hub(folder)


def test_no_folder_there(tmp_path: Path) -> None:
    with pytest.raises(AlexNetError, match=r"config\.json cannot be read"):
        read_hub(tmp_path / "nowhere")
