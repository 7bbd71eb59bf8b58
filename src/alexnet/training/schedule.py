"""The learning rate as a function of where training is; nothing is remembered but the errors."""

from collections.abc import Sequence

from alexnet.training.recipe import Recipe


def rate_at(
    recipe: Recipe, step: int, epoch: float, progress: float, errors: Sequence[float]
) -> float:
    """The rate of a step (counted from 0), at an epoch, at a share ``progress`` of the whole run.

    ``errors`` are the validation errors of the epochs so far; only "plateau" reads them.
    """
    rate = recipe.rate * min(1.0, (step + 1) / (recipe.warmup + 1))
    if recipe.schedule == "linear":
        return rate * max(0.0, 1.0 - progress)
    if recipe.schedule == "steps":
        return rate * 0.1 ** sum(epoch >= at for at in recipe.reduce_at)
    if recipe.schedule == "plateau":
        return rate * 0.1 ** reductions(errors, recipe.patience, recipe.reductions)
    return rate


def reductions(errors: Sequence[float], patience: int, most: int) -> int:
    """How often the rate has been divided by 10: each time ``patience`` epochs bring no best."""
    best, waited, count = float("inf"), 0, 0
    for error in errors:
        waited = 0 if error < best else waited + 1
        best = min(best, error)
        if waited >= patience and count < most:
            count, waited = count + 1, 0
    return count
