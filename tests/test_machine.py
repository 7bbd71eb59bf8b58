"""What the machine says of itself."""

import json
import os
from pathlib import Path

import pytest

from alexnet import machine


def cgroup(monkeypatch: pytest.MonkeyPatch, files: dict[str, str]) -> None:
    """Only these files are there to be read."""

    def read_text(path: Path) -> str:
        if str(path) not in files:
            raise FileNotFoundError(path)
        return files[str(path)]

    monkeypatch.setattr(Path, "read_text", read_text)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))


V1 = "/sys/fs/cgroup/cpu/cpu.cfs_{}_us"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, 8),
        ({"/sys/fs/cgroup/cpu.max": "max 100000\n"}, 8),
        ({"/sys/fs/cgroup/cpu.max": "200000 100000\n"}, 2),
        ({"/sys/fs/cgroup/cpu.max": "350000 100000\n"}, 3),
        ({"/sys/fs/cgroup/cpu.max": "50000 100000\n"}, 1),
        ({"/sys/fs/cgroup/cpu.max": "9900000 100000\n"}, 8),
        ({"/sys/fs/cgroup/cpu.max": "nonsense"}, 8),
        ({V1.format("quota"): "400000\n", V1.format("period"): "100000\n"}, 4),
        ({V1.format("quota"): "-1\n", V1.format("period"): "100000\n"}, 8),
    ],
)
def test_cores_are_those_that_may_be_kept_busy(
    monkeypatch: pytest.MonkeyPatch, files: dict[str, str], expected: int
) -> None:
    cgroup(monkeypatch, files)
    assert machine.cores() == expected


MEMINFO = "MemTotal: 16000 kB\nMemFree: 100 kB\nMemAvailable: 8000 kB\n"
V2 = {
    "/sys/fs/cgroup/memory.max": "5000000\n",
    "/sys/fs/cgroup/memory.current": "4000000\n",
    "/sys/fs/cgroup/memory.stat": "anon 900000\nactive_file 1000000\ninactive_file 2000000\n",
}
V1_MEMORY = {
    "/sys/fs/cgroup/memory/memory.limit_in_bytes": "3000000\n",
    "/sys/fs/cgroup/memory/memory.usage_in_bytes": "2500000\n",
    "/sys/fs/cgroup/memory/memory.stat": "total_active_file 100000\ntotal_inactive_file 200000\n",
}


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, 8000 * 1024),
        (V2, 5_000_000 - 4_000_000 + 3_000_000),
        ({**V2, "/sys/fs/cgroup/memory.max": "max\n"}, 8000 * 1024),
        ({**V2, "/sys/fs/cgroup/memory.max": "50000000\n"}, 8000 * 1024),
        ({**V2, "/sys/fs/cgroup/memory.current": "9000000\n"}, 0),
        (V1_MEMORY, 3_000_000 - 2_500_000 + 300_000),
    ],
)
def test_free_memory_is_the_machine_s_or_what_the_limit_leaves(
    monkeypatch: pytest.MonkeyPatch, files: dict[str, str], expected: int
) -> None:
    """Files that the kernel keeps in memory count as free: it lets go of them."""
    cgroup(monkeypatch, {"/proc/meminfo": MEMINFO, **files})
    assert machine.free_memory() == expected


def test_free_memory_where_the_kernel_does_not_say(monkeypatch: pytest.MonkeyPatch) -> None:
    cgroup(monkeypatch, {})
    assert machine.free_memory() > 0


def test_the_processor_is_named_by_the_kernel_or_by_python(monkeypatch: pytest.MonkeyPatch) -> None:
    machine._processor.cache_clear()
    cgroup(monkeypatch, {"/proc/cpuinfo": "processor : 0\nmodel name\t: Abacus 9\nflags : x\n"})
    assert machine._processor() == "Abacus 9"
    machine._processor.cache_clear()
    cgroup(monkeypatch, {})
    assert machine._processor()
    machine._processor.cache_clear()


def test_a_machine_fits_into_a_plan() -> None:
    found = json.loads(json.dumps(machine.describe()))
    assert set(found) == {"processor", "cores", "memory_gb", "instructions", "system"}
    assert found["cores"] >= 1
    assert found["memory_gb"] > 0


def test_versions() -> None:
    found = machine.versions()
    assert set(found) == {"alexnet", "torch", "numpy", "pillow", "safetensors", "python"}
    assert all(version[0].isdigit() for version in found.values())


def test_a_machine_without_glibc_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine.ctypes, "CDLL", lambda _: object())
    assert machine.keep_memory() is False
