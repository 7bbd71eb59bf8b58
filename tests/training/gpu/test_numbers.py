"""What a step must know comes in one piece."""

import torch

from alexnet.training.gpu.numbers import Numbers, Shape

HERE = torch.device("cpu")


def test_one_copy_brings_all() -> None:
    made, taken = (Numbers(Shape(5, 3, scaled=True), HERE) for _ in range(2))
    for place, name in enumerate(made.tensors, 1):
        made[name].fill_(place)
    taken.take(made)
    for name, value in made.tensors.items():
        assert torch.equal(taken[name], value)
        assert value.is_contiguous()


def test_no_two_of_them_share_bytes() -> None:
    numbers = Numbers(Shape(3, 1, scaled=True), HERE)
    for name, value in numbers.tensors.items():
        numbers.buffer.zero_()
        value.fill_(1)
        others = (other for other in numbers.tensors if other != name)
        assert not any(numbers[other].any() for other in others), name


def test_windows_are_there_only_where_crops_are_scaled() -> None:
    assert "windows" not in Numbers(Shape(3, 1), HERE).tensors
    assert Numbers(Shape(3, 1, scaled=True), HERE)["windows"].shape == (3, 4)
