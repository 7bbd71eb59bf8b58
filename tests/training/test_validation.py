"""Loss and errors of the validation part, against the same numbers by hand."""

import math

import numpy as np
import pytest

from alexnet.training.validation import validate
from tests.tiny import tiny_model
from tests.training.sets import noise_set


def test_loss_and_errors_over_several_blocks() -> None:
    model, images = tiny_model(), noise_set(train=1, val=70, size=32)
    part = images.parts["val"]
    rows = [model.probabilities(part.pictures[n : n + 1])[0, 0] for n in range(70)]
    of_label = [float(row[label]) for row, label in zip(rows, part.labels, strict=True)]
    places = [int((row >= p).sum()) - 1 for row, p in zip(rows, of_label, strict=True)]
    found = validate(model, images)
    assert found["val_loss"] == pytest.approx(-np.mean([math.log(p) for p in of_label]), rel=1e-5)
    assert found["val_error"] == pytest.approx(np.mean([place >= 1 for place in places]))
    assert found["val_top5_error"] == pytest.approx(np.mean([place >= 2 for place in places]))
    assert model.network.training


def test_without_a_validation_part_there_is_nothing_to_say() -> None:
    found = validate(tiny_model(), noise_set(train=3, size=32))
    assert found == {"val_loss": None, "val_error": None, "val_top5_error": None}
