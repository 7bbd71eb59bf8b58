"""Recipes: the paper's numbers, conversions, refusals, files and plans."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alexnet.errors import AlexNetError, UsageError
from alexnet.networks import zoo
from alexnet.training.recipe import (
    FAST,
    RANGES,
    SMALL,
    Given,
    Recipe,
    as_plan,
    converted,
    from_plan,
    read_toml,
    resolve,
    with_origins,
)

PAPER = dataclasses.asdict(Recipe())


def test_the_defaults_are_the_paper_s() -> None:
    paper = resolve("paper", 1_261_406).recipe
    assert paper == Recipe()
    assert (paper.batch, paper.momentum, paper.decay, paper.rate) == (128, 0.9, 0.0005, 0.01)
    assert (paper.epochs, paper.schedule, paper.reductions) == (90, "plateau", 3)
    assert (paper.dropout, paper.mirror, paper.colour_noise, paper.area) == (0.5, True, 0.1, 1.0)
    assert (paper.scale, paper.mean, paper.warmup, paper.smoothing) == ((1.0,), "image", 0, 0.0)
    assert (paper.crop, paper.channels, paper.mean_at) == (224, "RGB", "crop")
    assert (paper.freeze, paper.noise_until, paper.noise_divides, paper.block) == ((), 0, False, 1)
    assert (paper.bias_rate, paper.bias_decay, paper.init) == (1.0, 0.0, "run")


def test_auto_is_paper_from_100_000_pictures_on() -> None:
    assert SMALL == 100_000
    assert resolve("auto", 99_999).name == "fast"
    assert resolve("auto", 100_000).name == "paper"
    assert resolve("fast", 10**7).name == "fast"
    assert resolve("paper", 1).name == "paper"


@pytest.mark.parametrize("net", zoo.NETWORKS.values(), ids=lambda net: net.name)
def test_auto_is_the_network_s_own_recipe_from_100_000_pictures_on(net: zoo.Named) -> None:
    own = resolve("own", 10, net=net)
    auto = resolve("auto", 100_000, net=net)
    assert auto.recipe == own.recipe
    assert auto.name == ("own" if net.recipe else "paper")
    assert resolve("auto", 99_999, net=net).name == "fast"
    assert own.recipe.crop == net.preprocessing.crop
    assert {key for key, origin in own.origins.items() if origin == f"net {net.name}"} == {
        *net.recipe, *(key for key in (*net.way, "crop") if getattr(own.recipe, key) != PAPER[key]),
    }  # fmt: skip


def test_a_recipe_lies_on_the_network_s_preprocessing() -> None:
    """Blue comes first for Caffe's networks whatever the recipe; the scale is that of `fast`."""
    net = zoo.named("caffenet+no-norm")
    found = resolve("fast", 10, {"rate": Given("0.02", "--rate")}, net)
    shown = {key: (getattr(found.recipe, key), found.origins[key]) for key in found.origins}
    assert shown["channels"] == ("BGR", "net caffenet+no-norm")
    assert shown["crop"] == (227, "net caffenet+no-norm")
    assert shown["scale"] == ((64.0,), "recipe fast")
    assert shown["rate"] == (0.02, "--rate")
    assert shown["momentum"] == (0.9, "paper")
    paper = resolve("paper", 10, net=zoo.NETWORKS["torchvision"])
    assert paper.recipe.scale == pytest.approx((58.395, 57.12, 57.375))
    assert (paper.recipe.batch, paper.origins["scale"]) == (128, "net torchvision")


@pytest.mark.parametrize(("name", "size", "crop"), [("alexnet", 64, 56), ("cifar10-13pct", 64, 48)])
def test_the_crop_is_in_proportion_to_the_set(name: str, size: int, crop: int) -> None:
    found = resolve("own", 10, net=zoo.NETWORKS[name], size=size)
    assert (found.recipe.crop, found.origins["crop"]) == (crop, f"net {name}")
    given = {"crop": Given(40, "--set")}
    assert resolve("own", 10, given, zoo.NETWORKS[name], size).recipe.crop == 40


