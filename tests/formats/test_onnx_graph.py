"""ONNX against the network itself: every named net, every kind of layer, a stranger's runtime."""

import importlib
import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from alexnet.errors import AlexNetError
from alexnet.formats import comparing
from alexnet.formats.exporting import written
from alexnet.model import Model
from alexnet.networks.build import Network
from alexnet.networks.layers import (
    AveragePool,
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
from alexnet.networks.tables import table
from alexnet.networks.zoo import NETWORKS
from alexnet.prediction import predict
from alexnet.views import test_views
from tests.formats.models import drawn, small
from tests.shared import shared_data
from tests.tiny import tiny_model

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")
onnx_graph = importlib.import_module("alexnet.formats.onnx_graph")

RANDOM = np.random.default_rng(2)


def pictures_of(model: Model, count: int = 3) -> np.ndarray:
    size = model.preprocessing.size
    return RANDOM.integers(0, 256, (count, size, size, 3), dtype=np.uint8)


def answers(proto: "onnx.ModelProto | Path", values: np.ndarray) -> np.ndarray:
    source = str(proto) if isinstance(proto, Path) else proto.SerializeToString()
    session = onnxruntime.InferenceSession(source, providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {session.get_inputs()[0].name: values})
    return found


def check(model: Model, count: int = 3) -> None:
    """Logits and probabilities of pictures, through both graphs."""
    pictures = pictures_of(model, count)
    (view,) = test_views(pictures, model.mean, model.preprocessing, 1)
    with torch.inference_mode():
        logits = model.network.eval()(view).numpy()
    pixels = onnx_graph.onnx_model(model)
    onnx.checker.check_model(pixels, full_check=True)
    found = answers(pixels, view.contiguous().numpy())
    assert found.dtype == np.float32
    assert np.abs(found - logits).max() <= 1e-4 * max(np.abs(logits).max(), 1e-3)
    whole = onnx_graph.onnx_model(model, preprocessing=True)
    onnx.checker.check_model(whole, full_check=True)
    np.testing.assert_allclose(
        answers(whole, pictures), model.probabilities(pictures)[0], atol=1e-5
    )


@pytest.mark.parametrize("name", NETWORKS)
def test_every_named_network(name: str) -> None:
    check(small(name))


@pytest.mark.parametrize("count", [1, 2, 5])
def test_any_number_of_pictures(count: int) -> None:
    check(small("cifar10-11pct"), count)


@st.composite
def lists(draw: DrawFn) -> tuple[Layers, int]:
    """Legal lists of layers with the side of their pictures."""
    side = draw(st.integers(7, 14))
    layers: Layers = ()
    for number in range(draw(st.integers(1, 5))):
        channels, rows, _ = table(layers, (3, side, side))[-1].output if layers else (3, side, side)
        layers += (draw(layer_of(f"layer{number}", channels, rows)),)
    for number in range(draw(st.integers(0, 2))):
        row = table(layers, (3, side, side))[-1]
        groups = [n for n in (1, 2, 3, 4) if np.prod(row.output) % n == 0]
        layers += (
            Linear(f"dense{number}", 12, draw(st.sampled_from(groups))),
            draw(st.sampled_from([Tanh(f"t{number}"), Dropout(f"d{number}", 0.3)])),
        )
    return (*layers, Linear("last", 3)), side


@st.composite
def layer_of(draw: DrawFn, name: str, channels: int, rows: int):
    kinds = [Convolution, LocallyConnected, ReLU, Tanh, LocalResponseNorm, WithinMapNorm]
    kind = draw(st.sampled_from([*kinds, ContrastNorm, MaxPool, AveragePool, Dropout]))
    groups = draw(st.sampled_from([n for n in (1, 2, 3, 4) if channels % n == 0]))
    size = draw(st.integers(1, 7))
    window = draw(st.integers(1, min(4, rows)))
    rounding = draw(st.sampled_from(["floor", "ceil"]))
    if kind is Convolution:
        stride, padding = draw(st.integers(1, 4)), draw(st.integers(0, 3))
        kernels = groups * draw(st.integers(1, 3))
        return Convolution(name, kernels, window, stride, padding, groups, rounding)
    if kind is LocallyConnected:
        return LocallyConnected(name, draw(st.integers(1, 4)), window, draw(st.integers(0, 2)))
    if kind in (MaxPool, AveragePool):
        return kind(name, window, draw(st.integers(1, window)), rounding)
    if kind is LocalResponseNorm:
        divided = draw(st.booleans())
        return LocalResponseNorm(name, size, 0.3, 0.75, 1, groups, divided)
    if kind in (WithinMapNorm, ContrastNorm):
        return kind(name, size, 0.4, draw(st.sampled_from([0.75, 0.5, 1])), 2)
    if kind is Dropout:
        return Dropout(name, 0.25, draw(st.sampled_from(["test", "training"])))
    return kind(name)


@settings(max_examples=40, deadline=None)
@given(lists(), st.integers(0, 99))
def test_any_legal_list(made: tuple[Layers, int], seed: int) -> None:
    layers, side = made
    model = drawn(layers, side, seed=seed)
    check(model)
    inferred = onnx.shape_inference.infer_shapes(
        onnx_graph.onnx_model(model), strict_mode=True, data_prop=True
    )
    found = {
        value.name: [d.dim_value for d in value.type.tensor_type.shape.dim][1:]
        for value in inferred.graph.value_info
    }
    for row in table(layers, model.network.input):
        if row.layer.name in found:
            assert found[row.layer.name] == list(row.output), row.layer


@pytest.mark.parametrize("size", range(1, 10))
@pytest.mark.parametrize("groups", [1, 2])
def test_norms_of_odd_and_even_sizes(size: int, groups: int) -> None:
    norms = (
        LocalResponseNorm("across", size, 0.2, groups=groups),
        WithinMapNorm("within", size, 1),
    )
    for norm in (*norms, ContrastNorm("contrast", size, 1)):
        check(drawn((Convolution("conv1", 6, 3), norm, Linear("last", 2)), 9))


@pytest.mark.parametrize(
    "way",
    [
        {"channels": "BGR"}, {"scale": (50.0, 60.0, 70.0)}, {"scale": 1.0}, {"mean_at": "centre"},
        {"size": 13, "crop": 8}, {"size": 8, "crop": 8}, {"fit": "warp", "mirror": False},
    ],
)  # fmt: skip
def test_preprocessing_of_every_kind(way: dict) -> None:
    layers = (Convolution("conv1", 4, 3), ReLU("relu1"), Linear("last", 3))
    model = drawn(layers, way.get("crop", 9))
    preprocessing = replace(model.preprocessing, **way)
    mean = np.random.default_rng(0).uniform(0, 255, (preprocessing.size,) * 2 + (3,))
    small_weights = {name: value / 20 for name, value in model.network.state_dict().items()}
    model.network.load_state_dict(small_weights)
    check(replace(model, preprocessing=preprocessing, mean=mean.astype(np.float32)))


def test_constants_are_the_weights_bit_for_bit() -> None:
    for name in ("alexnet-apart", "cifar10-11pct"):  # grouped dense and locally connected layers
        model = small(name)
        kept = {value.name: value for value in onnx_graph.onnx_model(model).graph.initializer}
        for key, value in model.network.state_dict().items():
            assert onnx.numpy_helper.to_array(kept[key]).tobytes() == value.numpy().tobytes(), key


def test_names_of_layers_cannot_clash() -> None:
    names = ("pixels", "logits", "mean", "crop", "crop_")
    kinds = (ReLU, Tanh, ReLU, Tanh, ReLU)
    layers = [kind(name) for kind, name in zip(kinds, names, strict=True)]
    check(drawn((Convolution("probabilities", 4, 3), *layers, Linear("picture", 2)), 9))


def test_it_is_of_an_old_opset_and_says_what_it_is(tmp_path: Path) -> None:
    strange = ("a/b", 'x"\n', "ключ\udcff")
    model = replace(tiny_model(strange), names=("one", "one", "two"))
    done = written(model, tmp_path / "model.onnx", True)
    assert done.files == (tmp_path / "model.onnx",)
    read = onnx.load(tmp_path / "model.onnx")
    assert [(one.domain, one.version) for one in read.opset_import] == [("", 13)]
    assert read.ir_version == 7
    said = {one.key: json.loads(one.value) for one in read.metadata_props}
    assert said["classes"] == list(strange)
    assert said["names"] == ["one (a/b)", 'one (x"\n)', "two"]
    assert said["preprocessing"]["size"] == 32
    assert "central 24x24 pixels" in said["pictures"]
    (picture,), (shares,) = read.graph.input, read.graph.output
    assert (picture.name, shares.name) == ("picture", "probabilities")
    assert "32x32" in picture.doc_string
    for path in (tmp_path, Path.home(), Path(__file__).parents[2]):
        assert str(path).encode() not in (tmp_path / "model.onnx").read_bytes()


def test_equal_models_are_equal_bytes() -> None:
    one, two = (onnx_graph.onnx_model(small("caffenet")).SerializeToString() for _ in range(2))
    assert one == two


def test_what_differs_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_graph, "add_layer", wrong_layer(onnx_graph.add_layer))
    with pytest.raises(AlexNetError, match=r"was not written: its answers .* differ by 0\.\d+|e-0"):
        written(tiny_model(), tmp_path / "model.onnx")
    with pytest.raises(AlexNetError, match="in probabilities"):
        written(tiny_model(), tmp_path / "model.onnx", preprocessing=True)
    assert not list(tmp_path.iterdir())


