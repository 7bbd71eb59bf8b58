"""Many small trials in a process that may die of them; each trial has exactly one outcome."""

import os
import resource
import select
import signal
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

SECONDS = 5  # of processor time, after which a trial counts as a hang: no matter what else runs
PATIENCE = 120  # seconds without a word, for a trial that waits and does not work
MEMORY = 2 << 30  # bytes of address space that a trial may take beside what is taken

Trial = Callable[[int], str]


def outcomes(trial: Trial, first: int, end: int) -> Iterator[tuple[int, str]]:
    """(number, outcome) of the trials ``first`` up to ``end``, in their order.

    The outcome is what ``trial`` returns (one line), "raised ..." where it raises, and "hang" or
    "died: SIGSEGV" where the process does not come through it.
    """
    while first < end:
        for number, outcome in _child(trial, first, end):
            yield number, outcome
            first = number + 1


def put(path: Path, data: bytes) -> None:
    """Other contents for a file; ext4 waits for the disk where one is emptied and written anew."""
    with path.open("r+b" if path.exists() else "wb") as file:
        file.write(data)
        file.truncate()


def bad(outcome: str) -> bool:
    """Whether an outcome is one that must not be."""
    return outcome.startswith(("raised", "hang", "died", "wrong"))


def peak() -> int:
    """Bytes of memory that the largest child so far had."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss << 10


def _child(trial: Trial, first: int, end: int) -> Iterator[tuple[int, str]]:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            _serve(trial, first, end, writing)
        finally:
            os._exit(0)
    os.close(writing)
    said, number = b"", first
    with open(reading, "rb", buffering=0) as pipe:  # noqa: PTH123
        while select.select([pipe], [], [], PATIENCE)[0] and (chunk := pipe.read(1 << 16)):
            *lines, said = (said + chunk).split(b"\n")
            for line in lines:
                yield number, line.decode("utf-8", "replace")
                number += 1
    os.kill(child, signal.SIGKILL)  # where it is silent; one that has ended does not mind
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if number < end:
        hung = -status in (signal.SIGPROF, signal.SIGKILL)
        yield number, "hang" if hung else f"died: {signal.Signals(-status).name}"


def _serve(trial: Trial, first: int, end: int, pipe: int) -> None:
    taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (taken + MEMORY,) * 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # C libraries complain there of each file
    warnings.simplefilter("error")  # none is to reach a user
    for number in range(first, end):
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        try:
            outcome = trial(number)
        except BaseException as error:
            outcome = f"raised {type(error).__name__}: {error}"
        signal.setitimer(signal.ITIMER_PROF, 0)
        os.write(pipe, outcome.replace("\n", " ").encode("utf-8", "replace") + b"\n")
