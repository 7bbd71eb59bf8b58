"""A mean that is given in place of the set's: an image from elsewhere, or three numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alexnet.errors import UsageError
from alexnet.formats import caffe
from alexnet.formats.ways import placed, read_npy
from alexnet.preprocessing import Preprocessing
from alexnet.training.recipe import Given, Settings, converted


@dataclass(frozen=True)
class GivenMean:
    """What pictures lose; of one pixel, all places lose the same."""

    origin: str  # such as "--mean mean.npy"
    image: NDArray[np.float32]  # (rows, columns, 3), RGB, 0 to 255

    @classmethod
    def of(cls, given: Path | str | Sequence[float]) -> "GivenMean":
        """A .npy file (rows, columns, 3), RGB; Caffe's .binaryproto; or three numbers R, G, B.

        Numbers may be a text with commas. UsageError or AlexNetError where it is none of these.
        """
        numbers = _numbers(given)
        if numbers is not None:
            shown = ",".join(f"{number:g}" for number in numbers)
            return cls(f"--mean {shown}", np.array(numbers, np.float32).reshape(1, 1, 3))
        path = Path(str(given))
        if not path.is_file():
            raise UsageError(
                f"--mean {path} is no file; give a mean image, .npy or .binaryproto, or three "
                "numbers for R, G and B, such as 123.7,116.8,103.9."
            )
        image = read_npy(path) if path.suffix.lower() == ".npy" else caffe.read_mean(path)
        return cls(f"--mean {path.name}", image)

    def image_for(self, way: Preprocessing) -> NDArray[np.float32]:
        """The mean image (size, size, 3); UsageError where the mean does not fit the pictures."""
        return placed(self.image, way, self.origin, self.origin).mean

    def settings(self, given: Settings, size: int | None, crop: int) -> Settings:
        """``given`` with what the mean is; UsageError where the two contradict each other.

        ``size`` is the side of the set's pictures, None where it is not known yet.
        """
        flat = bool((self.image == self.image[0, 0]).all())
        own = {"mean": "channel" if flat else "image"}
        if size and crop < size and self.image.shape[:2] == (crop, crop):
            own["mean_at"] = "centre"  # there is none for the other places of a crop
        for name, value in own.items():
            asked = given.get(name)
            if asked and converted(name, asked.value) != value:
                raise UsageError(
                    f"{name} cannot be {asked.value} ({asked.origin}): that of {self.origin} is "
                    f"{value}."
                )
        return {**given, **{name: Given(value, self.origin) for name, value in own.items()}}

    def described(self) -> dict[str, Any]:
        """What the plan says of it."""
        return {"origin": self.origin, "sha256": sha256(self.image.tobytes()).hexdigest()}


def _numbers(given: Path | str | Sequence[float]) -> list[float] | None:
    """Three numbers, or None where that is something else."""
    parts = given.split(",") if isinstance(given, str) else given
    if isinstance(parts, Path) or len(parts) != 3:
        return None
    try:
        return [float(part) for part in parts]
    except ValueError:
        return None
