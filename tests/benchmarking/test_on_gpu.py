"""What a benchmark has for a GPU, as far as it can be tried without one."""

import math

import pytest
import torch

import alexnet
from alexnet.benchmarking import measure, on_gpu, product, timing
from alexnet.benchmarking import steps as steps_module
from alexnet.benchmarking.floors import Limits, floors
from alexnet.benchmarking.outcome import flops, rows_of
from alexnet.benchmarking.watch import BACKWARD, DATA, FORWARD, LOSS, UPDATE, EventClock, name_of
from alexnet.cli.benchmark_text import described
from alexnet.devices import device_of
from alexnet.networks.build import steps
from alexnet.networks.tables import parameters, table
from alexnet.networks.zoo import NETWORKS, layers_of

NET = "alexnet+width:0.0625+no-norm"  # normalisation takes seconds in the interpreter


class Moment:
    """An event of a GPU that works for so long after each request."""

    passed = 0.0  # milliseconds

    def __init__(self, milliseconds: float = 0.0) -> None:
        Moment.passed += milliseconds
        self.at, self.waited_for = Moment.passed, False

    def elapsed_time(self, end_event: timing.Event) -> float:
        assert isinstance(end_event, Moment)
        assert end_event.waited_for, "a GPU may still be on its way there"
        return end_event.at - self.at

    def synchronize(self) -> None:
        self.waited_for = True


def test_a_clock_of_events_gives_the_seconds_between_them() -> None:
    spent, pauses = iter([0.0, 2.0, 3.0, 4.0, 0.0, 1.0]), []
    clock = EventClock(lambda: Moment(next(spent)), lambda: pauses.append(1))
    clock.add("a", FORWARD)
    clock.add("b")
    clock.add("a", FORWARD)
    assert clock.seconds == pytest.approx({("a", FORWARD): 0.006, ("b", ""): 0.003})
    clock.start()
    clock.add("b")
    assert clock.seconds == pytest.approx({("b", ""): 0.001})
    assert len(pauses) == 2  # one before each step


def test_a_part_takes_the_longer_of_arithmetic_and_memory() -> None:
    limits = Limits(1e12, 1e9)
    assert limits.seconds(2e12, 1e6) == 2
    assert limits.seconds(2e6, 3e9) == 3


@pytest.mark.parametrize("name", ["alexnet", "alexnet-as-run", "caffenet"])
def test_without_a_limit_of_memory_the_floor_is_the_arithmetic(name: str) -> None:
    layers = layers_of(name)
    crop = NETWORKS[name].preprocessing.crop
    found = floors(layers, crop, 4, "bf16", Limits(1e12, math.inf))
    for step, (forward, backward) in zip(steps(layers), flops(layers, crop), strict=True):
        assert found[name_of(step), FORWARD] == pytest.approx(4 * forward / 1e12)
        assert found[name_of(step), BACKWARD] == pytest.approx(4 * backward / 1e12)


def test_without_a_limit_of_arithmetic_it_is_the_bytes() -> None:
    layers = layers_of("alexnet")
    found = floors(layers, 224, 10, "bf16", Limits(math.inf, 1.0))
    maps, pooled = 10 * 96 * 55 * 55 * 2, 10 * 96 * 27 * 27 * 2
    weights = (96 * 3 * 11 * 11 + 96) * 2
    picture = 10 * 3 * 224 * 224
    assert found["conv1", FORWARD] == 2 * picture + weights + maps
    assert found["conv1", BACKWARD] == 2 * picture + weights + maps  # no gradient of pictures
    norm = "relu1+norm1+pool1"
    assert found[norm, FORWARD] == maps + pooled
    assert found[norm, BACKWARD] == 2 * maps + pooled
    fc7 = (4096 * 4096 + 4096) * 2
    assert found["fc7", FORWARD] == fc7 + 2 * 10 * 4096 * 2
    assert found["fc7", BACKWARD] == 2 * fc7 + 3 * 10 * 4096 * 2
    logits = (4096 * 1000 + 1000) * 4  # the last layer's weights stay float32
    assert found["fc8", FORWARD] == logits + 10 * (4096 + 1000) * 2
    assert found[UPDATE, ""] == 20 * parameters(layers)
    assert found[DATA, ""] == 3 * picture
    assert floors(layers, 224, 10, "float32", Limits(math.inf, 1.0))[DATA, ""] == 5 * picture


def test_rows_bring_their_floors() -> None:
    layers = layers_of("alexnet")
    least = floors(layers, 224, 2, "float32", Limits(1e12, 1e9))
    rows = {row.name: row for row in rows_of(layers, 224, 2, {}, least)}
    assert rows["conv1"].floor == least["conv1", FORWARD] + least["conv1", BACKWARD]
    assert rows["update"].floor == least[UPDATE, ""]
    assert rows["waiting"].floor == least[DATA, ""]
    assert rows[LOSS].floor is None
    assert all(row.floor is None for row in rows_of(layers, 224, 2, {}))
    assert len(table(layers)) > len(rows) - 4


def test_a_reading_is_long_enough_and_not_endless() -> None:
    assert timing.enough(1e-3) == round(timing.READING / 1e-3)
    assert timing.enough(10.0) == 1
    assert timing.enough(0.0) == timing.MOST


def test_readings_on_a_processor_are_of_single_runs() -> None:
    runs: list[int] = []
    found = timing.readings_of(lambda: runs.append(1), timing.CPU, 4)
    assert len(found) == 4
    assert len(runs) == 4 + timing.WARM


def test_bandwidth_counts_both_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(product, "seconds_of", lambda *_: 0.5)
    monkeypatch.setattr(product, "LARGE", 1000)
    assert product.bandwidth(torch.device("cpu")) == 4000


def test_the_benchmark_takes_the_gpus_way(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name, count in (
        (steps_module, "WARM", 1), (measure, "LEAST", 1), (on_gpu, "WARM", 0),
        (on_gpu, "READINGS", 1), (product, "LARGE", 10**6),
    ):  # fmt: skip
        monkeypatch.setattr(module, name, count)
    device = device_of("cuda")
    found = alexnet.benchmark(
        net=NET, batch=2, classes=3, device="cuda", seconds=0.01, quiet=True, threads=1
    )
    values = found.as_json()
    assert (values["device"], values["kernels"]) == (device.name, device.kernels)
    assert values["gpu"] is not None
    assert values["bandwidth_gb_s"] > 0
    names = [name_of(step) for step in steps(layers_of(NET, 3))]
    rows = {row["name"]: row for row in values["layers"]}
    assert list(rows) == [*names, "loss", "update", "rest", "views"]
    for name, row in rows.items():
        assert row["forward_ms"] > 0 or name == "rest"
        assert (row["floor_ms"] is None) == (name in ("loss", "rest"))
    text = "\n".join(described(found, 80))
    for words in ("apart from the captured step", "floor", "GB/s", found.device, "readings of"):
        assert words in text
    assert max(map(len, text.splitlines())) <= 80
