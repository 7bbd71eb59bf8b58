"""Learning rates by hand."""

import pytest

from alexnet.training.recipe import Recipe
from alexnet.training.schedule import rate_at, reductions


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
