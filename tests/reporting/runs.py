"""A run folder and its set, written by hand: three classes with awkward names, 32x32 pictures."""

import json
from pathlib import Path

import numpy as np

from alexnet.model import save_model
from alexnet.training.recipe import as_plan, resolve
from alexnet.training.tally import as_csv
from tests import sets
from tests.tiny import COLOURS, tiny_model

AWKWARD = "<b>&\"'</b>"
CLASSES = ("red", AWKWARD, "b l u e")
PARTS = {"train": 30, "val": 12, "test": 24}


def write_set(folder: Path, classes: tuple[str, ...] = CLASSES, wrong: int = 3) -> Path:
    """A set of noisy pictures in the colours of the first three classes, ``wrong`` mislabelled."""
    parts = {part: _part(part, len(classes), number, wrong) for part, number in PARTS.items()}
    return sets.write_set(folder, classes, parts, rejected=2, not_photos=1)


def _part(part: str, classes: int, number: int, wrong: int) -> sets.Contents:
    random = np.random.default_rng(len(part))
    colours = [COLOURS[name] for name in ("red", "green", "blue")]
    shown = np.arange(number) % 3
    pictures = random.normal(0, 40, (number, 32, 32, 3)) + np.array(colours)[shown][:, None, None]
    labels = shown.copy()
    labels[:wrong] = (shown[:wrong] + 1) % classes
    files = [f"{part}/<{n}>.jpg" for n in range(number)]
    return pictures.clip(0, 255).astype(np.uint8), labels.tolist(), files


def write_run(
    folder: Path, data: Path, classes: tuple[str, ...] = CLASSES, epochs: int = 4
) -> Path:
    """A run on that set, as training leaves it."""
    folder.mkdir(parents=True)
    (folder / "plan.json").write_text(json.dumps(_plan(data, len(classes))))
    save_model(tiny_model(classes), folder)
    (folder / "metrics.csv").write_text(as_csv([_epoch(n) for n in range(1, epochs + 1)]))
    (folder / "layers.csv").write_text(
        as_csv([r for n in range(1, epochs + 1) for r in _layers(n)])
    )
    return folder


def _plan(data: Path, classes: int) -> dict[str, object]:
    return {
        "network": "tiny", "parameters": 1234, "recipe_name": "fast",
        "recipe": as_plan(resolve("auto", 30)), "commit": None, "threads": 2,
        "kernels": "blocked", "precision": "float32", "steps": 40, "epochs": 4,
        "data": {
            "folder": str(data), "fingerprint": "f" * 64, "classes": classes, **PARTS,
            "channel_means": [1, 2, 3], "eigenvalues": [0.3, 0.02, 0.006],
        },
        "machine": {"processor": "<cpu>", "cores": 2}, "versions": {"alexnet": "0.1", "torch": "2"},
    }  # fmt: skip


def _epoch(number: int) -> dict[str, object]:
    return {
        "epoch": number, "step": 10 * number, "rate": 0.01 / number, "images": 30,
        "train_loss": 1 / number, "train_error": 0.5 / number, "images_per_second": 99.5,
        "data_wait_share": 0.01, "val_loss": 1.2 / number, "val_error": 0.6 / number,
        "val_top5_error": 0.1 / number, "seconds": 61.0 * number,
    }  # fmt: skip


def _layers(epoch: int) -> list[dict[str, object]]:
    return [
        {"epoch": epoch, "layer": layer, "parameter": parameter, "mean_abs": 0.01,
         "mean_abs_step": 1e-5 / epoch, "ratio": 1e-3 / epoch}
        for layer in ("conv1", "conv2", "fc8")
        for parameter in ("weight", "bias")
    ]  # fmt: skip
