import math

import pytest

from alexnet.reporting.charts import Curve, Level, Range, line_chart, range_chart
from alexnet.reporting.heatmap import heat_map
from alexnet.reporting.numbers import short
from alexnet.reporting.svg import Axis, at, clipped, covering
from tests.reporting.reading import Reading, read


def chart(*curves: Curve, log: bool = False) -> Reading:
    return read(line_chart("c", "Title", "Words.", curves, "epoch", short, log=log))


def places(reading: Reading) -> list[list[tuple[float, float]]]:
    lines = [str(e.attributes["points"]).split() for e in reading.all("polyline")]
    return [[tuple(map(float, p.split(","))) for p in line] for line in lines]  # type: ignore[misc]


def test_higher_values_lie_higher_and_later_ones_to_the_right():
    ((first, last),) = places(chart(Curve("loss", [(1, 2.0), (5, 1.0)])))
    assert first[0] < last[0]
    assert first[1] < last[1]


def test_curves_differ_in_shape_and_carry_their_names():
    reading = chart(Curve("one", [(1, 1), (2, 2)], "a"), Curve("two", [(1, 3), (2, 1)], "b"))
    assert [e.attributes["class"] for e in reading.all("polyline")] == ["a", "b"]
    assert reading.all("circle")
    assert [e for e in reading.all("rect") if e.attributes["class"] == "bm"]
    assert {"one", "two"} <= {e.text for e in reading.all("text")}


def test_names_of_curves_that_meet_do_not_lie_on_each_other():
    reading = chart(Curve("one", [(1, 1.0)], "a"), Curve("two", [(1, 1.001)], "b"))
    one, two = (float(str(e.attributes["y"])) for e in reading.all("text")
                if e.text in ("one", "two"))  # fmt: skip
    assert abs(one - two) >= 14


@pytest.mark.parametrize("log", [False, True])
def test_what_is_no_number_is_left_out(log):
    points = [(1.0, math.nan), (2.0, 1.0), (3.0, math.inf), (4.0, 0.5), (5.0, 0.0)]
    ((*found,),) = places(chart(Curve("x", points), log=log))
    assert len(found) == (2 if log else 3)


def test_a_band_lies_around_its_line_and_inside_the_picture():
    band = [(1, 1.0, 3.0), (2, 0.5, 9.0)]
    reading = chart(Curve("x", [(1, 2.0), (2, 1.0)], "b", band))
    (around,) = reading.all("polygon")
    assert around.attributes["class"] == "br"
    corners = [tuple(map(float, p.split(","))) for p in str(around.attributes["points"]).split()]
    ((first, last),) = places(reading)
    assert [x for x, _ in corners] == [first[0], last[0], last[0], first[0]]
    assert corners[0][1] > first[1] > corners[3][1] >= 0
    assert corners[1][1] > last[1] > corners[2][1] >= 0


def test_a_level_is_a_named_line_from_side_to_side():
    level = Level("goal", 4.0)
    reading = read(
        line_chart("c", "T", "W.", [Curve("x", [(1, 1), (2, 2)])], "x", short, level=level)
    )
    (guide,) = (e for e in reading.all("line") if e.attributes["class"] == "guide")
    assert guide.attributes["y1"] == guide.attributes["y2"]
    assert 0 < float(str(guide.attributes["y1"])) < places(reading)[0][1][1]
    assert "goal" in {e.text for e in reading.all("text")}


def test_nothing_to_draw_is_said():
    assert chart(Curve("x", [(1, math.nan)])).all("p")[0].text == "No values to draw."


@pytest.mark.parametrize("values", [[0.0], [0.0, 0.0], [5.0], [1e-9, 1e9], [-1.0, 1.0]])
def test_any_values_stay_inside_the_picture(values):
    for log in (False, True):
        reading = chart(Curve("x", list(enumerate(values))), log=log)
        for x, y in (p for line in places(reading) for p in line):
            assert 0 <= x <= 350
            assert 0 <= y <= 250


def test_many_epochs_have_few_marks():
    reading = chart(Curve("x", [(n, n) for n in range(1000)]))
    assert len(reading.all("circle")) <= 12


def test_ticks_are_round_and_inside():
    assert Axis(0, 1, 0, 100).ticks() == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1])
    assert Axis(3, 3, 0, 100).ticks() == [3]
    assert Axis(1e-4, 1e-1, 0, 100, log=True).ticks() == pytest.approx([1e-4, 1e-3, 1e-2, 1e-1])


def test_axis_from_end_to_end():
    axis = Axis(1, 100, 0, 10, log=True)
    assert (axis(1), axis(10), axis(100)) == pytest.approx((0, 5, 10))
    assert Axis(2, 2, 0, 10)(2) == 5


def test_axes_cover_their_values():
    low, high = covering([0.31, 0.92])
    assert low == 0
    assert high >= 0.92
    assert covering([0.0]) == (0.0, 1.0)
    low, high = covering([0.01], log=True)
    assert low < 0.01 < high


def test_coordinates_and_cut_names():
    assert (at(3.0), at(3.04), at(-2.26)) == ("3", "3", "-2.3")
    assert clipped("leopard", 7) == "leopard"
    assert clipped("leopards", 7) == "leopar…"


def test_ranges_have_a_row_each_and_one_guide():
    rows = [Range("conv1", 1e-4, 1e-2, 1e-3), Range("fc8", 0.0, 1.0, 1.0)]
    reading = read(range_chart("r", "Title", "Words.", rows, 1e-3, short))
    names = [e.text for e in reading.all("text") if e.attributes["class"] == "name"]
    assert names == ["conv1"]  # a step of nothing has no place on a logarithmic axis
    assert len([e for e in reading.all("line") if e.attributes["class"] == "guide"]) == 1


def test_no_ranges():
    assert "No values" in range_chart("r", "Title", "Words.", [], 1e-3, short)


def test_cells_of_a_heat_map_say_what_they_are():
    reading = read(heat_map("h", "T", "W.", ["cat", "<dog>"], [[3, 1], [0, 0]]))
    words = [e.text for e in reading.all("title") if e.path[-1] == "g"]
    assert words[:2] == ["cat named cat: 3 of 4", "cat named <dog>: 1 of 4"]
    numbers = [e.text for e in reading.all("text") if str(e.attributes["class"]).startswith("t")]
    assert numbers == ["3", "1"]
    framed = [e for e in reading.all("rect") if e.attributes["class"] == "diagonal"]
    assert len(framed) == 2
