"""What this machine is, and the settings that make torch quick on it."""

import ctypes
import os
import platform
import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch


def cores() -> int:
    """How many processors this process may keep busy: affinity and cgroup quota, at least one."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    quota = _cgroup_quota()
    return max(1, min(usable or 1, int(quota) if quota else usable or 1))


def _cgroup_quota() -> float | None:
    try:
        limit, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        return None if limit == "max" else int(limit) / int(period)
    except (OSError, ValueError):
        pass
    try:
        folder = Path("/sys/fs/cgroup/cpu")
        limit = (folder / "cpu.cfs_quota_us").read_text()
        period = (folder / "cpu.cfs_period_us").read_text()
        return int(limit) / int(period) if int(limit) > 0 else None
    except (OSError, ValueError):
        return None


def free_memory() -> int:
    """Bytes of memory that are free, or hold files that the kernel can let go of.

    Those of the machine, or of this process's cgroup where that has fewer left.
    """
    return max(0, min([_free_of_machine(), *_free_of_cgroup()]))


def _free_of_machine() -> int:
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable")) << 10
    except (OSError, StopIteration, ValueError):
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _free_of_cgroup() -> list[int]:
    """What the limit leaves, for each version of cgroups that has one."""
    found = []
    for folder, limit, used, cached in (
        ("/sys/fs/cgroup", "memory.max", "memory.current", ""),
        ("/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_"),
    ):
        try:
            most, taken = (int((Path(folder) / name).read_text()) for name in (limit, used))
            rows = (Path(folder) / "memory.stat").read_text().split()
            counts = dict(zip(rows[::2], rows[1::2], strict=True))
            kept = (int(counts[f"{cached}{kind}_file"]) for kind in ("active", "inactive"))
            found.append(most - taken + sum(kept))
        except (OSError, ValueError, KeyError):  # no cgroup, or "max": no limit
            continue
    return found


def describe(gpu: "torch.device | None" = None) -> dict[str, Any]:
    """Processor, cores, memory in GB, instruction set that torch uses, system; the GPU if used."""
    import torch

    return {
        "processor": _processor(),
        "cores": cores(),
        "memory_gb": _memory_gb(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "system": f"{platform.system()} {platform.release()}",
        **({"gpu": card(gpu)} if gpu else {}),
    }


def card(gpu: "torch.device") -> dict[str, Any]:
    """A GPU's model, memory in GB, compute capability, multiprocessors; the driver's version."""
    import torch

    found = torch.cuda.get_device_properties(gpu)
    return {
        "card": found.name,
        "card_memory_gb": round(found.total_memory / 1e9, 1),
        "capability": f"{found.major}.{found.minor}",
        "multiprocessors": found.multi_processor_count,
        "driver": _driver(),
    }


def _driver() -> str:
    """The version of NVIDIA's driver, or "unknown"."""
    try:
        line = Path("/proc/driver/nvidia/version").read_text().splitlines()[0]
    except (OSError, IndexError):
        return "unknown"
    found = re.search(r"\d+\.\d+(\.\d+)?", line)
    return found[0] if found else "unknown"


@lru_cache(maxsize=1)
def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
        return names[0]
    except (OSError, IndexError):
        return platform.processor() or platform.machine()


def has_bf16() -> bool:
    """Whether the processor multiplies bfloat16 itself (AVX-512 BF16, AMX, or Arm's)."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return False
    lines = [line for line in text.splitlines() if line.startswith(("flags", "Features"))]
    return bool({"avx512_bf16", "amx_bf16", "bf16"} & set(" ".join(lines[:1]).split()))


def _memory_gb() -> float:
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return round(pages / 1e9, 1)


def use(threads: int | None = None) -> None:
    """Let torch have so many threads, by default all cores that it may use, and keep its memory."""
    import torch

    keep_memory()
    torch.set_num_threads(threads or cores())


def keep_memory() -> bool:
    """Tell glibc to keep freed memory instead of handing it back; True where that was possible.

    A training step frees and takes the same gigabytes again; each return to the kernel costs
    page faults on the next step (docs/results.md, training step).
    """
    try:
        library = ctypes.CDLL(None)
        trim_threshold, mmap_threshold, most = -1, -3, 2**31 - 1
        return bool(library.mallopt(trim_threshold, most) and library.mallopt(mmap_threshold, most))
    except (OSError, AttributeError):
        return False


def versions(gpu: bool = False) -> dict[str, str]:
    """Versions of what the numbers depend on; ``gpu``: those of a GPU too."""
    from importlib.metadata import version

    from alexnet._version import __version__

    names = ("torch", "numpy", "pillow", "safetensors")
    return {
        "alexnet": __version__,
        **{name: version(name) for name in names},
        "python": platform.python_version(),
        **(gpu_versions() if gpu else {}),
    }


def gpu_versions() -> dict[str, str]:
    """Versions of Triton and, where torch has them, of CUDA and cuDNN."""
    from importlib.metadata import version

    import torch

    found = {"triton": version("triton")}
    if torch.version.cuda:
        cudnn = torch.backends.cudnn.version()  # type: ignore[no-untyped-call]
        found |= {"cuda": torch.version.cuda, "cudnn": str(cudnn)}
    return found
