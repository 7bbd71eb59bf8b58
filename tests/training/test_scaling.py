"""The linear rule by hand, and what the plan says of another batch."""

import json
from typing import Any

import pytest

from alexnet.errors import UsageError
from alexnet.networks.zoo import NETWORKS, named
from alexnet.training.plan import described, make_plan
from alexnet.training.recipe import Given, Resolved, as_plan, from_plan, resolve
from tests.training.sets import noise_set

PICTURES = 1_281_167


def resolved(
    batch: int, pictures: int = PICTURES, net: str = "alexnet", recipe: str = "own", **more: object
) -> Resolved:
    settings = {"batch": batch, "scaling": "linear", **more}
    given = {name: Given(value, f"--{name}") for name, value in settings.items()}
    return resolve(recipe, pictures, given, named(net))


def test_eight_times_the_batch_is_eight_times_the_rate_after_five_epochs() -> None:
    found = resolved(1024)
    assert (found.recipe.batch, found.recipe_batch) == (1024, 128)
    assert found.recipe.rate == pytest.approx(0.08)
    assert found.origins["rate"] == "paper, x8 for batch 1024"
    assert found.recipe.warmup == 6256  # 5 x 1,281,167 / 1024, rounded up
    assert found.origins["warmup"] == "paper, raised to 5 epochs for batch 1024"


def test_the_recipe_s_own_batch_is_that_of_the_network_or_of_fast() -> None:
    found = resolved(1024, net="caffenet")
    assert (found.recipe_batch, found.recipe.rate) == (256, pytest.approx(0.04))
    found = resolved(64, recipe="fast", net="vgg16")
    assert (found.recipe_batch, found.recipe.rate) == (32, pytest.approx(0.006))
    assert found.origins["rate"] == "net vgg16, x2 for batch 64"


def test_a_rate_that_was_given_is_for_the_recipe_s_batch_and_scaled_likewise() -> None:
    found = resolved(1024, rate=0.02)
    assert found.recipe.rate == pytest.approx(0.16)
    assert found.origins["rate"] == "--rate, x8 for batch 1024"


def test_a_warm_up_that_was_given_stays() -> None:
    found = resolved(1024, warmup=7)
    assert (found.recipe.warmup, found.origins["warmup"]) == (7, "--warmup")


def test_the_recipe_s_own_warm_up_stays_where_it_is_longer() -> None:
    """Five epochs of 100 pictures are 8 steps; that of `fast` has 20."""
    found = resolved(64, 100, recipe="fast")
    assert (found.recipe.warmup, found.origins["warmup"]) == (20, "recipe fast")
    assert resolved(64, 1000, recipe="fast").recipe.warmup == 79


def test_while_the_pictures_are_not_known_the_warm_up_stays() -> None:
    found = resolved(1024, 0)
    assert (found.recipe.warmup, found.recipe.rate) == (0, pytest.approx(0.08))


@pytest.mark.parametrize("batch", [1, 64, 128])
def test_a_smaller_batch_changes_nothing(batch: int) -> None:
    found = resolved(batch)
    assert (found.recipe.rate, found.recipe.warmup) == (0.01, 0)
    assert (found.origins["rate"], found.origins["warmup"]) == ("paper", "paper")


def test_without_scaling_a_larger_batch_changes_nothing() -> None:
    found = resolved(1024, scaling="none")
    assert (found.recipe.rate, found.recipe.warmup, found.recipe_batch) == (0.01, 0, 128)


def test_a_rate_that_becomes_too_high_is_refused() -> None:
    with pytest.raises(UsageError, match=r"rate is 40.*; it can be from 0 to 10"):
        resolved(512_000)


def test_what_happens_at_an_epoch_still_moves_with_the_epochs() -> None:
    found = resolved(1024, net="caffenet", epochs=9)
    assert found.recipe.reduce_at == (2, 4, 6, 8)
    assert found.recipe.rate == pytest.approx(0.04)


def test_going_on_does_not_scale_again() -> None:
    found = resolved(1024, rate=0.02)
    again = from_plan(json.loads(json.dumps(as_plan(found))), found.name)
    assert again.recipe == found.recipe
    assert again.origins == found.origins


def plan_of(batch: int, **given: object) -> dict[str, Any]:
    """Of 1,280 pictures, and a recipe whose batch is 128."""
    net = NETWORKS["cifar10-13pct"]
    settings = {name: Given(value, "--set") for name, value in {"batch": batch, **given}.items()}
    chosen = resolve("own", 1280, settings, net, 32)
    images = noise_set(train=1280, val=9, size=32)
    return make_plan(images, net.name, net.layers(3), chosen, threads=2, budget=None)


def line(plan: dict[str, Any]) -> str:
    """What the plan says of the batch, without its head; empty where it says nothing."""
    text = described(plan, 3, 20.0)
    return "".join(one[11:] for one in text.splitlines() if one.startswith("Batch "))


UNSCALED = "the rate is not scaled"
RAISES = f"{UNSCALED} (--set scaling=linear raises it in proportion)"


@pytest.mark.parametrize(
    ("batch", "words"),
    [
        (1024, f"1,024 in place of 128: an eighth as many updates an epoch; {RAISES}"),
        (256, f"256 in place of 128: half as many updates an epoch; {RAISES}"),
        (128 * 64, f"8,192 in place of 128: 1/64 as many updates an epoch; {RAISES}"),
        (192, f"192 in place of 128: 0.667 times as many updates an epoch; {RAISES}"),
        (64, f"64 in place of 128: twice as many updates an epoch; {UNSCALED}"),
        (16, f"16 in place of 128: 8 times as many updates an epoch; {UNSCALED}"),
        (128, ""),
    ],
)
def test_the_plan_says_what_another_batch_changes(batch: int, words: str) -> None:
    assert line(plan_of(batch)) == words


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "rate 8 times as high after 5.6 epochs of warm-up (scaling=linear)"),
        ({"batch": 256}, "rate twice as high after 5 epochs of warm-up (scaling=linear)"),
        (
            {"warmup": 1, "batch": 640},
            "rate 5 times as high after 1 step of warm-up (scaling=linear)",
        ),
        ({"warmup": 0}, "rate 8 times as high from the start (scaling=linear)"),
        (
            {"epochs": 3},
            "rate 8 times as high after 5.6 epochs of warm-up (scaling=linear); the run ends "
            "before that: give --set warmup=STEPS",
        ),
        ({"batch": 64}, f"{UNSCALED} (scaling=linear is for larger batches)"),
    ],
)
def test_and_what_scaling_makes_of_the_rate(given: dict[str, Any], words: str) -> None:
    plan = plan_of(**{"batch": 1024, "scaling": "linear", **given})
    assert line(plan).split("; ", 1)[1] == words


def test_a_plan_of_before_says_nothing_of_the_recipe_s_batch() -> None:
    plan = plan_of(1024)
    assert plan.pop("recipe_batch") == 128
    assert line(plan) == ""
