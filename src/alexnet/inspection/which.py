"""One picture of a set: which of which part."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from alexnet.data.preparing.naming import called
from alexnet.data.store import ImageSet


class Which(NamedTuple):
    """A picture by its place in a part."""

    part: str  # train, val or test
    place: int  # 0 is the first picture of the part

    def file(self, images: ImageSet) -> str:
        """The photo's name in its source."""
        return images.parts[self.part].files[self.place]

    def named(self, images: ImageSet) -> str:
        """The file, after the part where the file's own first folder does not say it."""
        file = self.file(images)
        return file if file.startswith(f"{self.part}/") else f"{self.part}: {file}"

    def label(self, images: ImageSet) -> int:
        """Its class, by number."""
        return int(images.parts[self.part].labels[self.place])

    def pixels(self, images: ImageSet) -> NDArray[np.uint8]:
        """The stored picture, (size, size, 3)."""
        return images.parts[self.part].pictures[self.place]

    def as_json(self, images: ImageSet) -> dict[str, Any]:
        """Part, class and file."""
        name = images.classes[self.label(images)]
        return {"part": self.part, "class": name, "file": self.file(images)}


def shown_class(images: ImageSet, label: int) -> str:
    """What people call a class."""
    name = images.classes[label]
    return called(name, images.names[label] if images.names else name)


def listed(images: ImageSet, pictures: Iterable[Which]) -> list[dict[str, Any]]:
    """Each as JSON."""
    return [one.as_json(images) for one in pictures]
