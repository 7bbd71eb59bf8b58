"""Each known cost is shown for some pair of names, and only where it belongs; sources are whole."""

import re
from itertools import combinations

import pytest

from alexnet.comparison import compare
from alexnet.networks.facts import COSTS, SCORES
from alexnet.networks.known import BEARS, scores
from alexnet.networks.sources import SOURCES
from alexnet.networks.zoo import NETWORKS, named

RUN = "alexnet-as-run"
# A pair of names that shows each known cost, and the layer (or None) that it is shown with.
SHOWN = {
    "no norms": ("alexnet", "alexnet+no-norm", "norm1"),
    "norms of layer 2": (RUN, f"{RUN}+without:norm2,within2", "within2"),
    "norm on CIFAR-10": ("cifar10-13pct", "cifar10-11pct", "norm1"),
    "norm of signed values": ("alexnet", RUN, "relu1"),
    "pool before norm": ("caffenet", "bvlc-alexnet", "norm1"),
    "relu and max pool": ("alexnet", RUN, "relu5"),
    "k": ("alexnet", "bvlc-alexnet", "norm1"),
    "same factor": ("alexnet", "cnn-s", "norm1"),
    "overlapping pooling": (RUN, f"{RUN}+no-overlap", "pool5"),
    "one GPU": ("alexnet", "alexnet-one-gpu", "conv1"),
    "towers apart": (RUN, "alexnet-apart", "conv3"),
    "conv3 reads its own tower": ("alexnet", "alexnet+own-tower", "conv3"),
    "a middle layer": ("alexnet", "alexnet+without:conv4", "conv4"),
    "a sixth convolution": (RUN, "alexnet-conv6", "conv6"),
    "tanh": ("alexnet", "alexnet+tanh", "relu7"),
    "biases of 1": ("caffenet", "bvlc-alexnet", "fc6"),
    "scaling of dropout": ("alexnet", "torchvision", "drop6"),
    "mean": ("alexnet", "vgg16", None),
    "channels": ("alexnet", "vgg16", None),
    "colour noise": ("alexnet", "caffenet", None),
    "batch": ("alexnet", "caffenet", None),
    "schedule": (RUN, "one-weird-trick", None),
}


def known(a: str, b: str) -> dict[str, set[str | None]]:
    """The keys of the costs that are shown for a pair, each with the layers."""
    keys = {fact: key for key, fact in COSTS.items()}
    found: dict[str, set[str | None]] = {}
    for one in compare(named(a), named(b)):
        for fact in one.known:
            found.setdefault(keys[fact], set()).add(one.difference.layer)
    return found


def test_each_fact_has_its_rule_and_its_example() -> None:
    assert list(COSTS) == list(BEARS)
    assert set(COSTS) == set(SHOWN)


@pytest.mark.parametrize("key", SHOWN)
def test_each_fact_is_shown_for_a_pair_whichever_comes_first(key: str) -> None:
    a, b, layer = SHOWN[key]
    assert layer in known(a, b)[key]
    assert known(a, b) == known(b, a)


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("alexnet", "alexnet+no-norm", {"no norms"}),
        ("alexnet", "alexnet+tanh", {"tanh"}),
        ("alexnet", "alexnet+without:conv2", {"a middle layer"}),
        ("alexnet", "alexnet+without:conv3,conv4", set()),  # two layers: not measured
        ("alexnet", "alexnet+without:norm1", set()),
        ("alexnet", "alexnet+width:0.5", set()),
        ("alexnet+width:0.5", "alexnet-one-gpu", set()),
        (RUN, "alexnet-apart", {"towers apart"}),
        (RUN, f"{RUN}+without:within2", {"norms of layer 2"}),
        ("caffenet", "bvlc-alexnet", {"pool before norm", "biases of 1"}),
        ("cifar10-13pct", "cifar10-11pct", {"norm on CIFAR-10"}),
        ("alexnet", "cifar10-18pct", {"relu and max pool", "colour noise"}),
        ("alexnet", "vgg16", {"scaling of dropout", "mean", "channels", "batch"}),
    ],
)
def test_no_fact_is_shown_where_it_was_not_measured(a: str, b: str, expected: set[str]) -> None:
    assert set(known(a, b)) == expected


def test_a_relu_that_crosses_a_norm_is_not_said_to_make_no_difference() -> None:
    assert known("alexnet", RUN)["relu and max pool"] == {"relu5"}
    assert known("torchvision", "one-weird-trick")["relu and max pool"] == {"relu5"}


def test_each_score_belongs_to_a_name() -> None:
    for name, facts in SCORES.items():
        assert [str(fact) for fact in scores(named(name))] == [str(fact) for fact in facts]
    assert set(NETWORKS) - set(SCORES) == {"cnn-s"}  # published, but not where we could read it


def test_scores_follow_the_list_and_not_the_name() -> None:
    assert scores(named(f"{RUN}+without:norm1,norm2,within2")) == scores(named(f"{RUN}+no-norm"))
    assert scores(named("alexnet+width:0.5+width:2")) == scores(named("alexnet"))
    assert scores(named("alexnet+tanh")) == []


def test_logged_errors_are_whole_numbers_of_pictures_and_differ_as_the_facts_say() -> None:
    """50,000 pictures of validation, 150,000 of test: so a slip of a digit shows."""
    numbers = {
        name: [float(n) for n in re.findall(r"(\d\d\.\d\d\d) ", SCORES[name][0].words)]
        for name in (RUN, f"{RUN}+no-norm", f"{RUN}+no-overlap", "alexnet-apart", "alexnet-conv6")
    }
    for pair in numbers.values():
        assert len(pair) == 2
        assert all(round(n * 500, 6) % 1 == 0 for n in pair)
    run = numbers[RUN]
    for name, costs in (
        (f"{RUN}+no-norm", "1.370 / 1.152"),
        (f"{RUN}+no-overlap", "0.394 / 0.300"),
        ("alexnet-apart", "1.164 / 1.120"),
    ):
        apart = [round(n - m, 3) for n, m in zip(numbers[name], run, strict=True)]
        assert " / ".join(f"{n:.3f}" for n in apart) == costs
    assert "1.370 / 1.152" in COSTS["no norms"].words
    assert "0.394 / 0.300" in COSTS["overlapping pooling"].words
    assert "1.16 / 1.12 points" in COSTS["towers apart"].words


def test_every_fact_is_a_sentence_with_a_source() -> None:
    for fact in (*COSTS.values(), *(one for facts in SCORES.values() for one in facts)):
        assert fact.words.endswith(".")
        assert not fact.words.endswith("..")
        assert fact.source
        assert str(fact).isascii()


@pytest.mark.parametrize(("a", "b"), [*combinations(NETWORKS, 2)])
def test_each_side_of_each_difference_has_a_source(a: str, b: str) -> None:
    for one in compare(named(a), named(b)):
        assert one.source_a
        assert one.source_b


def test_every_network_has_sources() -> None:
    assert set(SOURCES) == set(NETWORKS)
