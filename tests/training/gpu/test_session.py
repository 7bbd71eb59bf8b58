"""A run on a device, from the command to the files, and moved to another device on its way."""

from pathlib import Path
from typing import Any

import pytest
import torch

from alexnet.errors import Interrupted
from alexnet.model import load_model
from alexnet.run import open_run
from alexnet.training import session
from tests.system import short_run, small_set, stop_after
from tests.training.gpu.jobs import tiny

SETTINGS = {"epochs": 1, "batch": 3, "init": "run", "warmup": 0, "rate": 0.001}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_set(tmp_path_factory.mktemp("gpu") / "set", each=4, size=48)


def trained(data: Path, run: Path, **options: Any) -> Path:
    settings = {**SETTINGS, **options.pop("settings", {})}
    short_run(data, run, layers=tiny(), settings=settings, **options)
    return run


@pytest.fixture(scope="module")
def on_cpu(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained(data, tmp_path_factory.mktemp("gpu-runs") / "cpu", device="cpu")


def assert_alike(one: Path, other: Path) -> None:
    """Weights to a share of the largest, and the same pictures counted."""
    weights = [dict(load_model(run).network.named_parameters()) for run in (one, other)]
    for name, value in weights[0].items():
        largest = float(value.detach().abs().max())
        torch.testing.assert_close(weights[1][name], value, rtol=0, atol=1e-4 * largest + 1e-9)
    rows = [open_run(run).metrics for run in (one, other)]
    assert [row["images"] for row in rows[0]] == [row["images"] for row in rows[1]]
    assert rows[0][-1]["train_loss"] == pytest.approx(rows[1][-1]["train_loss"], rel=1e-4)
    assert rows[0][-1]["val_loss"] == pytest.approx(rows[1][-1]["val_loss"], rel=1e-4)


def test_a_run_the_gpus_way_ends_as_a_processors(data: Path, on_cpu: Path, tmp_path: Path) -> None:
    run = trained(data, tmp_path / "run", device="cuda")
    assert_alike(on_cpu, run)
    plan = open_run(run).plan
    assert (plan["device"], plan["kernels"]) == ("interpreter", "Triton (interpreted)")


@pytest.mark.usefixtures("plain_norms")
@pytest.mark.parametrize(("first", "then"), [("cuda", "cpu"), ("cpu", "cuda")])
def test_a_run_moves_between_devices_in_the_middle_of_an_epoch(
    data: Path, on_cpu: Path, tmp_path: Path, first: str, then: str
) -> None:
    run, said = tmp_path / "run", list[str]()
    with pytest.MonkeyPatch.context() as patched:
        stop_after(patched, 2, 15)
        with pytest.raises(Interrupted):
            trained(data, run, device=first)
    session.resume(run, device=then, threads=1, say=said.append, quiet=True)
    assert_alike(on_cpu, run)
    names = {"cuda": "interpreter", "cpu": "cpu"}
    (line,) = [line for line in said if line.startswith("Changed since the run began")]
    assert f"device {names[first]} -> {names[then]}" in line
