"""Pairs of training steps, one of a peer and one of ours: which count, and what they say."""

from statistics import median
from typing import Any

from plain import PEERS

from alexnet.networks.tables import training_flop
from alexnet.networks.zoo import layers_of

PRECISION = {"float32": "float32", "bf16": "bf16", "blocked": "float32"}
TARGETS = {"float32": (0.75, 3.0, 0.90), "bf16": (0.70, 4.5, 0.85)}  # must: share, ratio; goal
SPREAD = 1.1  # between the readings of a pair that counts
WAITING = 0.02
CLASSES = 1000


def steady(pair: dict[str, Any]) -> bool:
    """Whether all four readings of the peak lie within 10 %, for each precision."""
    for precision in next(iter(pair.values()))["before"]:
        readings = [step[at][precision] for step in pair.values() for at in ("before", "after")]
        if max(readings) > SPREAD * min(readings):
            return False
    return True


def told(variant: str, pair: dict[str, Any], kept: int, discarded: int) -> str:
    """A line while it runs."""
    steps = ", ".join(
        f"{side} {one['seconds']:.2f} s at {one['before']['float32']:.0f} and "
        f"{one['after']['float32']:.0f} GFLOP/s"
        f"{busy(one['others'])}"
        for side, one in sorted(pair.items())
    )
    return f"  {variant}: {steps}; {kept} pairs count, {discarded} do not"


def busy(others: float | None) -> str:
    """What other programs took meanwhile, where that is worth a word."""
    return f" (others kept {others:.1f} processors busy)" if others and others > 0.05 else ""


def summary(found: dict[str, Any], batch: int) -> dict[str, Any]:
    """Medians and spreads over the pairs that count."""
    variant, peer = found["variant"], found["peer"]
    rates = {
        side: [batch / pair[side]["seconds"] for pair in found["kept"]] for side in (peer, variant)
    }
    sides = {side: side_summary(side, peer, rates[side], found) for side in (peer, variant)}
    ratios = [ours / plain for ours, plain in zip(rates[variant], rates[peer], strict=True)]
    steps = [pair[variant] for pair in found["kept"]]
    return {
        "sides": sides,
        "ratio": median(ratios), "ratio_from": min(ratios), "ratio_to": max(ratios),
        "waiting": sum(one["waited"] for one in steps) / sum(one["seconds"] for one in steps),
    }  # fmt: skip


def side_summary(side: str, peer: str, rates: list[float], found: dict[str, Any]) -> dict[str, Any]:
    """Images a second, and the share of the peak: of the medians, and of each pair."""
    precision = "float32" if side == peer else PRECISION[side]
    gflop = training_flop(layers_of(PEERS.get(side, "alexnet"), CLASSES)) / 1e9
    peaks = [
        (pair[side]["before"][precision] + pair[side]["after"][precision]) / 2
        for pair in found["kept"]
    ]
    shares = [gflop * rate / peak for rate, peak in zip(rates, peaks, strict=True)]
    return {
        "images_per_second": median(rates), "from": min(rates), "to": max(rates),
        "gflop_per_image": gflop, "peak_gflops": median(peaks), "peak_precision": precision,
        "share": gflop * median(rates) / median(peaks),
        "share_of_pairs": median(shares), "share_from": min(shares), "share_to": max(shares),
        "others": max((pair[side]["others"] or 0.0) for pair in found["kept"]),
        **found["facts"][side],
    }  # fmt: skip


def verdicts(variant: str, peer: str, summed: dict[str, Any]) -> list[dict[str, Any]]:
    """Each target: what was asked, what was found, whether it holds."""
    if peer != "plain" or variant not in TARGETS:
        return []
    share, ratio, goal = TARGETS[variant]
    ours, plain = summed["sides"][variant], summed["sides"][peer]
    rows = (
        ("share of the peak", ours["share"], share, ours["share"] >= share),
        ("share of the peak, the goal", ours["share"], goal, ours["share"] >= goal),
        ("times the plain loop", summed["ratio"], ratio, summed["ratio"] >= ratio),
        ("memory at most the plain loop's, GB", ours["memory_gb"], plain["memory_gb"],
         ours["memory_gb"] < plain["memory_gb"]),
        ("waiting for pictures, share", summed["waiting"], WAITING, summed["waiting"] < WAITING),
    )  # fmt: skip
    return [
        {"target": what, "found": found, "asked": asked, "held": bool(held)}
        for what, found, asked, held in rows
    ]


def percent(share: float, places: int = 1) -> str:
    """A share as people read it."""
    return f"{100 * share:.{places}f} %"


def text(found: dict[str, Any], summed: dict[str, Any]) -> list[str]:
    """The summary as people read it."""
    variant = found["variant"]
    lines = [
        f"{variant} against {found['peer']}: {len(found['kept'])} pairs count, "
        f"{len(found['discarded'])} were discarded"
    ]
    for side, one in summed["sides"].items():
        lines.append(
            f"  {side:10}{one['images_per_second']:6.1f} images/s ({one['from']:.1f} to "
            f"{one['to']:.1f}), {percent(one['share'])} of {one['peak_gflops']:.0f} GFLOP/s "
            f"{one['peak_precision']}; pair by pair {percent(one['share_of_pairs'])} "
            f"({percent(one['share_from'])} to {percent(one['share_to'])}); "
            f"{one['memory_gb']:.2f} GB at most"
        )
    lines.append(
        f"  ratio {summed['ratio']:.2f} ({summed['ratio_from']:.2f} to {summed['ratio_to']:.2f}); "
        f"ours waited {percent(summed['waiting'], 2)} of its time; kernels "
        f"{found['facts'][variant]['kernels']}; others kept at most "
        f"{max(one['others'] for one in summed['sides'].values()):.1f} processors busy"
    )
    for one in verdicts(variant, found["peer"], summed):
        held = "held" if one["held"] else "missed"
        lines.append(f"  {held:7}{one['target']}: {one['found']:.3g}, asked {one['asked']:.3g}")
    return lines
