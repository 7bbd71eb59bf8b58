"""Seconds from the command `alexnet train SET` to the end of its first training step.

    python benchmarks/startup.py SET [--rounds 3] [--recipe paper ...]

The command runs as a user's would, on a terminal of its own; the clock stops when the progress line
tells of the first step. What comes before: Python, torch, the set, first weights balanced on its
pictures, two short passes that measure the speed, the plan. The run is stopped and thrown away.
"""

import argparse
import os
import pty
import re
import signal
import sys
import tempfile
import time
from statistics import median

from alexnet import machine

TOLD = re.compile(rb"loss \d")  # the progress line of a step
PATIENCE = 120.0  # seconds


def first_step(words: list[str]) -> float:
    """Seconds from the start of a process to its first step; SystemExit where it ends before."""
    started = time.monotonic()
    child, terminal = pty.fork()
    if child == 0:
        os.execv(sys.executable, [sys.executable, "-m", "alexnet", "train", *words])
    seen = b""
    try:
        while not TOLD.search(seen):
            try:
                seen += os.read(terminal, 65536)
            except OSError:
                raise SystemExit(seen.decode(errors="replace")) from None
            if time.monotonic() - started > PATIENCE:
                raise SystemExit(f"No step within {PATIENCE:.0f} s:\n{seen.decode()}")
        return time.monotonic() - started
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(terminal)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("set", metavar="SET")
    parser.add_argument("--rounds", type=int, default=3)
    options, rest = parser.parse_known_args()  # what is left are words for `alexnet train`
    print(machine.describe(), machine.versions())
    found = []
    for _ in range(options.rounds):
        with tempfile.TemporaryDirectory() as folder:
            found.append(first_step([options.set, "--run", f"{folder}/run", *rest]))
        print(f"  {found[-1]:.2f} s")
    print(f"median {median(found):.2f} s ({min(found):.2f} to {max(found):.2f}) to the first step")


if __name__ == "__main__":
    main()
