"""Which learning rate is the fastest, for each of several networks, on one seed.

Rates lie on a grid (first x factor^n). From the first one a network's search steps to the better
neighbour until both neighbours of the best are slower, so the best never lies at the grid's end.
A rate is given no more epochs than the best so far needed: that it is slower is then certain.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from alexnet.claims.bench import Bench
from alexnet.claims.curves import Curve, Task


@dataclass
class Search:
    """The curves of a network so far, by their place on the grid."""

    task: Callable[[float, int], Task]  # of a rate, with that many epochs at most
    first: float
    factor: float
    most: int
    curves: dict[int, Curve] = field(default_factory=dict)

    def missing(self) -> dict[int, Task]:
        """What must be tried next: the first rate, or neighbours of the best; none: found."""
        places = [self._best() - 1, self._best() + 1] if self.curves else [0]
        reached = self.curves and self.best.reaches(self.target) is not None
        limit = len(self.best.errors) if reached else self.most
        return {
            place: self.task(float(f"{self.first * self.factor**place:.6g}"), limit)
            for place in places
            if place not in self.curves
        }

    def _best(self) -> int:
        return min(self.curves, key=lambda place: _slowness(self.curves[place], self.target))

    @property
    def target(self) -> float:
        """The training error that must be reached."""
        return self.task(self.first, self.most).target

    @property
    def tried(self) -> list[Curve]:
        """All curves, from the lowest rate to the highest."""
        return [self.curves[place] for place in sorted(self.curves)]

    @property
    def best(self) -> Curve:
        """The fastest curve; where none reaches the target, that of the lowest error."""
        return self.curves[self._best()]

    def in_words(self) -> str:
        """Each rate with its epochs to the target: the chosen one and the losers."""
        return ", ".join(f"{curve.rate:g}: {self._outcome(curve)}" for curve in self.tried)

    def _outcome(self, curve: Curve) -> str:
        epochs = curve.reaches(self.target)
        words = f"not in {len(curve.errors)}" if epochs is None else f"{epochs:.1f}"
        return f"{words} (chosen)" if curve is self.best else words

    def facts(self) -> dict[str, Any]:
        """The same for a program."""
        return {
            "chosen": self.best.rate,
            "tried": [
                {
                    "rate": curve.rate,
                    "epochs_to_target": rounded(curve.reaches(self.target)),
                    "epochs_given": len(curve.errors),
                    "lowest_error": min(curve.errors),
                }
                for curve in self.tried
            ],
        }


def rounded(number: float | None) -> float | None:
    """Three digits behind the point."""
    return None if number is None else round(number, 3)


def _slowness(curve: Curve, target: float) -> tuple[float, float]:
    epochs = curve.reaches(target)
    return (float("inf") if epochs is None else epochs, min(curve.errors))


def search(bench: Bench, title: str, searches: Mapping[str, Search]) -> None:
    """Carry all searches to their ends, side by side."""
    while wanted := {
        (name, place): task
        for name, one in searches.items()
        for place, task in one.missing().items()
    }:
        found = bench.curves(title, list(wanted.values()))
        for (name, place), curve in zip(wanted, found, strict=True):
            searches[name].curves[place] = curve
