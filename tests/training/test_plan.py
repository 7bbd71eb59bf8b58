"""What is said before anything happens."""

import json

import pytest

from alexnet.networks.build import Network
from alexnet.networks.layers import Layers
from alexnet.networks.tables import parameters, training_flop
from alexnet.networks.variants import with_width
from alexnet.networks.zoo import alexnet
from alexnet.training.plan import described, make_plan
from alexnet.training.recipe import resolve
from tests.training.sets import noise_set

EIGHTH = with_width(alexnet(3), 1 / 8)


def plan_of(layers: Layers = EIGHTH, size: int = 64, budget: float | None = None, **given: object):
    images = noise_set(train=50, val=9, size=size)
    chosen = resolve("fast", 50, {name: (value, "--set") for name, value in given.items()})
    return make_plan(images, "alexnet", layers, chosen, threads=2, budget=budget)


def test_the_plan_is_plain_json() -> None:
    plan = plan_of()
    again = json.loads(json.dumps(plan, allow_nan=False))
    assert again["data"]["classes"] == 3
    assert [again["data"][part] for part in ("train", "val", "test")] == [50, 9, 0]
    assert again["data"]["fingerprint"] == "0" * 64
    assert again["recipe"]["rate"]["origin"] == "recipe fast"
    assert (again["network"], again["recipe_name"], again["threads"]) == ("alexnet", "fast", 2)
    assert again["precision"] == "float32"
    assert set(again["versions"]) >= {"alexnet", "torch", "numpy", "pillow", "python"}
    assert again["commit"] is None or isinstance(again["commit"], str)


@pytest.mark.parametrize(
    ("epochs", "batch", "steps"),
    [(1, 50, 1), (1, 32, 2), (2, 25, 4), (2, 32, 4), (0.5, 5, 5), (3, 1000, 1), (0, 32, 1)],
)
def test_steps_cover_the_epochs(epochs: float, batch: int, steps: int) -> None:
    assert plan_of(epochs=epochs, batch=batch)["steps"] == steps


@pytest.mark.parametrize("size", [64, 128])
def test_parameters_and_work_are_those_of_the_set_s_own_size(size: int) -> None:
    plan = plan_of(size=size)
    network = Network(EIGHTH, size * 224 // 256)
    assert plan["parameters"] == sum(value.numel() for value in network.parameters())
    assert plan["gflop_per_picture"] == training_flop(EIGHTH, network.input) / 1e9


def test_the_paper_s_numbers_at_the_paper_s_size() -> None:
    plan = plan_of(alexnet(1000), size=256)
    assert plan["parameters"] == parameters(alexnet(1000)) == 60_965_224
    assert plan["gflop_per_picture"] == pytest.approx(4.1356, abs=5e-5)


def test_people_read_data_network_settings_and_time() -> None:
    text = described(plan_of(epochs=10, batch=10), 3, rate=20.0)
    assert "50 pictures to train, 9 to validate, 0 to test; 3 classes" in text
    assert "50 steps of 10 pictures" in text
    assert "at 20.0 pictures a second" in text
    assert "17 photos a class from scratch" in text
    assert "float32" in text
    (line,) = [line for line in text.splitlines() if line.startswith("  batch ")]
    assert line.split() == ["batch", "10", "pictures", "a", "step", "(--set)"]


def test_settings_without_a_value_are_left_out() -> None:
    assert "reduce_at" not in described(plan_of(), 3, 20.0)
    assert "reduce_at" in described(plan_of(schedule="steps", reduce_at="3,5"), 3, 20.0)


def test_a_time_budget_takes_the_place_of_the_steps() -> None:
    text = described(plan_of(budget=90.0), 3, rate=10.0)
    assert "1 min 30 s (--time), about 18.0 epochs" in text
    assert "while the time lasts" in text
