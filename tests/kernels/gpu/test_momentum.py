"""The update in one pass against torch's own, and against a loop in float64."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.optim.sgd import sgd

from alexnet.kernels.gpu.momentum import update

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
RATE, MOMENTUM, DECAY = 0.01, 0.9, 0.0005
LAYOUTS: dict[str, Callable[[Tensor], Tensor]] = {
    "rows": lambda x: x.contiguous(),
    "channels last": lambda x: x.contiguous(memory_format=torch.channels_last),
}


def drawn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)).to(DEVICE)


def numbers(rate: float = RATE, momentum: float = MOMENTUM, decay: float = DECAY) -> Tensor:
    return torch.tensor([rate, momentum, decay], device=DEVICE)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("lies", LAYOUTS)
@pytest.mark.parametrize("shape", [(5, 3, 2, 2), (7, 1, 1, 1), (1, 4, 3, 3), (40, 3, 11, 11)])
def test_steps_are_torch_s(shape: tuple[int, ...], lies: str, dtype: torch.dtype) -> None:
    way = LAYOUTS[lies]
    weight, velocity = way(drawn(*shape)), way(torch.zeros(shape, device=DEVICE))
    copy = torch.empty_like(weight, dtype=torch.bfloat16)
    wanted, buffers = weight.clone(), [velocity.clone()]
    for step in range(3):
        gradient = way(drawn(*shape, seed=step + 1)).to(dtype)
        update(weight, velocity, gradient, copy, numbers())
        sgd([wanted], [gradient.float()], list[Tensor | None](buffers), fused=False, foreach=False,
            lr=RATE, momentum=MOMENTUM, weight_decay=DECAY, dampening=0.0, nesterov=False,
            maximize=False)  # fmt: skip
    torch.testing.assert_close(weight, wanted, rtol=1e-6, atol=1e-7)
    torch.testing.assert_close(velocity, buffers[0], rtol=1e-6, atol=1e-6)
    assert torch.equal(copy, weight.bfloat16())
    assert weight.stride() == wanted.stride()


def test_by_hand_in_float64() -> None:
    weight, velocity, rates = drawn(6), torch.zeros(6, device=DEVICE), [0.1, 0.1, 0.02]
    w, v = weight.double().tolist(), [0.0] * 6
    for step, (rate, before) in enumerate(zip(rates, [0.1, *rates[:2]], strict=True)):
        gradient = drawn(6, seed=step + 1)
        update(weight, velocity, gradient, None, numbers(rate, 0.9 * before / rate))
        for i, g in enumerate(gradient.double().tolist()):
            v[i] = 0.9 * v[i] - DECAY * rate * w[i] - rate * g  # the paper's rule
            w[i] += v[i]
    assert weight.tolist() == pytest.approx(w, rel=1e-6)


def test_a_gradient_that_lies_otherwise() -> None:
    found = []
    for way in LAYOUTS.values():
        weight = LAYOUTS["channels last"](drawn(4, 3, 5, 5))
        update(weight, torch.zeros_like(weight), way(drawn(4, 3, 5, 5, seed=1)), None, numbers())
        found.append(weight)
    assert torch.equal(*found)


def test_copies_are_rounded_to_the_nearest_even() -> None:
    """Two ties, what lies beside them, a carry into the exponent, and what is hardly there."""
    values = [1 + 2**-8, 1 + 3 * 2**-8, 1 + 2**-8 + 2**-20, 1 + 2**-9, 2 - 2**-10, 3e-39, 0.0,
              -1 - 2**-8, 3.4e38]  # fmt: skip
    weight = torch.tensor(values, device=DEVICE)
    still = torch.zeros_like(weight)
    copy = torch.empty_like(weight, dtype=torch.bfloat16)
    update(weight, still.clone(), still, copy, numbers(0.0, 0.0, 0.0))
    assert torch.equal(copy, torch.tensor(values, device=DEVICE).bfloat16())
    assert copy[:3].tolist() == [1.0, 1 + 2**-6, 1 + 2**-7]


def test_what_is_no_number_stays_none() -> None:
    weight = torch.tensor([float("nan"), 1.0], device=DEVICE)
    copy = torch.empty_like(weight, dtype=torch.bfloat16)
    update(weight, torch.zeros_like(weight), torch.zeros_like(weight), copy, numbers())
    assert copy.isnan().tolist() == [True, False]


def test_more_than_one_program_and_what_lies_beyond_stays() -> None:
    held = drawn(5000)
    weight, beyond = held[:4099], held[4099:].clone()
    before = weight.clone()
    update(weight, torch.zeros_like(weight), torch.ones_like(weight), None, numbers(decay=0.0))
    torch.testing.assert_close(weight, before - RATE)
    assert torch.equal(held[4099:], beyond)


@pytest.mark.parametrize(
    "weight", [torch.zeros(4, 6)[:, ::2], torch.zeros(4, 3).T], ids=["gaps", "other way"]
)
def test_weights_and_velocities_that_lie_otherwise_are_refused(weight: Tensor) -> None:
    velocity = torch.zeros(weight.shape)
    velocity = velocity if velocity.stride() != weight.stride() else torch.zeros(6, 4).T
    with pytest.raises(ValueError, match="must lie alike in memory"):
        update(weight, velocity, weight, None, numbers())


def test_nothing_is_read_from_the_device() -> None:
    weight = torch.empty(4, 3, 5, 5, device="meta")
    other = weight.to(memory_format=torch.channels_last)
    copy = torch.empty_like(weight, dtype=torch.bfloat16)
    before = weight.stride(), copy.stride()
    update(weight, torch.empty_like(weight), other, copy, torch.empty(3, device="meta"))
    assert (weight.stride(), copy.stride()) == before
