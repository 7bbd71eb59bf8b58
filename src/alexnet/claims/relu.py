"""Section 3.1, figure 1: ReLU reaches 25 % training error six times faster than tanh.

The network is cuda-convnet's small one of four layers with weights, without its norms: a candidate
only, as the paper names none. Both variants start by the same procedure (balanced on the first
batch), see the same pictures in the same order, and differ in the activation and its rate, each
found as the fastest on a seed that is not reported. docs/claims.md has the protocol.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import median, median_low

from alexnet.claims.bench import Bench
from alexnet.claims.claim import Claim, Finding, Holds
from alexnet.claims.curves import Curve, Task
from alexnet.claims.figure import drawn, standalone
from alexnet.claims.rates import Search, rounded, search
from alexnet.networks.zoo import layers_of
from alexnet.reporting.charts import Level, line_chart
from alexnet.reporting.numbers import count, percent

UNITS = {"relu": "ReLU", "tanh": "tanh"}
SAYS = (
    "With ReLU a four-layer convolutional network reaches 25 % training error on CIFAR-10 six "
    "times faster than with tanh"
)
SOURCE = "section 3.1, figure 1"


@dataclass(frozen=True)
class Settings:
    """Every number of the protocol."""

    net: str = "cifar10-18pct+no-norm"
    target: float = 0.25  # training error, figure 1
    times: float = 6.0  # how much faster, figure 1
    most: int = 40  # epochs, the length of figure 1's axis
    rate: float = 0.02  # the first that is tried
    factor: float = 2.0  # between rates
    rate_seed: int = 0  # of the curves by which the rates are chosen
    seeds: tuple[int, ...] = (1, 2, 3)  # of the curves that are reported


def measure(bench: Bench, settings: Settings) -> Finding:
    """Choose both rates, train with every seed, judge."""
    classes = len(bench.images.classes)
    tasks = {unit: partial(_task, settings, classes, unit) for unit in UNITS}
    searches = {
        unit: Search(
            partial(task, settings.rate_seed, 0), settings.rate, settings.factor, settings.most
        )
        for unit, task in tasks.items()
    }
    search(bench, "rates", searches)
    least = max(len(one.best.errors) for one in searches.values())  # so that curves can be compared
    wanted = [
        tasks[unit](seed, least, searches[unit].best.rate, settings.most)
        for seed in settings.seeds
        for unit in UNITS
    ]
    found = bench.curves("seeds", wanted)
    curves = {unit: [curve for curve in found if curve.network == unit] for unit in UNITS}
    return finding(settings, searches, curves, f"{count(bench.pictures)} pictures")


def _task(
    settings: Settings, classes: int, unit: str, seed: int, least: int, rate: float, most: int
) -> Task:
    change = "+tanh" if unit == "tanh" else ""
    layers = layers_of(settings.net + change, classes)
    return Task(unit, rate, seed, layers, settings.target, least, most)


@dataclass(frozen=True)
class Ratio:
    """How many times as many epochs tanh needed; ``bound``: at least, as it never got there."""

    seed: int
    times: float
    bound: bool


def ratios(settings: Settings, curves: Mapping[str, Sequence[Curve]]) -> list[Ratio]:
    """One for each seed whose ReLU curve reached the target."""
    found = []
    for relu, tanh in zip(curves["relu"], curves["tanh"], strict=True):
        fast, slow = relu.reaches(settings.target), tanh.reaches(settings.target)
        if fast is not None:
            epochs = settings.most - 0.5 if slow is None else slow
            found.append(Ratio(relu.seed, epochs / fast, slow is None))
    return found


def judged(found: Sequence[Ratio], settings: Settings) -> Holds:
    """Whether the claim holds.

    "yes": ReLU faster with every seed, and the median ratio rounds to six or more; "in part": only
    the former; "no": not faster with some seed; "open": ReLU itself did not always get there.
    """
    if len(found) < len(settings.seeds):
        return "open"
    if _ends(found)[0] <= 1:
        return "no"
    return "yes" if _median(found) >= settings.times - 0.5 else "in part"


def finding(
    settings: Settings,
    searches: Mapping[str, Search],
    curves: Mapping[str, Sequence[Curve]],
    what: str,
) -> Finding:
    """What the curves say."""
    found = ratios(settings, curves)
    holds = judged(found, settings)
    measured = _measured(settings, curves, found, what)
    facts = {
        "rates": {unit: one.facts() for unit, one in searches.items()},
        "epochs_to_target": {
            unit: {str(curve.seed): rounded(curve.reaches(settings.target)) for curve in some}
            for unit, some in curves.items()
        },
        "ratios": [
            {"seed": one.seed, "times": rounded(one.times), "at_least": one.bound} for one in found
        ],
    }
    return Finding(
        holds,
        f"Claim: {SAYS} ({SOURCE}). {measured} {_whether(holds, found, settings)}",
        _tried(settings, searches),
        facts,
        _figure(settings, curves, measured, what),
    )


def _measured(
    settings: Settings, curves: Mapping[str, Sequence[Curve]], found: Sequence[Ratio], what: str
) -> str:
    goal = percent(settings.target, 0)
    parts = [_reached(UNITS[unit], some, settings) for unit, some in curves.items()]
    words = f"Measured here on {what} with {len(settings.seeds)} seeds, epochs to {goal}: "
    words += " and ".join(parts)
    if not found:
        return f"{words}."
    return f"{words}; {_spread_of_ratios(found)} times as many."


def _reached(name: str, curves: Sequence[Curve], settings: Settings) -> str:
    known = [epochs for curve in curves if (epochs := curve.reaches(settings.target)) is not None]
    name = f"{name} (rate {curves[0].rate:g})"
    if not known:
        return f"{name} not within {settings.most}"
    if len(known) == len(curves):
        return f"{name} {_spread(known)}"
    share = f"{len(known)} of {len(curves)} seeds"
    return f"{name} {_spread(known)} with {share} (the rest: not within {settings.most})"


def _spread(values: Sequence[float]) -> str:
    """The median, and from where to where."""
    return f"{median(values):.1f} ({min(values):.1f} to {max(values):.1f})"


def _spread_of_ratios(found: Sequence[Ratio]) -> str:
    middle, low, high = (
        f"at least {times:.1f}" if _is_bound(times, found) else f"{times:.1f}"
        for times in (_median(found), *_ends(found))
    )
    return f"{middle} ({low} to {high})"


def _is_bound(times: float, found: Sequence[Ratio]) -> bool:
    """Whether a value of the sorted ratios may be higher in truth: one at or below it may be."""
    return any(one.bound and one.times <= times for one in found)


def _median(found: Sequence[Ratio]) -> float:
    return median_low(one.times for one in found)  # one of them, so that a bound is told


def _ends(found: Sequence[Ratio]) -> tuple[float, float]:
    return min(one.times for one in found), max(one.times for one in found)


def _whether(holds: Holds, found: Sequence[Ratio], settings: Settings) -> str:
    if holds == "yes":
        return f"So the claim holds here: ReLU was about {settings.times:g} times faster or more."
    if holds == "no":
        return "So the claim does not hold here: ReLU was not the faster one with every seed."
    if holds == "open":
        return "So nothing can be said: ReLU itself did not get there with every seed."
    part = "So the claim holds in part: ReLU was faster with every seed"
    if _is_bound(_median(found), found):
        return f"{part}; how much is left open, as tanh was stopped after {settings.most} epochs."
    return f"{part}, but by the median not {settings.times:g} times."


def _tried(settings: Settings, searches: Mapping[str, Search]) -> str:
    goal = percent(settings.target, 0)
    head = f"Rates tried with seed {settings.rate_seed}, epochs to {goal} training error:"
    return "\n".join([head, *(f"  {UNITS[u]}  {one.in_words()}" for u, one in searches.items())])


def _figure(
    settings: Settings, curves: Mapping[str, Sequence[Curve]], measured: str, what: str
) -> str:
    lines = [
        drawn(UNITS["tanh"], curves["tanh"], "b"),
        drawn(UNITS["relu"], curves["relu"], "a"),
    ]
    goal = percent(settings.target, 0)
    title, seeds = "Training error by epoch: ReLU and tanh", len(settings.seeds)
    subtitle = f"{what}, median and range of {seeds} seeds"
    description = (
        "A solid line with discs for ReLU, a dashed line with squares for tanh, each the median "
        f"of {seeds} seeds with their range shaded; a dotted line at {goal}. {measured}"
    )
    level = Level(goal, settings.target)
    chart = line_chart("relu", title, description, lines, "epoch", _whole, level=level)
    return standalone(title, subtitle, description, chart)


def _whole(share: float) -> str:
    return percent(share, 0)


CLAIM = Claim("relu", f"{SAYS}.", SOURCE, 32, Settings(), measure)
