"""Pictures for comparisons: synthetic ones always, real photos where they are at hand."""

import numpy as np
from PIL import Image, ImageOps

from tests.shared import shared_data


def synthetic(count: int = 3, seed: int = 0) -> list[Image.Image]:
    """Soft random colours with sharp edges in them, of different sizes, wide and high."""
    random = np.random.default_rng(seed)
    found = []
    for number in range(count):
        coarse = Image.fromarray(random.integers(0, 256, (7, 9, 3), dtype=np.uint8))
        picture = coarse.resize((320 - 40 * number, 240 + 30 * number), Image.Resampling.BICUBIC)
        picture.paste((250, 5 * number, 20), (30, 40, 120, 90 + 20 * number))
        found.append(picture)
    return found


def photos(count: int) -> list[Image.Image]:
    """Real photos as a viewer shows them, RGB; skips the test where there are none."""
    paths = sorted(shared_data("imagenet-sample").glob("n*/*"))
    step = max(1, len(paths) // count)
    return [
        ImageOps.exif_transpose(Image.open(path)).convert("RGB") for path in paths[::step][:count]
    ]