def test_given_values_lie_on_top_and_say_where_they_came_from() -> None:
    values = {"rate": Given("0.005", "--rate"), "seed": Given(7, "mine.toml")}
    found = resolve("fast", 10, values)
    assert (found.recipe.rate, found.recipe.seed, found.recipe.batch) == (0.005, 7, FAST["batch"])
    origins = [found.origins[name] for name in ("rate", "seed", "batch", "momentum")]
    assert origins == ["--rate", "mine.toml", "recipe fast", "paper"]


def test_every_field_has_unit_source_and_origin() -> None:
    for name in ("paper", "fast"):
        plan = as_plan(resolve(name, 10))
        assert set(plan) == {field.name for field in dataclasses.fields(Recipe)}
        assert all(entry["unit"] and entry["source"] and entry["origin"] for entry in plan.values())


def test_every_number_has_a_range() -> None:
    numbers = {field.name for field in dataclasses.fields(Recipe) if field.type in (int, float)}
    assert numbers == {name for name, _, _ in RANGES}


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("papr", r"no recipe 'papr' \(did you mean 'paper'\?"),
        ("quick", "known: auto, paper, fast, own"),
        ("onw", r"no recipe 'onw' \(did you mean 'own'\?"),
    ],
)
def test_unknown_recipes(name: str, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        resolve(name, 10)


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("momentm", "momentum"), ("epoch", "epochs"), ("color_noise", "colour_noise")],
)
def test_unknown_settings_suggest_the_nearest(name: str, nearest: str) -> None:
    with pytest.raises(UsageError, match=rf"no setting '{name}' \(did you mean '{nearest}'\?"):
        resolve("paper", 10, {name: Given(1, "--set")})


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("rate", "0.02", 0.02),
        ("rate", "1e-3", 1e-3),
        ("rate", 1, 1.0),
        ("epochs", "0.5", 0.5),
        ("batch", "64", 64),
        ("batch", 64.0, 64),
        ("seed", 2**63 - 1, 2**63 - 1),
        ("seed", str(2**53 + 1), 2**53 + 1),
        ("mirror", "false", False),
        ("mirror", "No", False),
        ("mirror", "on", True),
        ("mirror", True, True),
        ("reduce_at", "25, 51,79", (25.0, 51.0, 79.0)),
        ("reduce_at", [25, 51], (25.0, 51.0)),
        ("reduce_at", "30", (30.0,)),
        ("reduce_at", 25, (25.0,)),
        ("scale", 64, (64.0,)),
        ("scale", "58.4,57.1,57.4", (58.4, 57.1, 57.4)),
        ("freeze", "conv1, conv2", ("conv1", "conv2")),
        ("freeze", ("conv1", "conv2"), ("conv1", "conv2")),
        ("freeze", "", ()),
        ("schedule", "steps", "steps"),
        ("chroma", 420, "420"),
    ],
)
def test_values_become_the_type_of_their_field(name: str, value: Any, expected: Any) -> None:
    found = converted(name, value)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("rate", "fast", "a number"),
        ("rate", True, "a number"),
        ("rate", None, "a number"),
        ("batch", "12.5", "a whole number"),
        ("batch", 12.5, "a whole number"),
        ("batch", float("inf"), "a whole number"),
        ("batch", float("nan"), "a whole number"),
        ("batch", [1], "a whole number"),
        ("mirror", "maybe", "true or false"),
        ("mirror", 1, "true or false"),
        ("reduce_at", "25;51", "numbers with commas between them"),
        ("freeze", 5, "names with commas between them"),
        ("freeze", ["conv1", 5], "names with commas between them"),
        ("freeze", None, "names with commas between them"),
        ("schedule", "cosine", "one of plateau, steps, linear, constant"),
        ("init", {}, "one of run, paper, unit"),
        ("chroma", 421, "one of full, 420"),
        ("chroma", True, "one of full, 420"),
        ("rate", 10**400, "a number"),
    ],
)
def test_values_of_another_type_are_refused(name: str, value: Any, expected: str) -> None:
    with pytest.raises(UsageError, match=rf"{name} is .*; it must be {expected}"):
        converted(name, value)


@pytest.mark.parametrize(("name", "low", "high"), RANGES)
def test_values_out_of_range_are_refused(name: str, low: float, high: float) -> None:
    for value in (low, high):
        # Not through float: 2^63 - 1 is none.
        assert getattr(resolve("paper", 9, {name: Given(value, "x")}).recipe, name) == value
    for value in (low - 1, high + 1, float("nan")):
        with pytest.raises(UsageError, match=rf"{name} "):
            resolve("paper", 9, {name: Given(value, "x")})


