"""All that the page is made from, gathered once; what is missing is missing with a reason."""

import csv
import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from alexnet.data.pictures import Stack
from alexnet.data.store import ImageSet, open_set
from alexnet.errors import AlexNetError
from alexnet.evaluation import evaluate
from alexnet.model import Model, load_model
from alexnet.networks.layers import Convolution
from alexnet.progress import duration
from alexnet.reporting.choice import evenly_spaced
from alexnet.reporting.nearest import Nearest, nearest
from alexnet.results import Evaluation, saved_evaluations
from alexnet.run import Run, data_folder, open_run

T = TypeVar("T")
Say = Callable[[str], None]

METRICS = (
    "epoch", "step", "rate", "train_loss", "train_error", "val_loss", "val_error",
    "val_top5_error", "images_per_second", "data_wait_share", "seconds",
)  # fmt: skip


@dataclass(frozen=True)
class LayerRow:
    """A line of ``layers.csv``: mean sizes of a parameter and of its steps in one epoch."""

    epoch: float
    layer: str
    parameter: str
    mean_abs: float
    mean_abs_step: float
    ratio: float


@dataclass(frozen=True)
class Material:
    """A run and what belongs to it; None or empty where it could not be had, see ``why``."""

    run: Run
    model: Model | None
    images: ImageSet | None  # what it was trained on
    measured: ImageSet | None  # what it was evaluated on
    evaluations: list[Evaluation]  # by number of views, the largest last
    layers: list[LayerRow]
    missing: dict[str, str] = field(default_factory=dict)
    nearest: Nearest | None = None  # of the evaluated pictures that are shown

    def why(self, name: str) -> str:
        """Why "model", "data", "evaluation", "pictures" or "nearest" is missing: a sentence."""
        return self.missing.get(name, "It was not written.")

    @property
    def why_no_pictures(self) -> str:
        """Why ``pictures`` gives none: a sentence."""
        changed = "The set is no longer the one that was evaluated."
        return self.missing.get("pictures") or self.missing.get("data") or changed

    @property
    def data_name(self) -> str:
        """The end of the set's path: its own name often says no more than "data"."""
        folder = Path(self.run.plan.get("data", {}).get("folder") or "unnamed data")
        return "/".join(part for part in folder.parts[-2:] if part != folder.anchor)

    @property
    def imported(self) -> dict[str, str]:
        """Where weights are from that were not trained here; else empty."""
        return self.run.plan.get("imported") or {}

    def called(self, name: str) -> str:
        """What people call a class of a set, where the network knows a name for its id."""
        model = self.model
        known = dict(zip(model.classes, model.shown, strict=True)) if model is not None else {}
        return known.get(name, name)

    @property
    def recipe(self) -> str | None:
        """The name of the recipe."""
        return self.run.plan.get("recipe_name")

    @property
    def epochs(self) -> list[dict[str, float]]:
        """The metrics of each finished epoch; what was not measured is not a number."""
        return [{name: epoch.get(name, math.nan) for name in METRICS} for epoch in self.run.metrics]

    @property
    def training_time(self) -> str:
        """The time of all finished epochs together, as people say it."""
        return duration(self.run.metrics[-1].get("seconds", 0.0) if self.run.metrics else 0.0)

    @property
    def mean(self) -> NDArray[np.float32] | None:
        """The mean image (size, size, 3), 0 to 255; what imported weights subtract."""
        if self.images is not None and not self.imported:
            return self.images.mean
        return self.model.mean if self.model is not None else None

    def colours(self) -> tuple[list[float], list[float]] | None:
        """Channel means (0 to 255) and eigenvalues (pixels in 0 to 1), from the set or the plan."""
        if self.images is not None:
            return list(self.images.channel_means), list(self.images.eigenvalues)
        data = self.run.plan.get("data", {})
        if "channel_means" in data and "eigenvalues" in data:
            return data["channel_means"], data["eigenvalues"]
        return None

    def pictures(self, evaluation: Evaluation) -> Stack | None:
        """The pictures that were evaluated, in that order; None where the set is another one."""
        part = self.measured.parts.get(evaluation.part) if self.measured is not None else None
        if part is None or list(part.files) != list(evaluation.files):
            return None
        return part.pictures

    def first_kernels(self) -> tuple[NDArray[np.float32], int]:
        """Kernels of the first layer (n, 3, height, width), RGB, and the number of towers."""
        assert self.model is not None
        layers = [layer for layer in self.model.layers if isinstance(layer, Convolution)]
        weights = self.model.network.get_submodule(layers[0].name).state_dict()["weight"].numpy()
        flipped = self.model.preprocessing.channels == "BGR"
        return weights[:, ::-1] if flipped else weights, max(layer.groups for layer in layers)


