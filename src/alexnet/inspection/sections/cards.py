"""Small pictures with their class, part and file."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from alexnet.data.store import ImageSet
from alexnet.inspection.which import Which, shown_class
from alexnet.reporting.html import Child, Html, el
from alexnet.reporting.pictures import photo

SIDE = 144  # pixels


def sheet(cards: Sequence[Html]) -> Html:
    """Cards side by side."""
    return el("ul", cards, class_="sheet", role="list")


def card(images: ImageSet, which: Which, pixels: NDArray[np.uint8] | None = None) -> Html:
    """A stored picture, or what was made of it, with its class, part and file."""
    name = shown_class(images, which.label(images))
    found = which.pixels(images) if pixels is None else pixels
    return captioned(found, f"Picture of class {name}", el("b", name), which.named(images))


def captioned(pixels: NDArray[np.uint8], words: str, *lines: Child) -> Html:
    """A picture with lines below it; ``words`` stand for it where it is not seen."""
    return el("li", photo(pixels, words, SIDE), [el("p", line) for line in lines])
