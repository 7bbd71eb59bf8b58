import dataclasses
import math

import numpy as np
import pytest

from alexnet.evaluation import evaluate
from alexnet.reporting import numbers
from alexnet.reporting.sections.examples import evenly_spaced, surest_mistakes, verdict
from alexnet.results import Evaluation
from tests.reporting.runs import write_run, write_set


@pytest.fixture(scope="module")
def evaluation(tmp_path_factory) -> Evaluation:
    folder = tmp_path_factory.mktemp("sections")
    run = write_run(folder / "run", write_set(folder / "set"))
    return evaluate(run, say=lambda _: None, quiet=True)[-1]


def test_pictures_are_evenly_spaced_and_never_twice():
    assert evenly_spaced(80) == [5, 15, 25, 35, 45, 55, 65, 75]
    assert evenly_spaced(3) == [0, 1, 2]
    assert evenly_spaced(0) == []
    for total in range(1, 40):
        chosen = evenly_spaced(total)
        assert len(set(chosen)) == min(8, total)
        assert max(chosen) < total


def test_mistakes_are_wrong_and_the_surest_come_first(evaluation):
    chosen = surest_mistakes(evaluation)
    assert sorted(chosen) == [0, 1, 2]
    sure = [evaluation.probability[number, 0] for number in chosen]
    assert sure == sorted(sure, reverse=True)
    assert surest_mistakes(evaluation, wanted=2) == chosen[:2]


def test_verdicts_in_words(evaluation):
    few = dataclasses.replace(
        evaluation,
        labels=np.array([4, 4, 4]),
        top=np.array([[4, 1], [1, 4], [1, 2]]),
        probability=np.array([[0.9, 0.1], [0.8, 0.2], [0.7, 0.2]], np.float32),
        true_probability=np.array([0.9, 0.2, 0.004], np.float32),
    )
    assert verdict(few, 0) == "✓ Right"
    assert verdict(few, 1) == "✗ Wrong: the right class came second"
    assert verdict(few, 2) == "✗ Wrong: the right class got 0.4\xa0%"


def test_shared_first_places_count_as_wrong(evaluation):
    alike = np.full_like(evaluation.probability, 0.5)
    undecided = dataclasses.replace(evaluation, probability=alike)
    assert verdict(undecided, 5) == "✗ Wrong: another class is just as probable"
    assert surest_mistakes(undecided) == list(range(8))


def test_numbers_as_words():
    assert numbers.percent(0.0174) == "1.7\xa0%"
    assert numbers.percent(math.nan) == "–"
    assert numbers.interval((0.007, 0.039)) == "0.7 to 3.9\xa0%"
    assert numbers.counted(1, "photo", "photos") == "1 photo"
    assert numbers.counted(12000, "photo", "photos") == "12,000 photos"
    assert [numbers.short(x) for x in (3.0, 0.0123456, math.nan, 1e-7)] == [
        "3", "0.01235", "–", "1e-07",
    ]  # fmt: skip


def test_any_value_of_a_plan_can_be_shown():
    shown = [numbers.anything(v) for v in (None, True, 0.5, [1, 2], [], {"a": 1}, "x", 7)]
    assert shown == ["–", "yes", "0.5", "1, 2", "–", "a 1", "x", "7"]
