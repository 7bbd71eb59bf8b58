"""Train a network on an image set, or on photos, which are prepared first and kept.

The run folder gets plan.json, metrics.csv, layers.csv, and every few minutes a checkpoint and the
model, model.safetensors with model.json. Ctrl-C saves and exits; --resume RUN goes on at the
right picture.
"""

import argparse
import re
from functools import partial
from pathlib import Path
from typing import Any

from alexnet.cli import device
from alexnet.errors import UsageError

EXAMPLE = "alexnet train photos/ --run runs/first --time 30m"

FLAGS = (
    ("epochs", "N", "passes over the training pictures (fast: 35, paper: 90)"),
    ("batch", "N", "pictures a step (fast: 32, paper: 128)"),
    ("rate", "X", "learning rate at its highest (0.01)"),
    ("dropout", "X", "share of fc6 and fc7 that is dropped (0.5)"),
    ("seed", "N", "of every random number (0)"),
    ("precision", "NAME", "float32, or bf16: quicker where the processor has it (float32)"),
    ("init", "NAME", "start of the weights: run (0.03 in conv3-5), paper (0.01), unit"),
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of the verb."""
    parser.add_argument("data", metavar="DATA", nargs="?", help="a prepared set, or photos")
    # --folder: torchrun would take --run for a mistyped option of its own.
    parser.add_argument(
        "--run", "--folder", dest="folder", metavar="RUN", help="new folder for the run"
    )
    parser.add_argument("--resume", metavar="RUN", help="go on with an interrupted run")
    parser.add_argument(
        "--net", metavar="NAME",
        help="the network, with changes after a plus, such as alexnet+tanh; `alexnet nets` lists "
        "them (alexnet)",
    )  # fmt: skip
    parser.add_argument(
        "--weights", metavar="RUN",
        help="start from the weights of another run, with its network, mean, scale and channel "
        "order; --set freeze=conv1,conv2 keeps layers as they are",
    )  # fmt: skip
    parser.add_argument(
        "--mean", metavar="FILE",
        help="subtract this mean, not the set's: an image, .npy (rows, columns, 3) or Caffe's "
        ".binaryproto, or three numbers R,G,B",
    )  # fmt: skip
    parser.add_argument(
        "--recipe", default="auto",
        help="paper, fast, own (the network's own), or auto: own from about 100,000 pictures on, "
        "fast below (auto)",
    )  # fmt: skip
    for name, shown, text in FLAGS:
        parser.add_argument(f"--{name}", metavar=shown, help=text)
    parser.add_argument(
        "--no-mirror", action="store_true", help="mirrored pictures would show another class"
    )
    parser.add_argument("--time", metavar="30m", help="train this long; the schedule fits it")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", dest="others",
        help="any other setting of the recipe; --dry-run lists them",
    )  # fmt: skip
    parser.add_argument("--settings", metavar="FILE", help="settings from a TOML file")
    _machines(parser)
    parser.add_argument("--dry-run", action="store_true", help="print the plan and stop")


def _machines(parser: argparse.ArgumentParser) -> None:
    """The flags that say where and how it is computed, not what is learned."""
    device.argument(parser)
    parser.add_argument("--threads", type=int, metavar="N", help="processor threads (all)")
    parser.add_argument(
        "--workers", type=int, default=1, metavar="N",
        help="threads that make batches ready (1; the result does not depend on it)",
    )  # fmt: skip
    parser.add_argument(
        "--turns", type=int, default=1, metavar="N",
        help="go forward and back with a batch in N pieces, where memory is short; its update "
        "stays one (1)",
    )  # fmt: skip
    parser.add_argument(
        "--parallel", metavar="HOW",
        help="how the processes that torchrun starts share the work: towers, replicas, hybrid "
        "(docs/parallel.md)",
    )  # fmt: skip
    parser.add_argument(
        "--exchange", default="float32", metavar="NAME",
        help="the type of what travels between processes: float32, or bf16: half the bytes "
        "(float32)",
    )  # fmt: skip
    parser.add_argument(
        "--timeout",
        default="10m",
        metavar="10m",
        help="how long processes wait for each other (10m)",
    )


def run(options: argparse.Namespace) -> int:
    """Train or resume; 0 when training reached its end."""
    _check(options)
    from alexnet.parallel.launch import rank
    from alexnet.training import session

    budget = None if options.time is None else seconds_of(options.time)
    common = {
        "threads": options.threads, "workers": options.workers, "turns": options.turns,
        "device": options.device, "parallel": options.parallel, "exchange": options.exchange,
        "timeout": seconds_of(options.timeout, "--timeout"), "say": _say,
    }  # fmt: skip
    if options.resume:
        done = session.resume(options.resume, data=options.data, budget=budget, **common)
    else:
        trained = session.train(
            options.data, options.folder, recipe=options.recipe, net=options.net,
            settings=_settings(options), budget=budget,
            dry_run=options.dry_run, weights=options.weights, mean=options.mean, **common,
        )  # fmt: skip
        if trained is None:
            return 0
        done = trained
    if rank() == 0:
        print(f"Trained; error rates: alexnet evaluate {done.folder}")
    return 0


_say = partial(print, flush=True)


def _check(options: argparse.Namespace) -> None:
    if options.resume:
        given = [f"--{name}" for name, _, _ in FLAGS if getattr(options, name) is not None]
        others = ("folder", "others", "settings", "no_mirror", "dry_run", "weights", "mean")
        shown = (
            "--run", "--set", "--settings", "--no-mirror", "--dry-run", "--weights", "--mean",
        )  # fmt: skip
        given += [name for key, name in zip(others, shown, strict=True) if getattr(options, key)]
        given += ["--recipe"] * (options.recipe != "auto") + ["--net"] * (options.net is not None)
        if given:
            raise UsageError(
                f"--resume goes on with the plan that RUN holds, so {', '.join(given)} cannot be "
                "given with it."
            )
    elif not options.data or not (options.folder or options.dry_run):
        raise UsageError("DATA and --run RUN are needed: " + EXAMPLE)
    options.folder = options.folder or "."


def _settings(options: argparse.Namespace) -> dict[str, Any]:
    """File, then --set, then flags: the later wins; each value with where it came from."""
    from alexnet.training.recipe import Given, read_toml

    given = read_toml(Path(options.settings)) if options.settings else {}
    for text in options.others:
        name, found, value = text.partition("=")
        if not found:
            raise UsageError(f"--set {text}: NAME=VALUE is expected, such as --set momentum=0.95.")
        given[name.strip().replace("-", "_")] = Given(value.strip(), "--set")
    for name, _, _ in FLAGS:
        if getattr(options, name) is not None:
            given[name] = Given(getattr(options, name), f"--{name}")
    if options.no_mirror:
        given["mirror"] = Given(False, "--no-mirror")
    return given


def seconds_of(text: str, flag: str = "--time") -> float:
    """Seconds of a time such as 90s, 30m, 1h30m; UsageError for anything else."""
    match = re.fullmatch(r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s)?", text)
    parts = [float(part) if part else 0.0 for part in match.groups()] if match else []
    total = sum(part * unit for part, unit in zip(parts, (3600, 60, 1), strict=False))
    if not total:
        raise UsageError(f"{flag} is {text!r}; it must be a time such as 90s, 30m or 1h30m.")
    return total
