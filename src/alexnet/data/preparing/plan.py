"""What is to be made of which photos: checked and said before the first one is decoded."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from alexnet.data.explain import listed, one_class
from alexnet.data.filenames import shown
from alexnet.data.preparing.catalogue import Catalogue, Place, as_text
from alexnet.data.preparing.given import given_parts
from alexnet.data.preparing.layout import STRAY, Layout, understand
from alexnet.data.preparing.listing import list_source
from alexnet.data.preparing.naming import number_note
from alexnet.data.preparing.options import Options
from alexnet.data.sources.entries import Entry, Source
from alexnet.data.sources.known.ilsvrc_names import is_wnid
from alexnet.data.sources.opening import open_source
from alexnet.data.split import PARTS
from alexnet.errors import UsageError

SHARE = 0.1  # of the photos go to val where there is no val


@dataclass(frozen=True)
class Plan:
    """All files of all sources, each in one place, and what is to be split off."""

    sources: list[Source]
    layouts: list[Layout]
    catalogue: Catalogue  # the photos that are to be decoded
    not_photos: Counter[str]
    rejected: int  # files that are refused unopened
    shares: dict[str, float]  # part -> share of SOURCE's train photos that goes there
    upright: bool  # whether photos are turned as their EXIF blocks say
    contents: str  # a hash of all names, sizes and times
    stamps: dict[Path, str]  # of the sources and the archives in them: ``listing.stamp_of``
    notes: list[str]
    total: int  # photos
    counts: Counter[tuple[str, str]]  # part and class -> photos

    @property
    def found(self) -> int:
        """How many files there are."""
        return self.total + self.rejected + self.not_photos.total()

    @property
    def measured(self) -> tuple[str, ...]:
        """The parts that give the set its classes and its mean: train, or all where it is not."""
        there = {part for part, _ in self.counts}
        return ("train",) if "train" in there else tuple(part for part in PARTS if part in there)

    @property
    def classes(self) -> list[str]:
        """The classes of the photos of these parts, sorted."""
        return sorted({name for part, name in self.counts if part in self.measured})

    @property
    def names(self) -> dict[str, str]:
        """What people call those classes that are ids, as far as a source tells."""
        return {k: v for source in reversed(self.sources) for k, v in source.names.items()}

    def photos(self, first: int = 0, end: int = 1 << 62) -> Iterator["Photo"]:
        """The photos of these numbers, in the order of the sources."""
        for number, source, place, part, entry in self.catalogue.photos(first, end):
            layout = self.layouts[source]
            where = layout.places[place]
            if part is not None:
                where = Place(part, where.name)
            yield Photo(number, source, where, layout.file(entry.path), entry)


@dataclass(frozen=True, slots=True)
class Photo:
    """A file that is to become a picture."""

    number: int
    source: int
    place: Place
    file: str  # its name in the tables of the set
    entry: Entry


def make_plan(options: Options) -> Plan:
    """List the sources and find classes and parts; UsageError explains what does not fit."""
    asked, catalogue = options.sources(), Catalogue()
    sources = [open_source(path) for path in asked.values()]
    listings = [list_source(source, n, catalogue) for n, source in enumerate(sources)]
    layouts = [understand(listing, role) for listing, role in zip(listings, asked, strict=True)]
    for part in ("val", "test"):
        _check_once(options, part, layouts[0])
    for n, (listing, layout) in enumerate(zip(listings, layouts, strict=True)):
        catalogue.reject((layout.file(member), why) for member, why in listing.refused)
        strays = [i for i, place in enumerate(layout.places) if not place.name]
        catalogue.take_out(n, strays, layout.file, STRAY)
    notes = [note for source in sources for note in source.notes]
    notes += [note for layout in layouts for note in layout.notes]
    if options.split is not None:
        notes += given_parts(options.split, catalogue, layouts[0].file)
    counts = _counts(catalogue, layouts)
    plan = Plan(
        sources, layouts, catalogue, sum((one.not_photos for one in listings), Counter[str]()),
        catalogue.count("rejected"), {}, _upright(options, sources, counts),
        sha256("".join(one.digest for one in listings).encode()).hexdigest(),
        {one.source.path / file: stamp for one in listings for file, stamp in one.stamps.items()},
        notes,
        counts.total(), counts,
    )  # fmt: skip
    missing = _check_classes(plan)
    doubts = [_untrained(plan), number_note(plan.classes), _exif_note(options, plan)]
    notes += [*missing, *filter(None, doubts)]
    return replace(plan, shares=_shares(options, plan), notes=notes)


def _check_once(options: Options, part: str, layout: Layout) -> None:
    """UsageError where a part would come from two places."""
    where, asked = shown(str(options.source)), options.asked(part)
    if asked is None:
        return
    if options.split is not None and isinstance(asked, float):
        raise UsageError(f"--split says what is {part}; --{part} {asked} contradicts it.")
    if options.split is None and any(place.part == part for place in layout.places):
        raise UsageError(
            f"{where} has a {part} part of its own; --{part} {shown(str(asked))} contradicts it. "
            f"Leave --{part} away, or give the training photos alone as SOURCE."
        )


def _counts(catalogue: Catalogue, layouts: Sequence[Layout]) -> Counter[tuple[str, str]]:
    counts: Counter[tuple[str, str]] = Counter()
    for source, place, part, photos in catalogue.by_place():
        there = layouts[source].places[place]
        counts[part or there.part, there.name] += photos
    return counts


def _upright(options: Options, sources: Sequence[Source], counts: Counter[tuple[str, str]]) -> bool:
    """Whether EXIF is followed: not for ImageNet, whose reference results do without."""
    if options.exif is not None:
        return options.exif == "follow"
    return all(source.upright for source in sources) and not all(is_wnid(n) for _, n in counts)


def _exif_note(options: Options, plan: Plan) -> str:
    """A sentence where EXIF is left aside for the sake of the class names alone."""
    if options.exif is not None or plan.upright or not all(s.upright for s in plan.sources):
        return ""
    return (
        "The classes are WordNet ids, as ImageNet's are: photos are left as stored and not turned "
        "by EXIF, as reference results have it. --exif follow turns them."
    )


def _check_classes(plan: Plan) -> list[str]:
    """UsageError where val or test have classes that train has not; notes on classes they lack."""
    classes = {part: {name for p, name in plan.counts if p == part} for part in PARTS}
    known = set(plan.classes)
    if len(known) < 2:
        raise UsageError(one_class(plan.sources[0].path, known, *_refusals(plan.catalogue)))
    notes = []
    for part in ("val", "test"):
        unknown, missing = sorted(classes[part] - known), sorted(known - classes[part])
        if unknown:
            raise UsageError(
                f"{part} has classes that train has not: {listed(unknown)}. "
                f"Classes of train are {listed(sorted(known))}."
            )
        if classes[part] and missing:
            notes.append(f"{part} has no photos of {listed(missing)}.")
    return notes


def _refusals(catalogue: Catalogue) -> tuple[int, str]:
    """How many files were refused so far, and the first with its reason."""
    rows = catalogue.db.execute("SELECT file, reason FROM rejected ORDER BY file LIMIT 1")
    first = "".join(f"{shown(as_text(file))}: {reason}" for file, reason in rows)
    return catalogue.count("rejected"), first


def _untrained(plan: Plan) -> str:
    """A sentence on a set that nothing can be trained on."""
    if plan.measured == ("train",):
        return ""
    return (
        f"There are no training photos: networks can be evaluated on this set, not trained. Its "
        f"classes and its mean are those of {' and '.join(plan.measured)}."
    )


def _shares(options: Options, plan: Plan) -> dict[str, float]:
    """The shares that were asked for, and val's own; UsageError where nothing is left to share."""
    shares = options.shares()
    if plan.measured != ("train",):
        if shares:
            part, share = next(iter(shares.items()))
            raise UsageError(
                f"--{part} {share:g} is a share of the training photos, and there are none. Leave "
                f"it away, or give the photos of {part} themselves."
            )
        return {}
    # Who gives a split has said what val is, even where it is nothing.
    if options.split is None and not any(part == "val" for part, _ in plan.counts):
        shares.setdefault("val", SHARE)
    if sum(shares.values()) >= 1:
        raise UsageError(
            f"--test {shares['test']:g} and the {SHARE:g} that go to val leave nothing to train "
            "on. Choose a smaller share, or say with --val what val is."
        )
    return shares


def job_of(options: Options, plan: Plan) -> dict[str, Any]:
    """What makes one set differ from another, as plain JSON."""
    contents = sha256(plan.contents.encode())
    if options.split is not None:
        contents.update(options.split.read_bytes())
    names = {part: str(path.resolve()) for part, path in options.sources().items()}
    return {
        "source": names["train"],
        "val": names.get("val", plan.shares.get("val")),
        "test": names.get("test", plan.shares.get("test")),
        "split": None if options.split is None else options.split.name,
        "size": options.size,
        "fit": options.fit,
        "filter": options.filter,
        "exif": "follow" if plan.upright else "ignore",
        "drop_leaks": options.drop_leaks,
        "seed": options.seed,
        "contents": contents.hexdigest(),
    }
