"""The head of the page: what was trained, on what, and how often it is wrong."""

from pathlib import Path

from alexnet.reporting.html import Html, el
from alexnet.reporting.material import Material
from alexnet.reporting.numbers import count, counted, interval, percent
from alexnet.results import Evaluation

PARTS = {"train": "training", "val": "validation", "test": "test"}


def title(material: Material) -> str:
    """The name of the network and of what it was trained on."""
    network = str(material.run.plan.get("network", "A network"))
    if material.imported:
        return f"{network}, imported"
    return f"{network} trained on {material.data_name}"


def sentence(material: Material) -> str:
    """One sentence with the error, or why there is none."""
    after = _after(material)
    if not material.evaluations:
        return f"No error rate is known {after}: {material.why('evaluation')}"
    best = material.evaluations[-1]
    views = _views(best)
    return (
        f"{percent(best.top1_error)} of {counted(best.images, 'picture', 'pictures')} of the "
        f"{PARTS.get(best.part, best.part)} part{_elsewhere(material)} are named wrongly "
        f"(95 % interval {interval(best.top1_interval)}; mean of {views}), {after}."
    )


def _views(evaluation: Evaluation) -> str:
    return "dense" if evaluation.dense else counted(evaluation.views, "view", "views")


def _elsewhere(material: Material) -> str:
    trained, measured = material.run.plan.get("data", {}), material.measured
    if measured is not None and material.imported:
        return f" of {measured.folder.name}"
    if measured is None or trained.get("fingerprint") in (None, measured.fingerprint):
        return ""
    return f" of {measured.folder.name}, another set,"


def _after(material: Material) -> str:
    if material.imported:
        return f"with weights imported from {Path(material.imported['file']).name}"
    data = material.run.plan.get("data", {})
    epochs = counted(len(material.epochs), "epoch", "epochs")
    train, classes = data.get("train"), data.get("classes")
    if train is None or classes is None:
        return f"after {epochs} of training"
    return f"after {epochs} on {counted(train, 'picture', 'pictures')} of {count(classes)} classes"


def tiles(material: Material) -> Html:
    """The numbers that most readers look for."""
    tiles = [*_error_tiles(material), *_training_tiles(material)]
    return el("dl", [_tile(*tile) for tile in tiles], class_="tiles")


def _error_tiles(material: Material) -> list[tuple[str, str, str]]:
    if not material.evaluations:
        return []
    best = material.evaluations[-1]
    views = f"{PARTS.get(best.part, best.part)}, {_views(best)}"
    shown = [("Top-1 error", percent(best.top1_error), views)]
    if best.k > 1:
        shown.append((f"Top-{best.k} error", percent(best.topk_error), views))
    shown.append(("Mean class accuracy", percent(best.mean_class_accuracy), views))
    return shown


def _training_tiles(material: Material) -> list[tuple[str, str, str]]:
    epochs = material.epochs
    if not epochs:
        return []
    steps = f"{count(epochs[-1]['step'])} steps"
    speed = f"{epochs[-1]['images_per_second']:,.0f}"
    return [
        ("Epochs", count(len(epochs)), steps),
        ("Training time", material.training_time, f"{speed} pictures a second"),
    ]


def _tile(name: str, value: str, more: str) -> Html:
    return el("div", el("dt", name), el("dd", value, el("small", more)))
