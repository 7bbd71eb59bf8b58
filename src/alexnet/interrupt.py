"""Ctrl-C and SIGTERM as a polite request: the work ends at the next good place and saves."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stop:
    """What the training loop asks between two steps."""

    requested: bool = False


def to_stderr(text: str) -> None:
    """Say it at once, from the handler of a signal."""
    # Not print: the signal may have come in the middle of one, which cannot be entered twice.
    with suppress(OSError):
        os.write(2, text.encode() + b"\n")


@contextmanager
def catching(say: Callable[[str], None] = to_stderr, grace: float = 0.0) -> Iterator[Stop]:
    """While the block runs, the first signal sets ``requested``, a second raises KeyboardInterrupt.

    One that comes within ``grace`` seconds of the first is taken for the same one.
    The former handlers return afterwards. Outside the main thread, where Python allows no handlers,
    signals go on as before and ``requested`` stays false.
    """
    stop, asked = Stop(), 0.0

    def handle(_number: int, _frame: FrameType | None) -> None:
        nonlocal asked
        if stop.requested and time.monotonic() - asked < grace:
            return
        if stop.requested:
            raise KeyboardInterrupt
        stop.requested, asked = True, time.monotonic()
        say("\nstopping after this step; once more to stop at once")

    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    former = {number: signal.signal(number, handle) for number in SIGNALS}
    try:
        yield stop
    finally:
        for number, handler in former.items():
            # None: a handler that was not set from Python cannot be put back.
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
