"""The machine's own peak: what it reaches on large matrix products, in GFLOP/s."""

import torch

from alexnet.benchmarking.timing import CPU, enough, seconds_of

SIDE = 3072  # rows and columns of the matrices
SIDE_ON_GPU = 8192
SMALLEST = 768
LARGE, LARGE_ON_GPU = 2**28, 2**32  # bytes that are copied
PATIENCE = 5.0  # seconds that a product may take; slower machines get smaller matrices


class Product:
    """A square matrix product of one precision, to be timed between training steps.

    On a GPU several make one reading, so that asking for one does not count.
    """

    def __init__(
        self, dtype: torch.dtype, side: int | None = None, where: torch.device = CPU
    ) -> None:
        self.dtype, self.where, self.times = dtype, where, 1
        self.side = side or (SIDE_ON_GPU if where.type == "cuda" else fitting_side(dtype))
        random = torch.Generator(where).manual_seed(0)
        shape = (self.side, self.side)
        self.left, self.right = (
            torch.randn(shape, generator=random, device=where).to(dtype) for _ in range(2)
        )
        self.out = torch.empty_like(self.left)
        self.rate()  # the first one also packs and takes memory
        if where.type == "cuda":
            self.times = enough(2 * self.side**3 / self.rate() / 1e9)

    def rate(self) -> float:
        """GFLOP/s of one product."""
        return 2 * self.side**3 / seconds_of(self._multiply, self.where, self.times) / 1e9

    def _multiply(self) -> None:
        torch.mm(self.left, self.right, out=self.out)


def fitting_side(dtype: torch.dtype) -> int:
    """3072, or a half or a quarter of it where the product would take too long here."""
    probe = Product(dtype, SMALLEST)
    rate = max(probe.rate() for _ in range(3))  # small ones are easily disturbed
    side = SIDE
    while side > SMALLEST and 2 * side**3 / rate / 1e9 > PATIENCE:
        side //= 2
    return side


class Copy:
    """A copy from memory to memory of one device, as large as no cache."""

    def __init__(self, where: torch.device, count: int) -> None:
        self.where = where
        self.source = torch.zeros(count, dtype=torch.uint8, device=where)
        self.target = torch.empty_like(self.source)

    def rate(self) -> float:
        """Bytes a second, those that are read and those that are written."""
        seconds_of(self._copy, self.where)
        return 2 * len(self.source) / seconds_of(self._copy, self.where, 5)

    def _copy(self) -> None:
        self.target.copy_(self.source)


def bandwidth(where: torch.device) -> float:
    """Bytes a second that a device copies, read and written."""
    return Copy(where, _large(where)).rate()


def _large(where: torch.device) -> int:
    """Bytes that no cache holds, of a GPU at most a quarter of its free memory."""
    if where.type != "cuda":
        return LARGE
    return min(LARGE_ON_GPU, int(torch.cuda.mem_get_info(where)[0]) // 4)
