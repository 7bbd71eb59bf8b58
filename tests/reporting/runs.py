"""A run folder and its set, written by hand: three classes with awkward names, 32x32 pictures."""

import json
from pathlib import Path

import numpy as np

from alexnet.data.store import TABLE
from alexnet.data.tables import write_table
from alexnet.model import save_model
from alexnet.training.recipe import as_plan, resolve
from alexnet.training.tally import as_csv
from tests.tiny import COLOURS, tiny_model

AWKWARD = "<b>&\"'</b>"
CLASSES = ("red", AWKWARD, "b l u e")
PARTS = {"train": 30, "val": 12, "test": 24}


def write_set(folder: Path, classes: tuple[str, ...] = CLASSES, wrong: int = 3) -> Path:
    """A set of noisy pictures in the colours of the first three classes, ``wrong`` mislabelled."""
    folder.mkdir(parents=True)
    for part, number in PARTS.items():
        _write_part(folder, part, classes, number, wrong)
    np.save(folder / "mean.npy", np.full((32, 32, 3), 100, np.float32))
    facts = {
        "format": 1, "size": 32, "fit": "crop", "classes": list(classes), "parts": PARTS,
        "channel_means": [100.5, 90.25, 80.0], "eigenvalues": [0.2, 0.02, 0.006],
        "axes": np.eye(3).tolist(), "source": {}, "seed": 0, "fingerprint": "f" * 64,
        "rejected": 2, "not_photos": 1, "created_by": "alexnet",
    }  # fmt: skip
    (folder / "set.json").write_text(json.dumps(facts))
    return folder


def _write_part(folder: Path, part: str, classes: tuple[str, ...], number: int, wrong: int) -> None:
    random = np.random.default_rng(len(part))
    colours = [COLOURS[name] for name in ("red", "green", "blue")]
    shown = np.arange(number) % 3
    pictures = random.normal(0, 40, (number, 32, 32, 3)) + np.array(colours)[shown][:, None, None]
    labels = shown.copy()
    labels[:wrong] = (shown[:wrong] + 1) % len(classes)
    np.save(folder / f"{part}.npy", pictures.clip(0, 255).astype(np.uint8))
    np.save(folder / f"{part}-labels.npy", labels.astype(np.int32))
    rows = [(n, classes[c], c, f"{part}/<{n}>.jpg", 50, 40) for n, c in enumerate(labels)]
    write_table(folder / f"{part}.csv", TABLE, rows)


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
