"""Validation pictures, block by block, wherever they lie."""

import numpy as np
import pytest
import torch

from alexnet.training.gpu import heldout
from alexnet.training.gpu.heldout import HeldOut

HERE = torch.device("cpu")
PICTURES = np.random.default_rng(0).integers(0, 256, (37, 4, 4, 3), np.uint8)


@pytest.mark.parametrize("free", [0.0, 1e6])
def test_each_block_is_what_the_set_has(monkeypatch: pytest.MonkeyPatch, free: float) -> None:
    monkeypatch.setattr(heldout, "free_on", lambda _: free)
    held = HeldOut(PICTURES, HERE, readers=2)
    for first in (0, 16, 32, 0):
        assert np.array_equal(held(slice(first, first + 16)), PICTURES[first : first + 16])
    assert (held.kept is not None) == (free > 0)
