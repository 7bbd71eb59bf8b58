"""What a claim is, and what measuring it gives."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from alexnet.claims.bench import Bench

Holds = Literal["yes", "in part", "no", "open"]


@dataclass(frozen=True)
class Finding:
    """The outcome: a word, two or three sentences, and what stands behind them.

    ``details`` are lines to print, ``facts`` the same numbers for a program, ``figure`` is SVG.
    """

    holds: Holds
    verdict: str
    details: str
    facts: dict[str, Any]
    figure: str


@dataclass(frozen=True)
class Claim:
    """A claim of the paper.

    ``settings`` is a dataclass with every number of the protocol; ``measure`` reads it, trains on
    the bench and judges. ``side`` is the size of the pictures that the claim's network reads.
    """

    name: str
    says: str
    source: str
    side: int
    settings: Any
    measure: Callable[[Bench, Any], Finding]
