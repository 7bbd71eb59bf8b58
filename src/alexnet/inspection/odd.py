"""Pictures that are nearly one colour: blank pages, lens caps, "no longer available"."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alexnet.data.store import ImageSet
from alexnet.inspection.which import Which, listed
from alexnet.progress import Progress

MOST = 20_000  # pictures that are looked at, which takes seconds
SPREAD = 6.0  # grey levels; largest standard deviation of red, green and blue
EVERY = 8  # of how many rows and columns one is looked at


@dataclass(frozen=True)
class OneColour:
    """Pictures of nearly one colour among those looked at."""

    images: ImageSet
    looked_at: int
    found: list[Which]

    def as_json(self) -> dict[str, Any]:
        """How many were looked at, and what was found by name."""
        return {"looked_at": self.looked_at, "pictures": listed(self.images, self.found)}


def one_colour(images: ImageSet, progress: Progress) -> OneColour:
    """Look at all pictures, or at MOST of them, at equal distances."""
    every = sum(map(len, images.parts.values()))
    step = -(-every // MOST)
    asked = [
        Which(name, n) for name, part in images.parts.items() for n in range(0, len(part), step)
    ]
    progress.total = len(asked)
    found = []
    for done, one in enumerate(asked, 1):
        if _spread(one.pixels(images)) < SPREAD:
            found.append(one)
        progress.update(done)
    progress.close()
    return OneColour(images, len(asked), found)


def _spread(pixels: NDArray[np.uint8]) -> float:
    """The largest standard deviation of red, green and blue."""
    every = max(1, min(EVERY, len(pixels) // 16))
    return float(pixels[::every, ::every].std(axis=(0, 1)).max())
