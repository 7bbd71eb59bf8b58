"""How often it is wrong, for each number of views, with 95 % intervals."""

from alexnet.reporting.blocks import note, section, table
from alexnet.reporting.html import Html, el
from alexnet.reporting.material import Material
from alexnet.reporting.numbers import count, interval, percent
from alexnet.reporting.sections.summary import PARTS
from alexnet.results import Evaluation

VIEWS = {
    1: "1 (centre)",
    5: "5 (corners, centre)",
    10: "10 (also mirrored)",
}
STEERED = (
    "The validation part may have steered the training (learning rate, choices made), so "
    "pictures that the network has never met may be named wrongly a little more often."
)
ELSEWHERE = (
    "It is not known which pictures the imported weights learned from, perhaps some of these."
)
SEEN = "These are the pictures it was trained on: the error on new ones is higher."


def errors(material: Material) -> Html:
    """The section; without an evaluation, the reason."""
    if not material.evaluations:
        return section("errors", "Error rates", note(material.why("evaluation")))
    first = material.evaluations[0]
    part = PARTS.get(first.part, first.part)
    k = f"top-{first.k}"
    head = [
        "Views", "Pictures", "Top-1 error", "95 % interval", f"{k.capitalize()} error",
        "95 % interval", "Mean class accuracy", "95 % interval",
    ]  # fmt: skip
    rows = [_row(evaluation) for evaluation in material.evaluations]
    return section(
        "errors",
        "Error rates",
        table(f"Measured on the {part} part, every picture once", head, rows, range(1, 8)),
        el("p", f"Top-1: the most probable label is wrong. {_top_k(first.k, len(first.classes))}"),
        _warning(material, first.part),
    )


def _row(e: Evaluation) -> list[str]:
    top1 = (percent(e.top1_error), interval(e.top1_interval))
    topk = (percent(e.topk_error), interval(e.topk_interval))
    mean = (percent(e.mean_class_accuracy), interval(e.mean_class_interval))
    return ["Dense" if e.dense else VIEWS.get(e.views, e.way), count(e.images), *top1, *topk, *mean]


def _top_k(k: int, classes: int) -> str:
    some = f"Top-{k}: the right label is not among the {k} most probable ones. " if k > 1 else ""
    few = f"(With {classes} classes, five guesses would say little or nothing.) " if k < 5 else ""
    return (
        f"{some}{few}The probabilities of the views are averaged before they are ranked. "
        "The intervals say how far chance in the choice of pictures reaches; they say nothing of "
        "other training runs or other kinds of photo."
    )


def _warning(material: Material, part: str) -> Html | None:
    words = ELSEWHERE if material.imported else {"val": STEERED, "train": SEEN}.get(part)
    return note(words) if words else None
