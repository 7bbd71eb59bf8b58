"""List the networks, describe one layer by layer, or say how two differ.

Without a NAME: all networks, and the changes that may follow a name, each after a plus. With one:
where it comes from, its pictures, its recipe, its layers. With two: in what they differ, where
each side's fact comes from, and, where somebody measured it, what it costs.
"""

import argparse
import json
import shutil
from typing import Any

from alexnet.errors import UsageError

EXAMPLE = "alexnet nets alexnet alexnet-as-run"


def arguments(parser: argparse.ArgumentParser) -> None:
    """What `alexnet nets` understands."""
    parser.add_argument(
        "names", metavar="NAME", nargs="*",
        help="a network, such as torchvision or alexnet+tanh+without:conv4; none, one or two",
    )  # fmt: skip
    parser.add_argument(
        "--classes", type=int, metavar="N", help="outputs of the last layer (those of the original)"
    )
    parser.add_argument("--json", action="store_true", help="one JSON value on standard output")


def run(options: argparse.Namespace) -> int:
    """Print."""
    if len(options.names) > 2:
        raise UsageError(f"Two networks can be compared, not {len(options.names)}.")
    if options.classes is not None and options.classes < 1:
        raise UsageError(f"--classes is {options.classes}; a network has 1 output or more.")
    if options.json:
        print(json.dumps(_as_json(options.names, options.classes), indent=2))
    else:
        print("\n".join(_as_text(options.names, options.classes)))
    return 0


def _as_json(names: list[str], classes: int | None) -> Any:
    from alexnet.comparison import compare
    from alexnet.networks.entries import entry
    from alexnet.networks.zoo import NETWORKS, named

    if not names:
        return [entry(net, classes) for net in NETWORKS.values()]
    nets = [named(name) for name in names]
    if len(nets) == 1:
        return entry(nets[0], classes)
    differences = [one.as_json() for one in compare(nets[0], nets[1], classes)]
    a, b = (entry(net, classes) for net in nets)
    return {"a": a, "b": b, "differences": differences}


def _as_text(names: list[str], classes: int | None) -> list[str]:
    from alexnet.cli import nets_text, pair_text
    from alexnet.networks.zoo import named

    width = shutil.get_terminal_size().columns
    nets = [named(name) for name in names]
    if not nets:
        return nets_text.listing(width, classes)
    if len(nets) == 1:
        return nets_text.described(nets[0], width, classes)
    return pair_text.compared(nets[0], nets[1], width, classes)
