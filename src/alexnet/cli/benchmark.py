"""Measure how fast this machine trains a network, in about a minute; nothing is written.

Images a second of the whole training step, its share of what the machine reaches in large matrix
products, where the time goes by layer, and how long the recipe will take on DATA. Without DATA the
pictures are noise and stand for ImageNet.
"""

import argparse
import json
import shutil

from alexnet.cli import device

EXAMPLE = "alexnet benchmark DATA --precision bf16"


def arguments(parser: argparse.ArgumentParser) -> None:
    """What `alexnet benchmark` understands."""
    parser.add_argument("data", metavar="DATA", nargs="?", help="a prepared set (noise)")
    parser.add_argument(
        "--net", metavar="NAME", default="alexnet",
        help="the network, with changes after a plus; `alexnet nets` lists them (alexnet)",
    )  # fmt: skip
    parser.add_argument(
        "--recipe", default="auto",
        help="as in `alexnet train`: paper, fast, own or auto (auto; without DATA as for ImageNet)",
    )  # fmt: skip
    parser.add_argument("--batch", type=int, metavar="N", help="pictures a step (the recipe's)")
    parser.add_argument(
        "--classes", type=int, metavar="N", help="outputs of the network (DATA's; original's)"
    )
    parser.add_argument(
        "--precision", default="float32", metavar="NAME", help="float32 or bf16 (float32)"
    )
    device.argument(parser)
    parser.add_argument("--threads", type=int, metavar="N", help="processor threads (all)")
    parser.add_argument(
        "--time", default="45s", metavar="45s", help="measure this long, at least three steps (45s)"
    )
    parser.add_argument("--json", action="store_true", help="one JSON value on standard output")


def run(options: argparse.Namespace) -> int:
    """Measure and print."""
    from alexnet.benchmarking import benchmark
    from alexnet.cli.benchmark_text import described
    from alexnet.cli.train import seconds_of

    found = benchmark(
        options.data, net=options.net, recipe=options.recipe, batch=options.batch,
        classes=options.classes, precision=options.precision, threads=options.threads,
        device=options.device, seconds=seconds_of(options.time),
    )  # fmt: skip
    if options.json:
        print(json.dumps(found.as_json(), indent=2))
    else:
        print("\n".join(described(found, shutil.get_terminal_size().columns)))
    return 0
