"""What an evaluation found: kept in the run's folder, as JSON, as a table of images."""

import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from alexnet import files
from alexnet.data.preparing.naming import called
from alexnet.data.tables import write_table

FORMAT = 1
_SHARED = ("labels", "class_counts")
_OF_VIEWS = ("class_accuracies", "top", "probability", "true_probability")
_PAIRS = ("top1_interval", "topk_interval", "mean_class_interval")


@dataclass(frozen=True)
class Evaluation:
    """What was measured with one number of views. Shares are 0 to 1, N images, K classes.

    Dense answers are counted as views: those of all positions of the network on a picture.
    Intervals are of 95 %: Wilson's for the errors, ``metrics.mean_class_interval`` for the mean.
    """

    run: str  # several runs: an ensemble, their names joined by " + "
    part: str  # test, val or train
    images: int  # N
    classes: tuple[str, ...]  # in the order of the network's outputs
    k: int
    views: int
    top1_error: float
    topk_error: float
    mean_class_accuracy: float  # over the classes that have images
    top1_interval: tuple[float, float]
    topk_interval: tuple[float, float]
    mean_class_interval: tuple[float, float]
    class_counts: NDArray[np.int64]  # (K,)
    class_accuracies: NDArray[np.float64]  # (K,), NaN where a class has no images
    labels: NDArray[np.int64]  # (N,)
    top: NDArray[np.int64]  # (N, min(5, K)), most probable first
    probability: NDArray[np.float32]  # (N, min(5, K)), of these
    true_probability: NDArray[np.float32]  # (N,), of the true class
    files: tuple[str, ...]
    data: str = ""  # the set's folder
    names: tuple[str, ...] = ()  # what to call the classes, where these are ids
    dense: bool = False  # whether the network was run on whole pictures, not on crops

    @property
    def way(self) -> str:
        """The number of views, or "dense"."""
        return "dense" if self.dense else str(self.views)

    @property
    def shown(self) -> tuple[str, ...]:
        """The names of the classes for people."""
        return self.names or self.classes

    @property
    def named(self) -> tuple[str, ...]:
        """The same with the ids that classes have beside their names: "tench (n01440764)"."""
        return tuple(map(called, self.classes, self.shown))

    @property
    def classes_without_images(self) -> int:
        """How many classes are left out of the mean accuracy, because the part has none of them."""
        return int((self.class_counts == 0).sum())

    def summary(self) -> dict[str, Any]:
        """The numbers, as ``alexnet evaluate --json`` prints them."""
        names = (
            "run", "data", "part", "images", "k", "views", "dense", "top1_error", "topk_error",
            "mean_class_accuracy", *_PAIRS, "classes_without_images",
        )  # fmt: skip
        classes = zip(
            self.classes, self.shown, self.class_counts, self.class_accuracies, strict=True
        )
        return {
            **{name: getattr(self, name) for name in names},
            "by_class": [
                {
                    "class": one,
                    **({"name": name} if self.names else {}),
                    "images": int(n),
                    "accuracy": float(a) if n else None,
                }
                for one, name, n, a in classes
            ],
        }


def write_predictions(path: Path, evaluations: Sequence[Evaluation]) -> None:
    """A CSV file, a row for each image and number of views; the most probable classes in order."""
    places = range(1, evaluations[0].top.shape[1] + 1)
    guesses = [name for n in places for name in (f"class_{n}", f"probability_{n}")]
    header = ["views", "file", "class", "probability", *guesses]
    write_table(path, header, chain.from_iterable(map(_rows, evaluations)))


def _rows(e: Evaluation) -> Iterator[list[object]]:
    for n in range(e.images):
        pairs = zip(e.top[n], e.probability[n], strict=True)
        guesses = [value for c, p in pairs for value in (e.classes[c], f"{p:.6g}")]
        truth = (e.classes[e.labels[n]], f"{e.true_probability[n]:.6g}")
        yield [e.way, e.files[n], *truth, *guesses]


def fingerprint(run: Path) -> str:
    """A checksum of the run's weights: what was measured of other weights is out of date."""
    checksum = 0
    try:
        with (run / "model.safetensors").open("rb") as file:
            while block := file.read(1 << 20):
                checksum = zlib.crc32(block, checksum)
    except OSError:
        return ""
    return f"{checksum:08x}"


def keep(run: Path, evaluations: Sequence[Evaluation], weights: str) -> None:
    """Write ``evaluation.safetensors``, which is read again, and ``evaluation.json`` for others.

    ``weights`` is their ``fingerprint``. AlexNetError where the folder takes no files.
    """
    first = evaluations[0]
    tensors = {name: getattr(first, name) for name in _SHARED}
    for e in evaluations:
        tensors |= {f"{e.views}.{name}": getattr(e, name) for name in _OF_VIEWS}
    described = {
        "format": FORMAT,
        "weights": weights,
        "classes": first.classes,
        "names": first.names,
        "files": first.files,
        "evaluations": [e.summary() for e in evaluations],
    }
    metadata = {"described": json.dumps(described)}  # one entry: safetensors shuffles several
    data = safetensors.numpy.save(
        {name: np.ascontiguousarray(value) for name, value in tensors.items()}, metadata
    )
    files.write_bytes(run / "evaluation.safetensors", data)
    files.write_json(run / "evaluation.json", described["evaluations"])


def saved_evaluations(run: Path | str) -> list[Evaluation]:
    """The last evaluation of a run, by number of views; empty where there is none of its weights.

    Empty too where it cannot be read: it can be had again by evaluating.
    """
    folder = Path(run)
    try:
        with safe_open(folder / "evaluation.safetensors", "np") as file:
            described = json.loads(file.metadata()["described"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        if (described["format"], described["weights"]) != (FORMAT, fingerprint(folder)):
            return []
        return [_evaluation(described, tensors, summary) for summary in described["evaluations"]]
    except (OSError, SafetensorError, ValueError, KeyError, TypeError):
        return []


def _evaluation(
    described: dict[str, Any], tensors: dict[str, NDArray[Any]], summary: dict[str, Any]
) -> Evaluation:
    derived = ("classes_without_images", "by_class")
    values = {key: value for key, value in summary.items() if key not in derived}
    values |= {name: tuple(summary[name]) for name in _PAIRS}
    values |= {name: tuple(described.get(name, ())) for name in ("classes", "names", "files")}
    values |= {name: tensors[name] for name in _SHARED}
    values |= {name: tensors[f"{summary['views']}.{name}"] for name in _OF_VIEWS}
    return Evaluation(**values)
