"""Bytes a step by arithmetic on the list: the numbers of the paper's network."""

import math

import pytest

from alexnet.networks import zoo
from alexnet.networks.layers import Gather
from alexnet.networks.tables import table
from alexnet.parallel.split import Mode, share_of
from alexnet.parallel.traffic import Traffic, Widths, of_step

PICTURE = (3, 224, 224)
PARAMETERS = 60_965_224
DENSE = 58_630_144  # weights and biases of fc6 and fc7, weights of fc8
WHOLE, HALF = Widths(), Widths(2, 2, 2)


def steps(
    net: str, mode: Mode, size: int, widths: Widths = WHOLE, local: int | None = None
) -> list[Traffic]:
    """What each process sends in a step of 128 pictures."""
    layers = zoo.layers_of(net)
    return [of_step(layers, PICTURE, mode, size, rank, 128, widths, local) for rank in range(size)]


def test_the_values_that_two_towers_of_the_paper_s_network_exchange() -> None:
    """Of one picture, forward: half of what conv3, fc6 and fc7 read, from both; fc8's from one."""
    sent: dict[str, int] = {}
    for rank in range(2):
        rows = table(share_of(zoo.layers_of("alexnet"), "towers", 2, rank).layers)
        for row in rows:
            if isinstance(row.layer, Gather) and (row.layer.to == "all" or rank):
                sent[row.layer.name] = sent.get(row.layer.name, 0) + math.prod(row.input)
    assert sent == {"to_conv3": 43_264, "to_fc6": 9_216, "to_fc7": 4_096, "to_fc8": 2_048}


def test_two_towers_of_the_paper_s_network_exchange_60_megabytes_a_step() -> None:
    first, second = steps("alexnet", "towers", 2)
    assert first == second == Traffic(60_030_976 // 2, 0)
    assert first.values + second.values == 2 * 128 * 4 * (43_264 + 9_216 + 4_096 + 2_048)


def test_bf16_halves_it() -> None:
    assert sum(one.values for one in steps("alexnet", "towers", 2, HALF)) == 30_015_488
    (one, _) = steps("alexnet", "replicas", 2, HALF)
    assert one == Traffic(0, 2 * PARAMETERS)


@pytest.mark.parametrize(
    ("net", "values"),
    [("alexnet-apart", 2_048), ("alexnet+own-tower", 9_216 + 4_096 + 2_048)],
)
def test_towers_that_talk_less_send_less(net: str, values: int) -> None:
    assert sum(one.values for one in steps(net, "towers", 2)) == 2 * 128 * 4 * values


def test_towers_times_replicas_sum_each_its_own_gradients() -> None:
    """Each pair of replicas sends what it holds; values are those of half as many pictures."""
    found = steps("alexnet", "towers", 4)
    assert [one.values for one in found] == [60_030_976 // 4] * 4
    assert sum(one.gradients for one in found[:2]) == PARAMETERS * 4
    assert found[:2] == found[2:]


@pytest.mark.parametrize("size", [2, 3, 4, 8])
def test_replicas_send_their_gradients_as_a_ring_does(size: int) -> None:
    for one in steps("alexnet", "replicas", size):
        assert one.values == 0
        assert one.gradients == pytest.approx(2 * (size - 1) / size * PARAMETERS * 4, abs=1)


@pytest.mark.parametrize("size", [2, 4])
def test_a_hybrid_sends_96_percent_less_of_gradients(size: int) -> None:
    replica = steps("alexnet", "replicas", size)[0]
    for one in steps("alexnet", "hybrid", size):
        assert one.gradients / replica.gradients == pytest.approx(0.0383, abs=1e-4)
        assert one.gradients == 2 * (size - 1) * (PARAMETERS - DENSE) * 4 // size


def test_the_values_of_a_hybrid() -> None:
    """Of 64 pictures each: pool5's 9,216, then fc6's 2,048 for all 128, then sums of 1,000."""
    forward = 64 * 9_216 + 128 * 2_048 + 64 * 1_000
    assert [one.values for one in steps("alexnet", "hybrid", 2)] == [2 * 4 * forward] * 2


def test_a_hybrid_over_two_machines_sums_dense_gradients_between_them() -> None:
    two, four = steps("alexnet", "hybrid", 2), steps("alexnet", "hybrid", 4, local=2)
    for one in four:
        assert one.values == two[0].values / 2
        # Convolutions and fc8's biases over four; half of the dense layers over two.
        assert one.gradients == 6 * (PARAMETERS - DENSE) + 4 * DENSE // 2


def test_logits_may_be_wider_than_values() -> None:
    """As in training in bf16, whose logits are float32."""
    forward = 2 * (64 * 9_216 + 128 * 2_048) + 4 * 64 * 1_000
    assert steps("alexnet", "hybrid", 2, Widths(2, 4, 4))[0].values == 2 * forward
