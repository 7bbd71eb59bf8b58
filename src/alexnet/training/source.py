"""The pictures to train on: a prepared set, or photos, which are prepared beside the run first."""

from pathlib import Path

from alexnet.data.prepare import prepare
from alexnet.data.store import ImageSet, looks_prepared, open_set
from alexnet.errors import UsageError
from alexnet.preprocessing import Preprocessing
from alexnet.training.job import Say


def set_for(way: Preprocessing, data: Path, run: Path, prepared: str, say: Say) -> ImageSet:
    """The set at ``data``; photos become one by the size, fit and filter of ``way``.

    ``prepared`` is why it must be a set already; "": it need not. UsageError where it is none.
    """
    if looks_prepared(data):
        return open_set(data)
    if not data.exists():
        raise UsageError(f"There is no {data}. Give a prepared set, or photos in class folders.")
    options = _unusual(way)
    if prepared:
        words = ["alexnet prepare", str(data), "DATA", *(f"--{n} {v}" for n, v in options.items())]
        raise UsageError(
            f"{data} holds no prepared set, and {prepared}: first "
            f"`{' '.join(words)}`, then give DATA."
        )
    name = data.name.split(".")[0] or "photos"
    place = run.parent / "-".join([name, "prepared", *options.values()])
    say(f"{data} holds no prepared set; its photos are prepared into {place}, which is kept.")
    return prepare(data, place, size=way.size, fit=way.fit, filter=way.filter, say=say).set


def _unusual(way: Preprocessing) -> dict[str, str]:
    """In what a set for this way differs from the usual one, such as {"size": "32"}."""
    usual, names = Preprocessing(), ("size", "fit", "filter")
    return {n: str(getattr(way, n)) for n in names if getattr(way, n) != getattr(usual, n)}
