"""meta.mat of ILSVRC's development kits: the synsets, and which of them are the classes.

Its struct array ``synsets`` numbers the classes 1, 2, ..., in an order that is not that of their
WordNet ids; behind them come the synsets above them in WordNet's tree, which alone have children.
Source: readme.txt of the kits of 2010 and 2012.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from alexnet.data.explain import listed
from alexnet.data.filenames import shown
from alexnet.data.sources.known.ilsvrc_names import is_wnid
from alexnet.data.sources.known.matlab import Row, struct_array
from alexnet.errors import AlexNetError

FIELDS = ("WNID", "words", "num_children", "num_train_images")
MOST = 1 << 31  # of any number there
GET = "Get the kit again."


@dataclass(frozen=True)
class Class:
    """A synset without others below it."""

    number: int
    wnid: str
    words: str
    images: int


def read_classes(data: bytes, year: str, where: str) -> list[Class]:
    """The classes in the order of their numbers, without the synsets above them.

    ``data`` is meta.mat of ILSVRC ``year``. AlexNetError where it is not as it should be.
    """
    key = f"ILSVRC{year}_ID"
    try:
        rows = struct_array(data, "synsets")
    except ValueError as error:
        raise AlexNetError(f"{where} cannot be read: {error}. {GET}") from error
    has = list(rows[0]) if rows else []
    lacking = [name for name in (key, *FIELDS) if name not in has]
    if lacking:
        raise AlexNetError(
            f"{where} lacks the field {lacking[0]} in synsets; its fields are "
            f"{listed(has) or 'none'}. It may be of another year than {year}, or damaged. {GET}"
        )
    classes = [_class(row, key, where) for row in rows if row["num_children"] == 0]
    classes.sort(key=lambda one: one.number)
    _check_classes(classes, where)
    return classes


def _class(row: Row, key: str, where: str) -> Class:
    number, images = row[key], row["num_train_images"]
    wnid, words = row["WNID"], row["words"]
    if not isinstance(number, float | int) or not isinstance(images, float | int):
        raise AlexNetError(f"{where} holds a synset without a number. {GET}")
    if not isinstance(wnid, str) or not isinstance(words, str):
        raise AlexNetError(f"{where} holds a synset without an id or words. {GET}")
    whole = all(0 <= one <= MOST for one in (number, images))  # neither infinite nor no number
    return Class(int(number) if whole else 0, wnid, words, int(images) if whole else 0)


def _check_classes(classes: Sequence[Class], where: str) -> None:
    """AlexNetError where numbers or ids are not as they must be."""
    for i, one in enumerate(classes, 1):
        if one.number != i:
            raise AlexNetError(
                f"{where} numbers its {len(classes):,} classes otherwise than 1 to "
                f"{len(classes):,}: {i} is missing or there twice. {GET}"
            )
        if not is_wnid(one.wnid):
            raise AlexNetError(
                f"{where} has {shown(one.wnid[:40])!r} as the id of class {i}; expected is a "
                f"WordNet id such as n01440764. {GET}"
            )
    if not classes or len({one.wnid for one in classes}) < len(classes):
        raise AlexNetError(f"{where} holds no classes, or one of them twice. {GET}")
