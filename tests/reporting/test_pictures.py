import base64
import io

import numpy as np
from PIL import Image

from alexnet.reporting.pictures import kernel_grid, photo, pixels
from tests.reporting.reading import Element, read


def decoded(element: Element) -> Image.Image:
    _, data = str(element.attributes["src"]).split(",")
    return Image.open(io.BytesIO(base64.b64decode(data)))


def test_each_kernel_is_scaled_by_itself():
    kernels = np.stack([np.linspace(-1, 3, 27), np.linspace(0, 1e-3, 27)])
    grid = np.asarray(kernel_grid(kernels.reshape(2, 3, 3, 3).astype(np.float32), 2))
    assert grid.shape == (3, 7, 4)
    for left in (0, 4):
        cell = grid[:, left : left + 3, :3]
        assert (cell.min(), cell.max()) == (0, 255)
    assert (grid[:, 3, 3] == 0).all()


def test_channels_rows_and_columns_stay_in_their_places():
    kernel = np.zeros((1, 3, 2, 2), np.float32)
    kernel[0, 2, 0, 1] = 1  # blue, upper right
    grid = np.asarray(kernel_grid(kernel, 1))
    assert grid[0, 1].tolist() == [0, 0, 255, 255]
    assert grid[1, 0].tolist() == [0, 0, 0, 255]


def test_rows_that_are_not_full():
    grid = kernel_grid(np.zeros((5, 3, 4, 4), np.float32), 3)
    assert grid.size == (3 * 5 - 1, 2 * 5 - 1)
    assert np.asarray(grid)[5:, 10:, 3].max() == 0


def test_kernels_without_range_or_number_are_grey():
    kernels = np.stack([np.zeros((3, 2, 2)), np.full((3, 2, 2), np.nan)]).astype(np.float32)
    grid = np.asarray(kernel_grid(kernels, 2))
    assert set(grid[grid[..., 3] == 255][:, :3].ravel()) == {128}


def test_png_keeps_every_pixel():
    picture = kernel_grid(np.random.default_rng(0).normal(size=(4, 3, 5, 5)).astype(np.float32), 2)
    (element,) = read(pixels(picture, "four")).all("img")
    assert element.attributes["alt"] == "four"
    assert (np.asarray(decoded(element)) == np.asarray(picture)).all()


def test_photos_are_made_small():
    (element,) = read(photo(np.full((256, 256, 3), 77, np.uint8), "a photo", 64)).all("img")
    assert decoded(element).size == (64, 64)
    assert element.attributes["width"] == "64"
    (element,) = read(photo(np.full((32, 32, 3), 77, np.uint8), "a photo", 64)).all("img")
    assert decoded(element).size == (32, 32)
