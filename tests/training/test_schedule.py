"""Learning rates by hand."""

from typing import Any

import pytest

from alexnet.training.recipe import Recipe
from alexnet.training.schedule import bias_rate_at, rate_at, reductions, share_of_slow


def rates(recipe: Recipe, errors: list[float]) -> list[float]:
    """The rate of each epoch, as the errors of those before it are known."""
    return [rate_at(recipe, 0, n, 0.0, errors[:n]) for n in range(len(errors) + 1)]


def test_constant() -> None:
    recipe = Recipe(schedule="constant", rate=0.02)
    assert {rate_at(recipe, 10**6, 50, p, [0.5] * 50) for p in (0.0, 0.5, 1.0)} == {0.02}


def test_linear_falls_to_zero_with_the_share_done() -> None:
    recipe = Recipe(schedule="linear", rate=0.02)
    found = [rate_at(recipe, 0, 0, progress, []) for progress in (0.0, 0.25, 0.5, 1.0, 1.2)]
    assert found == pytest.approx([0.02, 0.015, 0.01, 0.0, 0.0])


def test_steps_of_net_145() -> None:
    recipe = Recipe(schedule="steps", reduce_at=(25, 51, 79))
    epochs = [0, 24.99, 25, 50.9, 51, 78.9, 79, 90]
    expected = [0.01, 0.01, 1e-3, 1e-3, 1e-4, 1e-4, 1e-5, 1e-5]
    assert [rate_at(recipe, 0, epoch, 0, []) for epoch in epochs] == pytest.approx(expected)


def test_steps_may_divide_by_another_number_than_10() -> None:
    recipe = Recipe(schedule="steps", reduce_at=(1, 2, 3), reduce_by=250 ** (1 / 3))
    found = [rate_at(recipe, 0, epoch, 0, []) for epoch in range(4)]
    assert found == pytest.approx([0.01, 0.0015874, 0.00025198, 0.00004], rel=1e-4)
    once = Recipe(reduce_by=4, patience=1)
    assert rates(once, [0.5, 0.6]) == [0.01, 0.01, 0.0025]


@pytest.mark.parametrize("schedule", ["linear", "constant", "plateau", "steps"])
def test_biases_follow_the_weights_where_they_have_no_epochs_of_their_own(schedule: Any) -> None:
    recipe = Recipe(schedule=schedule, reduce_at=(1,), bias_rate=2)
    assert bias_rate_at(recipe, 0, 5, 0.003) == 0.006
    # Epochs of their own are for a schedule of steps.
    elsewhere = Recipe(schedule=schedule, reduce_at=(1,), bias_rate=2, bias_reduce_at=(4,))
    assert bias_rate_at(elsewhere, 0, 5, 0.003) == pytest.approx(
        0.002 if schedule == "steps" else 0.006
    )


def test_biases_are_divided_by_10_at_epochs_of_their_own_and_rise_as_the_weights() -> None:
    values: dict[str, Any] = {"schedule": "steps", "reduce_at": (2, 4), "bias_reduce_at": (3, 6)}
    recipe = Recipe(bias_rate=2, reduce_by=3, **values)
    found = [bias_rate_at(recipe, 0, epoch, 1e-9) for epoch in (0, 2.9, 3, 5.9, 6, 99)]
    assert found == pytest.approx([0.02, 0.02, 0.002, 0.002, 0.0002, 0.0002])
    rising = Recipe(bias_rate=2, warmup=4, **values)
    assert [bias_rate_at(rising, step, 0, 0) for step in (0, 3, 4, 9)] == pytest.approx(
        [0.004, 0.016, 0.02, 0.02]
    )


@pytest.mark.parametrize(
    ("slow_at", "freeze_at", "shares"),
    [
        (0, 0, [0, 0, 0, 0, 0]),  # from the start
        (0, 3, [1, 1, 1, 0, 0]),
        (2, 3, [1, 1, 0.1, 0, 0]),
        (2, 99, [1, 1, 0.1, 0.1, 0.1]),
    ],
)
def test_when_layers_are_slow_and_when_they_stand_still(
    slow_at: float, freeze_at: float, shares: list[float]
) -> None:
    recipe = Recipe(freeze=("conv1",), slow_at=slow_at, freeze_at=freeze_at)
    assert [share_of_slow(recipe, epoch) for epoch in range(5)] == shares


def test_plateau_after_so_many_epochs_without_a_better_error() -> None:
    recipe = Recipe(patience=2)
    #         best  best  wait  wait!            best  wait  best  wait  wait!
    errors = [0.90, 0.80, 0.80, 0.85, 0.70, 0.75, 0.69, 0.69, 0.70]
    expected = [0.01] * 4 + [0.001] * 5 + [0.0001]
    assert rates(recipe, errors) == pytest.approx(expected)


def test_an_epoch_that_is_best_resets_the_waiting() -> None:
    assert reductions([0.5, 0.6, 0.4, 0.6, 0.3, 0.6], patience=2, most=3) == 0
    assert reductions([0.5, 0.6, 0.6], patience=2, most=3) == 1
    assert reductions([0.5, 0.5, 0.5], patience=2, most=3) == 1


def test_plateau_waits_anew_after_a_reduction() -> None:
    found = [reductions([0.5] + [0.6] * n, patience=3, most=99) for n in range(10)]
    assert found == [0, 0, 0, 1, 1, 1, 2, 2, 2, 3]


def test_plateau_goes_down_three_times_and_no_further() -> None:
    assert rates(Recipe(patience=1), [0.5] * 20)[-1] == pytest.approx(1e-5)
    assert rates(Recipe(patience=1, reductions=0), [0.5] * 20)[-1] == 0.01


def test_without_errors_there_is_no_reduction() -> None:
    assert reductions([], patience=1, most=3) == 0


def test_warmup_rises_in_equal_steps_and_multiplies_every_schedule() -> None:
    recipe = Recipe(schedule="constant", rate=0.1, warmup=4)
    found = [rate_at(recipe, step, 0, 0, []) for step in range(7)]
    assert found == pytest.approx([0.02, 0.04, 0.06, 0.08, 0.1, 0.1, 0.1])
    falling = Recipe(schedule="linear", rate=0.1, warmup=4)
    assert rate_at(falling, 1, 0, 0.5, []) == pytest.approx(0.04 * 0.5)
