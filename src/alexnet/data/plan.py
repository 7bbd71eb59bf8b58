"""What is to be made of which photos: checked and said before the first one is decoded."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from alexnet.data.blocks import boundaries
from alexnet.data.explain import EXPECTED, listed, number
from alexnet.data.filenames import shown
from alexnet.data.layout import Photo, Rejected, understand
from alexnet.data.sources import Source, fingerprint, open_source
from alexnet.data.split import PARTS, read_split
from alexnet.errors import UsageError
from alexnet.preprocessing import FILTERS, FITS

SHARE = 0.1  # of the photos go to val where there is no val


@dataclass(frozen=True)
class Options:
    """What the user asked for; ``val`` and ``test`` are a source, a share or nothing."""

    source: Path
    val: Path | float | None = None
    test: Path | float | None = None
    split: Path | None = None
    size: int = 256
    fit: str = "crop"
    filter: str = "bicubic"
    seed: int = 0

    def __post_init__(self) -> None:
        if self.fit not in FITS:
            raise UsageError(f"--fit is {self.fit!r}; it can be {' or '.join(FITS)}.")
        if self.filter not in FILTERS:
            raise UsageError(f"--filter is {self.filter!r}; it can be {' or '.join(FILTERS)}.")
        if not 1 <= self.size <= 4096:
            raise UsageError(f"--size is {self.size}; it can be 1 to 4096 pixels.")
        if sum(self.shares().values()) >= 1:
            raise UsageError("--val and --test together leave nothing to train on.")

    def asked(self, part: str) -> Path | float | None:
        """Where the photos of a part come from; those of train from SOURCE itself."""
        return {"train": self.source, "val": self.val, "test": self.test}[part]

    def shares(self) -> dict[str, float]:
        """The shares that were asked for, by part."""
        return {p: asked for p in PARTS if isinstance(asked := self.asked(p), float)}

    def sources(self) -> dict[str, Path]:
        """The sources by part."""
        return {p: asked for p in PARTS if isinstance(asked := self.asked(p), Path)}


def source_or_share(name: str, value: str | Path | float | None) -> Path | float | None:
    """The value of --val or --test: a number between 0 and 1 is a share, else it is a path."""
    if value is None or isinstance(value, Path):
        return value
    try:
        share = float(value)
    except ValueError:
        return Path(str(value))
    if not 0 < share < 1:
        raise UsageError(f"--{name} is {value}; a share lies between 0 and 1, such as 0.1.")
    return share


@dataclass(frozen=True)
class Plan:
    """All files of all sources, each in one place, and what is to be split off."""

    sources: list[Source]
    photos: list[list[Photo]]  # of each source, in the order in which they are read
    rejected: list[Rejected]
    not_photos: Counter[str]
    shares: dict[str, float]  # part -> share of SOURCE's train photos that goes there
    notes: list[str]

    @property
    def found(self) -> int:
        """How many files there are."""
        return self.total + len(self.rejected) + self.not_photos.total()

    @property
    def total(self) -> int:
        """How many photos are to be decoded."""
        return sum(map(len, self.photos))

    def blocks(self) -> Iterator[tuple[int, Source, list[Photo]]]:
        """The photos cut into blocks: number, where they come from, which they are."""
        number = 0
        for source, photos in zip(self.sources, self.photos, strict=True):
            for first, end in boundaries([photo.size for photo in photos]):
                yield number, source, photos[first:end]
                number += 1


def make_plan(options: Options) -> Plan:
    """List the sources and find classes and parts; UsageError explains what does not fit."""
    sources = {part: open_source(path) for part, path in options.sources().items()}
    layouts = {part: understand(source, part) for part, source in sources.items()}
    for part in ("val", "test"):
        _check_once(options, part, layouts["train"].photos)
    photos = [layout.photos for layout in layouts.values()]
    rejected = [one for layout in layouts.values() for one in layout.rejected]
    notes = [note for layout in layouts.values() for note in layout.notes]
    if options.split is not None:
        photos[0], unnamed, said = _given(options.split, photos[0])
        rejected, notes = rejected + unnamed, notes + said
    not_photos = sum((layout.not_photos for layout in layouts.values()), Counter[str]())
    plan = Plan(list(sources.values()), photos, rejected, not_photos, {}, notes)
    missing = _check_classes(plan)
    return replace(plan, shares=_shares(options, plan), notes=notes + missing)


def _check_once(options: Options, part: str, photos: list[Photo]) -> None:
    """UsageError where a part would come from two places."""
    where, asked = shown(str(options.source)), options.asked(part)
    if asked is None:
        return
    if options.split is not None and isinstance(asked, float):
        raise UsageError(f"--split says what is {part}; --{part} {asked} contradicts it.")
    if options.split is None and any(photo.part == part for photo in photos):
        raise UsageError(
            f"{where} has a {part} part of its own; --{part} {shown(str(asked))} contradicts it. "
            f"Leave --{part} away, or give the training photos alone as SOURCE."
        )


def _given(path: Path, photos: list[Photo]) -> tuple[list[Photo], list[Rejected], list[str]]:
    """The photos in the parts that a split file gives them; those that it does not name; notes."""
    part_of = read_split(path)
    where = shown(path.name)
    named = [replace(p, part=part_of[p.file]) for p in photos if p.file in part_of]
    if not named:
        raise UsageError(
            f"{shown(str(path))} names none of the photos, such as {shown(photos[0].file)}; "
            f"it names {shown(next(iter(part_of), 'nothing'))}."
        )
    unnamed = [Rejected(p.file, f"not named in {where}") for p in photos if p.file not in part_of]
    absent = sorted(set(part_of) - {photo.file for photo in named})
    notes = [f"The split is that of {where}."]
    if unnamed:
        notes.append(f"Not named in {where} and left out: {number(len(unnamed), 'photo')}.")
    if absent:
        many = number(len(absent), "photo")
        notes.append(f"Named in {where}, but not there: {many}, such as {shown(absent[0])}.")
    return named, unnamed, notes


def _check_classes(plan: Plan) -> list[str]:
    """UsageError where val or test have classes that train has not; notes on classes they lack."""
    classes = {
        part: {p.name for photos in plan.photos for p in photos if p.part == part} for part in PARTS
    }
    known = classes["train"]
    if len(known) < 2:
        raise UsageError(
            f"{shown(str(plan.sources[0].path))} holds only one class, {listed(known)}; at least "
            f"two are needed. {EXPECTED}"
        )
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


def _shares(options: Options, plan: Plan) -> dict[str, float]:
    shares = options.shares()
    if not any(photo.part == "val" for photos in plan.photos for photo in photos):
        shares.setdefault("val", SHARE)
    if sum(shares.values()) >= 1:
        raise UsageError("--val and --test together leave nothing to train on.")
    return shares


def job_of(options: Options, plan: Plan) -> dict[str, Any]:
    """What makes one set differ from another, as plain JSON."""
    contents = sha256("".join(map(fingerprint, plan.sources)).encode())
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
        "seed": options.seed,
        "contents": contents.hexdigest(),
    }
