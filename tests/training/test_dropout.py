"""Masks: their share, and what they depend on."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from alexnet.training.dropout import Held, masks_of


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


SHAPES = st.sampled_from([(6,), (12,), (30,), (6, 1, 1), (12, 3, 5)])


def held_of(whole: torch.Tensor, held: Held) -> torch.Tensor:
    """What a process that holds these values makes of a mask, by its own account."""
    x = torch.cat([whole[rows.start : rows.stop] for rows in held.rows])
    mine = torch.zeros_like(x.chunk(held.parts, 1)[held.part])
    return masks_of(5, 2, lambda _: held)("drop6", mine, 0.4)


@given(SHAPES, st.integers(1, 40), st.data())
def test_rows_have_the_mask_that_they_have_in_the_whole_batch(
    shape: tuple[int, ...], batch: int, data: st.DataObject
) -> None:
    """Without drawing the numbers before them, wherever they lie."""
    whole = masks_of(5, 2)("drop6", torch.zeros(batch, *shape), 0.4)
    start = data.draw(st.integers(0, batch))
    rows = range(start, data.draw(st.integers(start, batch)))
    assert torch.equal(held_of(whole, Held([rows])), whole[rows.start : rows.stop])


@given(SHAPES, st.integers(1, 40), st.sampled_from([1, 2, 3]), st.data())
def test_parts_of_the_units_of_some_rows_have_theirs_of_the_whole(
    shape: tuple[int, ...], batch: int, parts: int, data: st.DataObject
) -> None:
    """As in towers, and in a hybrid, whose dense layers see some rows of each process."""
    whole = masks_of(5, 2)("drop6", torch.zeros(batch, *shape), 0.4)
    ends = sorted(data.draw(st.lists(st.integers(0, batch), min_size=4, max_size=4)))
    held = Held([range(*ends[:2]), range(*ends[2:])], data.draw(st.integers(0, parts - 1)), parts)
    rows = np.r_[ends[0] : ends[1], ends[2] : ends[3]]
    assert torch.equal(held_of(whole, held), whole[rows].chunk(parts, 1)[held.part])


def test_all_parts_put_together_are_the_mask_of_one_device() -> None:
    whole = masks_of(5, 2)("drop6", torch.zeros(7, 10), 0.4)
    parts = [held_of(whole, Held([range(7)], part, 2)) for part in range(2)]
    assert torch.equal(torch.cat(parts, 1), whole)
    turns = [held_of(whole, Held([rows])) for rows in (range(2), range(2, 4), range(4, 7))]
    assert torch.equal(torch.cat(turns), whole)
