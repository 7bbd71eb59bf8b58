"""All that is found in a set, and the same as JSON."""

from dataclasses import dataclass
from typing import Any

from alexnet.data.store import ImageSet
from alexnet.inspection.classes import Classes, classes_of
from alexnet.inspection.odd import OneColour, one_colour
from alexnet.inspection.rejections import Rejections, rejections_of
from alexnet.inspection.repeats import Repeats, repeats_of
from alexnet.inspection.sizes import Sizes, sizes_of
from alexnet.progress import Progress


@dataclass(frozen=True)
class Findings:
    """What was found in a set."""

    images: ImageSet
    classes: Classes
    sizes: Sizes
    one_colour: OneColour
    rejections: Rejections
    repeats: Repeats

    def as_json(self) -> dict[str, Any]:
        """One value for scripts; docs/inspect.md says what each entry means."""
        return {
            "folder": str(self.images.folder),
            "fingerprint": self.images.fingerprint,
            "size": self.images.size,
            "parts": {name: len(part) for name, part in self.images.parts.items()},
            "classes": self.classes.as_json(),
            "photos": self.sizes.as_json(),
            "one_colour": self.one_colour.as_json(),
            "rejected": self.rejections.as_json(),
            "copies": self.repeats.as_json(),
        }


def inspect_set(images: ImageSet, quiet: bool = False) -> Findings:
    """Look at a whole set; nothing is written. ``quiet`` keeps progress off standard error.

    Memory grows by some hundred bytes a picture. AlexNetError where a file of the set is damaged.
    """
    return Findings(
        images,
        classes_of(images),
        sizes_of(images),
        one_colour(images, Progress("looking at colours", 0, "pictures", quiet=quiet)),
        rejections_of(images),
        repeats_of(images, Progress("comparing", 0, "pairs", quiet=quiet)),
    )
