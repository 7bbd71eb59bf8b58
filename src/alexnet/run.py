"""The run folder: what is in it and how it is opened.

``plan.json`` (what was to happen), ``metrics.csv`` and ``layers.csv`` (a row an epoch),
``checkpoints/``, ``model.safetensors`` with ``model.json``, and what evaluate and report add.
"""

import csv
import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alexnet import files
from alexnet.errors import AlexNetError, no_run


@dataclass(frozen=True)
class Run:
    """A run folder with its plan and the metrics of its epochs (empty fields are left out)."""

    folder: Path
    plan: dict[str, Any]
    metrics: list[dict[str, float]]


def open_run(path: Path | str) -> Run:
    """The run in a folder; AlexNetError where there is none."""
    folder = Path(path)
    if not (folder / "plan.json").is_file():
        raise no_run(
            folder,
            f"{folder} is no run (it holds no plan.json); `alexnet train DATA --run RUN` makes "
            "one.",
        )
    return Run(folder, files.read_json(folder / "plan.json"), _metrics(folder / "metrics.csv"))


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other processes from training the same run; AlexNetError where one does so already."""
    with (folder / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlexNetError(
                f"{folder} is being trained by another process; wait for it, or stop it first."
            ) from None
        yield


def _metrics(path: Path) -> list[dict[str, float]]:
    if not path.is_file():
        return []
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return [
                {key: float(value) for key, value in row.items() if value}
                for row in csv.DictReader(file)
            ]
    except (OSError, ValueError, TypeError) as error:
        raise AlexNetError(f"{path} is damaged: {error}.") from error


def data_folder(run: Run) -> Path:
    """Where the set lies that the run was trained on; AlexNetError where it is gone."""
    data = run.plan.get("data", {})
    if "imported" in run.plan:
        raise AlexNetError(
            f"{run.folder} was imported, not trained here on a set; give one with --data."
        )
    if "folder" not in data:
        raise AlexNetError(f"{run.folder / 'plan.json'} does not say which data it used.")
    folder = Path(data["folder"])
    if not folder.is_dir():
        raise AlexNetError(
            f"The set that {run.folder} was trained on is not at {folder} any more; give --data."
        )
    return folder
