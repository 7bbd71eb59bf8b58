"""WordNet ids, the names of ImageNet's classes, and what people call them."""

import re
from collections import Counter
from collections.abc import Iterable
from importlib.resources import files

WNID = re.compile(r"n\d{8}")


def is_wnid(name: str) -> bool:
    """Whether a class is named by a WordNet id, as ImageNet's are: n01440764."""
    return WNID.fullmatch(name) is not None


def known_names() -> dict[str, str]:
    """WordNet id -> first synonym, of the 1000 classes of ILSVRC-2012; from WordNet 3.0."""
    text = files("alexnet").joinpath("formats", "ilsvrc2012.tsv").read_text(encoding="utf-8")
    return told_apart(line.split("\t", 1) for line in text.splitlines())


def told_apart(words: Iterable[Iterable[str]]) -> dict[str, str]:
    """WordNet id -> the first of its synonyms ("tench, Tinca tinca"), with the id where two agree.

    A bird and a machine are called crane: people must be able to tell them apart.
    """
    first = {wnid: synonyms.partition(",")[0].strip() for wnid, synonyms in words}
    often = Counter(first.values())
    return {
        wnid: name if often[name] == 1 else f"{name} ({wnid})".strip()
        for wnid, name in first.items()
    }
