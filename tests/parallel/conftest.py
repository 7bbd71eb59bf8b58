"""The processes of all tests here, started once."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor
from torch.distributed import TCPStore

from tests.parallel import moves
from tests.parallel.cases import CASES
from tests.parallel.moves import JOURNEYS, STEPS, Seen
from tests.system import small_set

TOP = Path(__file__).resolve().parents[2]


@dataclass
class Party:
    """What 2, 3 and 4 processes found, by rank; runs that they trained, and one of one device.

    ``alone`` is what that one saw; ``began`` and ``ended`` what one device did of the others.
    """

    folder: Path
    alone: Seen
    began: dict[tuple[int, str], Seen] = field(default_factory=dict)
    ended: dict[tuple[int, str], Seen] = field(default_factory=dict)
    found: dict[int, list[dict[str, Any]]] = field(default_factory=dict)

    @property
    def whole(self) -> Path:
        """The run that one device trained in one sitting."""
        return self.folder / "whole"

    def run(self, size: int, name: str) -> Path:
        """The folder of a run."""
        return self.folder / f"{size}-{name}"

    def step(self, size: int, name: str) -> list[dict[str, Any]]:
        """What each process found in a case."""
        return [one["steps"][name] for one in self.found[size]]

    def tensors(self, size: int, name: str, what: str) -> dict[str, Tensor]:
        """Gradients or velocities of whole parameters, as the first process has them."""
        found = load_file(self.folder / f"{size}-{name}.safetensors")
        return {n.removeprefix(what): t for n, t in found.items() if n.startswith(what)}


def off(found: dict[str, Tensor], wanted: dict[str, Tensor]) -> dict[str, float]:
    """The largest difference in each tensor, as a part of its largest entry."""
    assert found.keys() == wanted.keys()
    return {
        name: float((found[name] - value).abs().max() / value.abs().max())
        for name, value in wanted.items()
    }


@contextmanager
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """As each of the processes has."""
    with _one_thread():
        yield


@pytest.fixture(scope="session")
def party(tmp_path_factory: pytest.TempPathFactory) -> Party:
    """One device first, the processes then, and where they stopped one device again."""
    folder = tmp_path_factory.mktemp("parallel")
    with _one_thread():
        data = small_set(folder / "data")
        found = Party(folder, moves.sat(partial(moves.train, data, folder / "whole")))
        for size, name, journey in all_journeys():
            if journey.alone:
                work = partial(moves.train, data, found.run(size, name))
                found.began[size, name] = moves.sat(work, journey.alone)
        launch(folder)
        for size, name, journey in all_journeys():
            if journey.moves[-1].until < STEPS:
                work = partial(moves.resume, found.run(size, name))
                found.ended[size, name] = moves.sat(work)
    for size in CASES:
        texts = [(folder / f"{size}-{rank}.json").read_text() for rank in range(size)]
        found.found[size] = [json.loads(text) for text in texts]
    return found


def all_journeys() -> list[tuple[int, str, moves.Journey]]:
    """Number of processes, name and journey."""
    return [(size, name, one) for size, each in JOURNEYS.items() for name, one in each.items()]


def launch(folder: Path) -> None:
    """Start the processes, as torchrun does with a store that outlives them, and wait."""
    store = TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "tests.parallel.worker", folder, str(store.port)],
        env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        cwd=TOP, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
