"""`--mean`: an image from elsewhere, or three numbers, in place of the set's own mean."""

import signal
from pathlib import Path

import numpy as np
import pytest

from alexnet import files
from alexnet.errors import Interrupted, UsageError
from alexnet.model import load_model
from alexnet.preprocessing import Preprocessing
from alexnet.training import session
from alexnet.training.choice import choose
from alexnet.training.mean import GivenMean
from alexnet.training.recipe import Given
from tests.formats import wire
from tests.system import short_run, small_set, stop_after

RANDOM = np.random.default_rng(0)


def image(side: int) -> np.ndarray:
    return RANDOM.uniform(90, 140, (side, side, 3)).astype(np.float32)


def npy(path: Path, values: np.ndarray) -> Path:
    np.save(path, values)
    return path


@pytest.mark.parametrize("given", ["123.68, 116.779,103.939", (123.68, 116.779, 103.939)])
def test_three_numbers_are_red_green_and_blue_everywhere(given: object) -> None:
    mean = GivenMean.of(given)  # type: ignore[arg-type]
    assert mean.origin == "--mean 123.68,116.779,103.939"
    found = mean.image_for(Preprocessing(size=8, crop=6))
    np.testing.assert_array_equal(found, np.full((8, 8, 3), (123.68, 116.779, 103.939), np.float32))
    assert mean.settings({}, 8, 6) == {"mean": Given("channel", mean.origin)}


@pytest.mark.parametrize("channels", ["RGB", "BGR"])
def test_caffe_s_file_is_blue_first_whatever_the_network_reads(
    tmp_path: Path, channels: str
) -> None:
    pytest.importorskip("google.protobuf")
    own = image(8)
    planes = own.transpose(2, 0, 1)[::-1]
    path = tmp_path / "mean.binaryproto"
    path.write_bytes(wire.joined([wire.legacy(3, 8, 8), wire.floats(planes.flat)]))
    found = GivenMean.of(path).image_for(Preprocessing(size=8, crop=6, channels=channels))
    np.testing.assert_array_equal(found, own)


def test_an_image_of_a_crop_s_size_is_that_of_every_crop(tmp_path: Path) -> None:
    own = image(6)
    mean = GivenMean.of(npy(tmp_path / "mean.npy", own))
    assert {name: one.value for name, one in mean.settings({}, 8, 6).items()} == {
        "mean": "image", "mean_at": "centre",
    }  # fmt: skip
    np.testing.assert_array_equal(mean.image_for(Preprocessing(size=8, crop=6))[1:7, 1:7], own)
    assert set(mean.settings({}, 6, 6)) == {"mean"}  # whole pictures have one place


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("nowhere.npy", "--mean nowhere.npy is no file; give a mean image"),
        ("1,2", "--mean 1,2 is no file"),
        ("1,2,three", "is no file"),
    ],
)
def test_what_is_no_mean_is_named(given: str, expected: str) -> None:
    with pytest.raises(UsageError, match=expected):
        GivenMean.of(given)


def test_a_mean_that_does_not_fit_is_named(tmp_path: Path) -> None:
    way = Preprocessing(size=8, crop=6)
    for values, expected in (
        (image(7), "--mean mean.npy is a picture of 7x7; this network's are 8x8"),
        (image(8) / 255, "here pixels, and so their mean, are on the scale of 0 to 255"),
    ):
        mean = GivenMean.of(npy(tmp_path / "mean.npy", values))
        with pytest.raises(UsageError, match=expected):
            mean.image_for(way)
    with pytest.raises(UsageError, match="holds values of -1 to 3"):
        GivenMean.of("-1,2,3").image_for(way)
    with pytest.raises(UsageError, match=r"a mean image has numbers \(rows, columns, 3\)"):
        GivenMean.of(npy(tmp_path / "planes.npy", np.zeros((3, 8, 8))))


def test_settings_that_contradict_it_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"mean cannot be image \(--set\): that of --mean 1,2,3"):
        choose("paper", {"mean": Given("image", "--set")}, mean="1,2,3")
    crops = GivenMean.of(npy(tmp_path / "mean.npy", image(6)))
    with pytest.raises(UsageError, match=r"mean_at cannot be crop \(mine.toml\)"):
        crops.settings({"mean_at": Given("crop", "mine.toml")}, 8, 6)
    assert choose("paper", {"mean": Given("channel", "--set")}, mean="1,2,3").mean


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_set(tmp_path_factory.mktemp("mean") / "data")


def test_a_run_subtracts_it_and_says_where_it_is_from(data: Path, tmp_path: Path) -> None:
    said: list[str] = []
    own = image(56)  # as large as the crops of pictures of 64
    done = short_run(data, tmp_path / "run", said, mean=npy(tmp_path / "mean.npy", own))
    model = load_model(done.folder)
    assert model.preprocessing.mean_at == "centre"
    np.testing.assert_array_equal(model.mean[4:60, 4:60], own)
    assert done.plan["mean"]["origin"] == "--mean mean.npy"
    (line,) = [line for line in said[0].splitlines() if line.startswith("  mean_at ")]
    assert line.endswith("(--mean mean.npy)")


def test_a_run_goes_on_with_it_when_the_file_is_gone(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = npy(tmp_path / "mean.npy", image(64))
    whole = short_run(data, tmp_path / "whole", mean=path)
    with monkeypatch.context() as patched:
        stop_after(patched, 4, signal.SIGTERM)
        with pytest.raises(Interrupted):
            short_run(data, tmp_path / "run", mean=path)
    path.unlink()
    session.resume(tmp_path / "run", say=lambda _: None, quiet=True, threads=1)
    one, other = (load_model(folder) for folder in (whole.folder, tmp_path / "run"))
    np.testing.assert_array_equal(one.mean, other.mean)
    assert files.sha256(whole.folder / "model.safetensors") == files.sha256(
        tmp_path / "run" / "model.safetensors"
    )


def test_weights_bring_their_own(data: Path, tmp_path: Path) -> None:
    short_run(data, tmp_path / "run", settings={"epochs": 0.1})
    with pytest.raises(UsageError, match=r"--mean cannot be given with --weights: .* brings its"):
        short_run(data, tmp_path / "new", layers=None, weights=tmp_path / "run", mean="1,2,3")
    with pytest.raises(UsageError, match="is a picture of 7x7"):
        short_run(data, tmp_path / "new", mean=npy(tmp_path / "mean.npy", image(7)))
    assert not (tmp_path / "new").exists()
