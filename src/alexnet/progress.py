"""One live line on a terminal, plain lines now and then elsewhere: rate and time to finish."""

import shutil
import sys
import time
from typing import TextIO


def duration(seconds: float) -> str:
    """Seconds as people say them: "45 s", "3 min 20 s", "2 h 5 min"."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


class Progress:
    """Progress of work that has a known end, on standard error.

    On a terminal the line is rewritten ten times a second at most; elsewhere (a file, a pipe, a
    screen reader) a new line appears every ``every`` seconds.
    """

    def __init__(
        self,
        title: str,
        total: int,
        unit: str = "images",
        stream: TextIO | None = None,
        quiet: bool = False,
        every: float = 30.0,
    ) -> None:
        self.title, self.total, self.unit, self.quiet = title, total, unit, quiet
        self.stream = stream or sys.stderr
        self.live = self.stream.isatty()
        self.every = 0.1 if self.live else every
        self.started = time.monotonic()
        self.first: int | None = None
        self.shown_at = self.started if not self.live else 0.0
        self.width = 0

    def update(self, done: int, note: str = "") -> None:
        """Tell that ``done`` of the total are behind us; ``note`` is appended as it is."""
        now = time.monotonic()
        if self.first is None:
            self.first = done
        if self.quiet or now - self.shown_at < self.every:
            return
        self.shown_at = now
        self._write(self._line(done, now, note))

    def _line(self, done: int, now: float, note: str) -> str:
        rate = (done - (self.first or 0)) / max(now - self.started, 1e-9)
        parts = [f"{self.title}: {done:,} of {self.total:,} {self.unit}"]
        if rate > 0:
            if not note:  # which may have a rate of its own, and the line is short
                parts.append(f"{rate:,.0f} a second" if rate >= 10 else f"{rate:.1f} a second")
            parts.append(f"{duration((self.total - done) / rate)} left")
        if note:
            parts.append(note)
        return ", ".join(parts)

    def _write(self, line: str) -> None:
        if self.live:
            # A line that wraps could not be rewritten: its first part would stay on the screen.
            line = line[: shutil.get_terminal_size().columns - 1]
            self.stream.write("\r" + line.ljust(self.width))
            self.width = len(line)
        else:
            self.stream.write(line + "\n")
        self.stream.flush()

    def close(self) -> None:
        """Clear the live line, so that what is printed next starts on an empty one."""
        if self.live and self.width and not self.quiet:
            self.stream.write("\r" + " " * self.width + "\r")
            self.stream.flush()
            self.width = 0
