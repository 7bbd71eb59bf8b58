"""Seconds of work on a device: by the clock of the processor, or by events of the GPU."""

import time
from collections.abc import Callable
from typing import Any, Protocol

import torch

CPU = torch.device("cpu")
AHEAD = 100_000_000  # cycles that the GPU waits, some 50 ms: asking for a step is quicker
WARM = 3  # runs that are not timed: the first compile, choose algorithms and take memory
READING = 0.05  # seconds that a reading takes at least, on a GPU
MOST = 200  # runs in a reading; more launches than a GPU queues would wait for it


class Event(Protocol):
    """A moment in the GPU's stream of work, as torch.cuda.Event is one."""

    def elapsed_time(self, end_event: "Event") -> float:
        """Milliseconds from this moment to the other."""

    def synchronize(self) -> None:
        """Wait until the GPU has passed this moment."""


def moment() -> Event:
    """A moment in the GPU's stream, after all that was asked of it so far."""
    event: Any = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]
    event.record()
    made: Event = event
    return made


def ahead() -> None:
    """Let the GPU wait a little, so that what comes next is asked for before it can begin.

    Otherwise the time of a short kernel would be the time that the processor takes to launch it.
    """
    torch.cuda._sleep(AHEAD)  # type: ignore[no-untyped-call]


def seconds_of(work: Callable[[], object], where: torch.device, times: int = 1) -> float:
    """Seconds of one run of ``work``, the mean of ``times`` in a row."""
    if where.type != "cuda":
        started = time.perf_counter()
        for _ in range(times):
            work()
        return (time.perf_counter() - started) / times
    ahead()
    began = moment()
    for _ in range(times):
        work()
    ended = moment()
    ended.synchronize()
    return began.elapsed_time(ended) / 1e3 / times


def readings_of(work: Callable[[], object], where: torch.device, count: int) -> list[float]:
    """``count`` readings of the seconds of one run, each long enough to be exact; warmed up."""
    once = min(seconds_of(work, where) for _ in range(WARM))
    times = enough(once) if where.type == "cuda" else 1
    return [seconds_of(work, where, times) for _ in range(count)]


def enough(once: float) -> int:
    """How many runs of so many seconds make a reading."""
    return max(1, min(MOST, round(READING / max(once, 1e-9))))
