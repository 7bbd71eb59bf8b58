"""Which classes are taken for which: confusion, and the accuracy of each class."""

import numpy as np
from numpy.typing import NDArray

from alexnet.metrics import confusion
from alexnet.reporting.blocks import details, figure, note, scrolling, section, table
from alexnet.reporting.heatmap import heat_map
from alexnet.reporting.html import Html, el
from alexnet.reporting.material import Material
from alexnet.reporting.numbers import count, counted, percent
from alexnet.results import Evaluation

MOST_CELLS = 30
FEW = 12
SHOWN = 10


def classes(material: Material) -> Html:
    """The section, for the largest number of views; without an evaluation, the reason."""
    if not material.evaluations:
        return section("classes", "Classes", note(material.why("evaluation")))
    best = material.evaluations[-1]
    counts = confusion(best.labels, best.top[:, 0], len(best.classes))
    return section(
        "classes",
        "Classes",
        el("h3", "Confusion"),
        el("div", _map(best, counts), _most_frequent(best, counts), class_=_side_by_side(best)),
        el("h3", "Accuracy of each class"),
        _accuracies(best),
    )


def _side_by_side(evaluation: Evaluation) -> str | None:
    return "pair" if len(evaluation.classes) <= FEW else None


def _map(evaluation: Evaluation, counts: NDArray[np.int64]) -> Html | None:
    if len(evaluation.classes) > MOST_CELLS:
        return None
    right, total = int(np.trace(counts)), int(counts.sum())
    words = (
        f"Rows are the right classes, columns the names given. {right} of {total} pictures lie on "
        "the diagonal, which means that they are right. The table below holds the same numbers."
    )
    names = evaluation.shown
    rows = [[int(value) for value in row] for row in counts]
    chart = heat_map("chart-confusion", "Confusion of classes", words, names, rows)
    caption = (
        "Row: right class; column: name given; number: pictures. Framed cells on the diagonal are "
        "right. The stronger the shade, the larger the share of the row."
    )
    numbers = table(
        "Pictures of each class (row) by the name given (column)",
        ["Right class", *names],
        [[name, *map(count, row)] for name, row in zip(names, rows, strict=True)],
        range(1, len(names) + 1),
    )
    scrollable = scrolling("Confusion of classes", chart)
    return el("div", figure(scrollable, caption), details("The same as a table", numbers))


def _most_frequent(evaluation: Evaluation, counts: NDArray[np.int64]) -> Html:
    wrong = counts.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:SHOWN]
    pairs = [divmod(int(place), len(counts)) for place in order if wrong.flat[place] > 0]
    if not pairs:
        return el("p", "No picture was named wrongly.")
    names, totals = evaluation.shown, counts.sum(axis=1)
    rows = [
        [names[i], names[j], f"{wrong[i, j]} of {totals[i]}", percent(wrong[i, j] / totals[i])]
        for i, j in pairs
    ]
    head = ["Right class", "Named", "Pictures", "Share of the class"]
    return table("The most frequent confusions", head, rows, {2, 3})


def _accuracies(evaluation: Evaluation) -> Html:
    known = [n for n, number in enumerate(evaluation.class_counts) if number > 0]
    order = sorted(known, key=lambda n: (evaluation.class_accuracies[n], n))
    absent = len(evaluation.classes) - len(known)
    missing = (
        f" {counted(absent, 'class has', 'classes have')} no picture in this part and no row here."
        if absent
        else ""
    )
    if len(order) <= 2 * SHOWN:
        return el("div", _ranking("All classes, worst first", evaluation, order), note(missing))
    return el(
        "div",
        el("div", _ranking("The ten worst", evaluation, order[:SHOWN]),
           _ranking("The ten best", evaluation, order[: -SHOWN - 1 : -1]), class_="pair"),
        details("All classes, worst first", _ranking("All classes", evaluation, order)),
        note(missing),
    )  # fmt: skip


def _ranking(caption: str, evaluation: Evaluation, order: list[int]) -> Html:
    names = evaluation.named
    rows = [
        [names[n], percent(evaluation.class_accuracies[n]), count(evaluation.class_counts[n])]
        for n in order
    ]
    return table(caption, ["Class", "Right", "Pictures"], rows, {1, 2})
