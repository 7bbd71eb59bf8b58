"""Sections of photos that are there more than once, side by side."""

from collections.abc import Sequence

from alexnet.inspection.findings import Findings
from alexnet.inspection.sections.cards import card
from alexnet.inspection.which import Which
from alexnet.reporting.blocks import note, section
from alexnet.reporting.html import Child, Html, el
from alexnet.reporting.numbers import count, counted

MOST = 24  # groups that are shown
SHOWN = 4  # pictures of a group


def leaks(found: Findings) -> Html:
    """Photos that are trained on and tested on."""
    pairs = found.repeats.leaks
    title = "Leaks"
    if len(found.images.parts) < 2:
        return section("leaks", title, el("p", "There is one part only, so nothing can leak."))
    if not pairs:
        return section("leaks", title, el("p", "No photo was found in two parts."))
    words = (
        f"{counted(len(pairs), 'picture has', 'pictures have')} a copy in a later part (train, "
        "val, test). What was learned by heart then counts as right: error rates come out too low. "
        "alexnet prepare --drop-leaks leaves out the copy in the earlier part, so that what is "
        "tested stays what it was."
    )
    return section("leaks", title, el("p", words), _groups(found, pairs), _notes(found))


def two_classes(found: Findings) -> Html:
    """Photos that have different labels in different places."""
    groups = found.repeats.in_two_classes
    words = (
        "The same photo with different labels: at least one of them is wrong, or the photo shows "
        "both. Whatever the network answers, one of them counts as an error."
    )
    if not groups:
        words = "No photo was found in two classes."
    return section("two-classes", "One photo, two classes", el("p", words), _groups(found, groups))


def within(found: Findings) -> Html:
    """Photos that are twice in one part and class."""
    groups = found.repeats.within
    kinds = ", ".join(f"{kind} {count(n)}" for kind, n in found.repeats.kinds.items())
    words = (
        f"In one part and one class: {counted(len(groups), 'photo is', 'photos are')} there more "
        f"than once, which does little harm: each counts more often than others. Pairs of all "
        f"sorts, those above included: {kinds}."
    )
    return section("copies", "Other copies", el("p", words), _groups(found, groups))


def _groups(found: Findings, groups: Sequence[Sequence[Which]]) -> Child:
    if not groups:
        return None
    rows = [_group(found, group) for group in groups[:MOST]]
    more = len(groups) - MOST
    rest = note(f"And {count(more)} more; alexnet inspect --json names all.") if more > 0 else None
    return [el("ul", rows, class_="copies", role="list"), rest]


def _group(found: Findings, group: Sequence[Which]) -> Html:
    pictures = [card(found.images, one) for one in group[:SHOWN]]
    more = f", {count(len(group))} pictures" if len(group) > 2 else ""
    return el(
        "li", el("p", _kind(found, group), more, class_="kind"), el("ul", pictures, role="list")
    )


def _kind(found: Findings, group: Sequence[Which]) -> str:
    """What joins the first two of a group: "mirrored, likeness 0.982"."""
    pair = found.repeats.joining(group)
    if pair is None:
        return "alike through others"
    return pair.kind if pair.kind == "exact" else f"{pair.kind}, likeness {pair.likeness:.3f}"


def _notes(found: Findings) -> list[Html]:
    return [note(words) for words in found.repeats.copies.notes]
