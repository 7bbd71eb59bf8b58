"""Where the pictures go, which depends on the memory that is left; and what is said of it."""

from pathlib import Path

import pytest

from alexnet.devices import INTERPRETER
from alexnet.training.gpu import memory
from alexnet.training.gpu.batches import GpuBatches
from alexnet.training.gpu.pictures import Resident, Source, Streamed
from tests.training.gpu.jobs import job_on, tiny

NEED = memory.needed(tiny(), 42, 3, 4)


def opened(folder: Path, said: list[str], **settings: str) -> Source:
    job = job_on(INTERPRETER, folder, said=said, begun=False, **settings)
    said.clear()
    assert isinstance(job.batches, GpuBatches)
    return job.batches.open_source(2)


def leave(patched: pytest.MonkeyPatch, share: float) -> None:
    """The device has so much of what all pictures take free, beside the training."""
    size = 7 * 48 * 48 * 3
    patched.setattr(memory, "free_on", lambda _: NEED + share * size)


def test_pictures_that_fit_stay_on_the_device(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave(monkeypatch, 1.2)
    said: list[str] = []
    assert isinstance(opened(tmp_path, said), Resident)
    assert said == ["The training pictures (0.0 MB) are brought to the GPU and stay there."]


def test_others_are_copied_and_halving_is_offered_where_it_helps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave(monkeypatch, 0.6)
    said: list[str] = []
    source = opened(tmp_path, said)
    assert isinstance(source, Streamed)
    source.close()
    assert "do not fit on the GPU" in said[0]
    assert said[0].endswith("With --set chroma=420 they would fit, at a little loss of colour.")
    assert isinstance(opened(tmp_path, said, chroma="420"), Resident)


def test_where_halving_would_not_help_it_is_not_offered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave(monkeypatch, 0.3)
    said: list[str] = []
    opened(tmp_path, said).close()
    assert "chroma" not in said[0]
