"""A disk that fails, or a machine that dies, at the n-th system call of the modules under test.

The loop over n ends when a run reaches no fault: exhaustive by construction (SQLite's way).
A write that is hit is half done first, as on a real disk.
"""

import errno
import os
import signal
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from types import ModuleType
from typing import Any
from unittest import mock

CALLS = {
    "open",
    "write",
    "read",
    "readv",
    "fsync",
    "rename",
    "unlink",
    "link",
    "close",
    "mkdir",
    "flock",
    "fstat",
}
ERRORS = (errno.ENOSPC, errno.EIO, errno.EACCES)


class Fault:
    """Counts system calls and does ``act`` at number ``at`` (from 0); if lasting, after it too."""

    def __init__(self, at: int, act: Callable[[], None], lasting: bool = False) -> None:
        self.at, self.act, self.lasting = at, act, lasting
        self.calls: list[str] = []

    @property
    def reached(self) -> bool:
        return len(self.calls) > self.at

    def call(self, name: str, real: Callable[..., Any], *args: Any, **options: Any) -> Any:
        number = len(self.calls)
        self.calls.append(name)
        if number == self.at or (self.lasting and number > self.at):
            if name == "write":
                real(args[0], memoryview(args[1])[: len(args[1]) // 2])
            if name == "close":  # Linux closes even when it reports an error
                real(*args)
            self.act()
        return real(*args, **options)


class _Stand:
    """Stands in for ``os`` or ``fcntl``: the system calls go through the fault, the rest do not."""

    def __init__(self, module: ModuleType, fault: Fault) -> None:
        self._module, self._fault = module, fault

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._module, name)
        if name not in CALLS:
            return real
        return lambda *args, **options: self._fault.call(name, real, *args, **options)


@contextmanager
def struck(modules: Sequence[ModuleType], fault: Fault) -> Iterator[Fault]:
    """The system calls that ``modules`` make go through ``fault``."""
    with ExitStack() as stack:
        for module in modules:
            for name in ("os", "fcntl"):
                if hasattr(module, name):
                    stand = _Stand(getattr(module, name), fault)
                    stack.enter_context(mock.patch.object(module, name, stand))
        yield fault


def failing(at: int, number: int = errno.EIO, lasting: bool = False) -> Fault:
    """The ``at``-th call raises OSError, and all after it when the fault is a lasting one."""

    def fail() -> None:
        raise OSError(number, os.strerror(number))

    return Fault(at, fail, lasting)


def killed(modules: Sequence[ModuleType], at: int, action: Callable[[], object]) -> bool:
    """Whether a child that does ``action`` is killed (SIGKILL) by reaching its ``at``-th call."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # forking while torch has threads
        child = os.fork()
    if child == 0:
        try:
            with struck(modules, Fault(at, lambda: os.kill(os.getpid(), signal.SIGKILL))):
                action()
            os._exit(0)
        finally:
            os._exit(1)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in (0, -signal.SIGKILL), f"the child ended with {status}"
    return status != 0
