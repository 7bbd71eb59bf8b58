"""Processes of their own for what is compared, of which one works while the others wait.

What belongs to a process (glibc's allocator, threads that spin, the most memory it had) then
belongs to one side of the comparison alone.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from typing import Any

import torch

from alexnet.benchmarking.product import Product

READINGS = 3  # products in a reading of the peak; their median counts
DTYPES = {"float32": torch.float32, "bf16": torch.bfloat16}


class Worker:
    """A script in a process of its own that answers one question at a time, as JSON lines."""

    def __init__(self, script: str, *words: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, script, *words],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def ask(self, question: str) -> dict[str, Any]:
        """The answer to a question; SystemExit where the process has died."""
        assert self.process.stdin
        assert self.process.stdout
        try:
            self.process.stdin.write(question + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            line = ""
        else:
            line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"A worker ended with {self.process.wait()} before {question!r}.")
        found: dict[str, Any] = json.loads(line)
        return found

    def close(self) -> None:
        """End it."""
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait()


def serve(answers: Mapping[str, Callable[[], dict[str, Any]]]) -> None:
    """In the worker: answer questions until there are no more; other prints go to standard error.

    Each answer is made before the next question is read, so the worker is idle in between.
    """
    out = sys.stdout
    with redirect_stdout(sys.stderr):
        for line in sys.stdin:
            print(json.dumps(answers[line.strip()]()), file=out, flush=True)


class Peaks:
    """Readings of the machine's peak for some precisions."""

    def __init__(self, precisions: list[str]) -> None:
        self.products = {name: Product(DTYPES[name]) for name in precisions}

    def read(self) -> dict[str, float]:
        """GFLOP/s by precision: the median of a few products."""
        return {
            name: sorted(product.rate() for _ in range(READINGS))[READINGS // 2]
            for name, product in self.products.items()
        }
