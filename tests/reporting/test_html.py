from hypothesis import given
from hypothesis import strategies as st

from alexnet.reporting.html import Html, el, join, raw
from tests.reporting.reading import read


def test_elements_nest():
    assert el("p", "one ", el("em", "two"), 3) == "<p>one <em>two</em>3</p>"


def test_text_and_attributes_are_escaped():
    assert el("p", "<b>&\"'", title='">') == '<p title="&quot;&gt;">&lt;b&gt;&amp;&quot;&#x27;</p>'


def test_names_of_attributes():
    assert el("td", class_="n", aria_label="x") == '<td class="n" aria-label="x"></td>'
    assert el("details", open=True, id=None, hidden=False) == "<details open></details>"


def test_void_elements_are_not_closed():
    assert el("img", alt="") == '<img alt="">'


def test_lists_and_nothing():
    assert join(["a", ["b", ("c", None)], raw("<i>")]) == "abc<i>"


def test_what_no_page_may_hold_is_written_out():
    assert el("p", "a\x00\x1b\udce9\u202ez") == "<p>a\\x00\\x1b\\udce9\\u202ez</p>"
    assert el("p", "two\nlines\tand\N{NO-BREAK SPACE}é山") == "<p>two\nlines\tand\xa0é山</p>"


def test_markup_put_together_by_hand_is_text_again():
    # A str made from Html is no Html any more, so it is escaped: wrong, but never dangerous.
    assert not isinstance(el("p") + "x", Html)


@given(st.text())
def test_no_text_becomes_markup(text):
    page = el("p", text, title=text)
    reading = read(page)
    assert [element.tag for element in reading.elements] == ["p"]
    assert reading.broken == []
    assert "<" not in page.removeprefix("<p").removesuffix("</p>")
