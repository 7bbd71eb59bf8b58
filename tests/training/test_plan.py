"""What is said before anything happens."""

import json
from typing import Any

import pytest

from alexnet.networks.build import Network
from alexnet.networks.layers import Layers
from alexnet.networks.lists import cifar
from alexnet.networks.lists.krizhevsky import alexnet
from alexnet.networks.tables import parameters, training_flop
from alexnet.networks.variants import with_width
from alexnet.networks.zoo import named
from alexnet.training.plan import described, make_plan
from alexnet.training.recipe import Given, resolve
from tests.training.sets import noise_set

EIGHTH = with_width(alexnet(3), 1 / 8)


def plan_of(
    layers: Layers = EIGHTH,
    size: int = 64,
    budget: float | None = None,
    net: str = "alexnet",
    recipe: str = "fast",
    **given: object,
) -> dict[str, Any]:
    images = noise_set(train=50, val=9, size=size)
    settings = {name: Given(value, "--set") for name, value in given.items()}
    chosen = resolve(recipe, 50, settings, named(net), size)
    return make_plan(images, net, layers, chosen, threads=2, budget=budget)


def lines_of(plan: dict[str, Any]) -> dict[str, str]:
    """The settings that are shown, by name."""
    text = described(plan, 3, 20.0)
    return {line.split()[0]: line.strip() for line in text.splitlines() if line.startswith("  ")}


def unused(plan: dict[str, Any]) -> set[str]:
    """The settings of which it is said that they are not used."""
    return set(lines_of(plan)["not"].removeprefix("not used: ").split(", "))


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


def test_each_value_says_where_it_came_from() -> None:
    plan = plan_of(net="caffenet", rate="0.02")
    shown = lines_of(plan)
    assert shown["channels"] == "channels             BGR  order of the colours (net caffenet)"
    for name, value, origin in (
        ("crop", "56", "net caffenet"),
        ("scale", "64", "recipe fast"),
        ("rate", "0.02", "--set"),
        ("momentum", "0.9", "paper"),
    ):
        assert shown[name].split()[1] == value
        assert shown[name].endswith(f"({origin})")
    own = plan_of(net="caffenet", recipe="own")
    assert "Recipe     own, that of caffenet\n" in described(own, 3, 20.0)
    assert lines_of(own)["reduce_at"].startswith("reduce_at     20,40,60,80  epochs")
    assert lines_of(own)["bias_rate"].endswith("for biases (net caffenet)")


@pytest.mark.parametrize(
    ("values", "without"),
    [
        ({}, {"reduce_at", "patience", "freeze", "freeze_at", "mean_at", "block", "noise_until"}),
        ({"schedule": "steps", "reduce_at": "3,5"}, {"patience", "bias_reduce_at"}),
        ({"schedule": "constant"}, {"reduce_at", "reduce_by", "patience", "reductions"}),
        ({"schedule": "plateau"}, {"reduce_at"}),
        ({"freeze": "conv1"}, {"slow_at", "noise_until", "noise_divides"}),
        ({"freeze": "conv1", "slow_at": 3}, {"noise_until", "noise_divides"}),
        ({"colour_noise": 0}, {"colour_unit", "noise_until", "noise_divides"}),
        ({"momentum": 0.8}, {"trust", "scaling"}),
    ],
)
def test_settings_that_change_nothing_are_named_in_one_line(
    values: dict[str, object], without: set[str]
) -> None:
    plan = plan_of(**values)
    shown, left_out = lines_of(plan), unused(plan)
    assert without <= left_out
    assert left_out.isdisjoint(shown)
    assert {*left_out, *shown} - {"not"} == set(plan["recipe"])


def test_what_a_person_gave_is_shown_even_if_it_changes_nothing() -> None:
    plan = plan_of(smoothing=0, patience=3)
    assert {"smoothing", "patience"} <= set(lines_of(plan))


def test_trust_is_shown_with_lars() -> None:
    shown = lines_of(plan_of(optimizer="lars"))
    assert shown["trust"].split()[1] == "1"
    assert shown["optimizer"].split()[1] == "lars"


@pytest.mark.parametrize(
    ("trust", "step", "learns"), [(0.001, "1e-05", False), (0.1, "0.001", True), (1, "0.01", True)]
)
def test_lars_says_how_far_a_step_goes(trust: float, step: str, learns: bool) -> None:
    text = described(plan_of(optimizer="lars", trust=trust), 3, 20.0)
    (line,) = [line for line in text.splitlines() if line.startswith("LARS ")]
    assert f"about {step} of a layer's weights" in line
    assert ("hardly learns" in line) != learns
    assert "LARS" not in described(plan_of(), 3, 20.0)


def test_frozen_layers_are_shown_with_when_they_stand_still() -> None:
    shown = lines_of(plan_of(freeze="conv1,conv2"))
    assert shown["freeze"].split()[1:5] == ["conv1,conv2", "layers", "that", "stand"]
    assert shown["freeze_at"].split()[1] == "0"


def test_decays_of_layers_are_shown_and_that_of_the_recipe_is_not_used() -> None:
    plan = plan_of(cifar.cifar10_13pct(3), 32, net="cifar10-13pct", recipe="own")
    text = described(plan, 3, 20.0)
    assert "; decays of their own: conv1 0, conv2 0, local3 0.004, local4 0.004, fc10 0.004" in text
    assert {"decay", "dropout"} <= unused(plan)
    assert "decays of their own" not in described(plan_of(), 3, 20.0)
    assert unused(plan_of()).isdisjoint({"decay", "dropout"})


def test_weights_from_another_run() -> None:
    plan = plan_of()
    weights = {"folder": "/runs/big", "network": "alexnet", "taken": ["conv1", "fc7"]}
    some = described({**plan, "weights": {**weights, "new": ["fc8"]}}, 3, 20.0)
    assert "Weights    from /runs/big: conv1, fc7; new: fc8\n" in some
    assert "from scratch" not in some
    whole = {**plan, "weights": {**weights, "new": []}}
    assert "Weights    from /runs/big: conv1, fc7\n" in described(whole, 3, 20.0)
    assert "init" in unused(whole)


def test_one_is_said_in_the_singular() -> None:
    text = described({**plan_of(epochs=1, batch=50), "threads": 1}, 3, 20.0)
    assert "Work       1 step of 50 pictures, 1 epoch\n" in text
    assert ", 1 thread, " in text


def test_the_plan_says_what_moved_with_the_epochs() -> None:
    shown = lines_of(plan_of(net="caffenet", recipe="own", epochs=9))
    assert shown["reduce_at"].split()[1] == "2,4,6,8"
    assert shown["reduce_at"].endswith("(net caffenet, moved with epochs)")
    assert "patience" in unused(plan_of(net="caffenet", recipe="own", epochs=9))


def test_with_a_time_the_epochs_are_those_that_it_stands_for() -> None:
    assert "epochs" in unused(plan_of(budget=90.0))
    shown = lines_of(plan_of(budget=90.0, schedule="steps", reduce_at="3,5"))
    assert "epochs that the time given stands for" in shown["epochs"]


def test_a_time_budget_takes_the_place_of_the_steps() -> None:
    text = described(plan_of(budget=90.0), 3, rate=10.0)
    assert "1 min 30 s (--time), about 18.0 epochs" in text
    assert "while the time lasts" in text
