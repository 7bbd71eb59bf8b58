"""How rows are shared out, and the placement of one device, which does everything itself."""

from collections import Counter

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from alexnet.networks.build import Network
from alexnet.parallel.placement import Placement, shared_out
from tests.system import narrow


@given(st.integers(0, 300), st.integers(0, 300), st.integers(1, 40))
def test_rows_shared_out_are_all_there_once_in_order_and_nearly_even(
    start: int, count: int, parts: int
) -> None:
    rows = range(start, start + count)
    found = shared_out(rows, parts)
    assert len(found) == parts
    assert [row for part in found for row in part] == list(rows)
    assert max(map(len, found)) - min(map(len, found)) <= 1


@given(st.integers(1, 200), st.integers(1, 12), st.integers(1, 12))
def test_turns_of_parts_are_all_rows_once(batch: int, processes: int, turns: int) -> None:
    """So every picture of a batch is in one turn of one process."""
    parts = shared_out(range(batch), processes)
    seen = Counter(row for part in parts for turn in shared_out(part, turns) for row in turn)
    assert seen == Counter(range(batch))


@pytest.fixture
def alone() -> Placement:
    return Placement(Network(narrow(), 56), 10)


def test_one_device_sees_all_pictures_and_writes(alone: Placement) -> None:
    assert (alone.world.first, alone.world.size, alone.streams) == (True, 1, 1)
    assert alone.rows == range(10)
    assert alone.pieces(3) == [range(3), range(3, 6), range(6, 10)]
    assert alone.places("drop6", 1, 3) == ([range(3, 6)], 0, 1)
    assert alone.exchanged() == ""


def test_what_one_device_finds_is_what_all_find(alone: Placement) -> None:
    values, sums = {"loss": 1.5}, torch.ones(2, 3)
    assert alone.over_parts(values) == values
    assert alone.totals(sums, ["conv1.weight"]) is sums
    held = dict(alone.network.named_parameters())
    assert dict(alone.whole(held)) == held
    assert alone.shared(held) is held


def test_weights_go_to_another_network_and_come_back(alone: Placement) -> None:
    other = Network(narrow(), 56)
    with torch.no_grad():
        for number, value in enumerate(alone.network.parameters()):
            value.fill_(number)
    alone.put_into(other)
    assert all(torch.equal(a, b) for a, b in zip(*both(alone, other), strict=True))
    with torch.no_grad():
        for value in other.parameters():
            value.add_(1)
    alone.take_from(other)
    assert all(torch.equal(a, b) for a, b in zip(*both(alone, other), strict=True))


def both(alone: Placement, other: Network) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    return list(alone.network.parameters()), list(other.parameters())


def test_its_own_network_is_left_alone(alone: Placement) -> None:
    alone.put_into(alone.network)
    alone.take_from(alone.network)
    assert all(not value.any() for value in alone.network.parameters())


def test_logits_are_the_network_s(alone: Placement) -> None:
    views = torch.zeros(2, 3, 56, 56)
    with alone.adding(True):
        assert torch.equal(alone.forward(views), alone.network(views))
