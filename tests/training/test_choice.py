"""Every named network through `train`: what it reads, how it is prepared for, that it learns."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from alexnet.errors import AlexNetError, UsageError
from alexnet.evaluation import evaluate
from alexnet.model import load_model
from alexnet.networks import variants, zoo
from alexnet.networks.layers import learned
from alexnet.training import choice, session
from tests.system import narrow, short_run, small_photos, small_prepares, small_set


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_set(tmp_path_factory.mktemp("choice") / "data")


@pytest.fixture(scope="module")
def larger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures that are as large as torchvision's alexnet needs: 63 pixels are seen."""
    return small_set(tmp_path_factory.mktemp("larger") / "data", size=72)


@pytest.mark.parametrize("name", zoo.NETWORKS)
def test_every_named_network_trains_saves_loads_and_answers(
    larger: Path, tmp_path: Path, name: str
) -> None:
    """Two steps of its own recipe, with a sixteenth of its kernels and units."""
    net = f"{name}+width:0.0625"
    settings = {"epochs": 4 / 27, "batch": 2}
    done = short_run(
        larger, tmp_path / "run", layers=None, net=net, recipe="own", settings=settings
    )
    assert (done.plan["network"], done.plan["recipe_name"], done.plan["steps"]) == (net, "own", 2)
    model = load_model(done.folder)
    way, known = model.preprocessing, zoo.NETWORKS[name].preprocessing
    assert (model.name, model.classes) == (net, ("a", "b", "c"))
    assert (way.channels, way.scale, way.mean_at) == (known.channels, known.scale, known.mean_at)
    assert way.crop == model.network.side == known.of(72)
    answers = evaluate(done.folder, quiet=True, say=lambda _: None)
    assert [one.views for one in answers] == [1, 10 if known.mirror else 5]
    assert all(np.isfinite(one.true_probability).all() for one in answers)
    with (done.folder / "layers.csv").open(newline="") as file:
        steps = {(row["layer"], row["parameter"]): row for row in csv.DictReader(file)}
    assert len(steps) == 2 * len(learned(model.layers))
    assert all(float(row["mean_abs_step"]) > 0 for row in steps.values())


def test_a_list_of_the_caller_has_the_preprocessing_of_the_name_beside_it(
    data: Path, tmp_path: Path
) -> None:
    done = short_run(data, tmp_path / "run", net="caffenet")
    assert done.plan["network"] == choice.OWN
    assert load_model(done.folder).preprocessing.channels == "BGR"


def test_a_list_of_other_outputs_than_classes_is_refused(data: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"network ends in 7 outputs, but .* has 3 classes"):
        short_run(data, tmp_path / "run", layers=narrow(7))
    without = variants.without(narrow(), "fc6", "fc7", "fc8", "drop6", "drop7")
    with pytest.raises(UsageError, match=r"network ends in 32x1x1 outputs, but .* has 3 classes"):
        short_run(data, tmp_path / "run", layers=without)


def test_a_set_that_is_too_small_for_the_network(data: Path, tmp_path: Path) -> None:
    with pytest.raises(AlexNetError, match=r"pool5 reads windows of 3 pixels.*larger pictures"):
        short_run(data, tmp_path / "run", layers=None, net="torchvision")
    assert not (tmp_path / "run").exists()


def test_a_named_network_gets_as_many_outputs_as_there_are_classes(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = replace(zoo.NETWORKS["alexnet"], name="small", layers_of=narrow)
    monkeypatch.setitem(zoo.NETWORKS, "small", small)
    done = short_run(data, tmp_path / "run", layers=None, net="small")
    assert done.plan["network"] == "small"
    assert done.plan["layers"][-1]["units"] == 3


@pytest.mark.parametrize(
    ("net", "place", "size", "fit"),
    [
        ("cifar10-13pct+width:0.1", "photos-prepared-32", 32, "crop"),
        # 256 but for this test
        ("caffenet+width:0.0625", "photos-prepared-warp-bilinear", 64, "warp"),
    ],
)
def test_photos_are_prepared_as_the_network_wants_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, net: str, place: str, size: int, fit: str
) -> None:
    small_prepares(monkeypatch)
    photos = small_photos(tmp_path / "photos")
    run = short_run(photos, tmp_path / "run", layers=None, net=net)
    data = run.plan["data"]
    assert (data["folder"], data["size"], data["fit"]) == (str(tmp_path / place), size, fit)
    way = load_model(run.folder).preprocessing
    assert (way.size, way.fit, way.crop) == (size, fit, 24 if size == 32 else 56)
    assert way.filter == data["filter"] == zoo.named(net).preprocessing.filter
    # The set for another network is beside it.
    second = short_run(photos, tmp_path / "second")
    assert second.plan["data"]["folder"] == str(tmp_path / "photos-prepared")


def test_a_dry_run_names_the_options_to_prepare_with(tmp_path: Path) -> None:
    small_photos(tmp_path / "photos", each=2)
    for net, words in (
        ("cifar10-13pct", "--size 32"),
        ("caffenet", "--fit warp --filter bilinear"),
        (None, ""),
    ):
        command = f"`alexnet prepare {tmp_path / 'photos'} DATA {words}".rstrip() + "`"
        with pytest.raises(UsageError, match=command):
            session.train(tmp_path / "photos", tmp_path / "run", net=net, dry_run=True)
