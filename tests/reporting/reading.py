"""What a page holds, read with the parser of the standard library."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

from alexnet.reporting.html import VOID

Attributes = dict[str, str | None]


@dataclass
class Element:
    """A tag with its attributes, the words in it, and the elements around it."""

    tag: str
    attributes: Attributes
    path: tuple[str, ...]
    text: str = ""


@dataclass
class Reading(HTMLParser):
    """All elements of a page; ``broken`` lists tags that were not closed in order."""

    elements: list[Element] = field(default_factory=list)
    open: list[Element] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, dict(attrs), tuple(outer.tag for outer in self.open))
        if len(element.attributes) != len(attrs):
            self.broken.append(f"an attribute twice in {tag}")
        self.elements.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open[-1].tag != tag:
            self.broken.append(tag)
        elif self.open:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        for element in self.open:
            element.text += data

    def all(self, *tags: str) -> list[Element]:
        return [element for element in self.elements if element.tag in tags]

    def section(self, name: str) -> str:
        (found,) = [e for e in self.all("section") if e.attributes.get("id") == name]
        return found.text


def read(page: str) -> Reading:
    """Parse a page to its end."""
    reading = Reading()
    reading.feed(page)
    reading.close()
    return reading
