"""`alexnet import`, and every other verb on what it makes."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from alexnet.cli import main
from tests.formats import caffe_nets, torchvision_nets
from tests.formats.caffe_nets import One, drawn, mean_file, written
from tests.shared import shared_data

# A chain of layers that has no name here; 1000 outputs, so that they get names.
NET = [
    caffe_nets.convolution("conv1", 4, 11, stride=16), caffe_nets.relu("relu1"),
    caffe_nets.pool("pool1"), One("fc7", "InnerProduct", {"num_output": 6}),
    caffe_nets.relu("relu7"), One("fc8", "InnerProduct", {"num_output": 1000}),
]  # fmt: skip
GOOD = written(NET, drawn(NET, 227))
WNIDS = ("n01443537", "n02504013", "n07745940")  # goldfish, Indian elephant, strawberry


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "own.caffemodel"
    path.write_bytes(GOOD)
    return path


@pytest.fixture
def run(tmp_path, file, capsys):
    assert main(["import", str(file), str(tmp_path / "run")]) == 0
    capsys.readouterr()
    return tmp_path / "run"


def photos(folder: Path, classes: tuple[str, ...]) -> Path:
    random = np.random.default_rng(0)
    for number, name in enumerate(classes * 4):
        (folder / name).mkdir(parents=True, exist_ok=True)
        pixels = random.integers(0, 256, (20, 30, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / name / f"{number}.png")
    return folder


def prepared(
    tmp_path: Path, classes: tuple[str, ...] = WNIDS, fit: str = "warp", filter: str = "bilinear"
) -> str:
    source = photos(tmp_path / "photos", classes)
    words = ["--fit", fit, "--filter", filter]
    words += ["--val", "0.25", "--test", "0.25", "--workers", "1"]
    assert main(["prepare", str(source), str(tmp_path / "set"), *words]) == 0
    return str(tmp_path / "set")


def test_what_it_says(tmp_path, file, capsys):
    assert main(["import", str(file), str(tmp_path / "run")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 5
    assert lines[0].endswith(
        "are those of no network known by name; they are taken as they stand, with the "
        "preprocessing of caffenet at 227 pixels."
    )
    assert "1,000 classes (ILSVRC-2012, WordNet ids sorted)." in lines[1]
    assert "--mean imagenet_mean.binaryproto subtracts the image itself" in lines[2]
    assert lines[3].startswith("Pictures: the whole photo, sides not kept, scaled to 256x256")
    assert lines[4] == f"Next: alexnet predict {tmp_path / 'run'} PHOTO"


def test_json_is_one_value_and_nothing_else(tmp_path, file, capsys):
    (tmp_path / "m.binaryproto").write_bytes(mean_file(np.full((3, 256, 256), 100, np.float32)))
    words = ["--json", "--mean", str(tmp_path / "m.binaryproto")]
    assert main(["import", str(file), str(tmp_path / "run"), *words]) == 0
    out, err = capsys.readouterr()
    value = json.loads(out)
    assert value["run"] == str(tmp_path / "run")
    assert (value["network"], value["classes"]) == ("Net", 1000)
    assert value["imported"]["mean"] == "m.binaryproto"
    assert "are taken as they stand" in err


def test_names_in_the_file_cannot_command_the_terminal(tmp_path, capsys):
    path = tmp_path / "own.caffemodel"
    path.write_bytes(written(NET, drawn(NET, 227), name="\x1b[31mNet"))
    assert main(["import", str(path), str(tmp_path / "run")]) == 0
    assert "\x1b" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "code", "expected"),
    [
        (["--net", "cafenet"], 2, "There is no network 'cafenet' (did you mean 'caffenet'?)."),
        (["--net", "vgg16"], 1, "conv1_1 (in the file: conv1) have the shape 64x3x3x3"),
        (["--mean", "none.npy"], 2, "--mean none.npy cannot be read: No such file or directory."),
        (["--classes", "none.txt"], 2, "--classes none.txt cannot be read: No such file or dir"),
    ],
)
def test_mistakes(tmp_path, file, capsys, words, code, expected):
    assert main(["import", str(file), str(tmp_path / "run"), *words]) == code
    assert expected in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("option", ["--mean", "--classes"])
def test_a_missing_file_is_told_before_the_weights_are_read(tmp_path, file, monkeypatch, option):
    monkeypatch.setattr("alexnet.formats.held.read", None)
    assert main(["import", str(file), str(tmp_path / "run"), option, "none"]) == 2


def test_a_place_that_takes_no_files_is_told_before_the_weights_are_read(
    tmp_path, file, monkeypatch, capsys
):
    monkeypatch.setattr("alexnet.formats.held.read", None)
    monkeypatch.setattr("alexnet.files.os.access", lambda *_: False)
    assert main(["import", str(file), str(tmp_path / "deep" / "run")]) == 1
    assert "run could not be written: Permission denied" in capsys.readouterr().err


def test_several_that_fit_are_a_wrong_call(tmp_path, capsys):
    # Of full size, but a tensor that is one number repeated takes no time to draw.
    rows = caffe_nets.shapes(caffe_nets.caffe_net("pool", classes=2), 227)
    tensors = {}
    for name, (weight, bias) in rows.items():
        tensors[f"{name}.weight"] = torch.zeros(weight, dtype=torch.float16)
        tensors[f"{name}.bias"] = torch.zeros(bias, dtype=torch.float16)
    safetensors.torch.save_file(tensors, path := tmp_path / "a.safetensors")
    assert main(["import", str(path), str(tmp_path / "run")]) == 2
    said = capsys.readouterr().err
    assert "fit alexnet, alexnet-as-run, caffenet and bvlc-alexnet" in said
    assert "Say which with --net, such as --net alexnet." in said


def test_torchvision_s_weights_of_full_size(tmp_path, capsys):
    with torch.device("meta"):
        net = torchvision_nets.alexnet()
    zeros = {k: torch.zeros(v.shape, dtype=torch.float16) for k, v in net.state_dict().items()}
    safetensors.torch.save_file(zeros, path := tmp_path / "alexnet-owt-7be5be79.safetensors")
    assert main(["import", str(path), str(tmp_path / "run"), "--json"]) == 0
    value = json.loads(capsys.readouterr().out)
    assert (value["network"], value["parameters"]) == ("torchvision", 61_100_840)


def test_predictions_have_names_and_ids(tmp_path, run, capsys):
    source = photos(tmp_path / "photos", WNIDS)
    assert main(["predict", str(run), str(source), "--json", "--views", "1"]) == 0
    answers = json.loads(capsys.readouterr().out)
    assert len(answers) == 12
    ids = {one["class"]: one["id"] for answer in answers for one in answer["predictions"]}
    assert all(name[0] == "n" and len(name) == 9 for name in ids.values())
    assert main(["predict", str(run), str(source), "--views", "1"]) == 0
    assert next(iter(ids)) in capsys.readouterr().out


def test_evaluation_takes_a_set_with_fewer_classes(tmp_path, run, capsys):
    data = prepared(tmp_path)
    words = [str(run), "--data", data, "--views", "1", "--csv", str(tmp_path / "p.csv")]
    assert main(["evaluate", *words]) == 0
    said = capsys.readouterr().out
    assert "It is not known which pictures imported weights learned from" in said
    assert "1,000 classes" in said
    assert "filter" not in said
    assert "Classes without pictures here, left out of the mean: 997." in said
    with (tmp_path / "p.csv").open(newline="") as table:
        assert {row["class"] for row in csv.DictReader(table)} == set(WNIDS)
    assert main(["evaluate", *words[:5], "--json"]) == 0
    (value,) = json.loads(capsys.readouterr().out)
    row = value["by_class"][1]
    assert (row["class"], row["name"], row["images"]) == ("n01443537", "goldfish", 1)


def test_evaluation_takes_a_set_whose_classes_are_called_by_their_names(tmp_path, run, capsys):
    data = prepared(tmp_path, ("goldfish", "Indian elephant"))
    assert main(["evaluate", str(run), "--data", data, "--views", "1"]) == 0
    assert "are matched by the names that" in capsys.readouterr().out


def test_evaluation_says_what_is_wrong(tmp_path, run, capsys):
    assert main(["evaluate", str(run)]) == 1
    assert "run was imported, not trained here on a set; give one with --data." in (
        capsys.readouterr().err
    )
    data = prepared(tmp_path, fit="crop")
    assert main(["evaluate", str(run), "--data", data]) == 1
    assert (
        "Prepare the photos with --size 256 --fit warp --filter bilinear."
        in capsys.readouterr().err
    )


def test_features(tmp_path, run):
    source = photos(tmp_path / "photos", WNIDS)
    assert main(["features", str(run), str(source), str(tmp_path / "f.npy")]) == 0
    found = np.load(tmp_path / "f.npy")
    assert found.shape == (12, 6)
    assert (found >= 0).all()


def test_a_report_without_and_with_data(tmp_path, run):
    assert main(["report", str(run)]) == 0
    page = (run / "report.html").read_text()
    assert "Net, imported" in page
    assert "was imported, not trained here on a set; give one with --data." in page
    assert "trained on" not in page
    assert main(["report", str(run), "--data", prepared(tmp_path)]) == 0
    page = (run / "report.html").read_text()
    assert "of the test part of set are named wrongly" in page
    assert "with weights imported from own.caffemodel" in page
    assert "Indian elephant" in page
    assert "It is not known which pictures the imported weights learned from" in page
    assert "trained on" not in page


def test_training_starts_from_it_and_does_not_go_on_with_it(tmp_path, run, capsys):
    data = prepared(tmp_path)
    assert main(["train", "--resume", str(run)]) == 1
    assert "was imported, so there is no training to go on with" in capsys.readouterr().err
    words = ["--weights", str(run), "--epochs", "1", "--batch", "3", "--set", "warmup=0"]
    assert main(["train", data, "--run", str(tmp_path / "new"), *words]) == 0
    described = json.loads((tmp_path / "new" / "model.json").read_text())
    assert described["classes"] == list(WNIDS)
    assert described["preprocessing"]["channels"] == "BGR"
    assert described["preprocessing"]["crop"] == 227


def test_export_and_import_again(tmp_path, run):
    assert main(["export", str(run), str(tmp_path / "hub")]) == 0
    assert main(["import", str(tmp_path / "hub"), str(tmp_path / "again")]) == 0
    for name in ("model.safetensors", "model.json"):
        assert (tmp_path / "again" / name).read_bytes() == (run / name).read_bytes()


def test_real_photos_by_their_folders_names(tmp_path, run, capsys):
    source = shared_data("imagenet-sample")
    chosen = tmp_path / "chosen"
    for folder in sorted(source.glob("n*"))[:8]:
        shutil.copytree(folder, chosen / folder.name)
    words = ["--test", str(chosen), "--fit", "warp", "--workers", "1"]
    assert main(["prepare", str(chosen), str(tmp_path / "set"), *words]) == 0
    assert main(["evaluate", str(run), "--data", str(tmp_path / "set"), "--views", "1"]) == 0
    assert "8 test pictures of" in capsys.readouterr().out


def test_help_needs_no_torch():
    import subprocess
    import sys

    script = "import sys, alexnet.cli as c; c.parser_of('import').format_help(); "
    script += "sys.exit(bool({'torch', 'numpy', 'google.protobuf'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


FUZZ = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
TENSORS = safetensors.torch.save(torchvision_nets.alexnet(3, 0.01).state_dict())


@FUZZ
@given(
    data=st.sampled_from([(GOOD, ".caffemodel"), (TENSORS, ".safetensors")]),
    cut=st.floats(0.5, 1),
    flips=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(1, 255)), max_size=5),
)
def test_a_damaged_file_is_imported_or_refused_with_a_sentence(tmp_path, capsys, data, cut, flips):
    content, suffix = data
    damaged = bytearray(content[: int(cut * len(content))])
    for place, mask in flips:
        # Half of them at the beginning, where a file says what it holds.
        at = int(place * len(damaged)) if mask % 2 else int(place * min(400, len(damaged)))
        damaged[at] ^= mask
    folder = tmp_path / "out"
    (path := tmp_path / f"damaged{suffix}").write_bytes(damaged)
    code = main(["import", str(path), str(folder), "--net", "torchvision+width:0.01"]
                if suffix == ".safetensors" else ["import", str(path), str(folder)])  # fmt: skip
    said = capsys.readouterr().err
    assert code in (0, 1, 2)
    assert (code == 0) == (folder / "plan.json").exists()
    assert code == 0 or (said.startswith("alexnet import: ") and "damaged" in said)
    for name in ("plan.json", "model.json", "model.safetensors"):
        (folder / name).unlink(missing_ok=True)
