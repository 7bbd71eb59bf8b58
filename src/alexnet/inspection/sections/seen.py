"""Sections of what a network will see: training views, and the colour noise by itself."""

from alexnet.inspection import samples
from alexnet.inspection.findings import Findings
from alexnet.inspection.samples import View
from alexnet.inspection.sections.cards import captioned, card, sheet
from alexnet.reporting.blocks import section
from alexnet.reporting.html import Html, el

BARE = 8  # views that are shown as the network reads them


def views(found: Findings) -> Html:
    """A contact sheet: what training shows of pictures at equal distances through the part."""
    images = found.images
    chosen = samples.training_views(images)
    crop = samples.way_of(images).crop
    words = (
        f"Of {len(chosen)} training pictures at equal distances, what the paper's training would "
        f"show in its first epoch: {crop}×{crop} pixels at a place that is drawn, half of them "
        "mirrored, with colour noise. Look for what is missing: with small objects near an edge, "
        "or letters that are mirrored, a crop may show another class than its label says."
    )
    less = (
        "The same as numbers, which is what the network reads: the mean image is taken away; "
        "middle grey stands for 0, and contrast is halved."
    )
    bare = [card(images, view.which, samples.less_the_mean(images, view)) for view in chosen[:BARE]]
    return section(
        "views",
        "What the network will see",
        el("p", words),
        sheet([card(images, view.which, view.pixels) for view in chosen]),
        el("p", less),
        sheet(bare),
    )


def noise(found: Findings) -> Html:
    """Eight draws of the colour noise on one picture."""
    plain, noisy = samples.noise_samples(found.images)
    words = (
        "One picture as it is, and with the colours of eight epochs (section 4.1 of the paper). "
        "The noise follows the principal components of this set's colours, so it is mostly light "
        "and dark; the numbers are grey levels, of 255, added to red, green and blue."
    )
    first = captioned(
        plain.pixels, "The picture as it is", el("b", "as it is"), plain.which.file(found.images)
    )
    return section("noise", "Colour noise", el("p", words), sheet([first, *map(_noisy, noisy)]))


def _noisy(view: View) -> Html:
    numbers = ", ".join(f"{value:+.1f}" for value in view.shift.tolist())
    return captioned(view.pixels, f"The picture with {numbers} added", numbers)
