"""How busy other programs keep the machine while something is measured."""

import os
import time
from pathlib import Path

STAT = Path("/proc/stat")
IDLE = (3, 4)  # columns of /proc/stat that are no work: idle, and waiting for a disk


class Load:
    """From now on: the load when it began, and what other programs take meanwhile."""

    def __init__(self) -> None:
        self.at_start = round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None
        self.began, self.busy, self.own = time.monotonic(), busy_seconds(), own_seconds()

    def others(self) -> float | None:
        """Processors that other programs kept busy since then, on average; None: not known."""
        busy = busy_seconds()
        if busy is None or self.busy is None:
            return None
        taken = (busy - self.busy) - (own_seconds() - self.own)
        return max(0.0, round(taken / max(time.monotonic() - self.began, 1e-9), 2))


def own_seconds() -> float:
    """Processor time of this process, all of its threads."""
    times = os.times()
    return times.user + times.system


def busy_seconds() -> float | None:
    """Processor time of everybody on the processors that this process may use; None: not known."""
    try:
        usable = {f"cpu{number}" for number in os.sched_getaffinity(0)}
        lines = [line.split() for line in STAT.read_text().splitlines()]
        # Eight columns: those after them are guests, which are counted in the first two already.
        rows = [line[1:9] for line in lines if line and line[0] in usable]
        ticks = sum(int(n) for row in rows for at, n in enumerate(row) if at not in IDLE)
        return ticks / os.sysconf("SC_CLK_TCK") if rows else None
    except (OSError, ValueError, AttributeError):
        return None
