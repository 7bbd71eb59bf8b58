"""From decoded photos to a complete set in DATA.part: parts, pictures, tables, numbers."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from alexnet._version import __version__
from alexnet.data import assembly
from alexnet.data.assembly import Picture
from alexnet.data.blocks import Outcome
from alexnet.data.filenames import shown
from alexnet.data.layout import Rejected
from alexnet.data.plan import Options, Plan
from alexnet.data.prepared import REJECTED
from alexnet.data.split import PARTS
from alexnet.data.split import split as split_off
from alexnet.data.statistics import Statistics
from alexnet.data.store import FORMAT, SET
from alexnet.data.tables import write_table
from alexnet.data.talk import Talk
from alexnet.errors import AlexNetError
from alexnet.files import write_json

NO_TRAINING = "no photo of its class that could be trained on is readable"


def finish(
    options: Options, plan: Plan, outcomes: list[Outcome], part: Path, origin: dict[str, Any],
    talk: Talk,
) -> None:  # fmt: skip
    """Write all files of the set into ``part``, ``set.json`` last.

    ``origin`` says what it was made of. AlexNetError where nothing usable is left.
    """
    pictures, rejected = _came_out(plan, outcomes)
    pictures, lost = _in_parts(options, plan, pictures, rejected)
    rejected = sorted(plan.rejected + rejected + lost, key=lambda one: (one.file, one.reason))
    parts = assembly.in_order(pictures)
    classes = sorted({picture.name for picture in parts["train"]})
    with talk.progress("storing", len(pictures)) as progress:
        assembly.store_pictures(part, options.size, parts, progress.update)
    assembly.store_tables(part, parts, classes)
    write_table(part / "rejected.csv", REJECTED, ((one.file, one.reason) for one in rejected))
    with talk.progress("measuring", len(pictures)) as progress:
        measured, fingerprint = assembly.measure(part, parts, classes, progress.update)
    assembly.save_array(part / "mean.npy", measured.mean)
    facts = _facts(options, classes, measured)
    facts["parts"] = {name: len(parts[name]) for name in PARTS}
    facts |= {"fingerprint": fingerprint, "rejected": len(rejected)}
    facts |= {"not_photos": plan.not_photos.total(), "not_photos_by_kind": dict(plan.not_photos)}
    write_json(part / SET, facts | origin)


def _came_out(plan: Plan, outcomes: list[Outcome]) -> tuple[list[Picture], list[Rejected]]:
    """Photos that gave a picture, and those that did not."""
    pictures: list[Picture] = []
    rejected: list[Rejected] = []
    told = iter(outcomes)
    for number, source, photos in plan.blocks():
        place = 0
        for photo in photos:
            outcome = next(told)
            if isinstance(outcome, str):
                rejected.append(Rejected(photo.file, outcome))
                continue
            ours = source is plan.sources[0]
            where = (number, place, photo.part, photo.name, photo.file)
            pictures.append(Picture(*where, *outcome, ours))
            place += 1
    return pictures, rejected


def _in_parts(
    options: Options, plan: Plan, pictures: list[Picture], rejected: list[Rejected]
) -> tuple[list[Picture], list[Rejected]]:
    """Pictures with val and test split off, and those of classes that cannot be trained on.

    Only now is it known which photos are good: so each class gives a share of its good ones.
    """
    trained = [(p.name, p.file) for p in pictures if p.part == "train"]
    known = {name for name, _ in trained}
    if len(known) < 2:
        raise AlexNetError(_too_few(known, rejected))
    part_of = split_off(trained, plan.shares, options.seed)
    lost = [Rejected(p.file, NO_TRAINING) for p in pictures if p.name not in known]
    kept = [p for p in pictures if p.name in known]
    return [replace(p, part=part_of[p.file]) if p.part == "train" else p for p in kept], lost


def _too_few(known: set[str], rejected: list[Rejected]) -> str:
    reasons = "; ".join(f"{shown(one.file)}: {one.reason}" for one in rejected[:3])
    if known:
        return f"Only one class, {shown(*known)}, has photos that can be read ({reasons})."
    return f"Not one photo can be read: {reasons}."


def _facts(options: Options, classes: list[str], measured: Statistics) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "size": options.size,
        "fit": options.fit,
        "filter": options.filter,
        "classes": classes,
        "parts": {},
        "channel_means": measured.channel_means.tolist(),
        "eigenvalues": measured.eigenvalues.tolist(),
        "axes": measured.axes.tolist(),
        "seed": options.seed,
        "created_by": f"alexnet {__version__}",
    }
