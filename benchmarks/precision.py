"""Whether bf16 and float32 training end alike: several seeds each, on a real set.

    python benchmarks/precision.py SET OUT [--seeds 0,1,2] [--epochs 30] [--device cuda]

Trains the default network and recipe from start to end for each precision and seed, evaluates ten
views on the test part (val where there is none), and prints each result, means and the spread
between seeds. Finished runs in OUT are not run again.
"""

import argparse
import json
import statistics
from pathlib import Path

import alexnet
from alexnet import machine
from alexnet.devices import described, device_of

PRECISIONS = ("float32", "bf16")


def result(
    data: Path, run: Path, precision: str, seed: int, epochs: float, device: str | None
) -> dict[str, float]:
    """Last training loss and the errors of one run, trained if it has not been."""
    if not (run / "plan.json").exists():
        settings = {"precision": precision, "seed": seed, "epochs": epochs}
        alexnet.train(data, run, settings=settings, say=lambda _: None, device=device)
    opened = alexnet.open_run(run)
    measured = alexnet.evaluate([run], say=lambda _: None, quiet=True, device=device)[-1]
    return {
        "train_loss": opened.metrics[-1]["train_loss"],
        "top1_error": measured.top1_error,
        "topk_error": measured.topk_error,
        "pictures": measured.images,
        "images_per_second": statistics.median(row["images_per_second"] for row in opened.metrics),
    }


def main() -> None:
    """Run all and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("set", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--epochs", type=float, default=30)
    parser.add_argument("--device", help="cpu, cuda, cuda:1 ... (a GPU where there is one)")
    options = parser.parse_args()
    machine.use()
    where = described(device_of(options.device))
    print(json.dumps({**machine.describe(), **machine.versions(), **where}))
    seeds = [int(seed) for seed in options.seeds.split(",")]
    found = {
        precision: [
            result(options.set, options.out / f"{precision}-{seed}", precision, seed,
                   options.epochs, options.device)
            for seed in seeds
        ]
        for precision in PRECISIONS
    }  # fmt: skip
    for precision, rows in found.items():
        for name in rows[0]:
            values = [row[name] for row in rows]
            spread = statistics.stdev(values) if len(values) > 1 else 0.0
            each = ", ".join(f"{value:.4g}" for value in values)
            print(
                f"{precision:8} {name:18} {statistics.mean(values):8.4g} +- {spread:.2g} ({each})"
            )


if __name__ == "__main__":
    main()
