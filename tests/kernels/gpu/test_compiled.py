"""What the interpreter cannot tell: that the kernels compile for a GPU, and fit its registers."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("triton")
ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def compiled() -> list[dict[str, Any]]:
    # In a process of its own: here the kernels are interpreted, which is settled at import.
    settings = {name: value for name, value in os.environ.items() if name != "TRITON_INTERPRET"}
    command = [sys.executable, "-m", "tests.kernels.gpu.compiled"]
    done = subprocess.run(command, cwd=ROOT, env=settings, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_every_kernel_compiles_and_keeps_its_values_in_registers(
    compiled: list[dict[str, Any]],
) -> None:
    assert compiled
    assert {one["name"]: one["spills"] for one in compiled if one["spills"]} == {}


def test_normalisation_and_pooling_load_whole_vectors_and_shuffle_nothing(
    compiled: list[dict[str, Any]],
) -> None:
    found = [one for one in compiled if one["name"].startswith("norm_pool")]
    assert {(one["load"], one["store"], one["shared"]) for one in found} == {(128, 128, 0)}
    # 64 registers or fewer: at least half of an SM's 2,048 threads are there to hide latency.
    assert max(one["registers"] for one in found) <= 64
