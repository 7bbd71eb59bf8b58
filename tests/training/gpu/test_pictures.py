"""Pictures come to the device whole, in their order, in full colour or halved."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from alexnet.kernels import chroma
from alexnet.training.gpu.halving import encode
from alexnet.training.gpu.pictures import CHUNK, Streamed, bytes_of, fits, load

HERE = torch.device("cpu")


def noise(count: int, size: int = 6) -> NDArray[np.uint8]:
    return np.random.default_rng(count).integers(0, 256, (count, size, size, 3), np.uint8)


@pytest.mark.parametrize("size", [2, 6, 20])
def test_halving_on_the_device_has_the_bits_of_the_definition(size: int) -> None:
    pictures = noise(9, size)
    pictures[0], pictures[1] = 0, 255
    assert np.array_equal(encode(torch.from_numpy(pictures)), chroma.encode(pictures))


@pytest.mark.parametrize("count", [1, CHUNK, 1100])
def test_all_pictures_are_loaded_in_their_order(count: int) -> None:
    pictures = noise(count)
    found = load(pictures, False, HERE, readers=2, quiet=True)
    assert np.array_equal(found.tensor, pictures)
    wanted = np.array([0, count - 1])
    assert np.array_equal(found.rows(0, wanted), wanted)
    assert bytes_of(pictures, False) == found.tensor.numel()


def test_halved_they_take_half() -> None:
    pictures = noise(5)
    found = load(pictures, True, HERE, readers=1, quiet=True)
    assert np.array_equal(found.tensor, chroma.encode(pictures))
    assert found.tensor.numel() == bytes_of(pictures, True) == bytes_of(pictures, False) // 2


@pytest.mark.parametrize("halved", [False, True])
def test_a_batch_is_copied_to_the_rows_that_are_told(halved: bool) -> None:
    pictures = noise(50)
    expected = chroma.encode(pictures) if halved else pictures
    streamed = Streamed(pictures, 3, 20, halved, HERE, readers=2)
    kept = []
    for slot, wanted in enumerate([np.arange(20), np.arange(49, 29, -1), np.array([7])]):
        rows = streamed.rows(slot, wanted)
        streamed.wait(slot)
        kept.append((rows, wanted))
    for rows, wanted in kept:  # none was overwritten by the next
        assert np.array_equal(streamed.tensor[torch.from_numpy(rows)], expected[wanted])
    streamed.close()


def test_what_fits() -> None:
    pictures = noise(10)
    size = bytes_of(pictures, False)
    assert not fits(pictures, False, size)  # no room for anything else
    assert fits(pictures, False, 1.1 * size)
    assert fits(pictures, True, 0.6 * size)


def test_a_picture_that_cannot_be_read_is_told() -> None:
    class Broken:
        shape = (3, 6, 6, 3)

        def __len__(self) -> int:
            return 3

        def __getitem__(self, which: object) -> NDArray[np.uint8]:
            raise OSError("disk gone")

    with ThreadPoolExecutor(1), pytest.raises(OSError, match="disk gone"):
        load(Broken(), False, HERE, readers=1, quiet=True)  # type: ignore[arg-type]
