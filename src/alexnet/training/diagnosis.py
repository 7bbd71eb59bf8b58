"""What training says of itself: steps of the weights, dead units, and a loss that stays put."""

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from alexnet.data.explain import number
from alexnet.networks.build import Network
from alexnet.networks.layers import ReLU
from alexnet.training.optimizer import Momentum

PATIENCE = 200  # steps before a loss that is still about ln N is remarked upon


def moved(optimizer: Momentum) -> dict[str, float]:
    """The sum of the sizes of the last step, by parameter; of what this process holds."""
    return {name: rate * float(b.abs().sum()) for name, b, rate in optimizer.velocities()}


def update_ratios(network: Network, moves: Mapping[str, float], epoch: int) -> list[dict[str, Any]]:
    """Mean size of weights and of their last step, and the ratio, as cuda-convnet printed them.

    ``moves`` are the sums that ``moved`` gives, of all that the network's processes hold.
    """
    rows = []
    for name, value in network.named_parameters():
        layer, kind = name.rsplit(".", 1)
        size, step = float(value.detach().abs().mean()), moves.get(name, 0.0) / value.numel()
        rows.append(
            {"epoch": epoch, "layer": layer, "parameter": kind, "mean_abs": size,
             "mean_abs_step": step, "ratio": step / size if size else math.inf}
        )  # fmt: skip
    return [{key: _finite(value) for key, value in row.items()} for row in rows]


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def dead_shares(network: Network, batch: Tensor) -> dict[str, float]:
    """For each ReLU layer the share of units or maps that are zero for every picture of a batch."""
    names = [layer.name for layer in network.layers if isinstance(layer, ReLU)]
    was = network.training
    network.eval()
    with torch.inference_mode():
        found = network.activations(batch, names)
    network.train(was)
    return {
        name: float((found[name].transpose(0, 1).flatten(1).amax(1) <= 0).float().mean())
        for name in names
    }


def stuck(loss: float, classes: int) -> bool:
    """Whether a mean loss is that of answers which are the same for every picture."""
    return classes > 1 and loss > 0.98 * math.log(classes)


def advice_when_stuck(loss: float, classes: int, dead: dict[str, float], init: str) -> str:
    """Sentences about a loss that stays at ln N: what it means, likely causes, what to change."""
    lines = [
        f"Not learning yet: the loss is {loss:.3f}, and ln {classes} = {math.log(classes):.3f} "
        "is what answers give that are the same for every picture."
    ]
    worst = max(dead, key=lambda name: dead[name], default="")
    if worst and dead[worst] > 0.5:
        lines.append(
            f"{dead[worst]:.0%} of {worst} is zero for every picture (dead units): "
            "the rate is likely too high; try --rate at a third."
        )
    if init != "unit":
        lines.append(
            "With the paper's start a small set stays here for very long: try --recipe fast, "
            "or --set init=unit --set scale=64."
        )
    else:
        lines.append("If it stays so for another 200 steps: try --rate at a half or a third.")
    return " ".join(lines)


def advice_when_not_finite(step: int, rate: float, kept: str) -> str:
    """The sentence that ends a run whose loss is no number any more."""
    cause = (
        f"The rate, {rate:g}, is likely too high: start again with --rate {rate / 3:.1g}, or with "
        "a longer --set warmup=N, and another --run."
        if rate
        else "The rate was 0, so the weights or the pictures are broken: look at the set."
    )
    return f"The loss is not a finite number at step {step + 1}: training stopped. {cause} {kept}"


def expectation(pictures: int, classes: int) -> str:
    """An honest line about small sets."""
    each = pictures / max(1, classes)
    if classes < 2:
        return "There is one class only: every answer will be right, and nothing is learnt."
    if each >= 500:
        return ""
    level = (
        "hardly better than guessing" if each < 10
        else "perhaps a third to a half right on 100 kinds of everyday things" if each < 100
        else "about half to two thirds right on 100 kinds of everyday things"
    )  # fmt: skip
    return (
        f"{number(round(each), 'photo')} a class from scratch: expect {level}, more with few and "
        "easy classes; with imported weights far more."
    )