def test_steps_need_epochs() -> None:
    with pytest.raises(UsageError, match="reduce_at names no epochs"):
        resolve("paper", 9, {"schedule": Given("steps", "--set")})


def test_a_toml_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('rate = 0.02\nreduce_at = [25, 51]\nschedule = "steps"\nmirror = false\n')
    found = resolve("paper", 10, read_toml(path))
    recipe = found.recipe
    assert (recipe.rate, recipe.reduce_at, recipe.mirror) == (0.02, (25.0, 51.0), False)
    assert found.origins["rate"] == "mine.toml"


def test_a_table_in_a_toml_file_is_an_unknown_setting(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("[training]\nrate = 0.02\n")
    with pytest.raises(UsageError, match="no setting 'training'"):
        resolve("paper", 10, read_toml(path))


@pytest.mark.parametrize("content", [None, b"rate = ", b"\xff\xfe"])
def test_a_toml_file_that_cannot_be_read(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "mine.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError, match=r"mine\.toml cannot be read as TOML"):
        read_toml(path)


RANDOM = {
    "rate": st.floats(0, 10),
    "batch": st.integers(1, 10**6),
    "mirror": st.booleans(),
    "reduce_at": st.lists(st.floats(0.5, 1000), min_size=1, max_size=4).map(tuple),
    "schedule": st.sampled_from(["plateau", "steps", "linear", "constant"]),
    "optimizer": st.sampled_from(["momentum", "lars"]),
    "seed": st.integers(0, 2**63 - 1),
    "freeze": st.lists(st.sampled_from(["conv1", "fc6", "fc7"]), max_size=3).map(tuple),
    "scale": st.sampled_from([(64.0,), (58.4, 57.1, 57.4)]),
}


@pytest.mark.parametrize("scale", [(1, 2), (), (1, 2, 3, 4), (0,), (64, 64, -64), (float("nan"),)])
def test_a_scale_is_one_number_or_three_above_0(scale: tuple[float, ...]) -> None:
    with pytest.raises(UsageError, match=r"scale is .*; it is one number, or three"):
        resolve("fast", 10, {"scale": Given(scale, "--set")})


def test_only_what_says_so_has_an_origin() -> None:
    """A pair of names is a value: `settings={"freeze": ("conv1", "conv2")}`."""
    found = with_origins({"freeze": ("conv1", "conv2"), "rate": Given(0.1, "--rate"), "batch": 8})
    assert found["freeze"] == (("conv1", "conv2"), "caller")
    assert found["rate"] == (0.1, "--rate")
    assert found["batch"] == (8, "caller")


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(["paper", "fast", "own"]), st.fixed_dictionaries(RANDOM))
def test_there_and_back_through_plan_json(name: str, values: dict[str, Any]) -> None:
    resolved = resolve(name, 10, {key: Given(value, "--set") for key, value in values.items()})
    again = from_plan(json.loads(json.dumps(as_plan(resolved))), name)
    assert again.recipe == resolved.recipe
    assert (again.name, dict(again.origins)) == (name, dict(resolved.origins))


def test_a_setting_that_is_newer_than_the_plan_is_at_its_default() -> None:
    new = {"optimizer", "trust", "scaling"}
    resolved = resolve("fast", 10, {"batch": Given(8, "--batch")})
    plan = {name: entry for name, entry in as_plan(resolved).items() if name not in new}
    again = from_plan(plan, "fast")
    assert again.recipe == resolved.recipe
    assert again.origins == resolved.origins


def test_a_plan_without_settings_is_none() -> None:
    with pytest.raises(AlexNetError, match=r"plan\.json holds no settings"):
        from_plan({}, "fast")


def test_a_network_may_need_another_rate_on_a_small_set() -> None:
    fast = resolve("auto", 100, net=zoo.named("vgg16"))
    assert (fast.name, fast.recipe.rate, fast.origins["rate"]) == ("fast", 0.003, "net vgg16")
    given = resolve("fast", 100, {"rate": Given(0.02, "--rate")}, zoo.named("vgg16"))
    assert (given.recipe.rate, given.origins["rate"]) == (0.02, "--rate")
    assert resolve("fast", 100).recipe.rate == 0.01
