"""The nearest training pictures in the last hidden layer: the right half of figure 4."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alexnet.data.store import ImageSet
from alexnet.reporting.blocks import details, note, section, table
from alexnet.reporting.html import Html, el
from alexnet.reporting.material import Material
from alexnet.reporting.nearest import Match, Nearest
from alexnet.reporting.numbers import count, counted
from alexnet.reporting.pictures import photo
from alexnet.reporting.sections.summary import PARTS

TITLE = "Nearest training pictures"
SIDE = 128  # pixels


@dataclass(frozen=True)
class _Picture:
    """A picture of the row: uint8 (size, size, 3), its class, its file."""

    pixels: NDArray[np.uint8]
    truth: str
    file: str


@dataclass(frozen=True)
class _Row:
    """A picture, and its neighbours with their distances, nearest first."""

    asked: _Picture
    near: list[tuple[_Picture, str]]

    def same(self, picture: _Picture) -> bool:
        return picture.truth == self.asked.truth


def neighbours(material: Material) -> Html:
    """A row for each of the pictures that ``examples`` shows; without them, the reason."""
    near, images = material.nearest, material.images
    if near is None or images is None:
        return section("neighbours", TITLE, note(material.why("nearest")))
    rows = _rows(material, near, images)
    return section(
        "neighbours",
        TITLE,
        el("p", f"{_how(near)} {_looked_at(near, images)}"),
        _another(material, images),
        el("p", _agreement(rows)),
        el("ul", [_shown(row) for row in rows], class_="near", role="list"),
        details("The same as a table, with the files", _table(rows)),
    )


def _rows(material: Material, near: Nearest, images: ImageSet) -> list[_Row]:
    best = material.evaluations[-1]
    pictures = material.pictures(best)
    assert pictures is not None, "without pictures nothing was compared"
    asked = [_Picture(pictures[n], best.shown[best.labels[n]], best.files[n]) for n in near.numbers]
    return [
        _Row(picture, [_found(material, images, match) for match in matches])
        for picture, matches in zip(asked, near.matches, strict=True)
    ]


def _found(material: Material, images: ImageSet, match: Match) -> tuple[_Picture, str]:
    part, n = images.parts["train"], match.number
    truth = material.called(images.classes[part.labels[n]])
    picture = _Picture(part.pictures[n], truth, part.files[n])
    return picture, f"{match.distance:#.4g}".rstrip(".")


def _how(near: Nearest) -> str:
    after = "" if near.layer == near.output_of else f" (after its activation, {near.output_of})"
    return (
        f"For each of the pictures above, the six training pictures whose activations in "
        f"{near.layer}{after} are at the smallest Euclidean distance, nearest first, as in the "
        f"right half of figure 4 of the paper. Compared: the {count(near.values)} activations of "
        "the central view."
    )


def _looked_at(near: Nearest, images: ImageSet) -> str:
    where = f"the {PARTS['train']} part of {images.folder.name}"
    if near.looked_at == near.total:
        return f"All {counted(near.total, 'picture', 'pictures')} of {where} were looked at."
    return (
        f"{count(near.looked_at)} of the {count(near.total)} pictures of {where} were looked at, "
        "those at equal distances through its list."
    )


def _another(material: Material, images: ImageSet) -> Html | None:
    trained = material.run.plan.get("data", {}).get("fingerprint")
    if trained in (None, images.fingerprint):
        return None
    return note(f"The network was not trained on {images.folder.name}, but on another set.")


def _agreement(rows: list[_Row]) -> str:
    found = [row.same(picture) for row in rows for picture, _ in row.near]
    return (
        "The number below a neighbour is its distance. A tick and a frame mark those of the same "
        f"class as the picture: {count(sum(found))} of {count(len(found))}."
    )


def _shown(row: _Row) -> Html:
    asked = row.asked
    picture = photo(asked.pixels, f"Picture of class {asked.truth}", SIDE)
    return el(
        "li",
        el("div", picture, el("p", asked.truth, class_="name")),
        el("ol", [_neighbour(row, *one) for one in row.near], role="list"),
    )


def _neighbour(row: _Row, picture: _Picture, distance: str) -> Html:
    same = row.same(picture)
    which = "the same class" if same else "another class"
    words = f"Training picture of class {picture.truth}, {which}, distance {distance}"
    tick = [el("span", "✓ ", aria_hidden="true"), el("span", "same class: ", class_="hidden")]
    return el(
        "li",
        photo(picture.pixels, words, SIDE),
        el("p", tick if same else None, picture.truth, class_="name"),
        el("p", distance, class_="distance"),
        class_="same" if same else None,
    )


def _table(rows: list[_Row]) -> Html:
    head = ["Picture", "Its class", "Place", "Training picture", "Class", "Same", "Distance"]
    body = [
        [row.asked.file, row.asked.truth, str(place), picture.file, picture.truth,
         "yes" if row.same(picture) else "no", distance]
        for row in rows
        for place, (picture, distance) in enumerate(row.near, 1)
    ]  # fmt: skip
    return table("Nearest training pictures, nearest first", head, body, {2, 6})
