"""What fits on a GPU, and the sentence where something does not."""

import re

import pytest
import torch

from alexnet.networks.zoo import NETWORKS
from alexnet.training.gpu.memory import fitting, free_on, needed, too_much

LAYERS = NETWORKS["alexnet"].layers_of(1000)


def test_need_grows_with_the_batch_and_halves_with_bf16() -> None:
    """Its activations do; weights and velocities stay float32."""
    some, more, most = (needed(LAYERS, 224, count, 4) for count in (128, 256, 384))
    assert most - more == pytest.approx(more - some)
    half = needed(LAYERS, 224, 256, 2) - needed(LAYERS, 224, 128, 2)
    assert half == pytest.approx((more - some) / 2)


def test_a_step_of_1024_fits_on_the_cards_that_it_is_made_for() -> None:
    assert needed(LAYERS, 224, 1024, 2) < 16e9


@pytest.mark.parametrize("pictures", [2, 100, 4096])
def test_what_is_said_to_fit_is_smaller_and_does(pictures: int) -> None:
    free = needed(LAYERS, 224, pictures, 4) * 0.8
    fits = fitting(LAYERS, 224, pictures, 4, free)
    assert 0 <= fits < pictures
    assert not fits or needed(LAYERS, 224, fits, 4) <= free


def test_the_sentence_names_a_batch_and_turns() -> None:
    said = too_much(LAYERS, 224, 4096, 4, 12e9)
    batch, turns = map(int, re.findall(r"--(?:batch|turns) (\d+)", said))
    assert batch * turns >= 4096 > batch
    assert "12.0 GB were there" in said


def test_where_nothing_fits_it_says_so() -> None:
    assert "Not even one picture" in too_much(LAYERS, 224, 8, 4, 1e8)


def test_a_processor_has_no_limit_here() -> None:
    assert free_on(torch.device("cpu")) == float("inf")
