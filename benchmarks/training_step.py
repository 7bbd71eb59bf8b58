"""Images a second of one training step: a plain PyTorch loop and ours, in turn, on this machine.

    python benchmarks/training_step.py [--rounds 5] [--batch 32] [--json FILE]

Each measurement is a process of its own: two steps to warm up, then the median of four; between the
rounds everything is measured again, so that a machine whose speed drifts does not favour one side.
Variants: ``plain`` (eager, NCHW, torch's local_response_norm and SGD), ``ours`` and ``ours, memory
handed back`` (without telling glibc to keep it). Pictures are noise and ready in memory.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional

from alexnet import machine
from alexnet.networks.build import Network
from alexnet.networks.lists.krizhevsky import alexnet
from alexnet.networks.tables import training_flop
from alexnet.training.dropout import masks_of
from alexnet.training.optimizer import Momentum, Rates
from alexnet.training.recipe import Recipe
from alexnet.training.start import draw_weights

VARIANTS = ("plain", "ours", "ours, memory handed back")
GFLOP = training_flop(alexnet()) / 1e9


class Norm(nn.Module):
    """torch's own normalisation with the paper's numbers (its alpha is divided by 5)."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return functional.local_response_norm(x, 5, 5e-4, 0.75, 2.0)


def plain_network() -> nn.Module:
    """What most people write: modules in a row, towers as groups, normalisation over all maps."""
    return nn.Sequential(
        nn.ZeroPad2d((0, 3, 0, 3)), nn.Conv2d(3, 96, 11, 4), nn.ReLU(), Norm(), nn.MaxPool2d(3, 2),
        nn.Conv2d(96, 256, 5, padding=2, groups=2), nn.ReLU(), Norm(), nn.MaxPool2d(3, 2),
        nn.Conv2d(256, 384, 3, padding=1), nn.ReLU(),
        nn.Conv2d(384, 384, 3, padding=1, groups=2), nn.ReLU(),
        nn.Conv2d(384, 256, 3, padding=1, groups=2), nn.ReLU(), nn.MaxPool2d(3, 2), nn.Flatten(),
        nn.Linear(9216, 4096), nn.ReLU(), nn.Dropout(),
        nn.Linear(4096, 4096), nn.ReLU(), nn.Dropout(), nn.Linear(4096, 1000),
    )  # fmt: skip


def plain_step() -> Callable[[torch.Tensor, torch.Tensor], None]:
    """Forward, backward and torch's SGD."""
    network = plain_network()
    sgd = torch.optim.SGD(network.parameters(), lr=0.001, momentum=0.9, weight_decay=5e-4)

    def step(pictures: torch.Tensor, labels: torch.Tensor) -> None:
        sgd.zero_grad()
        functional.cross_entropy(network(pictures), labels).backward()
        sgd.step()

    return step


def our_step() -> Callable[[torch.Tensor, torch.Tensor], None]:
    """What `alexnet train` does."""
    network = Network(alexnet())
    draw_weights(network, 0)
    network.train()
    optimizer = Momentum(network, Recipe())

    def step(pictures: torch.Tensor, labels: torch.Tensor) -> None:
        network.masks = masks_of(0, 0)
        functional.cross_entropy(network(pictures), labels).backward()
        optimizer.step(Rates(0.001, 0.001))
        optimizer.sgd.zero_grad(set_to_none=True)

    return step


def measure(variant: str, batch: int) -> dict[str, float]:
    """Images a second, and the rate of a matrix product right after, in GFLOP/s."""
    if variant == "ours":
        machine.keep_memory()
    torch.set_num_threads(machine.cores())
    pictures, labels = torch.randn(batch, 3, 224, 224), torch.randint(0, 1000, (batch,))
    step = plain_step() if variant == "plain" else our_step()
    if variant != "plain":
        pictures = pictures.contiguous(memory_format=torch.channels_last)
    seconds = [timed(lambda: step(pictures, labels)) for _ in range(6)][2:]
    left = torch.randn(3072, 3072)
    product = statistics.median(timed(lambda: left @ left) for _ in range(5))
    return {
        "images_per_second": batch / statistics.median(seconds),
        "gflops": 2 * 3072**3 / product / 1e9,
    }


def timed(work: Callable[[], object]) -> float:
    """Seconds of one call."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def in_process(variant: str, batch: int) -> dict[str, float]:
    """The same in a process of its own."""
    words = [sys.executable, __file__, "--variant", variant, "--batch", str(batch)]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def main() -> None:
    """Measure all in turn and print medians, spreads and ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--variant", choices=VARIANTS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.variant:
        print(json.dumps(measure(options.variant, options.batch)))
        return
    print(machine.describe(), machine.versions(), f"batch {options.batch}", sep="\n")
    rounds = [{v: in_process(v, options.batch) for v in VARIANTS} for _ in range(options.rounds)]
    for variant in VARIANTS:
        rates = [one[variant]["images_per_second"] for one in rounds]
        shares = [r * GFLOP / one[variant]["gflops"] for r, one in zip(rates, rounds, strict=True)]
        ratios = [
            one["ours"]["images_per_second"] / r for r, one in zip(rates, rounds, strict=True)
        ]
        print(
            f"{variant:26} {statistics.median(rates):5.1f} images/s "
            f"({min(rates):.1f} to {max(rates):.1f}), {statistics.median(shares):.0%} of the "
            f"matrix-product rate; ours is {statistics.median(ratios):.2f} times as fast "
            f"({min(ratios):.2f} to {max(ratios):.2f})"
        )
    if options.json:
        options.json.write_text(json.dumps(rounds, indent=1))


if __name__ == "__main__":
    main()
