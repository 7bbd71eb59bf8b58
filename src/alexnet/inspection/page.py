"""One page on a set: what is in it, what is there twice, what a network will see of it."""

from alexnet._version import __version__
from alexnet.data.filenames import shown
from alexnet.inspection.findings import Findings
from alexnet.inspection.sections import copies, counts, seen
from alexnet.reporting.html import Child, Html, el, join, raw
from alexnet.reporting.numbers import count, counted
from alexnet.reporting.page import POLICY
from alexnet.reporting.style import style_sheet

CONTENTS = {
    "classes": "Classes",
    "sizes": "Sizes",
    "odd": "Odd photos",
    "rejected": "Rejected",
    "leaks": "Leaks",
    "two-classes": "Two classes",
    "copies": "Copies",
    "views": "Views",
    "noise": "Colour noise",
}
STYLE = """
.sheet{display:grid;grid-template-columns:repeat(auto-fill,minmax(6.7rem,1fr));gap:.7rem;
 padding:0;margin:1rem 0;list-style:none}
.sheet img,.copies img{display:block;width:100%;aspect-ratio:1;border-radius:.3rem}
.sheet p,.copies p{margin:.25rem 0 0;font-size:.8rem;line-height:1.3;overflow-wrap:anywhere}
.copies{list-style:none;padding:0;margin:1rem 0;display:grid;gap:.8rem;
 grid-template-columns:repeat(auto-fill,minmax(min(100%,21rem),1fr))}
.copies>li{background:var(--panel);border-radius:.5rem;padding:.8rem;break-inside:avoid;
 max-width:none}
.copies ul{display:grid;grid-template-columns:1fr 1fr;gap:.7rem;padding:0;margin:0;list-style:none}
.copies p.kind{margin:0 0 .5rem}
"""


def page(found: Findings) -> str:
    """The whole page as text; the same set gives the same page, byte for byte."""
    title = f"{shown(found.images.folder.resolve().name)}: what is in it"
    head = el(
        "head",
        el("meta", charset="utf-8"),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("meta", name="color-scheme", content="light dark"),
        el("meta", http_equiv="Content-Security-Policy", content=POLICY),
        el("title", title),
        el("style", raw(style_sheet() + STYLE)),
    )
    skip = el("a", "Skip to the findings", href="#main", class_="skip")
    body = el("body", skip, _header(title, found), _contents(), _main(found), _footer(found))
    return raw("<!DOCTYPE html>\n") + el("html", head, "\n", body, lang="en") + "\n"


def _header(title: str, found: Findings) -> Html:
    images, repeats = found.images, found.repeats
    parts = ", ".join(f"{name} {count(len(part))}" for name, part in images.parts.items())
    tiles = [
        ("Pictures", count(found.sizes.count), parts),
        (
            "Classes",
            count(len(images.classes)),
            f"largest {found.classes.imbalance:.3g} × smallest",
        ),
        ("Leaks", count(len(repeats.leaks)), "trained on and tested on"),
        ("More than once", count(len(repeats.groups)), "photos"),
        ("Rejected", count(found.rejections.count), "files"),
    ]
    return el("header", el("h1", title), el("p", _sentence(found), class_="lead"),
              el("dl", [_tile(*tile) for tile in tiles], class_="tiles"))  # fmt: skip


def _tile(name: str, value: str, words: str) -> Html:
    return el("div", el("dt", name), el("dd", value, el("small", words)))


def _sentence(found: Findings) -> str:
    images, leaks = found.images, len(found.repeats.leaks)
    what = (
        f"{counted(found.sizes.count, 'picture', 'pictures')} of {images.size}×{images.size} pixels"
    )
    if leaks:
        return (
            f"{what}. {counted(leaks, 'photo is', 'photos are')} in a part that is tested as well: "
            "error rates will come out too low. alexnet prepare --drop-leaks leaves them out."
        )
    if len(images.parts) > 1:
        return f"{what}. No photo was found in two parts."
    return f"{what}."


def _contents() -> Html:
    links = [el("li", el("a", title, href=f"#{name}")) for name, title in CONTENTS.items()]
    return el("nav", el("ul", links, role="list"), aria_label="Contents")


def _main(found: Findings) -> Html:
    makers = (
        counts.classes, counts.sizes, counts.odd, counts.rejected, copies.leaks,
        copies.two_classes, copies.within, seen.views, seen.noise,
    )  # fmt: skip
    sections: list[Child] = [join([make(found), "\n"]) for make in makers]
    return el("main", sections, id="main", tabindex=-1)


def _footer(found: Findings) -> Html:
    words = (
        f"Written by alexnet {__version__} about the set with the fingerprint "
        f"{found.images.fingerprint}. This page needs no network."
    )
    return el("footer", el("p", words))
