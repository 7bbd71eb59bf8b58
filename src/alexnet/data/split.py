"""Which pictures train and which are kept for val and test: by class, by seed, by name alone.

Each photo has a rank, a hash of the seed and its name; the first of a class go to test, the next
to val, the rest to train. So no order of listing matters, and photos that are added later do not
throw the others about.
"""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from alexnet.data.filenames import shown
from alexnet.data.tables import table_rows
from alexnet.errors import UsageError

PARTS = ("train", "val", "test")
HEADER = ("file", "part")


def rank(seed: int, file: str) -> bytes:
    """What orders the photos of a class before it gives its first ones away."""
    return hashlib.sha256(f"{seed}/split/{file}".encode("utf-8", "surrogateescape")).digest()


def parts_of_class(n: int, before: int, shares: Mapping[str, float]) -> list[str]:
    """Parts of ``n`` ranked files of a class, ``before`` files being in the classes before it.

    ``shares`` are of all files ({"val": 0.1}). Each class gives its share to less than one file,
    the classes together to half a file; at least one file of a class stays in train. Rounding what
    has been given away so far, not each class alone, keeps the whole at its share even where the
    classes are tiny.
    """
    parts: list[str] = []
    for part in ("test", "val"):
        share = shares.get(part, 0.0)
        wanted = _rounded(share * (before + n)) - _rounded(share * before)
        parts += [part] * min(wanted, n - 1 - len(parts))
    return parts + ["train"] * (n - len(parts))


def _rounded(number: float) -> int:
    return int(number + 0.5)


def read_split(path: Path) -> Iterator[tuple[bytes, str]]:
    """(file as bytes, part) of each row of a CSV file such as each set holds.

    UsageError for other parts.
    """
    for file, part in table_rows(path, HEADER):
        if part not in PARTS:
            raise UsageError(
                f"{path} puts {shown(file)} into {part!r}; parts are {', '.join(PARTS)}."
            )
        yield file.encode("utf-8", "surrogateescape"), part
