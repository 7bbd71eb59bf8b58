"""Whether the run that lies there is the one asked for, as torchrun repeats its command."""

import json
from typing import Any

import pytest

from alexnet.training.same import difference
from tests.system import job_of


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """As plan.json has it."""
    job = job_of(tmp_path_factory.mktemp("same"), batch=5)
    found: dict[str, Any] = json.loads(json.dumps(job.plan))
    return found


def copied(plan: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(plan))
    return found


def test_the_same_command_asks_for_the_same_run(plan: dict[str, Any]) -> None:
    assert difference(plan, copied(plan)) == ""


def test_what_changes_nothing_in_what_is_learned_may_differ(plan: dict[str, Any]) -> None:
    asked = copied(plan)
    asked["threads"] = 16
    asked["data"]["folder"] = "elsewhere"
    asked["recipe"]["rate"]["origin"] = "mine.toml"
    assert difference(plan, asked) == ""


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (("data", "fingerprint"), "1" * 64, "it learns from other pictures"),
        (("network",), "caffenet", "the network differs"),
        (("layers", 0, "kernels"), 7, "the list of layers differs"),
        (("budget_seconds",), 60.0, "--time differs"),
        (("weights",), {"folder": "other"}, "the weights it began with differs"),
        (("recipe", "rate", "value"), 0.5, "rate is 0.01 there and 0.5 here"),
        (("recipe", "seed", "value"), 3, "seed is 0 there and 3 here"),
        (("recipe", "batch", "value"), 6, "batch is 5 there and 6 here"),
    ],
)
def test_a_difference_is_named(
    plan: dict[str, Any], path: tuple[Any, ...], value: Any, words: str
) -> None:
    asked = copied(plan)
    place: Any = asked
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    assert difference(plan, asked) == words


def test_a_setting_that_is_younger_than_the_run_was_at_its_default(plan: dict[str, Any]) -> None:
    old = copied(plan)
    del old["recipe"]["scaling"], old["recipe"]["trust"]
    assert difference(old, plan) == ""
    asked = copied(plan)
    asked["recipe"]["scaling"]["value"] = "linear"
    assert difference(old, asked) == "scaling is none there and linear here"


def test_another_default_of_what_has_no_effect_is_no_difference(plan: dict[str, Any]) -> None:
    old = copied(plan)
    old["recipe"]["trust"]["value"] = 0.001
    assert difference(old, plan) == ""
    for both in (old, plan := copied(plan)):
        both["recipe"]["optimizer"]["value"] = "lars"
    assert difference(old, plan) == "trust is 0.001 there and 1.0 here"


def test_an_imported_run_has_no_training_to_go_on_with(plan: dict[str, Any]) -> None:
    imported = {key: value for key, value in plan.items() if key != "recipe"}
    assert difference(imported, plan) == "it was imported"


def test_the_first_difference_is_enough(plan: dict[str, Any]) -> None:
    asked = copied(plan)
    asked["network"] = "caffenet"
    asked["recipe"]["rate"]["value"] = 1.0
    assert difference(plan, asked) == "the network differs"
