"""What the benchmark is made of: the watched network, operations by layer, memory, load, peak."""

import os
from pathlib import Path

import pytest
import torch

from alexnet.benchmarking import load, memory, product
from alexnet.benchmarking.measure import parts_of
from alexnet.benchmarking.outcome import flops
from alexnet.benchmarking.steps import Timed
from alexnet.benchmarking.watch import Clock, WatchedNetwork
from alexnet.networks.build import Network
from alexnet.networks.tables import training_flop
from alexnet.networks.zoo import NETWORKS, layers_of

SMALL = layers_of("alexnet+width:0.0625", 3)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_operations_of_the_layers_are_those_of_the_whole(name: str) -> None:
    net = NETWORKS[name]
    crop = net.preprocessing.crop
    each = flops(net.layers(), crop)
    whole = training_flop(net.layers(), (3, crop, crop))
    assert sum(forward + backward for forward, backward in each) == pytest.approx(whole)


def test_a_watched_network_gives_the_same_bits() -> None:
    plain, watched = Network(SMALL), WatchedNetwork(SMALL, 224, Clock())
    random = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for value in plain.parameters():
            value.normal_(0, 0.05, generator=random)
    watched.load_state_dict(plain.state_dict())
    x = torch.randn(2, 3, 224, 224, generator=random)
    for network in (plain, watched):
        network.masks = lambda _, tensor, rate: torch.ones_like(tensor)
        network.train()
        network(x).square().sum().backward()
    assert torch.equal(plain(x), watched(x))
    for own, other in zip(plain.parameters(), watched.parameters(), strict=True):
        assert own.grad is not None
        assert other.grad is not None
        assert torch.equal(own.grad, other.grad)


def test_a_clock_adds_up_and_begins_anew() -> None:
    clock = Clock()
    clock.add("a", "forward")
    once = clock.seconds["a", "forward"]
    clock.add("a", "forward")
    clock.add("b")
    assert clock.seconds["a", "forward"] > once > 0
    assert set(clock.seconds) == {("a", "forward"), ("b", "")}
    kept = clock.seconds
    clock.start()
    assert clock.seconds == {}
    assert len(kept) == 2


def test_the_parts_are_those_of_the_faster_half() -> None:
    slow, quick, middle = (Timed(seconds, 0.0, {("a", ""): seconds}) for seconds in (9.0, 1.0, 2.0))
    assert parts_of([slow, quick, middle]) == {("a", ""): 1.5}
    assert parts_of([slow]) == {("a", ""): 9.0}


@pytest.mark.parametrize(("batch", "free"), [(128, 2e9), (1000, 3e9), (1, 1e9), (2, 1e12)])
def test_the_batch_that_would_fit_is_the_largest(batch: int, free: float) -> None:
    layers = layers_of("alexnet")
    fits = memory.fitting(layers, 224, batch, free)
    assert fits <= batch
    if fits:
        assert memory.needed(layers, 224, fits) <= free
    wider = max(1, 2 * fits)
    assert wider >= batch or memory.needed(layers, 224, wider) > free


def test_the_least_of_machine_and_group_is_free(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    limit, use = tmp_path / "limit", tmp_path / "use"
    limit.write_text("3000\n")
    use.write_text("1000\n")
    monkeypatch.setattr(memory, "GROUPS", ((str(limit), str(use)),))
    assert memory.available() == 2000
    limit.write_text("max\n")
    assert memory.available() != 2000


def test_own_work_is_not_the_load_of_others(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ticks = os.sysconf("SC_CLK_TCK")
    stat, clock = tmp_path / "stat", iter([100.0, 110.0])
    monkeypatch.setattr(load, "STAT", stat)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})
    monkeypatch.setattr(load.time, "monotonic", lambda: next(clock))
    own = iter([50.0, 58.0])
    monkeypatch.setattr(load, "own_seconds", lambda: next(own))
    stat.write_text("cpu 9 9\ncpu0 0 0 0 500 0 0 0 0 0 0\ncpu1 0 0 0 500 0 0 0 0 0 0\ncpu2 7 7\n")
    watched = load.Load()
    user, stolen = 10 * ticks, 3 * ticks
    stat.write_text(f"cpu0 {user} 0 0 999 9 0 0 0 0 0\ncpu1 0 0 0 999 0 0 0 {stolen} 0 0\n")
    assert watched.others() == pytest.approx((10 + 3 - 8) / 10)


def test_where_the_system_says_nothing_nothing_is_known(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(load, "STAT", tmp_path / "absent")
    assert load.Load().others() is None


def test_slow_machines_get_smaller_matrices(monkeypatch: pytest.MonkeyPatch) -> None:
    for rate, side in ((100.0, 3072), (5.0, 1536), (0.5, 768)):
        monkeypatch.setattr(product.Product, "rate", lambda _, rate=rate: rate)
        assert product.fitting_side(torch.float32) == side
