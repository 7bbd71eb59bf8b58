"""Every hostile archive through ``prepare``: nothing outside DATA, and no file unaccounted for."""

from collections import Counter
from pathlib import Path

import pytest

from alexnet.data.prepare import prepare
from alexnet.data.sources.opening import open_source
from alexnet.errors import AlexNetError
from tests.data.here import assert_adds_up, in_this_process
from tests.hostile import packed, tar_members, tar_structure, zip_members, zip_structure
from tests.hostile.guard import bounded_memory, snapshot

TARS = [*tar_members.MEMBERS, *tar_structure.STRUCTURE, *packed.PACKED]
ALL = [*TARS, *zip_members.MEMBERS, *zip_structure.STRUCTURE]
MEMORY = 512 << 20  # the scratch database has a cache of its own


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder amid others: names that lead out of it would lead into those."""
    monkeypatch.setattr("alexnet.data.sources.unpacking.FREE", 1 << 26)
    (place := tmp_path / "a" / "b").mkdir(parents=True)
    monkeypatch.chdir(place)
    with in_this_process():
        yield place


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.name)
def test_hostile_archive(case, place, tmp_path):
    path = place / case.name
    path.write_bytes(case.make())
    before = snapshot(tmp_path)
    with bounded_memory(MEMORY):
        if case.error or not case.honest:
            with pytest.raises(AlexNetError):
                prepare(path, place / "data", size=8, workers=1)
        else:
            assert_accounted(case, prepare(path, place / "data", size=8, workers=1))
    after = snapshot(tmp_path)
    data = (str(place / "data"), str(place / "data.part"))
    assert {p: f for p, f in after.items() if not p.startswith(data)} == before
    assert not list(Path("/tmp").glob("alexnet-hostile*"))


def assert_accounted(case, result):
    found = Counter(e.path for e in open_source(Path(case.name)).entries() if not e.folder)
    assert result.found == found.total()
    assert_adds_up(result)
    taken = [file for part in result.set.parts.values() for file in part.files]
    assert len(taken) == len(set(taken)) == result.images
    assert case.honest.keys() <= set(taken)
    assert not Counter(taken) + Counter(one.file for one in result.rejected) - found
    for one in result.rejected:
        assert case.refused.get(one.file, "") in one.reason or one.file in taken
