"""Whether a model and a set mean the same classes: matched by id or name, never by number alone."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from alexnet.data.explain import listed, number
from alexnet.data.filenames import shown
from alexnet.data.preparing.naming import are_numbers, called, names_of
from alexnet.data.sources.known.ilsvrc_names import is_wnid
from alexnet.data.store import ImageSet
from alexnet.errors import AlexNetError
from alexnet.model import Model
from alexnet.names import nearest

ILSVRC = 1000  # classes, which are counted in several orders
MEANT = " (did you mean"
PAGE = "docs/classes.md"


@dataclass(frozen=True)
class Matched:
    """Which output of a model stands for each class of a set."""

    labels: NDArray[np.int64]  # (classes of the set,)
    notes: tuple[str, ...]  # what is to be said of it


@dataclass(frozen=True)
class _Side:
    """The classes of a model or of a set."""

    whose: str
    ids: tuple[str, ...]
    names: tuple[str, ...]  # (): none but the ids

    @classmethod
    def of(cls, whose: Path, ids: Sequence[str], names: Sequence[str]) -> "_Side":
        """``names`` may be empty; WordNet ids of ILSVRC-2012 have names of their own."""
        return cls(str(whose), tuple(ids), tuple(names or names_of(ids, {})))

    @property
    def by_wnid(self) -> bool:
        """Whether classes are called by WordNet ids."""
        return all(map(is_wnid, self.ids))


@dataclass(frozen=True)
class _Way:
    """What classes of the set and of the model may be called, and what to say where that fits."""

    ours: tuple[str, ...]
    theirs: tuple[str, ...]
    note: str

    @cached_property
    def foreign(self) -> list[str]:
        """Classes of the set that the model does not have."""
        known = set(self.theirs)
        return [name for name in self.ours if name not in known]


def matched(model: Model, run: Path, images: ImageSet, own: bool = False) -> Matched:
    """The model's label of each class of the set, by ids, else by names.

    Two WordNet ids are two classes, whatever they are called. ``own``: the set is the one that the
    model, which lies in ``run``, learned from. AlexNetError says why classes of the set cannot be
    found among those of the model, and what to do.
    """
    known = _Side.of(run, model.classes, model.names)
    asked = _Side.of(images.folder, images.classes, images.names)
    ways = list(_ways(asked, known))
    for way in ways:
        if not way.foreign:
            label_of = {name: label for label, name in enumerate(way.theirs)}
            labels = [label_of[name] for name in way.ours]
            notes = (way.note, _difference(labels, asked, known), _numbers(way, asked, known))
            said = () if own else tuple(filter(None, notes))
            return Matched(np.array(labels, np.int64), said)
    raise AlexNetError(_unmatched(min(ways, key=lambda way: len(way.foreign)), asked, known))


def _ways(asked: _Side, known: _Side) -> Iterator[_Way]:
    """How the two may call the same classes alike."""
    yield _Way(asked.ids, known.ids, "")
    if asked.by_wnid and known.by_wnid:
        return
    by_name = f"The classes of {asked.whose} are matched by the names that"
    for ours, theirs, whose in (
        (asked.ids, known.names, f"{known.whose} has for its ids"),
        (asked.names, known.ids, f"{asked.whose} has for its ids"),
        (asked.names, known.names, "both have for their ids"),
    ):
        if len(set(ours)) == len(asked.ids) and len(set(theirs)) == len(known.ids):
            yield _Way(ours, theirs, f"{by_name} {whose}.")


def _difference(labels: Sequence[int], asked: _Side, known: _Side) -> str:
    if len(labels) < len(known.ids):
        return (
            f"{asked.whose} has {len(labels):,} of the {len(known.ids):,} classes of "
            f"{known.whose}; an answer that is one of the others counts as wrong."
        )
    if list(labels) != sorted(labels):
        return (
            f"The classes of {asked.whose} are those of {known.whose} in another order; they are "
            "matched by name."
        )
    return ""


def _numbers(way: _Way, asked: _Side, known: _Side) -> str:
    """A warning where numbers agree that need not mean the same."""
    same = set(way.ours) == set(way.theirs)
    if not are_numbers(way.theirs) or (same and len(way.theirs) != ILSVRC):
        return ""
    return (
        f"Classes are whole numbers in {asked.whose} and in {known.whose}: equal ones are taken to "
        "mean the same, which cannot be checked. Where one counts from 0 and the other from 1, or "
        f"in another order, the error means nothing; see {PAGE}."
    )


def _unmatched(way: _Way, asked: _Side, known: _Side) -> str:
    return (
        f"{len(way.foreign):,} of {number(len(asked.ids), 'class', 'classes')} of {asked.whose} "
        f"are unknown to {known.whose} ({listed(way.foreign, 3)}; it knows "
        f"{listed(way.theirs, 3)}). {_why(way, asked, known)}"
    )


def _why(way: _Way, asked: _Side, known: _Side) -> str:
    """What the two call their classes, why that does not fit, and what to do."""
    ours, theirs = asked.whose, known.whose
    if all(re.fullmatch(r"class \d+", one) for one in known.ids):
        return (
            f"{theirs} knows its classes by number only, as nobody named them when it was "
            "imported. Import it again with --classes FILE, a line for each output, in their order."
        )
    if are_numbers(asked.ids) and known.by_wnid:
        return _meaning_of_numbers(ours)
    if are_numbers(asked.ids) or are_numbers(known.ids):
        return (
            "Whole numbers do not tell what they show; only the photos that they were given to can "
            f"tell ({PAGE} has those of ILSVRC). Name the class folders of {ours} as {theirs} "
            "calls its classes, and prepare it again."
        )
    if asked.by_wnid and known.by_wnid:
        return (
            "Both call classes by WordNet ids, so these are classes that it never learned (those "
            "of ILSVRC-2010 and ILSVRC-2012 are not all the same). Leave their folders out, and "
            "prepare the set again."
        )
    if known.by_wnid:
        return _words_for_ids(way.foreign, ours, known)
    count = "As many classes on both sides do not tell which is which. "
    return (
        f"{count if len(way.foreign) == len(known.ids) else ''}Give the set that it was trained "
        f"on, or name the class folders of {ours} as {theirs} calls its classes, and prepare it "
        "again."
    )


def _meaning_of_numbers(ours: str) -> str:
    return (
        f"The classes of {ours} are whole numbers, and how they count is unknown. Look at the "
        "photos of class 1: a kit fox means the numbers of the development kit of 2012, french "
        "fries those of 2010, a goldfish sorted WordNet ids counted from 0, a tench the same from "
        f"1. Name the class folders by WordNet ids then ({PAGE} says how), and prepare it again."
    )


def _words_for_ids(foreign: Sequence[str], ours: str, known: _Side) -> str:
    if not known.names:
        return (
            f"{known.whose} calls its classes by WordNet ids and has no names for them. Name the "
            f"class folders of {ours} by those ids, and prepare it again."
        )
    hint = nearest(foreign[0], known.names)
    meant = f"{shown(foreign[0])} is none of them{hint}. " if hint.startswith(MEANT) else ""
    return (
        f"{known.whose} calls its classes by WordNet ids or names, such as "
        f"{shown(called(known.ids[0], known.names[0]))}. {meant}Name the class folders of {ours} "
        "exactly so, and prepare it again."
    )
