"""Every hostile tar archive by itself: listed and read, in bounded memory, all accounted for."""

import bz2
import gzip
import lzma
import re

import pytest

from alexnet.data.sources.entries import Source
from alexnet.data.sources.opening import open_source
from alexnet.errors import AlexNetError
from tests.hostile.case import PHOTO, Hostile
from tests.hostile.guard import bounded_memory, snapshot
from tests.hostile.packed import PACKED
from tests.hostile.raw_tar import END, honest, tarred
from tests.hostile.reading import MEMORY, check, read
from tests.hostile.tar_members import MEMBERS
from tests.hostile.tar_structure import STRUCTURE, cuts


@pytest.mark.parametrize("case", [*MEMBERS, *STRUCTURE], ids=lambda case: case.name)
def test_hostile_tar(case, tmp_path):
    check(case, tmp_path)


@pytest.mark.parametrize("case", PACKED, ids=lambda case: case.name)
def test_tar_that_is_packed_to_do_harm(case, tmp_path, monkeypatch):
    monkeypatch.setattr("alexnet.data.sources.unpacking.FREE", 1 << 26)  # a gigabyte takes seconds
    check(case, tmp_path)


@pytest.mark.parametrize("case", MEMBERS, ids=lambda case: case.name)
def test_packed_it_comes_to_the_same(case, tmp_path):
    packed = Hostile(**{**vars(case), "make": lambda: gzip.compress(case.make(), 1)})
    check(packed, tmp_path)


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress])
def test_cut_anywhere_it_is_refused_or_said_to_lack_its_end(pack, tmp_path):
    whole, path = tarred(), tmp_path / "cut.tar"
    for at in cuts():
        path.write_bytes(pack(whole[:at]))
        said = said_of(open_source(path))
        assert "only partly downloaded" in said or "lacks the mark" in said


def said_of(source: Source) -> str:
    """The complaint about an archive, or what is noted of it."""
    try:
        read(source)
    except AlexNetError as error:
        return str(error)
    return "\n".join(source.notes)


@pytest.mark.parametrize("case", [*MEMBERS, *STRUCTURE], ids=lambda case: case.name)
def test_among_the_class_tars_of_imagenet(case, tmp_path):
    honest_class = honest({"n01440764_1.JPEG": PHOTO}) + END
    tars = {"n01440764.tar": honest_class, "n01443537.tar": case.make()}
    path = tmp_path / "fall11_whole.tar"
    path.write_bytes(honest({**tars, "n01484850.tar": honest_class}) + END)
    before = snapshot(tmp_path)
    with bounded_memory(MEMORY):
        source = open_source(path)
        if case.error:
            with pytest.raises(AlexNetError, match=re.escape(case.error)):
                read(source)
        else:
            files = [one for one in read(source)[0] if not one.folder]
            (tmp_path / "alone.tar").write_bytes(case.make())
            alone = [one for one in open_source(tmp_path / "alone.tar").entries() if not one.folder]
            assert len(files) == len(alone) + 2
            assert sum(bool(one.problem) for one in files) >= len(case.refused)
            (tmp_path / "alone.tar").unlink()
    assert snapshot(tmp_path) == before
