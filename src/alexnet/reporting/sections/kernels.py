"""The kernels of the first layer, as figure 3 of the paper shows them."""

import numpy as np
from numpy.typing import NDArray

from alexnet.reporting.blocks import figure, note, section
from alexnet.reporting.html import Html, el
from alexnet.reporting.material import Material
from alexnet.reporting.pictures import kernel_grid, pixels

COLUMNS = 16
NUMBERS = ("one", "two", "three", "four")


def kernels(material: Material) -> Html:
    """The section: one picture for each tower; without a model, the reason."""
    if material.model is None:
        return section("kernels", "First-layer kernels", note(material.why("model")))
    values, towers = material.first_kernels()
    number, _, height, width = values.shape
    share = number // towers
    grids = [_tower(values[t * share : (t + 1) * share], t, towers) for t in range(towers)]
    return section(
        "kernels",
        "First-layer kernels",
        el("p", f"The {number} kernels of {width}×{height}×3 weights in the order of the model, "
           "each scaled by itself so that its smallest weight is 0 and its largest 255. "
           f"{_reading(towers)}"),
        grids,
    )  # fmt: skip


def _reading(towers: int) -> str:
    smooth = "Smooth patterns are a sign of enough training, noise of too little."
    if towers != 2:
        return smooth
    return (
        "Figure 3 of the paper is such a picture: there the kernels of one tower are mostly grey "
        f"(edges and gratings), those of the other mostly coloured. {smooth}"
    )


def _tower(values: NDArray[np.float32], tower: int, towers: int) -> Html:
    first = tower * len(values) + 1
    span = f"kernels {first} to {first + len(values) - 1}"
    half = {(0, 2): "upper half, ", (1, 2): "lower half, "}.get((tower, towers), "")
    name = f"Tower {NUMBERS[tower]}: {half}{span}" if towers > 1 else span.capitalize()
    picture = pixels(kernel_grid(values, COLUMNS), f"Grid of first-layer {span}, {COLUMNS} a row.")
    return figure(picture, name)
