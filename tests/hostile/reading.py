"""One hostile archive through ``entries`` and ``stream``, and whether all is as it must be."""

import re
from pathlib import Path

import pytest

from alexnet.data.sources.entries import Entry, Extent, Raw, Source
from alexnet.data.sources.opening import open_source
from alexnet.errors import AlexNetError
from tests.hostile.case import Hostile
from tests.hostile.guard import bounded_memory, snapshot

MEMORY = 256 << 20


def check(case: Hostile, folder: Path) -> None:
    path = folder / case.name
    path.write_bytes(case.make())
    before = snapshot(folder)
    with bounded_memory(MEMORY):
        if case.error:
            with pytest.raises(AlexNetError, match=re.escape(case.error)):
                read(open_source(path))
        else:
            assert_accounted(case, *read(source := open_source(path)))
            assert case.note in "\n".join(source.notes)
            assert bool(case.note) == bool(source.notes)
    assert snapshot(folder) == before


def read(source: Source) -> tuple[list[Entry], list[Raw]]:
    """All entries, and what comes of the first one of each name that is not refused."""
    entries = list(source.entries())
    first = {
        entry.path: entry for entry in reversed(entries) if not (entry.problem or entry.folder)
    }
    wanted = [entry for entry in entries if first.get(entry.path) is entry]
    raws = dict(zip((entry.path for entry in wanted), source.stream(wanted), strict=True))
    return entries, [entry.problem or raws.get(entry.path, "") for entry in entries]


def assert_accounted(case: Hostile, entries: list[Entry], raws: list[Raw]) -> None:
    taken, refused = [], {}
    for entry, raw in zip(entries, raws, strict=True):
        if isinstance(raw, str) and not entry.folder:
            refused[entry.path] = raw
        elif not entry.folder:
            taken.append(entry.path)
            assert entry.path not in case.honest or bytes_of(raw) == case.honest[entry.path]
    assert sorted(taken) == sorted([*case.honest, *case.harmless])
    assert refused.keys() == case.refused.keys()
    for name, reason in case.refused.items():
        assert reason in refused[name]
    assert {entry.path for entry in entries if entry.folder} == set(case.folders)


def bytes_of(raw: Raw) -> bytes:
    if isinstance(raw, Extent):
        return raw.path.read_bytes()[raw.offset : raw.offset + raw.size]
    assert isinstance(raw, bytes)
    return raw
