"""What classes are called and in which order they are numbered: said of a set, never guessed."""

from collections.abc import Mapping, Sequence

from alexnet.data.explain import listed
from alexnet.data.sources.known.ilsvrc_names import is_wnid, known_names

BY_NAME = "classes are numbered from 0 in the order of their sorted names"


def names_of(classes: Sequence[str], told: Mapping[str, str]) -> list[str]:
    """What people call each class; [] where all are called as they are.

    ``told`` is what the source says. Where it says nothing and all classes are WordNet ids of
    ILSVRC-2012, their names are WordNet's; one id that is not among these, and no name is taken.
    """
    if all(map(is_wnid, classes)) and not told.keys() & set(classes):
        known = known_names()
        told = known if known.keys() >= set(classes) else {}
    names = [told.get(one, one) for one in classes]
    return names if names != list(classes) else []


def called(one: str, name: str) -> str:
    """A class for people who may look for its id: "tench (n01440764)"."""
    return name if name == one or name.endswith(f"({one})") else f"{name} ({one})"


def order_of(classes: Sequence[str]) -> str:
    """How labels follow from the sorted classes, as ``set.json`` says it."""
    if all(map(is_wnid, classes)):
        return (
            "classes are numbered from 0 in the order of their sorted WordNet ids, as torchvision, "
            "Caffe and Keras number all 1000 of ILSVRC-2012, and not as the development kits do"
        )
    return BY_NAME


def are_numbers(classes: Sequence[str]) -> bool:
    """Whether all classes are whole numbers: 0, 1, 10, 007."""
    return all(one.isascii() and one.isdigit() for one in classes)


def number_note(classes: Sequence[str]) -> str:
    """A sentence where classes, sorted, are whole numbers that are not their labels; else "".

    Sorted as text, "10" comes before "2".
    """
    if not are_numbers(classes):
        return ""
    others = [(one, label) for label, one in enumerate(classes) if int(one) != label]
    if not others:
        return ""
    examples = listed(f"{one} has label {label}" for one, label in others[:3])
    return (
        "The classes are whole numbers, but labels follow their order as text, not these numbers: "
        f"{examples}. Models and results keep the names, and are matched by these."
    )
