"""From folders to classes: which part and class the photos of each folder of a source belong to."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from alexnet.data import explain
from alexnet.data.filenames import kind, shown
from alexnet.data.preparing.catalogue import Place
from alexnet.data.preparing.listing import Held, Listing
from alexnet.errors import AlexNetError, UsageError

ROLES = {
    "train": "train", "training": "train",
    "val": "val", "valid": "val", "validation": "val",
    "test": "test", "testing": "test",
}  # fmt: skip
STRAY = "lies outside any class folder"
Folders = Mapping[str, Held]  # those that hold photos, by path


@dataclass(frozen=True, slots=True)
class Rejected:
    """A photo that is left out, and why."""

    file: str
    reason: str


@dataclass(frozen=True)
class Layout:
    """How the photos of a source are named and placed."""

    top: str  # the folders around everything, which the names of photos do not show
    prefix: str  # what they show instead
    places: list[Place]  # by the numbers that the listing gave
    notes: list[str]  # sentences to say

    def file(self, member: str) -> str:
        """The name in the tables of the set of a member of the source."""
        return self.prefix + member.removeprefix(self.top)


@dataclass(frozen=True)
class _Spot:
    """Where a folder lies."""

    part: str
    name: str  # its class; "" outside any
    below: str  # its path below the class folder


def understand(listing: Listing, role: str = "train") -> Layout:
    """Find the classes of a source, which as a whole is ``role`` unless it has train/, val/, test/.

    Raises UsageError that explains what was found and what was expected.
    """
    if not listing.photos:
        reasons = [reason for _, reason in listing.refused]
        raise AlexNetError(explain.no_photos(listing.source.path, listing.not_photos, reasons))
    prefix = "" if role == "train" else f"{role}/"
    if listing.source.labelled:
        return Layout("", prefix, _told(listing, role), [])
    where = listing.source.path
    held = {folder: held for (_, folder), held in listing.places.items()}
    top = _wrapper(held, keep_roles=role == "train")
    roles = _roles(where, _tops(held, top), top, role)
    spots = {folder: _spot(folder, top, roles, role) for folder in held}
    strays = [held[folder] for folder, spot in spots.items() if not spot.name]
    first = prefix + strays[0].first.removeprefix(top) if strays else ""
    count = sum(one.photos for one in strays)
    _check(where, spots, roles, count, first)
    notes = [*explain.wrapper(top), *explain.renamed(roles), *explain.strays(count, first)]
    notes += _nested(held, spots, prefix, top) + explain.empty(_empty(listing.folders, held))
    places = [Place("", "")] * len(held)
    for folder, spot in spots.items():
        places[held[folder].number] = Place(spot.part, spot.name)
    return Layout(top, prefix, places, notes)


def _told(listing: Listing, role: str) -> list[Place]:
    """The places of a source that tells part and class of each photo itself."""
    parts = {part or "train" for part, _ in listing.places}
    if role != "train" and len(parts) > 1:
        where = shown(str(listing.source.path))
        raise UsageError(
            f"--{role}: {where} holds {explain.listed(sorted(parts))}; give one that holds "
            f"{role} alone, or give it as SOURCE."
        )
    whole = role != "train"
    return [Place(role if whole else part or role, label) for part, label in listing.places]


def _tops(folders: Iterable[str], inside: str) -> dict[str, list[str]]:
    """First folder below ``inside`` -> the folders with photos that it is or holds."""
    tops: dict[str, list[str]] = defaultdict(list)
    for folder in folders:
        rest = f"{folder}/".removeprefix(inside)
        if rest and f"{folder}/".startswith(inside) and rest != "/":
            tops[rest.partition("/")[0]].append(folder)
    return tops


def _wrapper(folders: Iterable[str], keep_roles: bool) -> str:
    """The folders around all classes, as archives have them: "photos/" or ""."""
    wrapper, folders = "", list(folders)
    while True:
        tops = _tops(folders, wrapper)
        top = next(iter(tops), "")
        is_role = keep_roles and top.lower() in ROLES
        if len(tops) != 1 or is_role or not _tops(tops[top], f"{wrapper}{top}/"):
            return wrapper
        wrapper += f"{top}/"


def _roles(where: Path, tops: dict[str, list[str]], inside: str, role: str) -> dict[str, str]:
    """Folder -> part where the top folders are train, val, test; {} where they are classes."""
    roles = {folder: ROLES[folder.lower()] for folder in tops if folder.lower() in ROLES}
    others = [folder for folder in tops if folder not in roles]
    parts = set(roles.values())
    if role != "train":
        if len(parts) > 1 and not others:
            raise UsageError(explain.roles_in_role(where, role, roles))
        return {}
    # A class may be called "train", but then its photos lie in it and not in folders below.
    holds_classes = any(len(_tops(tops[folder], f"{inside}{folder}/")) > 1 for folder in roles)
    if not parts or (others and len(parts) == 1 and not holds_classes):
        return {}
    if others:
        raise UsageError(explain.roles_and_others(where, roles, others))
    if len(parts) < len(roles):
        raise UsageError(explain.same_role(where, roles))
    if "train" not in parts and len(parts) == 1 and not holds_classes:
        raise UsageError(explain.no_training(where, next(iter(roles))))
    return roles


def _spot(folder: str, top: str, roles: Mapping[str, str], role: str) -> _Spot:
    part, rest = role, f"{folder}/".removeprefix(top) if f"{folder}/".startswith(top) else ""
    if roles:
        first, _, rest = rest.partition("/")
        part = roles.get(first, role)
    name, _, below = rest.rstrip("/").partition("/")
    return _Spot(part, name, below)


def _check(
    where: Path, spots: Mapping[str, _Spot], roles: Mapping[str, str], strays: int, first: str
) -> None:
    """UsageError where there are no classes, or dates where classes were expected."""
    placed = [spot for spot in spots.values() if spot.name]
    if not placed:
        raise UsageError(explain.flat(where, strays, first))
    for folder, part in roles.items():
        if not any(spot.part == part for spot in placed):
            raise UsageError(explain.flat_part(where, folder))
    dates, inner = {s.name for s in placed}, {s.below.partition("/")[0] for s in placed}
    if all(spot.below for spot in placed) and all(map(explain.is_date, dates)):
        raise UsageError(explain.dated(where, sorted(dates), sorted(inner)))


def _nested(folders: Folders, spots: Mapping[str, _Spot], prefix: str, top: str) -> list[str]:
    """What to say of photos deeper than their class folder; they might mean other classes."""
    nested = {folder: spot for folder, spot in spots.items() if spot.name and spot.below}
    owners: dict[str, set[str]] = defaultdict(set)
    for spot in nested.values():
        owners[spot.below.partition("/")[0]].add(spot.name)
    shared = sorted(folder for folder, classes in owners.items() if len(classes) > 1)
    doubtful = len(shared) > 1 and all(spot.below for spot in spots.values() if spot.name)
    count = sum(folders[folder].photos for folder in nested)
    first = prefix + folders[next(iter(nested))].first.removeprefix(top) if nested else ""
    return explain.nested(count, first, shared if doubtful else [])


def _empty(folders: Iterable[str], held: Folders) -> list[str]:
    """Folders without any photo in or below them, the outermost of each."""
    used: set[str] = set()
    for folder in held:
        parts = folder.split("/")
        used.update("/".join(parts[: i + 1]) for i in range(len(parts)))
    empty = [f for f in folders if f not in used and not kind(f"{f}/", look=False)]
    return sorted(f for f in empty if f.rpartition("/")[0] in used or "/" not in f)
