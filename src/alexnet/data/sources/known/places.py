"""Published sets often lie in a folder below the one that is given."""

from collections.abc import Iterator
from pathlib import Path

from alexnet.data.explain import listed


def left_aside(path: Path, place: Path) -> Iterator[str]:
    """A sentence about what lies in ``path`` beside the ``place`` below it that is used."""
    if place != path:
        used = place.relative_to(path).parts[0]
        names = sorted({item.name for item in path.iterdir()} - {used})
        if left := [name for name in names if not name.startswith(".")]:
            yield f"Only {used} is used; left aside beside it: {listed(left)}."
