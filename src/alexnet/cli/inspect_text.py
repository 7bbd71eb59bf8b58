"""What `alexnet inspect` prints of a set."""

from collections.abc import Sequence

import numpy as np

from alexnet.cli.bars import shown
from alexnet.cli.columns import paragraph, table
from alexnet.data.explain import listed, number
from alexnet.inspection.classes import Classes, uneven
from alexnet.inspection.findings import Findings
from alexnet.inspection.odd import OneColour
from alexnet.inspection.rejections import Rejections
from alexnet.inspection.repeats import Repeats
from alexnet.inspection.sizes import ENLARGED, LONG, SHARE_NAMES, Sizes
from alexnet.inspection.which import Which

MOST_CLASSES = 10  # rows; of more classes the smallest and the largest
MOST = 8  # files or pairs that are named; --json names all

Lines = list[str]


def described(found: Findings, width: int, encoding: str) -> Lines:
    """All findings in lines of ``width`` columns, but for long names; safe to print."""
    blocks = [
        _head(found),
        _classes(found.classes, width),
        _sizes(found.sizes, width),
        _odd(found.sizes, found.one_colour, width),
        _rejected(found.rejections, width),
        _copies(found.repeats, width),
    ]
    return [shown(line, encoding) for block in blocks for line in [*block, ""]][:-1]


def _head(found: Findings) -> Lines:
    images = found.images
    parts = ", ".join(f"{name} {len(part):,}" for name, part in images.parts.items())
    pictures = number(sum(map(len, images.parts.values())), "picture")
    classes = number(len(images.classes), "class", "classes")
    return [
        f"{images.folder}: {pictures} of {images.size}x{images.size} in {classes}",
        f"  {parts}",
    ]


def _classes(classes: Classes, width: int) -> Lines:
    counts = classes.counts
    order = np.argsort(counts[next(iter(counts))], kind="stable")
    if len(order) > MOST_CLASSES:
        order = np.concatenate([order[: MOST_CLASSES // 2], order[-MOST_CLASSES // 2 :]])
    rows = [["  class", *counts]]
    rows += [
        [f"  {classes.names[label]}", *(f"{numbers[label]:,}" for numbers in counts.values())]
        for label in order
    ]
    title = "Classes" if len(order) == len(classes.names) else "Classes, smallest and largest"
    absent = [
        _sentence(f"No picture in {part}: {listed(classes.absent(part))}.", width)
        for part in counts
        if classes.absent(part)
    ]
    return [
        title,
        *table(rows, width, wrapped=(0,), right=range(1, len(counts) + 1)),
        *_sentence(uneven(classes), width),
        *(line for lines in absent for line in lines),
    ]


def _sizes(sizes: Sizes, width: int) -> Lines:
    names = ["  photos", *SHARE_NAMES]
    quantiles = sizes.quantiles
    rows = [names]
    rows += [[f"  {n}", *(f"{one:.0f}" for one in quantiles[n])] for n in ("width", "height")]
    rows.append(["  longer side / shorter", *(f"{one:.2f}" for one in quantiles["length"])])
    words = f"Scaled up to {sizes.images.size}: {100 * sizes.enlarged:.1f} % of the photos."
    return ["Sizes", *table(rows, width, right=range(1, len(names))), *_sentence(words, width)]


def _odd(sizes: Sizes, one_colour: OneColour, width: int) -> Lines:
    images = sizes.images
    lines = ["Odd photos", f"  grey: {sizes.grey:,} ({100 * sizes.grey / sizes.count:.1f} %)"]
    if labels := sizes.grey_classes:
        names = listed(images.classes[label] for label in labels)
        lines += _sentence(f"Grey classes, which can be told by that alone: {names}.", width, 4)
    looked = one_colour.looked_at
    among = "" if looked == sizes.count else f" of {looked:,} that were looked at"
    kinds: list[tuple[str, Sequence[Which]]] = [
        (f"small, enlarged over {ENLARGED} times", sizes.small),
        (f"long, over {LONG:g} to 1", sizes.long),
        (f"nearly one colour{among}", one_colour.found),
    ]
    for words, pictures in kinds:
        lines.append(f"  {words}: {len(pictures):,}")
        lines += [f"    {one.named(images)}" for one in pictures[:MOST]]
        lines += _more(len(pictures))
    return lines


def _rejected(rejections: Rejections, width: int) -> Lines:
    if not rejections.reasons:
        return ["Rejected: no file"]
    rows = [
        [f"  {files:,}", reason, f"such as {first}" if files > 1 else first]
        for reason, files, first in rejections.reasons[:MOST]
    ]
    lines = table(rows, width, wrapped=(1, 2), right=(0,))
    more = rejections.reasons[MOST:]
    rest = [f"  and {len(more):,} more reasons"] if more else []
    return [f"Rejected: {number(rejections.count, 'file')}", *lines, *rest]


def _copies(repeats: Repeats, width: int) -> Lines:
    kinds = ", ".join(f"{kind} {n:,}" for kind, n in repeats.kinds.items())
    groups = number(len(repeats.groups), "photo is", "photos are")
    lines = [f"Copies: {groups} there more than once (pairs: {kinds})"]
    lines.append(f"  in a part that is tested as well (leaks): {len(repeats.leaks):,}")
    lines += [_side_by_side(repeats, pair) for pair in repeats.leaks[:MOST]]
    lines += _more(len(repeats.leaks))
    lines.append(f"  in two classes: {len(repeats.in_two_classes):,}")
    lines += [_side_by_side(repeats, group[:3]) for group in repeats.in_two_classes[:MOST]]
    lines += _more(len(repeats.in_two_classes))
    lines.append(f"  in one part and one class: {len(repeats.within):,}")
    lines += [_side_by_side(repeats, group[:3]) for group in repeats.within[:MOST]]
    lines += _more(len(repeats.within))
    for words in repeats.copies.notes:
        lines += _sentence(words, width)
    return lines


def _side_by_side(repeats: Repeats, pictures: Sequence[Which]) -> str:
    return "    " + " = ".join(one.named(repeats.images) for one in pictures)


def _more(total: int) -> Lines:
    return [f"    and {total - MOST:,} more"] if total > MOST else []


def _sentence(words: str, width: int, indent: int = 2) -> Lines:
    return paragraph(words, width, " " * indent, " " * indent)
