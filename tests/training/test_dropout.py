"""Masks: their share, and what they depend on."""

import pytest
import torch

from alexnet.training.dropout import masks_of


def mask(seed: int = 0, step: int = 0, layer: str = "drop6", rate: float = 0.5) -> torch.Tensor:
    return masks_of(seed, step)(layer, torch.zeros(64, 512), rate)


@pytest.mark.parametrize("rate", [0.1, 0.3, 0.5, 0.95])
def test_the_share_of_zeros_is_the_rate(rate: float) -> None:
    found = mask(rate=rate)
    assert set(found.unique().tolist()) == {0.0, 1.0}
    error = (rate * (1 - rate) / found.numel()) ** 0.5
    assert 1 - found.mean().item() == pytest.approx(rate, abs=5 * error)


def test_rate_zero_keeps_all() -> None:
    assert bool((mask(rate=0.0) == 1).all())


def test_a_mask_is_a_function_of_seed_layer_and_step() -> None:
    assert torch.equal(mask(1, 2), mask(1, 2))
    others = [mask(2, 2), mask(1, 3), mask(1, 2, "drop7")]
    for other in others:  # independent masks of one half agree at half of the places
        assert (mask(1, 2) == other).float().mean().item() == pytest.approx(0.5, abs=0.02)


def test_pictures_of_a_batch_are_dropped_apart() -> None:
    rows = mask()
    assert (rows[1:] == rows[:-1]).float().mean().item() == pytest.approx(0.5, abs=0.02)


def test_torch_s_own_numbers_play_no_part() -> None:
    torch.manual_seed(1)
    one = mask()
    torch.manual_seed(2)
    assert torch.equal(one, mask())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_mask_has_shape_and_type_of_its_input(dtype: torch.dtype) -> None:
    x = torch.zeros(2, 3, 4, 5, dtype=dtype)
    found = masks_of(0, 0)("drop", x, 0.5)
    assert (found.shape, found.dtype) == (x.shape, x.dtype)


def test_known_values() -> None:
    """So that a run does not change silently between versions."""
    found = masks_of(0, 3)("drop6", torch.zeros(2, 8), 0.3)
    assert found.int().tolist() == [[0, 1, 1, 0, 0, 1, 1, 1], [1, 1, 0, 1, 1, 1, 0, 1]]
