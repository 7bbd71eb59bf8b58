"""HTML and SVG as nested calls. What was not made here is escaped, so names from data are safe."""

import re
from collections.abc import Iterable
from html import escape

VOID = frozenset({"br", "hr", "img", "link", "meta"})
UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufffe\uffff]").match


class Html(str):
    """Markup that is ready to be written; only the functions of this module make it."""

    __slots__ = ()


Child = str | int | float | None | Iterable["Child"]
Value = str | int | float | bool | None


def el(tag: str, *children: Child, **attributes: Value) -> Html:
    """One element: ``el("td", "R&D", class_="name")`` is ``<td class="name">R&amp;D</td>``.

    In the names of attributes a final ``_`` is dropped and others become ``-``; the values None and
    False leave an attribute out, True writes its name alone. Children may be nested lists.
    """
    opening = f"<{tag}{''.join(_attribute(name, value) for name, value in attributes.items())}>"
    return Html(opening if tag in VOID else f"{opening}{join(children)}</{tag}>")


def join(children: Iterable[Child]) -> Html:
    """Pieces one after the other: markup as it is, everything else escaped."""
    return Html("".join(map(_text, children)))


def raw(text: str) -> Html:
    """Take ``text`` as markup. For constants written in this package only, never for data."""
    return Html(text)


def _text(child: Child) -> str:
    if child is None:
        return ""
    if isinstance(child, Html):
        return child
    if isinstance(child, str | int | float):
        return escape(_printable(str(child)))
    return join(child)


def _attribute(name: str, value: Value) -> str:
    if value is None or value is False:
        return ""
    name = name.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{escape(_printable(str(value)))}"'


def _printable(text: str) -> str:
    # A file name may hold bytes that are no text, control characters that HTML does not allow, and
    # marks that turn the direction of all that follows.
    text = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return "".join(ascii(c)[1:-1] if UNSAFE(c) else c for c in text)
