"""One walk through a source: its photos go into the catalogue, all else is counted or refused."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path

from alexnet.data.filenames import kind
from alexnet.data.preparing.catalogue import Catalogue
from alexnet.data.sources.entries import Entry, Source
from alexnet.data.sources.trees import Tree

LARGEST_FILE = 512 << 20  # bytes; a file is held in memory whole
LONGEST_NAME = 4096  # characters, as paths in Linux; archives can hold longer ones
LONGEST_TOLD = 131_000  # characters of such a name in rejected.csv: readers of CSV have a limit too
TWICE = "a second member of the same name"


@dataclass(slots=True)
class Held:
    """What lies in one place: a folder, or what has one label."""

    number: int
    photos: int
    first: str  # the name of one of them


Key = tuple[str, str]  # ("", folder); or part and label, where the source tells itself


@dataclass
class Listing:
    """What a source holds, without its photos."""

    source: Source
    places: dict[Key, Held] = field(default_factory=dict)
    folders: set[str] = field(default_factory=set)
    refused: list[tuple[str, str]] = field(default_factory=list)  # name, reason
    not_photos: Counter[str] = field(default_factory=Counter)  # kind -> number
    digest: str = ""  # of all names, sizes and times
    stamps: dict[str, str] = field(default_factory=dict)  # files below it with photos: ``stamp_of``

    @property
    def photos(self) -> int:
        """How many there are."""
        return sum(held.photos for held in self.places.values())


def list_source(source: Source, number: int, catalogue: Catalogue) -> Listing:
    """List a source into the catalogue, where it has this number."""
    listing = Listing(source)
    catalogue.add(number, _photos(listing))
    if isinstance(source, Tree):  # a disk has no two files of one name
        return listing
    places = {held.number: (key, held) for key, held in listing.places.items()}
    for member, place, former in catalogue.second_ones(number):
        (_, label), held = places[place]
        held.photos -= 1
        listing.refused.append((member, _twice(source, label, places[former][0][1])))
    return listing


def _twice(source: Source, label: str, former: str) -> str:
    if not source.labelled or label == former:
        return TWICE
    return f"named a second time, as {label}; it is taken as {former}"


def _photos(listing: Listing) -> Iterator[tuple[int, Entry]]:
    stamps, path = listing.stamps, listing.source.path
    stamps[""] = stamp_of(path)
    digest = sha256(stamps[""].encode())
    for entry in listing.source.entries():
        if entry.folder:
            listing.folders.add(entry.path)
            continue
        facts = (entry.path, entry.size, entry.stamp, entry.problem, entry.part, entry.label)
        digest.update("\0".join(map(str, ("", *facts))).encode("utf-8", "surrogateescape"))
        if not entry.problem and (problem := _too_large(entry)):
            entry = replace(entry, problem=problem)
        if not listing.source.labelled and (
            why := kind(entry.path, entry.head, look=not entry.problem)
        ):
            listing.not_photos[why] += 1
        elif entry.problem:
            listing.refused.append((entry.path[:LONGEST_TOLD], entry.problem))
        else:
            if entry.file not in stamps:
                stamps[entry.file] = stamp_of(path / entry.file)
            yield _placed(listing, entry), entry
    listing.digest = digest.hexdigest()


def _too_large(entry: Entry) -> str:
    if entry.size > LARGEST_FILE:
        return f"{entry.size >> 20} MB large; the limit is 512 MB"
    longest = max(len(entry.path), len(entry.label))
    if longest > LONGEST_NAME:
        return f"a name of {longest:,} characters; the limit is {LONGEST_NAME:,}"
    return ""


def stamp_of(path: Path) -> str:
    """Size and time of last change of a file; whatever changes in a folder, it stays one."""
    facts = path.stat()
    return f"{facts.st_size}/{facts.st_mtime_ns}" if path.is_file() else "folder"


def _placed(listing: Listing, entry: Entry) -> int:
    if listing.source.labelled:
        key = (entry.part, entry.label)
    else:
        key = ("", entry.path.rpartition("/")[0])
    held = listing.places.get(key)
    if held is None:
        held = listing.places[key] = Held(len(listing.places), 0, entry.path)
    held.photos += 1
    return held.number