def wrong_layer(right):
    def add(graph, row, x):
        if isinstance(row.layer, Linear):
            graph.weights = {**graph.weights, "fc8.bias": graph.weights["fc8.bias"] + [0, 0, 0.01]}
            graph.weights["fc8.bias"] = graph.weights["fc8.bias"].astype(np.float32)
        return right(graph, row, x)

    return add


@pytest.mark.parametrize(
    ("number", "value", "words"),
    [("OPSET", 1, "ONNX Runtime .* does not open it"), ("IR_VERSION", 0, "is no valid ONNX")],
)
def test_what_does_not_open_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: str, value: int, words: str
) -> None:
    monkeypatch.setattr(onnx_graph, number, value)
    with pytest.raises(AlexNetError, match=f"was not written: .*{words}"):
        written(tiny_model(), tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["model.onnx", "model.pt2", "model.pth", "model/"])
def test_a_network_that_diverged_is_told(tmp_path: Path, name: str) -> None:
    model = tiny_model()
    with torch.no_grad():
        model.network.held(model.layers[-1]).bias[0] = torch.nan
    with pytest.raises(AlexNetError, match="tiny is damaged: fc8 holds values that are no numbers"):
        written(model, f"{tmp_path}/{name}")
    assert not list(tmp_path.iterdir())


