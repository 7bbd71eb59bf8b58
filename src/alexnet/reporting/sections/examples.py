"""Pictures with their five most probable labels (figure 4 of the paper), and the worst mistakes."""

import numpy as np
from numpy.typing import NDArray

from alexnet.data.pictures import Stack
from alexnet.reporting.blocks import note, section
from alexnet.reporting.choice import SHOWN, evenly_spaced
from alexnet.reporting.html import Html, el
from alexnet.reporting.material import Material
from alexnet.reporting.numbers import count, counted, percent
from alexnet.reporting.pictures import photo
from alexnet.reporting.sections.summary import PARTS
from alexnet.reporting.svg import at, rectangle
from alexnet.results import Evaluation

RANKS = ("first", "second", "third", "fourth", "fifth")


def examples(material: Material) -> Html:
    """Eight pictures at equal distances through the part, right or wrong."""
    title = f"{SHOWN} pictures"
    if not material.evaluations:
        return section("examples", title, note(material.why("evaluation")))
    best = material.evaluations[-1]
    chosen = evenly_spaced(best.images)
    part = PARTS.get(best.part, best.part)
    how = (
        f"Taken at equal distances through the list of the {part} part (numbers "
        f"{', '.join(count(number + 1) for number in chosen)} of {count(best.images)}), whatever "
        "the network says about them. A tick marks the right class, as the red bar does in "
        "figure 4 of the paper."
    )
    title = f"{len(chosen)} pictures"
    return section("examples", title, el("p", how), _cards(material, best, chosen))


def mistakes(material: Material) -> Html:
    """The eight wrong answers that the network was surest of."""
    title = "Worst mistakes"
    if not material.evaluations:
        return section("mistakes", title, note(material.why("evaluation")))
    best = material.evaluations[-1]
    wrong = len(surest_mistakes(best, best.images))
    chosen = surest_mistakes(best)
    how = (
        f"Of {counted(wrong, 'picture', 'pictures')} named wrongly, those whose wrong name got "
        "the highest probability. A wrong label in the data looks just like a mistake of the "
        "network: look twice."
    )
    if not chosen:
        return section("mistakes", title, el("p", "No picture of this part was named wrongly."))
    return section("mistakes", title, el("p", how), _cards(material, best, chosen))


def surest_mistakes(evaluation: Evaluation, wanted: int = SHOWN) -> list[int]:
    """Numbers of wrongly named pictures, the most probable wrong name first."""
    wrong = np.flatnonzero((evaluation.top[:, 0] != evaluation.labels) | tied(evaluation))
    order = np.argsort(-evaluation.probability[wrong, 0], kind="stable")
    return [int(number) for number in wrong[order[:wanted]]]


def tied(evaluation: Evaluation) -> NDArray[np.bool_]:
    """Where two classes share the first place, which counts as wrong (``metrics.places``)."""
    first, second = evaluation.probability[:, 0], evaluation.probability[:, 1:2]
    return np.asarray((first[:, None] == second).any(axis=1))


def _cards(material: Material, evaluation: Evaluation, chosen: list[int]) -> list[Html]:
    pictures = material.pictures(evaluation)
    cards = [_card(evaluation, number, pictures) for number in chosen]
    absent = None if pictures is not None else note(f"No pictures: {material.why_no_pictures}")
    return [*([absent] if absent else []), el("ul", cards, class_="cards", role="list")]


def _card(evaluation: Evaluation, number: int, pictures: Stack | None) -> Html:
    truth = evaluation.shown[evaluation.labels[number]]
    shown = photo(pictures[number], f"Picture of class {truth}") if pictures is not None else None
    return el(
        "li",
        shown,
        el("p", truth, class_="truth"),
        el("p", verdict(evaluation, number), class_="verdict"),
        _bars(evaluation, number),
        el("p", evaluation.files[number], class_="file"),
    )


def verdict(evaluation: Evaluation, number: int) -> str:
    """Whether the right class came first, later, or not at all, in words."""
    places = np.flatnonzero(evaluation.top[number] == evaluation.labels[number])
    if len(places) == 0:
        share = percent(float(evaluation.true_probability[number]))
        return f"✗ Wrong: the right class got {share}"
    place = int(places[0])
    if place == 0 and tied(evaluation)[number]:
        return "✗ Wrong: another class is just as probable"
    return "✓ Right" if place == 0 else f"✗ Wrong: the right class came {RANKS[place]}"


def _bars(evaluation: Evaluation, number: int) -> Html:
    label = evaluation.labels[number]
    pairs = zip(evaluation.top[number], evaluation.probability[number], strict=True)
    bars = [_bar(evaluation.shown[c], float(p), bool(c == label)) for c, p in pairs]
    return el("ol", bars, class_="bars", role="list")


def _bar(name: str, probability: float, right: bool) -> Html:
    mark = [el("span", "✓ ", aria_hidden="true"), el("span", "right class: ", class_="hidden")]
    bar = el(
        "svg",
        rectangle(0, 0, 100, 8, "back"),
        rectangle(0, 0, 100 * probability, 8, "hit" if right else "other"),
        viewBox=f"0 0 100 {at(8)}",
        preserveAspectRatio="none",
        aria_hidden="true",
    )
    words = el("span", mark if right else None, name, class_="name")
    return el("li", words, el("span", percent(probability), class_="n"), bar,
              class_="right" if right else None)  # fmt: skip
