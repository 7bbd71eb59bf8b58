"""The page as a whole: head, contents, sections in the order in which a reader asks."""

from collections.abc import Callable
from pathlib import Path

from alexnet._version import __version__
from alexnet.files import check_place, write_text
from alexnet.reporting.html import Child, Html, el, join, raw
from alexnet.reporting.material import Material, gather
from alexnet.reporting.sections import summary
from alexnet.reporting.sections.classes import classes
from alexnet.reporting.sections.curves import curves
from alexnet.reporting.sections.dataset import dataset
from alexnet.reporting.sections.errors import errors
from alexnet.reporting.sections.examples import examples, mistakes
from alexnet.reporting.sections.kernels import kernels
from alexnet.reporting.sections.neighbours import neighbours
from alexnet.reporting.sections.provenance import provenance
from alexnet.reporting.sections.settings import settings
from alexnet.reporting.sections.steps import steps
from alexnet.reporting.style import style_sheet

CONTENTS = {
    "errors": "Error rates",
    "curves": "Training",
    "examples": "Pictures",
    "neighbours": "Neighbours",
    "mistakes": "Worst mistakes",
    "classes": "Classes",
    "kernels": "Kernels",
    "steps": "Steps",
    "data": "Data",
    "settings": "Settings",
    "provenance": "Provenance",
}
# Nothing is fetched and nothing runs, whatever a class or a file is called.
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def report(
    run: Path | str,
    *,
    data: Path | str | None = None,
    say: Callable[[str], None] = print,
    quiet: bool = False,
) -> Path:
    """Write RUN/report.html and return its path.

    Evaluates the run first where that has not been done, or where other ``data`` is named. What
    cannot be shown (no evaluation possible, the set's folder gone, no epoch finished) is said on
    the page. AlexNetError where ``run`` is no run or the page cannot be written. The same run
    gives the same page, byte for byte. ``say`` gets the notes of the evaluation; ``quiet`` keeps
    its progress off standard error.
    """
    folder = Path(run)
    target = folder / "report.html"
    check_place(target, making=True)
    material = gather(folder, Path(data) if data is not None else None, say, quiet)
    write_text(target, page(material))
    return target


def page(material: Material) -> str:
    """The whole page as text."""
    head = el(
        "head",
        el("meta", charset="utf-8"),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("meta", name="color-scheme", content="light dark"),
        el("meta", http_equiv="Content-Security-Policy", content=POLICY),
        el("title", summary.title(material)),
        el("style", raw(style_sheet())),
    )
    skip = el("a", "Skip to the results", href="#main", class_="skip")
    body = el("body", skip, _header(material), _contents(), _main(material), _footer())
    return raw("<!DOCTYPE html>\n") + el("html", head, "\n", body, lang="en") + "\n"


def _header(material: Material) -> Html:
    return el(
        "header",
        el("h1", summary.title(material)),
        el("p", summary.sentence(material), class_="lead"),
        summary.tiles(material),
    )


def _contents() -> Html:
    links = [el("li", el("a", title, href=f"#{name}")) for name, title in CONTENTS.items()]
    return el("nav", el("ul", links, role="list"), aria_label="Contents")


def _main(material: Material) -> Html:
    makers = (
        errors, curves, examples, neighbours, mistakes, classes, kernels, steps, dataset, settings,
        provenance,
    )  # fmt: skip
    sections: list[Child] = [join([make(material), "\n"]) for make in makers]
    return el("main", sections, id="main", tabindex=-1)


def _footer() -> Html:
    return el("footer", el("p", f"Written by alexnet {__version__}. This page needs no network."))