def test_too_large_for_a_file_is_told_before_work(monkeypatch: pytest.MonkeyPatch) -> None:
    with torch.device("meta"):
        network = Network((Linear("fc8", 180_000),), 64)
    model = replace(tiny_model(), network=network)
    with pytest.raises(AlexNetError, match=r"8,848,\d+,\d+ bytes of weights are more than a file"):
        onnx_graph.onnx_model(model)


def test_without_onnx_the_package_is_named(tmp_path: Path, monkeypatch) -> None:
    for name in ("onnx_graph", "onnx_nodes"):
        monkeypatch.delitem(sys.modules, f"alexnet.formats.{name}")
        monkeypatch.delattr(f"alexnet.formats.{name}")
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(AlexNetError, match=r"takes onnx, which .* pip install 'alexnet\[onnx\]'"):
        written(tiny_model(), tmp_path / "model.onnx")


def test_without_onnxruntime_nothing_is_compared(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    told: list[str] = []
    done = written(tiny_model(), tmp_path / "model.onnx", say=told.append)
    assert done.difference is None
    assert "onnxruntime is not installed" in told[0]
    assert done.file.is_file()


def test_random_pictures_are_soft_and_always_the_same() -> None:
    one, two = comparing.random_pictures(64, 2), comparing.random_pictures(64, 2)
    np.testing.assert_array_equal(one, two)
    assert one.shape == (2, 64, 64, 3)
    assert one.std() > 40
    assert np.abs(np.diff(one.astype(int), axis=1)).mean() < 10


def test_the_snippet_of_the_docs_needs_nothing_of_ours(tmp_path: Path) -> None:
    photo = sorted((shared_data("imagenet-sample") / "n02123045").glob("*"))[0]
    model = small("caffenet", classes=7)
    written(model, tmp_path / "model.onnx", preprocessing=True)
    (tmp_path / "photo.jpg").write_bytes(photo.read_bytes())
    page = (Path(__file__).parents[2] / "docs" / "export.md").read_text()
    (code,) = re.findall(r"```python\n(import json\n.*?)```", page, re.DOTALL)
    blocked = "import sys; sys.modules.update(dict.fromkeys(('alexnet', 'torch', 'onnx')))\n"
    (tmp_path / "stranger.py").write_text(blocked + code)
    done = subprocess.run(
        [sys.executable, "stranger.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    (answer,) = predict(model, [photo], top=5, views=1)
    expected = [f"{share:.4f} {name}" for name, share in answer.predictions]
    assert done.stdout.splitlines() == expected
