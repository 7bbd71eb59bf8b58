"""From names to classes: which part and class each photo of a source belongs to."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from alexnet.data import explain
from alexnet.data.filenames import kind
from alexnet.data.sources import Source
from alexnet.data.trees import Entry
from alexnet.errors import AlexNetError, UsageError

ROLES = {
    "train": "train", "training": "train",
    "val": "val", "valid": "val", "validation": "val",
    "test": "test", "testing": "test",
}  # fmt: skip
LARGEST_FILE = 512 << 20  # bytes; a file is held in memory whole
STRAY = "lies outside any class folder"


@dataclass(frozen=True, slots=True)
class Photo:
    """A file that is to become a picture."""

    member: str  # its name in the source
    file: str  # its name in the tables of the set
    part: str  # train, val or test
    name: str  # its class; "" for a stray
    below: str  # its name below the class folder
    size: int  # bytes


@dataclass(frozen=True, slots=True)
class Rejected:
    """A photo that is left out, and why."""

    file: str
    reason: str


@dataclass(frozen=True)
class Layout:
    """All files of a source, each in one place: photos, rejected or not_photos."""

    photos: list[Photo]  # in the order of the source
    rejected: list[Rejected]
    not_photos: Counter[str]  # kind -> number
    notes: list[str]  # sentences to say


def understand(source: Source, role: str = "train") -> Layout:
    """Find the classes of a source, which as a whole is ``role`` unless it has train/, val/, test/.

    Raises UsageError that explains what was found and what was expected.
    """
    entries, refused, not_photos = _sorted_out(source.entries)
    if not entries:
        raise AlexNetError(explain.no_photos(source, not_photos, [e.problem for e in refused]))
    paths = [entry.path for entry in entries]
    top = _wrapper(paths, keep_roles=role == "train")
    roles = _roles(source, _tops(paths, top), top, role)
    # Photos of a source of their own get the name that they would have in val/ or test/.
    prefix = "" if role == "train" else f"{role}/"
    every = [_placed(entry, top, roles, role, prefix) for entry in entries]
    photos = [photo for photo in every if photo.name]
    strays = [photo.file for photo in every if not photo.name]
    _check(source, photos, strays, roles)
    rejected = [Rejected(prefix + e.path.removeprefix(top), e.problem) for e in refused]
    rejected += [Rejected(file, STRAY) for file in strays]
    notes = [*source.notes, *explain.wrapper(top), *explain.renamed(roles)]
    notes += explain.strays(strays) + _nested(photos) + explain.empty(_empty(source, entries))
    return Layout(photos, rejected, not_photos, notes)


def _sorted_out(entries: Iterable[Entry]) -> tuple[list[Entry], list[Entry], Counter[str]]:
    """Photos; those that cannot be read at all; numbers of what is no photo, by kind."""
    photos, refused, not_photos = [], [], Counter[str]()
    for entry in entries:
        if not entry.problem and entry.size > LARGEST_FILE:
            entry = replace(entry, problem=f"{entry.size >> 20} MB large; the limit is 512 MB")
        if why := kind(entry.path, entry.head, look=not entry.problem):
            not_photos[why] += 1
        elif entry.problem:
            refused.append(entry)
        else:
            photos.append(entry)
    return photos, refused, not_photos


def _tops(paths: Iterable[str], inside: str) -> dict[str, list[str]]:
    """First folder -> the paths in it, of all paths inside ``inside`` that have a folder there."""
    tops: dict[str, list[str]] = defaultdict(list)
    for path in paths:
        top, slash, _ = path.removeprefix(inside).partition("/")
        if slash and path.startswith(inside):
            tops[top].append(path)
    return tops


def _wrapper(paths: list[str], keep_roles: bool) -> str:
    """The folders around all classes, as archives have them: "photos/" or ""."""
    wrapper = ""
    while True:
        tops = _tops(paths, wrapper)
        top = next(iter(tops), "")
        is_role = keep_roles and top.lower() in ROLES
        if len(tops) != 1 or is_role or not _tops(tops[top], f"{wrapper}{top}/"):
            return wrapper
        wrapper += f"{top}/"


def _roles(source: Source, tops: dict[str, list[str]], inside: str, role: str) -> dict[str, str]:
    """Folder -> part where the top folders are train, val, test; {} where they are classes."""
    roles = {folder: ROLES[folder.lower()] for folder in tops if folder.lower() in ROLES}
    others = [folder for folder in tops if folder not in roles]
    parts = set(roles.values())
    if role != "train":
        if len(parts) > 1 and not others:
            raise UsageError(explain.roles_in_role(source, role, roles))
        return {}
    # A class may be called "train", but then its photos lie in it and not in folders below.
    holds_classes = any(len(_tops(tops[folder], f"{inside}{folder}/")) > 1 for folder in roles)
    if not parts or (others and len(parts) == 1 and not holds_classes):
        return {}
    if others:
        raise UsageError(explain.roles_and_others(source, roles, others))
    if "train" not in parts and len(parts) > 1:
        raise UsageError(explain.no_training(source, roles))
    if len(parts) < len(roles):
        raise UsageError(explain.same_role(source, roles))
    return roles if "train" in parts else {}


def _placed(entry: Entry, top: str, roles: dict[str, str], role: str, prefix: str) -> Photo:
    inside = entry.path.removeprefix(top)
    part, rest = role, inside if entry.path.startswith(top) else ""
    if roles:
        folder, _, rest = rest.partition("/")
        part = roles.get(folder, role)
    name, _, below = rest.rpartition("/")[0].partition("/")
    below = rest.removeprefix(f"{name}/") if name else ""
    return Photo(entry.path, prefix + inside, part, name, below, entry.size)


def _check(
    source: Source, photos: Sequence[Photo], strays: Sequence[str], roles: dict[str, str]
) -> None:
    """UsageError where there are no classes, or dates where classes were expected."""
    if not photos:
        raise UsageError(explain.flat(source, strays))
    for folder, part in roles.items():
        if not any(photo.part == part for photo in photos):
            raise UsageError(explain.flat_part(source, folder))
    dates, inner = {p.name for p in photos}, {p.below.partition("/")[0] for p in photos}
    if all("/" in photo.below for photo in photos) and all(map(explain.is_date, dates)):
        raise UsageError(explain.dated(source, sorted(dates), sorted(inner)))


def _nested(photos: Sequence[Photo]) -> list[str]:
    """What to say of photos deeper than their class folder; they might mean other classes."""
    nested = [photo for photo in photos if "/" in photo.below]
    owners: dict[str, set[str]] = defaultdict(set)
    for photo in nested:
        owners[photo.below.partition("/")[0]].add(photo.name)
    shared = sorted(folder for folder, classes in owners.items() if len(classes) > 1)
    doubtful = len(shared) > 1 and len(nested) == len(photos)
    return explain.nested([photo.file for photo in nested], shared if doubtful else [])


def _empty(source: Source, photos: Iterable[Entry]) -> list[str]:
    """Folders without any photo in or below them, the outermost of each."""
    used: set[str] = set()
    for photo in photos:
        parts = photo.path.split("/")[:-1]
        used.update("/".join(parts[: i + 1]) for i in range(len(parts)))
    empty = [f for f in source.folders if f not in used and not kind(f"{f}/", look=False)]
    return [f for f in empty if f.rpartition("/")[0] in used or "/" not in f]
