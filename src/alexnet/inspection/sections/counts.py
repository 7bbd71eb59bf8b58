"""Sections of numbers: classes, sizes, odd photos, rejected files."""

import numpy as np

from alexnet.inspection.classes import uneven
from alexnet.inspection.drawings import histogram
from alexnet.inspection.findings import Findings
from alexnet.inspection.sections.cards import card, sheet
from alexnet.inspection.sizes import ENLARGED, LONG, SHARE_NAMES
from alexnet.inspection.which import Which
from alexnet.reporting.blocks import details, figure, note, section, table
from alexnet.reporting.html import Child, Html, el
from alexnet.reporting.numbers import count, counted, percent

MOST_ROWS = 30  # classes that are shown at once; more when the reader opens them
MOST = 16  # pictures of a kind
SIDES = (0, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048)  # pixels
SHAPES = (0, 0.33, 0.5, 0.67, 0.75, 0.9, 1.1, 1.33, 1.5, 2, 3, 9)  # width / height


def classes(found: Findings) -> Html:
    """How many pictures each class has."""
    counts = found.classes.counts
    rows = [
        [name, *(count(numbers[label]) for numbers in counts.values())]
        for label, name in enumerate(found.classes.names)
    ]
    words = f"Pictures of each of the {count(len(rows))} classes"
    every = table(words, ["Class", *counts], rows, range(1, len(counts) + 1))
    absent = [
        note(f"{counted(len(names), 'class has', 'classes have')} no picture in {part}.")
        for part in counts
        if (names := found.classes.absent(part))
    ]
    sentence = uneven(found.classes).replace(" %", "\N{NO-BREAK SPACE}%")
    shown = details(words, every) if len(rows) > MOST_ROWS else every
    return section("classes", "Classes", el("p", sentence), absent, shown)


def sizes(found: Findings) -> Html:
    """Sides and shapes of the photos as they were."""
    all_ = np.concatenate(list(found.sizes.photos.values()))
    shorter, shape = np.minimum(all_["width"], all_["height"]), all_["width"] / all_["height"]
    left = histogram("sides", "Shorter side", shorter, SIDES, "shorter side, pixels")
    right = histogram("shapes", "Shape", shape, SHAPES, "width / height")
    head = ["", *SHARE_NAMES]
    quantiles = found.sizes.quantiles
    rows = [[n.capitalize(), *map(count, quantiles[n])] for n in ("width", "height")]
    rows.append(["Longer side / shorter", *(f"{one:.2f}" for one in quantiles["length"])])
    return section(
        "sizes",
        "Sizes",
        el("p", f"{percent(found.sizes.enlarged)} of the photos were scaled up to "
                f"{found.images.size} pixels, which adds no detail."),
        el("div", figure(left, "Shorter sides; numbers above bars are percent."),
           figure(right, "Shapes; upright photos are on the left."), class_="pair"),
        table("Of all photos, this share is no larger", head, rows, range(1, len(head))),
    )  # fmt: skip


def odd(found: Findings) -> Html:
    """Photos that are worth a look."""
    sizes, plain = found.sizes, found.one_colour
    grey = f"{count(sizes.grey)} photos ({percent(sizes.grey / sizes.count)}) are grey."
    names = [found.classes.names[label] for label in sizes.grey_classes]
    told = f" A network can tell these classes by that alone: {', '.join(names)}." if names else ""
    looked = f"Nearly one colour, of {count(plain.looked_at)} looked at"
    return section(
        "odd",
        "Odd photos",
        el("p", grey, told),
        _shown(found, f"Small: enlarged over {ENLARGED} times", sizes.small),
        _shown(found, f"Long: over {LONG:g} to 1", sizes.long),
        _shown(found, looked, plain.found),
    )


def _shown(found: Findings, title: str, pictures: list[Which]) -> Child:
    cards = [card(found.images, one) for one in pictures[:MOST]]
    more = len(pictures) - MOST
    rest = note(f"And {count(more)} more; alexnet inspect --json names all.") if more > 0 else None
    return [el("h3", f"{title}: {count(len(pictures))}"), sheet(cards) if cards else None, rest]


def rejected(found: Findings) -> Html:
    """Files that were left out, by reason."""
    rejections = found.rejections
    rows = [[why, count(files), first] for why, files, first in rejections.reasons]
    kinds = [[kind, count(n)] for kind, n in rejections.not_photos.items()]
    others = table("Files that are no photos", ["Kind", "Files"], kinds, {1}) if kinds else None
    if not rows:
        return section("rejected", "Rejected", el("p", "No photo was left out."), others)
    reasons = table("Reasons, the most frequent first", ["Reason", "Files", "Such as"], rows, {1})
    files = counted(rejections.count, "file was", "files were")
    words = f"{files} left out; rejected.csv in the set names all."
    return section("rejected", "Rejected", el("p", words), reasons, others)
