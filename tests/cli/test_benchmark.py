"""`alexnet benchmark`: the figures are there and fit together. How large they are is not tested."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import alexnet
from alexnet import cli
from alexnet.benchmarking import memory
from alexnet.networks.build import steps
from alexnet.networks.tables import training_flop
from alexnet.networks.zoo import layers_of

NET = "alexnet+width:0.0625"
WORDS = ["benchmark", "--net", NET, "--batch", "2"]
QUICK = ["--time", "1s", "--threads", "1"]
FIGURES = {
    "images_per_second", "gflop_per_image", "peak_gflops", "peak_measured", "share_of_peak",
    "kernels", "precision", "batch", "threads", "machine", "versions", "layers",
}  # fmt: skip


@pytest.fixture(autouse=True)
def threads_as_before() -> Iterator[None]:
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


def measured(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    assert cli.main([*WORDS, *QUICK, "--json", *words]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def refused(capsys: pytest.CaptureFixture[str], code: int, *words: str) -> str:
    assert cli.main(["benchmark", *words]) == code
    out, err = capsys.readouterr()
    assert out == ""
    (line,) = err.splitlines()
    return line


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A set of 256 pixels, three classes of two pictures."""
    folder = tmp_path_factory.mktemp("photos")
    random = np.random.default_rng(0)
    for name in ("a", "b", "c"):
        (folder / name).mkdir()
        for n in range(2):
            pixels = random.integers(0, 256, (40, 40, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{n}.png")
    made = tmp_path_factory.mktemp("sets") / "set"
    alexnet.prepare(folder, made, say=lambda _: None)
    return made


def test_the_figures_fit_together(capsys: pytest.CaptureFixture[str]) -> None:
    found = measured(capsys, "--classes", "3")
    assert set(found) >= FIGURES
    assert (found["batch"], found["threads"], found["classes"]) == (2, 1, 3)
    assert (found["precision"], found["pictures"], found["recipe"]) == ("float32", "noise", "paper")
    reached = found["images_per_second"] * found["gflop_per_image"]
    assert found["share_of_peak"] == pytest.approx(reached / found["peak_gflops"])
    assert found["gflop_per_image"] == pytest.approx(training_flop(layers_of(NET, 3)) / 1e9)
    assert f"{len(found['peaks'])} products" in found["peak_measured"]
    assert len(found["seconds"]) >= 3
    assert found["epochs"] * found["train"] == 90 * 1_281_167
    expected = found["epochs"] * found["train"] / found["images_per_second"]
    assert found["recipe_seconds"] == pytest.approx(expected)


def test_every_part_of_the_step_has_its_time(capsys: pytest.CaptureFixture[str]) -> None:
    rows = measured(capsys, "--classes", "3")["layers"]
    names = ["+".join(layer.name for layer in step) for step in steps(layers_of(NET))]
    assert [row["name"] for row in rows] == [*names, "loss", "update", "rest", "waiting"]
    assert sum(row["share"] for row in rows) == pytest.approx(1)
    for row in rows:
        assert row["forward_ms"] > 0
        assert (row["backward_ms"] > 0) == (row["name"] in names)
        has_products = row["name"].startswith(("conv", "fc"))
        assert (row["forward_gflops"] is not None) == has_products
        assert (row["backward_gflops"] is not None) == has_products


def test_bf16(capsys: pytest.CaptureFixture[str]) -> None:
    found = measured(capsys, "--classes", "3", "--precision", "bf16")
    assert found["precision"] == "bf16"
    assert found["peak_measured"].endswith("matrices in bf16, between the steps")


def test_a_set_has_its_own_classes_and_recipe(
    capsys: pytest.CaptureFixture[str], prepared: Path
) -> None:
    found = measured(capsys, str(prepared))
    assert (found["pictures"], found["classes"], found["recipe"]) == (str(prepared), 3, "fast")
    assert found["recipe_seconds"] > 0
    assert found["epochs"] == 35
    more = measured(capsys, str(prepared), "--classes", "10", "--recipe", "paper")
    assert (more["classes"], more["recipe"], more["epochs"]) == (10, "paper", 90)
    assert sorted(prepared.parent.iterdir()) == [prepared]  # nothing is written
    told = refused(capsys, 2, str(prepared), "--classes", "2")
    assert told.endswith(f"--classes is 2, but {prepared} has 3 classes.")


def test_the_table_names_the_layers(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert cli.main([*WORDS, *QUICK, "--classes", "3"]) == 0
    out = capsys.readouterr().out
    for name in ("conv1", "relu1 norm1 pool1", "fc8", "update", "of that peak", "Load", "days"):
        assert name in out
    assert max(map(len, out.splitlines())) <= 80


def test_short_memory_is_told_with_a_batch_that_fits(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "available", lambda: 3e9)
    told = refused(capsys, 1, "--batch", "1000")
    assert "A step of 1,000 pictures needs about" in told
    assert told.endswith("3.0 GB are free. --batch 128 would fit.")
    monkeypatch.setattr(memory, "available", lambda: 1e8)
    assert "Not even a batch of 1 would fit" in refused(capsys, 1)


def test_memory_that_is_refused_after_all(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: object) -> None:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried 1 TB")

    monkeypatch.setattr("alexnet.benchmarking.steps.loop.one_step", lambda *_: refuse(0))
    told = refused(capsys, 1, *WORDS[1:], *QUICK)
    assert told.endswith("There was no memory for a step of 2 pictures; try --batch 1.")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--net", "alexnut"], "did you mean 'alexnet'"),
        (["--classes", "0"], "--classes is 0"),
        (["--batch", "0"], "batch is 0"),
        (["--precision", "float16"], "one of float32, bf16"),
        (["--threads", "0"], "0 threads"),
        (["--time", "soon"], "30m"),
    ],
)
def test_wrong_calls(capsys: pytest.CaptureFixture[str], words: list[str], said: str) -> None:
    assert said in refused(capsys, 2, *words)


def test_photos_that_are_no_set(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    told = refused(capsys, 1, str(tmp_path))
    assert f"{tmp_path} is no prepared set" in told
