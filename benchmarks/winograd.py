"""What Winograd's convolutions gain and what they cost in exactness, layer by layer.

    python benchmarks/winograd.py [--batch 128] [--rounds 5]

Each stride-free convolution of AlexNet, both ways, in turn with torch's conv2d on the same tensors;
medians. Errors: the greatest difference from float64 as a share of the values' spread (root mean
square), for --exact pictures. Inputs are rectified normal numbers.
"""

import argparse
import time
from collections.abc import Callable
from statistics import median

import torch
from torch import Tensor
from torch.nn import functional

from alexnet import machine
from alexnet.kernels import front as kernels
from alexnet.kernels import winograd

# channels, side, kernels, window, padding, groups
LAYERS = {
    "conv1 in blocks": (48, 57, 96, 3, 0, 1),
    "conv2": (96, 27, 256, 5, 2, 2),
    "conv3": (256, 13, 384, 3, 1, 1),
    "conv4": (384, 13, 384, 3, 1, 2),
    "conv5": (384, 13, 256, 3, 1, 2),
}
Ways = tuple[Tensor, Tensor, Tensor]  # outputs, gradient of inputs, gradient of weights
Convolve = Callable[[Tensor, Tensor, Tensor, int, int], Tensor]


def direct(x: Tensor, weight: Tensor, bias: Tensor, padding: int, groups: int) -> Tensor:
    """torch's."""
    return functional.conv2d(x, weight, bias, padding=padding, groups=groups)


def drawn(name: str, pictures: int) -> tuple[Tensor, Tensor, Tensor]:
    """Inputs, weights, bias."""
    channels, side, count, window, _, groups = LAYERS[name]
    torch.manual_seed(0)
    x = torch.randn(pictures, channels, side, side).relu()
    weight = torch.randn(count, channels // groups, window, window) * 0.02
    laid = (value.to(memory_format=torch.channels_last) for value in (x, weight))
    x, weight = (value.requires_grad_() for value in laid)
    return x, weight, torch.randn(count)


def timed(run: Callable[[], object]) -> float:
    """Milliseconds."""
    started = time.perf_counter()
    run()
    return 1e3 * (time.perf_counter() - started)


def speeds(name: str, batch: int, rounds: int) -> str:
    """A row: milliseconds forward, and back to inputs and weights; ours and torch's."""
    x, weight, bias = drawn(name, batch)
    padding, groups = LAYERS[name][4:]
    found: dict[tuple[str, int], list[float]] = {}
    for number in range(rounds + 1):
        for side, convolve in (("ours", winograd.convolution), ("torch", direct)):
            outputs: list[Tensor] = []

            def forward(convolve: Convolve = convolve, to: list[Tensor] = outputs) -> None:
                to.append(convolve(x, weight, bias, padding, groups))

            def back(of: list[Tensor] = outputs) -> None:
                torch.autograd.grad(of[0], (x, weight), torch.ones_like(of[0]))

            times = [timed(forward), timed(back)]
            for way, milliseconds in enumerate(times if number else ()):
                found.setdefault((side, way), []).append(milliseconds)
    cells = [f"{median(found['ours', w]):.0f} / {median(found['torch', w]):.0f}" for w in range(2)]
    return f"| {name} | {' | '.join(cells)} |"


def both_ways(convolve: Convolve, name: str, given: tuple[Tensor, ...], upper: Tensor) -> Ways:
    """Outputs and gradients."""
    x, weight, bias = given
    y = convolve(x, weight, bias, *LAYERS[name][4:])
    return (y.detach(), *torch.autograd.grad(y, (x, weight), upper))


def errors(name: str, pictures: int) -> str:
    """A row: errors of outputs and of both gradients, ours and torch's."""
    given = drawn(name, pictures)
    upper = torch.randn_like(direct(*given, *LAYERS[name][4:]))
    doubles = tuple(value.detach().double().requires_grad_() for value in given)
    exact = both_ways(direct, name, doubles, upper.double())
    ours, torchs = (both_ways(way, name, given, upper) for way in (winograd.convolution, direct))
    cells = [
        " / ".join(f"{(one - true).abs().max() / true.pow(2).mean().sqrt():.1e}" for one in pair)
        for *pair, true in zip(ours, torchs, exact, strict=True)
    ]
    return f"| {name} | {' | '.join(cells)} |"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--exact", type=int, default=16, help="pictures for the errors")
    options = parser.parse_args()
    machine.use()
    print(kernels.NAME, machine.describe(), machine.versions())
    head = "| ours / torch | forward | back |\n| --- | --- | --- |"
    print(f"\nMilliseconds, {options.batch} pictures\n\n{head}")
    for name in LAYERS:
        print(speeds(name, options.batch, options.rounds), flush=True)
    head = "| ours / torch | outputs | inputs | weights |\n| --- | --- | --- | --- |"
    print(f"\nGreatest error as a share of the values' spread, {options.exact} pictures\n\n{head}")
    for name in LAYERS:
        print(errors(name, options.exact), flush=True)


if __name__ == "__main__":
    main()
