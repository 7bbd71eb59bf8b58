"""The machine's own peak: what it reaches on large matrix products, in GFLOP/s."""

import time

import torch

SIDE = 3072  # rows and columns of the matrices
SMALLEST = 768
PATIENCE = 5.0  # seconds that a product may take; slower machines get smaller matrices


class Product:
    """A square matrix product of one precision, to be timed between training steps."""

    def __init__(self, dtype: torch.dtype, side: int | None = None) -> None:
        self.dtype = dtype
        self.side = side or fitting_side(dtype)
        random = torch.Generator().manual_seed(0)
        self.left, self.right = (
            torch.randn(self.side, self.side, generator=random).to(dtype) for _ in range(2)
        )
        self.out = torch.empty_like(self.left)
        self.rate()  # the first one also packs and takes memory

    def rate(self) -> float:
        """GFLOP/s of one product."""
        started = time.perf_counter()
        torch.mm(self.left, self.right, out=self.out)
        return 2 * self.side**3 / (time.perf_counter() - started) / 1e9


def fitting_side(dtype: torch.dtype) -> int:
    """3072, or a half or a quarter of it where the product would take too long here."""
    probe = Product(dtype, SMALLEST)
    rate = max(probe.rate() for _ in range(3))  # small ones are easily disturbed
    side = SIDE
    while side > SMALLEST and 2 * side**3 / rate / 1e9 > PATIENCE:
        side //= 2
    return side
