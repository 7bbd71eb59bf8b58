"""Tables that fit a width."""

import pytest

from alexnet.cli.columns import fitted, paragraph, row_lines, table, total

ROWS = [["name", "count", "what it is"], ["a", "1,000", "a network with many words"]]


def test_a_table_that_fits_is_not_wrapped() -> None:
    assert table(ROWS, 80, wrapped=(2,), right=(1,)) == [
        "name  count  what it is",
        "a     1,000  a network with many words",
    ]


def test_a_cell_is_wrapped_under_itself() -> None:
    assert table(ROWS, 28, wrapped=(2,)) == [
        "name  count  what it is",
        "a     1,000  a network with",
        "             many words",
    ]


def test_the_widest_column_gives_first() -> None:
    rows = [["aa bb", "cccc dddd eeee ffff", "gg"]]
    assert fitted(rows, 20, wrapped=(0, 1)) == [5, 9, 2]
    assert total(fitted(rows, 20, wrapped=(0, 1))) == 20
    assert fitted(rows, 20) == [5, 19, 2]


def test_words_are_cut_only_where_nothing_else_helps() -> None:
    rows = [["layer-params-145.cfg", "one two three four"]]
    assert fitted(rows, 30, wrapped=(0, 1)) == [20, 8]
    assert max(map(len, table(rows, 25, wrapped=(0, 1)))) <= 25
    assert total(fitted(rows, 1, wrapped=(0, 1))) == 15  # never narrower than this


@pytest.mark.parametrize("right", [(), (0,)])
def test_no_spaces_at_the_end(right: tuple[int, ...]) -> None:
    assert row_lines(["a", ""], [3, 9], right) == ["  a" if right else "a"]


def test_a_paragraph_hangs() -> None:
    assert paragraph("known: one two-three four", 14, "  ", "    ") == [
        "  known: one",
        "    two-three",
        "    four",
    ]
