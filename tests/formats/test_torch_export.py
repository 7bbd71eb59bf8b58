"""torch.export: opens without us, any number of pictures, nothing of this machine in it."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from alexnet.errors import AlexNetError
from alexnet.formats import torch_export
from alexnet.formats.exporting import written
from alexnet.model import Model
from alexnet.networks.layers import (
    ContrastNorm,
    Convolution,
    Dropout,
    Layers,
    Linear,
    LocallyConnected,
    LocalResponseNorm,
    MaxPool,
    ReLU,
    Tanh,
    WithinMapNorm,
)
from alexnet.networks.zoo import NETWORKS
from tests.formats.models import drawn, small
from tests.tiny import tiny_model

# Every kind of layer at once: exporting takes a second or two each.
ALL: Layers = (
    Convolution("conv1", 8, 5, 3, rounding="ceil"),
    ReLU("relu1"),
    LocalResponseNorm("norm1", 4, 0.1, groups=2),
    MaxPool("pool1"),
    WithinMapNorm("norm2", 3, 0.1),
    ContrastNorm("norm3", 4, 0.1),
    LocallyConnected("local4", 6, 3, padding=1),
    Tanh("tanh4"),
    Linear("fc5", 12, groups=3),
    ReLU("relu5"),
    Dropout("drop5", 0.3),
    Dropout("drop6", scaled="training"),
    Linear("fc7", 5),
)


def pixels(model: Model, count: int) -> torch.Tensor:
    return torch.randn(count, *model.network.input, generator=torch.Generator().manual_seed(1))


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Model, Path]:
    model, path = drawn(ALL, 23), tmp_path_factory.mktemp("program") / "model.pt2"
    done = written(model, path)
    assert done.difference is not None
    assert (done.format, done.files) == ("torch.export", (path,))
    assert 0 <= done.difference.logits <= 1e-5
    return model, path


@pytest.mark.parametrize("name", ["alexnet-as-run", "caffenet"])
def test_named_networks(name: str) -> None:
    model = small(name)
    program = torch_export.program(model.network).module()
    given = pixels(model, 3)
    with torch.inference_mode():
        expected, found = model.network.eval()(given), program(given)
    assert (found - expected).abs().max() <= 1e-5 * expected.abs().max()


def test_all_named_networks_are_of_the_kinds_tried() -> None:
    tried = {type(layer) for layer in ALL}
    more = {type(layer) for name in NETWORKS for layer in NETWORKS[name].layers()} - tried
    assert {kind.__name__ for kind in more} == {"AveragePool"}


def test_another_process_opens_it_without_us_for_any_number(
    exported: tuple[Model, Path], tmp_path: Path
) -> None:
    model, path = exported
    given = pixels(model, 5)
    np.save(tmp_path / "in.npy", given.numpy())
    code = (
        "import sys, numpy, torch\n"
        "sys.modules['alexnet'] = None\n"
        "program = torch.export.load(sys.argv[1]).module()\n"
        "given = torch.from_numpy(numpy.load('in.npy'))\n"
        "found = [program(given[a:b]).detach() for a, b in ((0, 1), (1, 5))]\n"
        "numpy.save('out.npy', torch.cat(found))\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, str(path)],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    with torch.inference_mode():
        expected = model.network.eval()(given).numpy()
    found = np.load(tmp_path / "out.npy")
    assert np.abs(found - expected).max() <= 1e-5 * np.abs(expected).max()


def test_weights_bit_for_bit_facts_and_nothing_of_this_machine(
    exported: tuple[Model, Path],
) -> None:
    model, path = exported
    extra = {"alexnet.json": ""}
    program = torch.export.load(path, extra_files=extra)
    for name, value in model.network.state_dict().items():
        assert torch.equal(program.state_dict[name], value), name
    assert json.loads(extra["alexnet.json"])["classes"] == list(model.classes)
    operators = {str(node.target) for node in program.graph.nodes if node.op == "call_function"}
    assert operators
    assert all(operator.startswith("aten.") for operator in operators)
    with zipfile.ZipFile(path) as archive:
        content = b"".join(archive.read(name) for name in archive.namelist())
    for word in (str(Path(__file__).parents[2]), str(path.parent), " at 0x"):
        assert word.encode() not in content


def test_equal_models_are_equal_bytes(exported: tuple[Model, Path], tmp_path: Path) -> None:
    written(exported[0], tmp_path / "again.pt2")
    assert (tmp_path / "again.pt2").read_bytes() == exported[1].read_bytes()


def test_the_model_is_as_before(exported: tuple[Model, Path]) -> None:
    weight = exported[0].network.held(ALL[0]).weight
    assert weight.is_contiguous(memory_format=torch.channels_last)
    assert weight.requires_grad


def test_what_differs_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        torch_export.Plain, "forward", lambda self, x: 1.001 * self.activations(x)[""]
    )
    with pytest.raises(
        AlexNetError, match="was not written: its answers to random pictures differ"
    ):
        written(tiny_model(), tmp_path / "model.pt2")
    assert not list(tmp_path.iterdir())
