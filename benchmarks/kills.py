"""SIGKILL at a system call, for the benchmarks that kill training."""

import itertools
import os
import signal
from collections.abc import Callable, Iterable

CALLS = ("open", "write", "fsync", "rename", "replace", "unlink", "remove")


def kill_at_call(modules: Iterable[object], at: int) -> None:
    """Kill this process before the n-th call that a module's ``os`` makes on a file."""
    counter = itertools.count()

    def watched(call: Callable[..., object]) -> Callable[..., object]:
        def instead(*args: object, **named: object) -> object:
            if next(counter) == at:
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*args, **named)

        return instead

    for module in {id(one): one for one in modules}.values():
        for name in CALLS:
            setattr(module, name, watched(getattr(module, name)))
