"""The bench that a claim works at: trains what is asked for, several at once, and keeps each curve.

Each curve is trained by one thread, so that it is the same whatever the number of cores, and a
busy neighbour on one core does not hold up the other.
"""

import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import closing

import torch

from alexnet import machine
from alexnet.claims.curves import Curve, Task, train
from alexnet.claims.ledger import Ledger
from alexnet.data.store import ImageSet
from alexnet.errors import Interrupted
from alexnet.interrupt import Stop, catching
from alexnet.progress import Progress


class Bench:
    """A set to train on, and a ledger of curves that are finished."""

    def __init__(self, images: ImageSet, ledger: Ledger) -> None:
        self.images, self.ledger = images, ledger

    def curves(self, title: str, tasks: Sequence[Task]) -> list[Curve]:
        """The tasks' curves, trained where the ledger has none; Interrupted keeps the finished."""
        missing = [task for task in tasks if task.key not in self.ledger.curves]
        threads = torch.get_num_threads()
        try:
            with catching() as stop, closing(_Meter(title, missing, self.pictures)) as meter:
                self._train(missing, stop, meter)
        finally:
            torch.set_num_threads(threads)
        return [self.ledger.curves[task.key] for task in tasks]

    @property
    def pictures(self) -> int:
        """How many the training part has."""
        return len(self.images.parts["train"])

    def _train(self, tasks: Sequence[Task], stop: Stop, meter: "_Meter") -> None:
        with ThreadPoolExecutor(machine.cores(), "curve", machine.use, (1,)) as pool:
            try:
                waiting = [pool.submit(self._one, task, stop, meter) for task in tasks]
                kept = [self._kept(future) for future in as_completed(waiting)]
            except BaseException:
                stop.requested = True  # what is still training ends after its step
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        if not all(kept):
            raise Interrupted(
                f"Stopped. Curves finished and kept in {self.ledger.path}: "
                f"{len(self.ledger.curves)}; the same command goes on."
            )

    def _one(self, task: Task, stop: Stop, meter: "_Meter") -> Curve:
        curve = train(self.images, task, stop, meter.add)
        meter.ended(task, curve)
        return curve

    def _kept(self, future: Future[Curve]) -> bool:
        try:
            self.ledger.add(future.result())
        except Interrupted:
            return False
        return True


class _Meter:
    """One progress line for all curves under way.

    A curve counts with the epochs that it will surely need, or where that is none, may have; what
    it needed in fact is put right when it ends.
    """

    def __init__(self, title: str, tasks: Sequence[Task], pictures: int) -> None:
        self.lock, self.pictures, self.done = threading.Lock(), pictures, 0
        self.progress = Progress(title, pictures * sum(map(_expected, tasks)), "pictures")
        self.progress.update(0)

    def add(self, pictures: int) -> None:
        """A step is done."""
        with self.lock:
            self.done += pictures
            self.progress.total = max(self.progress.total, self.done)
            self.progress.update(self.done)

    def ended(self, task: Task, curve: Curve) -> None:
        """A curve has ended, sooner or later than expected."""
        with self.lock:
            self.progress.total += self.pictures * (len(curve.errors) - _expected(task))

    def close(self) -> None:
        """Clear the line."""
        self.progress.close()


def _expected(task: Task) -> int:
    return task.least or task.most
