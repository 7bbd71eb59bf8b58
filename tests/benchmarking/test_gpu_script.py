"""benchmarks/gpu.py: its parts run, with small sizes and where need be in the interpreter."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gpu
import gpu_exact
import gpu_kernels
import gpu_ladder
import gpu_photos
import pytest
import torch

import alexnet
from alexnet.benchmarking import timing
from alexnet.devices import Device, device_of

NET = "alexnet+width:0.0625"
CROP = 67  # the least that five convolutions and three poolings can read


@pytest.fixture(scope="module")
def device() -> Device:
    return device_of("cuda")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Photos and the set of them."""
    photos = tmp_path_factory.mktemp("made") / "photos"
    gpu_photos.write(photos, 0, 8, 2)
    alexnet.prepare(photos, photos.parent / "set", say=lambda _: None)
    return photos, photos.parent / "set"


@pytest.fixture
def bench(device: Device, tmp_path: Path) -> gpu.Bench:
    return gpu.Bench(device, None, None, tmp_path / "gpu.json", time.monotonic() + 60)


def held(found: list[dict[str, Any]]) -> bool:
    assert found
    return all(row["held"] for row in found)


def test_kernels_are_compared_with_float64_and_with_the_processor(device: Device) -> None:
    where = device.where
    assert held(gpu_exact.norm_pools(where, ((8, 7),), 2))
    assert held(gpu_exact.views(where, 80, CROP, 2))
    assert held(gpu_exact.scaled_windows(where, 24, 16, 2))
    assert held(gpu_exact.dropped(where, 3, 100))
    assert held(gpu_exact.updates(where, 3000))
    assert held(gpu_exact.training_step(where, NET, 2, CROP))


def test_a_wrong_value_is_found() -> None:
    right = torch.linspace(-1, 1, 1000)
    wrong = right.clone()
    wrong[3] += 0.5
    assert gpu_exact.away(wrong, right) == pytest.approx(0.5)
    assert gpu_exact.differing(wrong, right) == pytest.approx(1e-3)
    assert gpu_exact.differing(right, right) == 0


def test_kernels_have_times_and_floors(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu_kernels, "READINGS", 1)
    monkeypatch.setattr(timing, "WARM", 1)
    where, copies = device.where, 1e9
    rows = [
        *gpu_kernels.norm_pools(where, copies, (2,), ((8, 7),)),
        *gpu_kernels.cuts(where, copies, (2,), 80, CROP),
        *gpu_kernels.masks(where, copies, (2,), (64,)),
        *gpu_kernels.updates(where, copies, 2000),
    ]
    assert len(rows) == 4 + 2 + 1 + 2
    for row in rows:
        assert row["milliseconds"]["median"] > 0
        assert row["reached"] == pytest.approx(row["floor_ms"] / row["milliseconds"]["median"])
    assert rows[-1]["megabytes"] == pytest.approx(2000 * 20 / 1e6)
    assert len(gpu_kernels.table(rows)) == 2 + len(rows)


def test_steps_from_noise_and_from_a_set(
    device: Device, made: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    import gpu_steps

    from alexnet.benchmarking import steps

    monkeypatch.setattr(steps, "WARM", 1)
    net = f"{NET}+no-norm"
    (row,) = gpu_steps.sweep(device, {"bf16": 100.0}, (2,), ("bf16",), 1, net, crop=CROP)
    assert row["images_per_second"]["median"] > 0
    assert row["share_of_peak"] > 0
    assert row["steps"] == 1
    ways = gpu_steps.feeds(device, str(made[1]), 2, net, crop=CROP)
    assert len(ways) == 5
    some = {name: ways[name] for name in (*list(ways)[:1], *list(ways)[-1:])}
    noise, copied = gpu_steps.fed(some, 1).values()
    assert noise["ratio"]["median"] == 1
    assert copied["ratio"]["n"] == 1


def test_the_plain_loop_is_fed_in_three_ways(made: tuple[Path, Path]) -> None:
    import gpu_plain

    photos, data = made
    ways = gpu_plain.peers(device_of("cuda"), data, photos, 2, 0)
    assert list(ways) == ["step alone", "packed set", "photos"]
    for feed, _ in ways.values():
        pictures, labels = next(feed())
        assert pictures.shape == (2, 3, 224, 224)
        assert pictures.dtype == torch.float32
        assert labels.shape == (2,)
    loop = gpu_plain.Loop(torch.device("cpu"))
    assert gpu_plain.turn(loop, gpu_plain.noise(1, loop.where), 1, 0, 1) > 0
    row = gpu_plain.compared("photos", [30.0, 40.0], [10.0, 20.0], 2)
    assert row["ratio"]["median"] == 2.5


def test_the_ladder_says_what_was_measured_and_what_was_not() -> None:
    row = {"precision": "bf16", "batch": 1024, "images_per_second": {"median": 70_000.0}}
    results = {"sweep": [row]}
    first, *others = gpu_ladder.ladder(results)
    assert first["outcome"] == 70_000
    assert all(rung["outcome"] is None for rung in others)
    held = {row["target"]: row["held"] for row in gpu_ladder.targets(results)}
    assert held["images/s at batch 1024"] is True
    assert held["images/s at batch 128"] is None
    text = "\n".join(gpu_ladder.text(results))
    assert "27.5 minutes" in text
    assert "not measured" in text


def part_of(*rows: dict[str, Any], fails: bool = False) -> gpu.Part:
    def work(_: gpu.Bench) -> Iterator[dict[str, Any]]:
        yield from rows
        if fails:
            raise ValueError("no luck")

    return gpu.Part("sweep", 1, work)


def test_what_was_measured_is_kept_when_a_part_fails(bench: gpu.Bench) -> None:
    assert gpu.measure(bench, part_of({"value": 1}, fails=True))
    kept = json.loads(bench.out.read_text())
    assert kept["sweep"] == [{"value": 1}]
    assert kept["failed"] == {"sweep": "ValueError: no luck"}


def test_a_part_ends_when_the_time_is_up(bench: gpu.Bench) -> None:
    bench.until = time.monotonic() - 1
    assert gpu.measure(bench, part_of({"value": 1}, {"value": 2}))
    assert json.loads(bench.out.read_text())["sweep"] == [{"value": 1}]
    assert bench.results["stopped"] == {"sweep": "the time was up"}


def test_what_lies_there_is_not_measured_again(bench: gpu.Bench) -> None:
    gpu.taken_up(bench)
    gpu.measure(bench, part_of({"value": 1}))
    again = gpu.Bench(bench.device, None, None, bench.out, bench.until)
    gpu.taken_up(again)
    names = [part.name for part in gpu.chosen(again, None)]
    assert "sweep" not in names
    assert len(names) == len(gpu.PARTS) - 1
    assert [part.name for part in gpu.chosen(again, "sweep,exact")] == ["exact", "sweep"]
    bench.out.write_text(json.dumps({"gpu": "another", "sweep": [1]}))
    gpu.taken_up(again)
    assert "sweep" not in again.results
