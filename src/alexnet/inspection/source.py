"""The set that is looked at: one that is prepared, or photos, which are prepared beside them."""

from collections.abc import Callable
from pathlib import Path

from alexnet.data.prepare import prepare
from alexnet.data.store import ImageSet, looks_prepared, open_set
from alexnet.errors import UsageError

ENDINGS = (".tar", ".tgz", ".zip", ".gz", ".bz2", ".xz", ".csv", ".tsv", ".jsonl", ".json", ".txt")


def set_of(data: Path, say: Callable[[str], None]) -> ImageSet:
    """Open the set at ``data``; photos become one first, at NAME-prepared beside them.

    UsageError where there is neither; AlexNetError where a set is damaged.
    """
    if looks_prepared(data):
        return open_set(data)
    if not data.exists():
        raise UsageError(f"There is no {data}. Give a prepared set, or photos in class folders.")
    place = _beside(data.resolve())
    say(f"{data} holds no prepared set; its photos are prepared into {place}, which is kept.")
    return prepare(data, place, say=say).set


def _beside(photos: Path) -> Path:
    """NAME-prepared; of archives without their endings, but "v1.0" and "v1.1" are two names."""
    name = photos.name
    while photos.is_file() and name.lower().endswith(ENDINGS):
        name = name[: name.rindex(".")]
    return photos.parent / f"{name or 'photos'}-prepared"
