"""From made blocks to a complete set in DATA.part: parts, index, tables, numbers."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from alexnet._version import __version__
from alexnet.data.arrays import mapped, save_array
from alexnet.data.filenames import shown
from alexnet.data.prepared import REJECTED
from alexnet.data.preparing import index
from alexnet.data.preparing.blocks import most_photos
from alexnet.data.preparing.catalogue import Catalogue, as_text
from alexnet.data.preparing.leaks import find_leaks
from alexnet.data.preparing.making import Span
from alexnet.data.preparing.naming import names_of, order_of
from alexnet.data.preparing.options import Options
from alexnet.data.preparing.plan import Plan
from alexnet.data.preparing.statistics import Statistics, measured
from alexnet.data.preparing.talk import Talk
from alexnet.data.shards import DIGEST, Shards
from alexnet.data.split import HEADER as SPLIT
from alexnet.data.split import PARTS
from alexnet.data.store import FORMAT, SET, Fingerprint
from alexnet.data.tables import write_table
from alexnet.data.verify import checksum_of
from alexnet.errors import AlexNetError
from alexnet.files import sha256, write_json


def finish(
    options: Options, plan: Plan, spans: Sequence[Span], part: Path, origin: dict[str, Any],
    talk: Talk,
) -> None:  # fmt: skip
    """Write the files of the set beside its shards in ``part``, ``set.json`` last.

    ``origin`` says what it was made of. AlexNetError where nothing usable is left.
    """
    catalogue, most = plan.catalogue, most_photos(plan.total, options.size)
    talk.say("All photos are read; now the index is made.")
    index.gather(plan, spans, part, most, options.seed)
    classes = index.drop_untaught(catalogue, plan.measured)
    index.split_off(catalogue, plan.shares)
    counts = mapped(part / "shards.npy", np.int32, (len(spans),))
    store = Shards(part, counts, most, options.size)
    store.check_lengths()
    leaks = find_leaks(catalogue, store, options.drop_leaks, talk)
    if len(classes) < 2:
        raise AlexNetError(_too_few(classes, catalogue))
    number_of = {name: number for number, name in enumerate(classes)}
    parts = {name: index.store_part(part, catalogue, name, number_of) for name in PARTS}
    _store_tables(part, catalogue)
    statistics = measured(catalogue, store, plan.measured)
    save_array(part / "mean.npy", statistics.mean)
    facts = _facts(options, plan, classes, statistics)
    facts |= leaks | {"parts": parts, "shards": len(spans), "shard": most}
    facts |= {"fingerprint": _fingerprint(part, parts, len(spans) * most, classes)}
    facts |= {"rejected": catalogue.count("rejected"), "not_photos": plan.not_photos.total()}
    facts |= {"not_photos_by_kind": dict(plan.not_photos)} | origin
    facts["checksums"] = {path.name: sha256(path) for path in _small_files(part)}
    write_json(part / SET, facts | {"checksum": checksum_of(facts)})


def _too_few(known: Sequence[str], catalogue: Catalogue) -> str:
    first = catalogue.db.execute("SELECT file, reason FROM rejected ORDER BY file LIMIT 3")
    reasons = "; ".join(f"{shown(as_text(file))}: {why}" for file, why in first)
    if known:
        return f"Only one class, {shown(*known)}, has photos that can be read ({reasons})."
    return f"Not one photo can be read: {reasons}."


def _store_tables(part: Path, catalogue: Catalogue) -> None:
    """Write split.csv and rejected.csv."""
    placed = catalogue.db.execute(
        "SELECT file, part FROM picture WHERE ours AND part != '' "
        "ORDER BY CASE part WHEN 'train' THEN 0 WHEN 'val' THEN 1 ELSE 2 END, class, file"
    )
    write_table(part / "split.csv", SPLIT, ((as_text(file), name) for file, name in placed))
    rejected = catalogue.db.execute("SELECT file, reason FROM rejected ORDER BY file, reason")
    write_table(part / "rejected.csv", REJECTED, ((as_text(file), why) for file, why in rejected))


def _fingerprint(part: Path, parts: dict[str, int], addresses: int, classes: list[str]) -> str:
    fingerprint = Fingerprint()
    digests = mapped(part / "digests.npy", np.uint8, (addresses, DIGEST))
    for name in (name for name in PARTS if parts[name]):
        rows = mapped(part / f"{name}-rows.npy", np.int64, (parts[name],))
        for start in range(0, len(rows), index.BATCH):
            fingerprint.add(digests[rows[start : start + index.BATCH]])
        fingerprint.add(mapped(part / f"{name}-labels.npy", np.int32, (parts[name],)))
    return fingerprint.end(classes)


def _small_files(part: Path) -> list[Path]:
    """The files of the set, but for the shards, whose pictures have digests of their own."""
    names = ["mean", "shards", "digests", "hashes"]
    names += [f"{name}-{what}" for name in PARTS for what in ("rows", "labels", "lines")]
    every = [f"{name}.npy" for name in names]
    every += [f"{name}.csv" for name in (*PARTS, "split", "rejected")]
    return [path for name in every if (path := part / name).exists()]


def _facts(
    options: Options, plan: Plan, classes: list[str], statistics: Statistics
) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "size": options.size,
        "fit": options.fit,
        "filter": options.filter,
        "exif": "follow" if plan.upright else "ignore",
        "classes": classes,
        "names": names_of(classes, plan.names),
        "order": order_of(classes),
        "parts": {},
        "measured_on": list(plan.measured),
        "channel_means": statistics.channel_means.tolist(),
        "eigenvalues": statistics.eigenvalues.tolist(),
        "axes": statistics.axes.tolist(),
        "seed": options.seed,
        "created_by": f"alexnet {__version__}",
    }
