import re
from dataclasses import replace

import numpy as np
import pytest

from alexnet.inspection.drawings import histogram
from alexnet.inspection.page import CONTENTS, page
from alexnet.inspection.repeats import Repeats
from tests.reporting.reading import read


@pytest.fixture(scope="module")
def whole(found):
    made = page(found)
    return made, read(made)


def test_well_formed(whole):
    _, reading = whole
    assert reading.broken == []
    assert reading.open == []
    ids = [e.attributes["id"] for e in reading.elements if "id" in e.attributes]
    assert len(ids) == len(set(ids))
    links = {str(e.attributes["href"]).removeprefix("#") for e in reading.all("a")}
    assert links == {*CONTENTS, "main"}
    assert links <= set(ids)


def test_it_stands_alone(whole):
    made, reading = whole
    assert not reading.all("script", "link", "iframe", "form")
    assert all(str(e.attributes["src"]).startswith("data:image/") for e in reading.all("img"))
    assert "http" not in re.sub('data:[^"]*|http-equiv', "", made)


def test_every_picture_has_words(whole):
    _, reading = whole
    assert all(e.attributes["alt"] for e in reading.all("img"))
    assert len(reading.all("title", "desc")) == 1 + 2 * len(reading.all("svg"))


def test_the_same_set_gives_the_same_page(found, whole):
    assert page(found) == whole[0]


def test_findings_stand_in_their_sections(whole):
    _, reading = whole
    assert "largest class has 2.67 times" in reading.section("classes")
    assert "1 class has no picture in val" in reading.section("classes")
    assert "4.5\N{NO-BREAK SPACE}% of the photos were scaled up" in reading.section("sizes")
    assert "tell these classes by that alone: fox" in reading.section("odd")
    assert "train/dog/5.png" in reading.section("odd")
    assert "train/cat/bad.png" in reading.section("rejected")
    assert "2 pictures have a copy in a later part" in reading.section("leaks")
    assert "mirrored, likeness" in reading.section("two-classes")
    assert "2 photos are there more than once" in reading.section("copies")
    assert len(re.findall(r"[+-]\d+\.\d, ", reading.section("noise"))) == 16


def test_a_set_without_faults(found):
    none = Repeats(
        found.images, replace(found.repeats.copies, pairs=found.repeats.copies.pairs[:0], notes=()),
        found.repeats.part, found.repeats.place,
    )  # fmt: skip
    reading = read(
        page(replace(found, repeats=none, rejections=replace(found.rejections, reasons=[])))
    )
    assert reading.broken == []
    assert "No photo was found in two parts." in reading.section("leaks")
    assert "No photo was found in two classes." in reading.section("two-classes")
    assert "No photo was left out." in reading.section("rejected")


def test_a_histogram_counts_what_lies_between_bounds():
    values = np.array([1, 1, 5, 5, 5, 9, 100])
    words = read(histogram("h", "H", values, (0, 2, 5, 8), "size")).all("desc")[0].text
    assert words == "Photos by size. 0 to 2: 2, 2 to 5: 0, 5 to 8: 5."
