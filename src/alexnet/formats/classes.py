"""Names for the outputs of imported weights: the 1000 classes of ILSVRC, or a file's."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from alexnet.errors import UsageError


@dataclass(frozen=True)
class Classes:
    """Ids in the order of the outputs, and what to call them; ``origin`` says whose they are."""

    ids: tuple[str, ...]
    names: tuple[str, ...]
    origin: str


def ilsvrc() -> Classes:
    """The 1000 classes of ILSVRC-2012, WordNet ids sorted: the order of Caffe and torchvision.

    The development kit numbers them otherwise. Names are WordNet's; see WORDNET-LICENSE.txt.
    """
    text = files("alexnet.formats").joinpath("ilsvrc2012.tsv").read_text(encoding="utf-8")
    return _classes(text.splitlines(), "ILSVRC-2012, WordNet ids sorted")


def read_classes(path: Path) -> Classes:
    """A line a class, in the order of the outputs: an id, and after a tab a name where it has one.

    After a WordNet id a space will do, as in Caffe's synset_words.txt. UsageError where the file
    cannot be read, or a class is there twice.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"--classes {path} cannot be read: {reason}.") from None
    found = _classes([line for line in lines if line.strip()], path.name)
    twice = [name for name, count in Counter(found.ids).items() if count > 1]
    if twice:
        raise UsageError(f"--classes {path} has {twice[0]!r} more than once; ids must differ.")
    return found


def numbered(count: int) -> Classes:
    """Names for outputs of which nothing is known."""
    ids = tuple(f"class {number}" for number in range(count))
    return Classes(ids, ids, "numbers, for want of --classes")


def classes_for(outputs: int, path: Path | None) -> Classes:
    """The classes of a network with so many outputs; UsageError where a file has another number."""
    if path is None:
        return ilsvrc() if outputs == 1000 else numbered(outputs)
    found = read_classes(path)
    if len(found.ids) != outputs:
        raise UsageError(
            f"--classes {path} names {len(found.ids):,} classes, but the network has {outputs:,} "
            "outputs: one line for each is needed."
        )
    return found


def _classes(lines: Sequence[str], origin: str) -> Classes:
    pairs = [_parts(line) for line in lines]
    ids = tuple(first for first, _ in pairs)
    names = [second or first for first, second in pairs]
    often = Counter(names)
    # Two birds and a machine are called crane: people must be able to tell them apart.
    unique = [
        name if often[name] == 1 or name == one else f"{name} ({one})"
        for one, name in zip(ids, names, strict=True)
    ]
    return Classes(ids, tuple(unique), origin)


def _parts(line: str) -> tuple[str, str]:
    if found := re.match(r"\s*(n\d{8}) +([^\t]*)$", line):
        return found[1], found[2].strip()
    first, _, second = line.partition("\t")
    return first.strip() or second.strip(), second.strip()
