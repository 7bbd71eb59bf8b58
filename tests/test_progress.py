"""The line that tells how far work has come."""

import io
import os
import shutil

import pytest

from alexnet import progress
from alexnet.progress import Progress, duration


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, which a test may set."""
    now = [1000.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (45.4, "45 s"),
        (59.6, "1 min 0 s"),
        (200, "3 min 20 s"),
        (3599.7, "1 h 0 min"),
        (7512, "2 h 5 min"),
        (360000, "100 h 0 min"),
    ],
)
def test_durations_as_people_say_them(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_rate_and_time_left(clock: list[float]) -> None:
    stream = io.StringIO()
    line = Progress("prepare", 1200, stream=stream, every=10)
    line.update(0)
    clock[0] += 20
    line.update(400)
    clock[0] += 20
    line.update(800, "3 refused, 20 images/s")
    assert stream.getvalue().splitlines() == [
        "prepare: 400 of 1,200 images, 20 a second, 40 s left",
        "prepare: 800 of 1,200 images, 20 s left, 3 refused, 20 images/s",
    ]


def test_what_was_done_before_does_not_count_for_the_rate(clock: list[float]) -> None:
    stream = io.StringIO()
    line = Progress("train", 1000, "steps", stream, every=10)
    line.update(900)
    clock[0] += 20
    line.update(920)
    assert stream.getvalue() == "train: 920 of 1,000 steps, 1.0 a second, 1 min 20 s left\n"


def test_no_time_to_finish_before_anything_was_done(clock: list[float]) -> None:
    stream = io.StringIO()
    line = Progress("train", 10, stream=stream, every=1)
    clock[0] += 5
    line.update(0)
    assert stream.getvalue() == "train: 0 of 10 images\n"


def test_elsewhere_a_line_now_and_then(clock: list[float]) -> None:
    stream = io.StringIO()
    line = Progress("x", 100, stream=stream, every=30)
    for second in range(100):
        clock[0] = 1000 + second
        line.update(second)
    line.close()
    assert len(stream.getvalue().splitlines()) == 3
    assert "\r" not in stream.getvalue()


def test_a_terminal_s_line_is_rewritten_and_cleared(clock: list[float]) -> None:
    stream = Terminal()
    line = Progress("x", 100, stream=stream)
    line.update(1, "a long note")
    clock[0] += 0.05
    line.update(2)  # too soon
    clock[0] += 0.25
    line.update(3)
    line.close()
    first, second, cleared, rest = stream.getvalue().split("\r")[1:]
    assert first == "x: 1 of 100 images, a long note"
    assert second.startswith("x: 3 of 100 images")
    assert len(second) >= len(first)  # nothing of the longer line is left
    assert cleared.strip() == rest == ""
    assert len(cleared) >= len(second.rstrip())


def test_a_line_is_never_so_long_that_it_wraps(
    clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "get_terminal_size", lambda: os.terminal_size((40, 24)))
    stream = Terminal()
    Progress("x", 100, stream=stream).update(1, "n" * 200)
    assert len(stream.getvalue()) == len("\r") + 39


@pytest.mark.parametrize("stream", [io.StringIO(), Terminal()])
def test_quiet_is_quiet(stream: io.StringIO, clock: list[float]) -> None:
    line = Progress("x", 100, stream=stream, quiet=True, every=0)
    line.update(1)
    clock[0] += 100
    line.update(2)
    line.close()
    assert stream.getvalue() == ""
