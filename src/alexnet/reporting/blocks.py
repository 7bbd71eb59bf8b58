"""What sections are made of: notes, figures, tables that a screen reader can follow."""

from collections.abc import Collection, Sequence

from alexnet.reporting.html import Child, Html, el


def section(name: str, title: str, *children: Child) -> Html:
    """A part of the page with a heading; ``name`` is its address (``#name``)."""
    heading = el("h2", title, id=f"{name}-heading")
    return el("section", heading, *children, id=name, aria_labelledby=f"{name}-heading")


def note(words: str) -> Html:
    """A paragraph beside the point, or the reason why something is missing."""
    return el("p", words, class_="note")


def figure(picture: Child, caption: Child) -> Html:
    """A picture with words below it."""
    return el("figure", picture, el("figcaption", caption))


def details(summary: str, *children: Child) -> Html:
    """What is shown when the reader opens it."""
    return el("details", el("summary", summary), *children)


def scrolling(words: str, child: Child) -> Html:
    """A region that scrolls sideways on a narrow screen, with the keyboard too."""
    return el("div", child, class_="scroll", tabindex=0, role="region", aria_label=words)


def table(
    caption: str,
    head: Sequence[str],
    rows: Sequence[Sequence[Child]],
    numbers: Collection[int] = (),
) -> Html:
    """A table whose first column names the row; columns in ``numbers`` are set to the right."""
    classes = ["n" if column in numbers else None for column in range(len(head))]
    heads = [el("th", words, scope="col", class_=c) for words, c in zip(head, classes, strict=True)]
    body = [el("tr", _cells(row, classes)) for row in rows]
    parts = (el("caption", caption), el("thead", el("tr", heads)), el("tbody", body))
    return scrolling(caption, el("table", *parts))


def _cells(row: Sequence[Child], classes: Sequence[str | None]) -> list[Html]:
    first, *others = row
    return [
        el("th", first, scope="row", class_=classes[0]),
        *(el("td", cell, class_=c) for cell, c in zip(others, classes[1:], strict=True)),
    ]
