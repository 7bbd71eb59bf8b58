"""The learning rate as a function of where training is; nothing is remembered but the errors."""

from collections.abc import Sequence

from alexnet.training.recipe import Recipe


def rate_at(
    recipe: Recipe, step: int, epoch: float, progress: float, errors: Sequence[float]
) -> float:
    """The rate of a step (counted from 0), at an epoch, at a share ``progress`` of the whole run.

    ``errors`` are the validation errors of the epochs so far; only "plateau" reads them.
    """
    rate = recipe.rate * _risen(recipe, step)
    if recipe.schedule == "linear":
        return rate * max(0.0, 1.0 - progress)
    if recipe.schedule == "steps":
        return rate / recipe.reduce_by ** sum(epoch >= at for at in recipe.reduce_at)
    if recipe.schedule == "plateau":
        times = reductions(errors, recipe.patience, recipe.reductions)
        return float(rate / recipe.reduce_by**times)
    return rate


def bias_rate_at(recipe: Recipe, step: int, epoch: float, rate: float) -> float:
    """The biases' rate beside that of the weights: in proportion, or reduced at its own epochs.

    Net 145 began with twice the rate and lowered it once, where the weights' fell three times.
    """
    if recipe.schedule == "steps" and recipe.bias_reduce_at:
        times = sum(epoch >= at for at in recipe.bias_reduce_at)
        return recipe.bias_rate * recipe.rate * _risen(recipe, step) / 10.0**times
    return recipe.bias_rate * rate


def share_of_slow(recipe: Recipe, epoch: float) -> float:
    """What the layers of ``freeze`` have of the rate: all, a tenth, or 0: they stand still."""
    if epoch >= recipe.freeze_at:
        return 0.0
    return 0.1 if recipe.slow_at and epoch >= recipe.slow_at else 1.0


def _risen(recipe: Recipe, step: int) -> float:
    return min(1.0, (step + 1) / (recipe.warmup + 1))


def reductions(errors: Sequence[float], patience: int, most: int) -> int:
    """How often the rate has been reduced: each time ``patience`` epochs bring no best."""
    best, waited, count = float("inf"), 0, 0
    for error in errors:
        waited = 0 if error < best else waited + 1
        best = min(best, error)
        if waited >= patience and count < most:
            count, waited = count + 1, 0
    return count