def gather(folder: Path, data: Path | None, say: Say, quiet: bool) -> Material:
    """Open the run and all that belongs to it; AlexNetError only where it is no run at all.

    Evaluates the run where that has not been done, or not on ``data``.
    """
    run = open_run(folder)
    missing: dict[str, str] = {}
    model = _attempt("model", missing, lambda: load_model(folder))
    images = _attempt("data", missing, lambda: open_set(data or data_folder(run)))
    found = _attempt("evaluation", missing, lambda: _evaluations(folder, data, say, quiet)) or []
    evaluations = sorted(found, key=lambda evaluation: evaluation.views)
    measured = _attempt("pictures", missing, lambda: _measured(evaluations, images))
    material = Material(run, model, images, measured, evaluations, _layers(folder), missing)
    near = _attempt("nearest", missing, lambda: _nearest(material, quiet))
    return replace(material, nearest=near)


def _attempt(name: str, missing: dict[str, str], make: Callable[[], T]) -> T | None:
    try:
        return make()
    except AlexNetError as error:
        missing[name] = str(error)
        return None


def _evaluations(folder: Path, data: Path | None, say: Say, quiet: bool) -> list[Evaluation]:
    saved = saved_evaluations(folder)
    if data is not None:
        saved = [known for known in saved if _same(known.data, data)]
    return saved or evaluate([folder], data, say=say, quiet=quiet)


def _measured(evaluations: list[Evaluation], images: ImageSet | None) -> ImageSet | None:
    """The set of the evaluation, which may be another one than that of the training."""
    if not evaluations or (images is not None and _same(evaluations[-1].data, images.folder)):
        return images
    return open_set(evaluations[-1].data)


def _nearest(material: Material, quiet: bool) -> Nearest:
    """The training pictures nearest to those shown; AlexNetError says what is missing for it."""
    model, images, evaluations = material.model, material.images, material.evaluations
    if model is None or not evaluations:
        raise AlexNetError(material.why("evaluation" if model is not None else "model"))
    shown = material.pictures(evaluations[-1])
    if shown is None or images is None or material.measured is None:
        raise AlexNetError(material.why_no_pictures)
    for known in (images, material.measured):
        _check_size(model, known)
    if "train" not in images.parts:
        raise AlexNetError(f"{images.folder} has no training pictures.")
    numbers = evenly_spaced(len(shown))
    inside = evaluations[-1].part == "train" and _same(images.folder, material.measured.folder)
    training = images.parts["train"].pictures
    return nearest(model, shown[numbers], numbers, training, inside=inside, quiet=quiet)


def _check_size(model: Model, images: ImageSet) -> None:
    way = model.preprocessing
    if (way.size, way.fit) != (images.size, images.fit):
        raise AlexNetError(
            f"{images.folder} now holds pictures of {images.size} pixels ({images.fit}), the "
            f"network was trained on {way.size} ({way.fit})."
        )


def _same(one: Path | str, other: Path | str) -> bool:
    return Path(one).resolve() == Path(other).resolve()


def _layers(folder: Path) -> list[LayerRow]:
    try:
        with (folder / "layers.csv").open(newline="", encoding="utf-8") as file:
            return [_layer_row(row) for row in csv.DictReader(file)]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _layer_row(row: dict[str, str]) -> LayerRow:
    sizes = [float(row[name] or math.nan) for name in ("mean_abs", "mean_abs_step", "ratio")]
    return LayerRow(float(row["epoch"]), row["layer"], row["parameter"], *sizes)
