"""What training says of itself."""

import math
import re

import pytest
import torch

from alexnet.networks.build import Network
from alexnet.networks.layers import Convolution, Linear, ReLU
from alexnet.training.diagnosis import (
    advice_when_not_finite,
    advice_when_stuck,
    dead_shares,
    expectation,
    moved,
    stuck,
    update_ratios,
)
from alexnet.training.optimizer import Momentum, Rates
from alexnet.training.recipe import Recipe


def test_update_ratios_by_hand() -> None:
    network = Network((Linear("fc", 1),), 1, 2)
    network.load_state_dict({"fc.weight": torch.tensor([[1.0, -3.0]]), "fc.bias": torch.zeros(1)})
    optimizer = Momentum(network, Recipe(decay=0))
    assert [row["mean_abs_step"] for row in update_ratios(network, moved(optimizer), 1)] == [0, 0]
    held = dict(network.named_parameters())
    held["fc.weight"].grad = torch.tensor([[1.0, 2.0]])
    held["fc.bias"].grad = torch.tensor([0.0])
    optimizer.step(Rates(0.1, 0.1))  # the weights become 0.9 and -3.2
    weight, bias = update_ratios(network, moved(optimizer), 4)
    assert (weight["epoch"], weight["layer"], weight["parameter"]) == (4, "fc", "weight")
    assert weight["mean_abs"] == pytest.approx((0.9 + 3.2) / 2)
    assert weight["mean_abs_step"] == pytest.approx((0.1 + 0.2) / 2)
    assert weight["ratio"] == pytest.approx(0.15 / 2.05)
    assert (bias["parameter"], bias["mean_abs"], bias["ratio"]) == ("bias", 0.0, None)


def test_values_that_are_no_numbers_become_empty() -> None:
    network = Network((Linear("fc", 1),), 1, 1)
    optimizer = Momentum(network, Recipe())
    for value in network.parameters():
        value.grad = torch.full_like(value, math.nan)
    optimizer.step(Rates(0.1, 0.1))
    assert all(
        row["ratio"] is row["mean_abs"] is None
        for row in update_ratios(network, moved(optimizer), 1)
    )


def test_dead_units_and_maps_are_zero_for_every_picture() -> None:
    network = Network((Convolution("c", 2, 1), ReLU("r1"), Linear("f", 4), ReLU("r2")), 2, 1)
    network.load_state_dict(
        {
            "c.weight": torch.tensor([1.0, 0.0]).reshape(2, 1, 1, 1),
            "c.bias": torch.tensor([0.0, -1.0]),  # the second map is dead
            "f.weight": torch.zeros(4, 8),
            "f.bias": torch.tensor([1.0, -1.0, 0.0, -2.0]),
        }
    )
    batch = torch.zeros(3, 1, 2, 2)
    batch[1, 0, 1, 1] = 5  # one place of one picture is enough to be alive
    network.train()
    assert dead_shares(network, batch) == {"r1": 0.5, "r2": 0.75}
    assert network.training
    network.eval()
    dead_shares(network, batch)
    assert not network.training


def test_stuck_is_a_loss_of_about_ln_n() -> None:
    assert stuck(math.log(1000), 1000)
    assert stuck(math.log(10) + 0.5, 10)
    assert not stuck(0.9 * math.log(10), 10)
    assert not stuck(1.0, 1)


def test_advice_names_the_loss_the_dead_layer_and_what_to_change() -> None:
    text = advice_when_stuck(2.30, 10, {"relu1": 0.1, "relu6": 0.8}, "run")
    assert "loss is 2.300, and ln 10 = 2.303" in text
    assert "80% of relu6 is zero" in text
    assert "init=unit" in text
    healthy = advice_when_stuck(2.30, 10, {"relu1": 0.1}, "unit")
    assert "relu" not in healthy
    assert "init=unit" not in healthy
    assert advice_when_stuck(2.3, 10, {}, "unit")


def test_the_end_of_a_run_whose_loss_is_no_number() -> None:
    text = advice_when_not_finite(41, 0.03, "The last good checkpoint is kept.")
    assert "at step 42" in text
    assert "--rate 0.01" in text
    assert text.endswith("The last good checkpoint is kept.")


@pytest.mark.parametrize(
    ("pictures", "classes", "words"),
    [
        (40, 8, "5 photos a class.*hardly better than guessing"),
        (3030, 101, "30 photos a class.*a third to a half"),
        (2000, 10, "200 photos a class.*half to two thirds"),
        (10, 1, "one class only"),
    ],
)
def test_an_honest_line_for_small_sets(pictures: int, classes: int, words: str) -> None:
    assert re.search(words, expectation(pictures, classes))


def test_no_such_line_for_large_sets() -> None:
    assert expectation(1_281_167, 1000) == ""
