"""What holds while an archive is read: bounded memory, and no file but where one may be."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PAGE = resource.getpagesize()


@contextmanager
def bounded_memory(size: int) -> Iterator[None]:
    """MemoryError for more than ``size`` bytes of address space beside what is taken already."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    taken = int(Path("/proc/self/statm").read_text().split()[0]) * PAGE
    resource.setrlimit(resource.RLIMIT_AS, (taken + size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def snapshot(folder: Path) -> dict[str, tuple[int, int]]:
    """Every file and folder below; of files their sizes and times of change."""
    facts = ((path, path.lstat()) for path in folder.rglob("*"))
    return {
        str(path): (0, 0) if path.is_dir() else (facts.st_size, facts.st_mtime_ns)
        for path, facts in facts
    }
