"""Blocks of pictures where memory runs out, which is imagined here; and models anywhere."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from alexnet.blocks import ON_CPU, ON_GPU, Blocks, block_on
from alexnet.devices import CPU
from alexnet.errors import AlexNetError
from alexnet.training.validation import validate
from alexnet.views import Pictures, brought, whole_views
from alexnet.views import test_views as views_of
from tests.tiny import tiny_model
from tests.training.sets import noise_set

PICTURES = np.random.default_rng(0).integers(0, 256, (10, 32, 32, 3), dtype=np.uint8)
META = torch.device("meta")


class Memory:
    """Takes so many pictures at once, and answers with the number of each, in two views."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.asked: list[int] = []

    def ask(self, pictures: Pictures) -> NDArray[np.float32]:
        self.asked.append(len(pictures))
        if len(pictures) > self.most:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return np.stack([np.asarray(pictures, np.float32)] * 2)


def test_pictures_are_halved_until_they_fit_and_stay_so() -> None:
    said: list[str] = []
    blocks, memory, numbers = Blocks(64, said.append), Memory(3), np.arange(10)
    expected = np.stack([numbers] * 2)
    np.testing.assert_array_equal(blocks.answers(memory.ask, numbers, 1), expected)
    assert memory.asked == [10, 5, 2, 2, 2, 2, 2]
    np.testing.assert_array_equal(blocks.answers(memory.ask, numbers[:3], 1), expected[:, :3])
    assert memory.asked[7:] == [2, 1]
    assert said == ["The GPU's memory does not take 10 pictures at once; it goes on with fewer."]
    assert blocks.size == 64


def test_what_fits_is_asked_for_once() -> None:
    memory = Memory(64)
    Blocks(64).answers(memory.ask, np.arange(33), 1)
    assert memory.asked == [33]


def test_not_even_one_picture_fits() -> None:
    with pytest.raises(AlexNetError, match=r"not enough memory .* one picture\. .*--device cpu"):
        Blocks().answers(Memory(0).ask, np.arange(3), 1)


def test_other_errors_are_not_taken_for_it() -> None:
    def ask(_: Pictures) -> NDArray[np.float32]:
        raise RuntimeError("something else")

    with pytest.raises(RuntimeError, match="something else"):
        Blocks().answers(ask, PICTURES, 1)


def test_blocks_are_larger_on_a_gpu() -> None:
    assert block_on(torch.device("cuda:1")) == ON_GPU > block_on(CPU.where) == ON_CPU


def test_views_are_made_where_pictures_lie() -> None:
    """Nothing in them comes from elsewhere, which a tensor without values would not bear."""
    model = tiny_model()
    stored = brought(torch.from_numpy(PICTURES), META)
    views = list(views_of(stored, model.mean, model.preprocessing, 10))
    views += list(whole_views(stored, model.mean, model.preprocessing))
    assert {view.device for view in views} == {META}
    assert [tuple(view.shape) for view in views] == [(10, 3, 24, 24)] * 10 + [(10, 3, 32, 32)] * 2
    logits = model.network.to(META)(views[0])
    assert (logits.device, tuple(logits.shape)) == (META, (10, 3))
    assert model.where == META


def test_pictures_may_be_tensors() -> None:
    model, stored = tiny_model().to(CPU), torch.from_numpy(PICTURES)
    for ask in (model.probabilities, model.dense, lambda some: model.features(some, "conv2")):
        np.testing.assert_array_equal(ask(stored), ask(PICTURES))
    assert "kernels" not in vars(model.network)


def test_validation_takes_pictures_from_where_they_lie() -> None:
    model, images = tiny_model(), noise_set(train=1, val=70, size=32)
    pictures = torch.from_numpy(np.array(images.parts["val"].pictures[0:70]))
    asked: list[slice] = []

    def given(block: slice) -> torch.Tensor:
        asked.append(block)
        return pictures[block]

    assert validate(model, images, pictures=given) == validate(model, images)
    assert asked == [slice(0, 32), slice(32, 64), slice(64, 70)]
