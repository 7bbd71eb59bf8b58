import pytest

from alexnet.claims.rates import Search, search
from tests.claims.made import Found, falling, task


def searched(epochs_of, most=40):
    """The search for the rate, where a rate needs ``epochs_of(rate)`` epochs (None: never)."""

    def errors(one):
        needed = epochs_of(one.rate)
        if needed is None or needed > one.most:
            return falling(None, one.most)
        return falling(needed, int(needed + 0.5))

    bench = Found(errors)
    one = Search(
        lambda rate, most: task(rate, target=0.25, most=most), first=0.02, factor=2, most=most
    )
    search(bench, "rates", {"small": one})  # type: ignore[arg-type]
    return one, [asked.rate for asked in bench.asked], bench


def test_both_neighbours_of_the_chosen_rate_were_tried_and_are_slower():
    one, asked, _ = searched({0.01: 12.5, 0.02: 8.5, 0.04: 9.5}.get)
    assert one.best.rate == 0.02
    assert asked == [0.02, 0.01, 0.04]


@pytest.mark.parametrize(
    ("best", "tried"),
    [(0.16, [0.01, 0.02, 0.04, 0.08, 0.16, 0.32]), (0.005, [0.0025, 0.005, 0.01, 0.02, 0.04])],
)
def test_it_walks_as_far_as_it_gets_faster(best, tried):
    one, _, _ = searched(lambda rate: 2.5 + 4 * round(abs(rate / best - 1), 3))
    assert one.best.rate == best
    assert [curve.rate for curve in one.tried] == tried


def test_a_rate_gets_no_more_epochs_than_the_best_so_far_needed():
    _, _, bench = searched({0.01: 12.5, 0.02: 8.5, 0.04: 6.5, 0.08: None}.get)
    assert [(one.rate, one.most) for one in bench.asked] == [
        (0.02, 40), (0.01, 9), (0.04, 9), (0.08, 7),
    ]  # fmt: skip


def test_where_none_gets_there_the_lowest_error_is_taken_and_all_get_their_time():
    one, asked, bench = searched(lambda rate: None)
    assert (one.best.rate, asked) == (0.02, [0.02, 0.01, 0.04])
    assert {one.most for one in bench.asked} == {40}


def test_the_losers_are_named():
    one, _, _ = searched({0.01: 12.5, 0.02: 8.5, 0.04: 8.75}.get)
    assert one.in_words() == "0.01: not in 9, 0.02: 8.5 (chosen), 0.04: not in 9"
    facts = one.facts()
    assert facts["chosen"] == 0.02
    assert [tried["epochs_to_target"] for tried in facts["tried"]] == [None, 8.5, None]
