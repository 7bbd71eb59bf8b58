"""Loss and errors of a step are told with the next one, or when they are asked for."""

import torch

from alexnet.training.gpu.results import Results
from alexnet.training.step import Found


def after(results: Results, loss: float, wrong: int, pictures: int = 4) -> Found:
    results.put(torch.tensor([loss, wrong], dtype=torch.float64))
    return results.after(pictures)


def test_each_step_tells_of_the_one_before() -> None:
    results = Results(torch.device("cpu"))
    assert after(results, 1.5, 3) == Found(0, 0.0, 0)
    assert after(results, 2.5, 1, 8) == Found(4, 1.5, 3)
    assert after(results, 0.5, 0) == Found(8, 2.5, 1)
    assert results.all() == Found(4, 0.5, 0)
    assert results.all() == Found(0, 0.0, 0)


def test_nothing_is_told_twice_or_never() -> None:
    results, told = Results(torch.device("cpu")), []
    for step in range(1, 20):
        told.append(after(results, float(step), step, 1))
        if step % 5 == 0:
            told.append(results.all())
    told.append(results.all())
    assert sum(found.pictures for found in told) == 19
    assert sum(found.loss for found in told) == sum(range(1, 20))
    assert sum(found.wrong for found in told) == sum(range(1, 20))
