"""Which pictures train and which are kept for val and test: by class, by seed, by name alone.

Each photo has a rank, a hash of the seed and its name; the first of a class go to test, the next
to val, the rest to train. So no order of listing matters, and photos that are added later do not
throw the others about.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from alexnet.data.filenames import shown
from alexnet.data.tables import read_table, write_table
from alexnet.errors import UsageError

PARTS = ("train", "val", "test")
HEADER = ("file", "part")


def split(
    files: Iterable[tuple[str, str]], shares: Mapping[str, float], seed: int
) -> dict[str, str]:
    """The part ("train", "val" or "test") of each file; ``files`` are pairs (class, file).

    ``shares`` are of all files ({"val": 0.1}). Each class gives its share to less than one image,
    the classes together to half an image; at least one image of a class stays in train.
    """
    classes: dict[str, list[str]] = defaultdict(list)
    for name, file in files:
        classes[name].append(file)
    part_of: dict[str, str] = {}
    before = 0
    for name in sorted(classes):
        ranked = sorted(classes[name], key=lambda file: (_rank(seed, file), file))
        part_of.update(zip(ranked, _parts(len(ranked), before, shares), strict=True))
        before += len(ranked)
    return part_of


def _rank(seed: int, file: str) -> bytes:
    return hashlib.sha256(f"{seed}/split/{file}".encode("utf-8", "surrogateescape")).digest()


def _parts(n: int, before: int, shares: Mapping[str, float]) -> list[str]:
    """Parts of ``n`` ranked files of a class, ``before`` files being in the classes before it.

    Rounding what has been given away so far, not each class alone, keeps the whole at its share
    even where the classes are tiny.
    """
    parts: list[str] = []
    for part in ("test", "val"):
        share = shares.get(part, 0.0)
        wanted = _rounded(share * (before + n)) - _rounded(share * before)
        parts += [part] * min(wanted, n - 1 - len(parts))
    return parts + ["train"] * (n - len(parts))


def _rounded(number: float) -> int:
    return int(number + 0.5)


def write_split(path: Path, part_of: Sequence[tuple[str, str]]) -> None:
    """Write pairs (file, part) so that ``read_split`` takes them again."""
    write_table(path, HEADER, part_of)


def read_split(path: Path) -> dict[str, str]:
    """File -> part, from a CSV file; UsageError for other parts, or two parts for one file."""
    part_of: dict[str, str] = {}
    for file, part in read_table(path, HEADER):
        if part not in PARTS:
            raise UsageError(
                f"{path} puts {shown(file)} into {part!r}; parts are {', '.join(PARTS)}."
            )
        if part_of.setdefault(file, part) != part:
            raise UsageError(f"{path} puts {shown(file)} into {part_of[file]} and into {part}.")
    return part_of
