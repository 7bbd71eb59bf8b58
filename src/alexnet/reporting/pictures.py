"""Small pictures inside the page, as data URIs: photos as JPEG, kernels as PNG."""

import base64
import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from alexnet.reporting.html import Html, el


def photo(pixels: NDArray[np.uint8], words: str, side: int = 192, class_: str = "") -> Html:
    """An ``img`` of uint8 pixels (height, width, 3) scaled to ``side``; ``words`` is its text."""
    picture = Image.fromarray(np.ascontiguousarray(pixels))
    if picture.width > side:
        picture = picture.resize((side, side), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=82)
    return _image("jpeg", buffer.getvalue(), picture.size, words, class_)


def pixels(picture: Image.Image, words: str, class_: str = "pixels") -> Html:
    """An ``img`` that loses nothing: every pixel of the picture becomes a square on the page."""
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", optimize=True)
    return _image("png", buffer.getvalue(), picture.size, words, class_)


def _image(kind: str, data: bytes, size: tuple[int, int], words: str, class_: str) -> Html:
    source = f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}"
    return el("img", src=source, alt=words, width=size[0], height=size[1], class_=class_ or None)


def kernel_grid(kernels: NDArray[np.float32], columns: int, gap: int = 1) -> Image.Image:
    """Kernels (n, 3, height, width), RGB, side by side; each scaled by itself into 0 to 255.

    Between them and after the last one the picture is transparent.
    """
    number, _, height, width = kernels.shape
    rows = -(-number // columns)
    shape = (rows * (height + gap) - gap, columns * (width + gap) - gap, 4)
    grid = np.zeros(shape, np.uint8)
    for index, kernel in enumerate(kernels):
        top, left = index // columns * (height + gap), index % columns * (width + gap)
        cell = grid[top : top + height, left : left + width]
        cell[..., :3] = _stretched(kernel).transpose(1, 2, 0)
        cell[..., 3] = 255
    return Image.fromarray(grid, "RGBA")


def _stretched(kernel: NDArray[np.float32]) -> NDArray[np.uint8]:
    # A kernel of zeros, or one that training has driven to NaN, is shown as plain grey.
    low, high = float(np.min(kernel)), float(np.max(kernel))
    if not high > low or not np.isfinite(high - low):
        return np.full(kernel.shape, 128, np.uint8)
    stretched: NDArray[np.uint8] = np.rint((kernel - low) / (high - low) * 255).astype(np.uint8)
    return stretched
