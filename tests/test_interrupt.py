import signal
import threading

import pytest

from alexnet import interrupt
from alexnet.interrupt import SIGNALS, catching


@pytest.mark.parametrize("first", SIGNALS)
@pytest.mark.parametrize("second", SIGNALS)
def test_the_first_signal_asks_and_the_second_stops(
    first: signal.Signals, second: signal.Signals
) -> None:
    said: list[str] = []
    with pytest.raises(KeyboardInterrupt), catching(said.append) as stop:  # noqa: PT012
        assert not stop.requested
        signal.raise_signal(first)
        assert stop.requested
        assert "once more to stop at once" in said[0]
        signal.raise_signal(second)
        raise AssertionError("not reached")
    assert len(said) == 1


def test_what_comes_at_once_is_the_same_request(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 5.0
    monkeypatch.setattr(interrupt.time, "monotonic", lambda: now)
    with pytest.raises(KeyboardInterrupt), catching(lambda _: None, grace=2.0) as stop:  # noqa: PT012
        signal.raise_signal(signal.SIGTERM)
        now = 6.9  # a scheduler's signal, and torchrun's own
        signal.raise_signal(signal.SIGTERM)
        assert stop.requested
        now = 7.1
        signal.raise_signal(signal.SIGTERM)
        raise AssertionError("not reached")


def test_the_former_handlers_return() -> None:
    former = [signal.getsignal(number) for number in SIGNALS]
    with catching():
        assert [signal.getsignal(number) for number in SIGNALS] != former
    assert [signal.getsignal(number) for number in SIGNALS] == former


def test_it_says_so_on_standard_error(capfd: pytest.CaptureFixture[str]) -> None:
    with catching():
        signal.raise_signal(signal.SIGTERM)
    out, err = capfd.readouterr()
    assert (out, err) == ("", "\nstopping after this step; once more to stop at once\n")


def test_another_thread_is_left_alone() -> None:
    seen = []

    def work() -> None:
        former = [signal.getsignal(number) for number in SIGNALS]
        with catching() as stop:
            seen.append(stop.requested)
            seen.append([signal.getsignal(number) for number in SIGNALS] != former)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [False, False]
