"""Masks drawn on the device against numpy's: the same bits, whatever is held of a layer."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from alexnet.training.dropout import Held, masks_of
from alexnet.training.gpu.masks import masks

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
SHAPES = st.sampled_from([(6,), (16,), (30,), (96,), (6, 1, 1), (12, 3, 5)])


def drawn(seed: int, step: int, layer: str, x: torch.Tensor, rate: float, held: Held | None = None):
    at = torch.tensor(step, device=DEVICE)
    found = masks(seed, at, held and (lambda _: held))(layer, x.to(DEVICE), rate)
    return found.cpu()


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**31), st.integers(0, 2**40), SHAPES, st.integers(1, 40), st.data())
def test_the_bits_of_numpy(
    seed: int, step: int, shape: tuple[int, ...], batch: int, data: st.DataObject
) -> None:
    rate = data.draw(st.sampled_from([0.0, 0.1, 0.3, 0.5, 0.95, 1.0]))
    layer, x = data.draw(st.sampled_from(["drop6", "drop7", "another"])), torch.zeros(batch, *shape)
    assert torch.equal(drawn(seed, step, layer, x, rate), masks_of(seed, step)(layer, x, rate))


@settings(max_examples=40, deadline=None)
@given(SHAPES, st.integers(1, 30), st.sampled_from([1, 2, 3]), st.data())
def test_the_bits_of_some_rows_and_of_a_part_of_the_units(
    shape: tuple[int, ...], batch: int, parts: int, data: st.DataObject
) -> None:
    ends = sorted(data.draw(st.lists(st.integers(0, batch), min_size=4, max_size=4)))
    held = Held([range(*ends[:2]), range(*ends[2:])], data.draw(st.integers(0, parts - 1)), parts)
    units = -(-shape[0] // parts)
    x = torch.zeros(sum(map(len, held.rows)), units, *shape[1:])
    wanted = masks_of(5, 2, lambda _: held)("drop6", x, 0.4)
    assert torch.equal(drawn(5, 2, "drop6", x, 0.4, held), wanted)


def test_more_than_one_program() -> None:
    x = torch.zeros(3, 4099)
    held = Held([range(7, 10)])
    wanted = masks_of(1, 2, lambda _: held)("drop6", x, 0.5)
    assert torch.equal(drawn(1, 2, "drop6", x, 0.5, held), wanted)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32, torch.float64])
def test_type_and_layout_of_a_mask(dtype: torch.dtype) -> None:
    x = torch.zeros(2, 3, 4, 5, dtype=dtype).to(memory_format=torch.channels_last)
    found = drawn(0, 0, "drop", x, 0.5)
    assert (found.shape, found.dtype) == (x.shape, x.dtype)
    assert torch.equal(found, masks_of(0, 0)("drop", x, 0.5))


def test_the_step_stays_on_the_device() -> None:
    """As in a captured graph, which draws the masks of whatever step lies there."""
    step = torch.tensor(0, device=DEVICE)
    mask, x = masks(3, step), torch.zeros(4, 16, device=DEVICE)
    for number in range(3):
        wanted = masks_of(3, number)("drop6", torch.zeros(4, 16), 0.5)
        assert torch.equal(mask("drop6", x, 0.5).cpu(), wanted)
        step += 1
    nowhere = masks(3, step.to("meta"))("drop6", x.to("meta"), 0.5)
    assert nowhere.shape == x.shape
