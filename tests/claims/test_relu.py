import xml.etree.ElementTree as ElementTree

import pytest

from alexnet.claims import relu
from alexnet.claims.curves import Curve
from alexnet.claims.figure import drawn
from alexnet.claims.rates import Search
from alexnet.claims.relu import Settings
from alexnet.networks.layers import Norm, ReLU, Tanh, learned
from tests.claims.made import Found, curve, easy_set, falling, task


def finding(relu_epochs, tanh_epochs, most=40):
    """The finding where each seed's curve reaches 25 % after so many epochs (None: never)."""
    settings = Settings(most=most)
    curves = {
        unit: [
            curve(*falling(to, most), network=unit, seed=seed)
            for seed, to in zip(settings.seeds, epochs, strict=True)
        ]
        for unit, epochs in (("relu", relu_epochs), ("tanh", tanh_epochs))
    }
    searches = {}
    for unit, some in curves.items():
        searches[unit] = Search(lambda rate, most: task(rate, target=0.25), 0.02, 2, most)
        searches[unit].curves[0] = some[0]
    return relu.finding(settings, searches, curves, "12,000 pictures")


def test_six_times_faster():
    found = finding((5.5, 5.5, 6.5), (33.5, 35.5, 36.5))
    assert found.holds == "yes"
    assert "ReLU (rate 0.02) 5.5 (5.5 to 6.5) and tanh (rate 0.02) 35.5" in found.verdict
    assert "6.1 (5.6 to 6.5) times as many" in found.verdict
    assert found.verdict.endswith("So the claim holds here: ReLU was about 6 times faster or more.")
    assert found.verdict.count(". ") == 2


def test_faster_but_not_six_times():
    found = finding((10.5, 9.5, 10.5), (15.5, 15.5, 16.5))
    assert found.holds == "in part"
    assert "at least" not in found.verdict
    assert found.verdict.endswith("faster with every seed, but by the median not 6 times.")
    assert [ratio["at_least"] for ratio in found.facts["ratios"]] == [False] * 3
    assert found.facts["epochs_to_target"]["relu"] == {"1": 10.5, "2": 9.5, "3": 10.5}


def test_where_tanh_never_gets_there_the_ratio_is_a_lower_bound():
    found = finding((10.5, 10.5, 10.5), (None, 35.5, None))
    assert found.holds == "in part"
    assert "at least 3.8 (3.4 to at least 3.8) times as many" in found.verdict
    assert "35.5 (35.5 to 35.5) with 1 of 3 seeds (the rest: not within 40)" in found.verdict
    assert found.verdict.endswith("how much is left open, as tanh was stopped after 40 epochs.")
    assert [ratio["at_least"] for ratio in found.facts["ratios"]] == [True, False, True]
    assert found.facts["epochs_to_target"]["tanh"] == {"1": None, "2": 35.5, "3": None}


def test_one_seed_that_never_gets_there_leaves_the_median_known():
    found = finding((9.5, 9.5, 10.5), (10.5, 10.5, None))
    assert found.holds == "in part"
    assert "1.1 (1.1 to at least 3.8) times as many" in found.verdict
    assert "10.5 (10.5 to 10.5) with 2 of 3 seeds (the rest: not within 40)" in found.verdict
    assert found.verdict.endswith("faster with every seed, but by the median not 6 times.")


def test_a_lower_bound_may_be_enough():
    found = finding((5.5, 5.5, 5.5), (None, None, None))
    assert found.holds == "yes"
    assert (
        "tanh (rate 0.02) not within 40; at least 7.2 (at least 7.2 to at least 7.2)"
        in found.verdict
    )


def test_not_faster():
    found = finding((10.5, 10.5, 10.5), (15.5, 10.5, 15.5))
    assert found.holds == "no"
    assert "does not hold here" in found.verdict


def test_relu_never_gets_there():
    found = finding((None, 5.5, 5.5), (35.5, 35.5, 35.5))
    assert found.holds == "open"
    assert "nothing can be said" in found.verdict
    assert finding((None, None, None), (None, None, None)).holds == "open"


def test_a_network_that_diverges_counts_as_never_there():
    settings = Settings()
    tanh = Curve("tanh", 0.02, 1, (0.9, 0.9), (9.0, float("nan")))
    (ratio,) = relu.ratios(settings, {"relu": [curve(*falling(10.5, 11))], "tanh": [tanh]})
    assert (ratio.bound, ratio.times) == (True, pytest.approx(39.5 / 10.5))


def test_the_picture_can_be_read_and_heard():
    found = finding((10.5, 9.5, 10.5), (15.5, 15.5, 16.5))
    root = ElementTree.fromstring(found.figure)
    names = {tag: f"{{http://www.w3.org/2000/svg}}{tag}" for tag in ("title", "desc", "text")}
    assert root.attrib["role"] == "img"
    title, description = root.find(names["title"]), root.find(names["desc"])
    assert title is not None
    assert description is not None
    assert [title.attrib["id"], description.attrib["id"]] == root.attrib["aria-labelledby"].split()
    assert "solid line with discs for ReLU" in str(description.text)
    assert "1.6" in str(description.text)
    words = [str(text.text) for text in root.iter(names["text"])]
    assert {"ReLU", "tanh", "25\N{NO-BREAK SPACE}%", "epoch", title.text} <= set(words)
    ids = [element.attrib["id"] for element in root.iter() if "id" in element.attrib]
    assert len(ids) == len(set(ids))
    assert "prefers-color-scheme:dark" in found.figure


def test_the_networks_differ_in_their_units_alone():
    one, other = (
        relu._task(Settings(), 10, unit, 1, 0, 0.02, 40).layers for unit in ("relu", "tanh")
    )
    assert learned(one) == learned(other)
    assert len(learned(one)) == 4
    assert [ReLU(layer.name) if isinstance(layer, Tanh) else layer for layer in other] == list(one)
    assert not any(isinstance(layer, Norm | Tanh) for layer in one)


class Measured(Found):
    """A bench with a set."""

    images, pictures = easy_set(12), 12


def test_rates_are_chosen_on_a_seed_that_is_not_reported():
    def errors(one):
        needed = {"relu": {0.02: 8.5}, "tanh": {0.04: 12.5}}[one.network].get(one.rate, 14.5)
        return falling(needed, max(one.least, min(one.most, int(needed + 0.5))))

    bench = Measured(errors)
    found = relu.measure(bench, Settings())  # type: ignore[arg-type]
    first, last = bench.asked[:-6], bench.asked[-6:]
    assert {one.seed for one in first} == {0}
    assert [(one.network, one.rate, one.seed) for one in last] == [
        (unit, rate, seed) for seed in (1, 2, 3) for unit, rate in (("relu", 0.02), ("tanh", 0.04))
    ]
    assert {(one.least, one.most) for one in last} == {(13, 40)}  # as long as the slower one
    assert found.facts["rates"]["tanh"]["chosen"] == 0.04
    assert "ReLU  0.01: not in 9, 0.02: 8.5 (chosen), 0.04: not in 9" in found.details


def test_a_seed_that_fails_widens_the_band_and_leaves_the_line():
    some = [curve(0.6, 0.3), curve(0.62, 0.32, 0.2), curve(0.9, 0.9, 0.9)]
    line = drawn("tanh", some, "b")
    assert line.points == [(0.5, 0.62), (1.5, 0.32)]
    assert line.band == [(0.5, 0.6, 0.9), (1.5, 0.3, 0.9)]
