"""Zip archives as people have them; those that are attacks are in tests/hostile."""

import shutil
import subprocess
import tracemalloc
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alexnet.data.sources.entries import Extent
from alexnet.data.sources.zips import Zip
from alexnet.errors import AlexNetError
from tests.data.trees import photo, two_classes, write_tree, write_zip
from tests.hostile.raw_zip import Part, archive

FILES = two_classes(3)
METHODS = [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
SLOW = settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def read(path):
    """File -> its bytes, or why there are none."""
    source = Zip(path)
    entries = [entry for entry in source.entries() if not entry.folder]
    good = [entry for entry in entries if not entry.problem]
    raws = dict(zip((one.path for one in good), map(content, source.stream(good)), strict=True))
    return {entry.path: entry.problem or raws[entry.path] for entry in entries}


def content(raw):
    if isinstance(raw, Extent):
        return raw.path.read_bytes()[raw.offset : raw.offset + raw.size]
    return raw


def changed(path, at, mask=0xFF):
    data = bytearray(path.read_bytes())
    data[at] ^= mask
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("method", METHODS)
def test_every_way_of_packing(tmp_path, method):
    path = write_zip(tmp_path / "z.zip", FILES, method)
    assert read(path) == FILES
    places = {entry.offset >= 0 for entry in Zip(path).entries()}
    assert places == {method == zipfile.ZIP_STORED}  # workers read those themselves


def test_only_what_is_wanted_is_given_in_the_order_of_the_archive(tmp_path):
    files = dict(reversed(FILES.items()))
    for method in METHODS[:2]:
        source = Zip(write_zip(tmp_path / "z.zip", files, method))
        wanted = [one for one in source.entries() if one.path in ("dog/1.png", "cat/0.png")]
        assert [one.path for one in wanted] == ["dog/1.png", "cat/0.png"]
        raws = [content(raw) for raw in source.stream(wanted)]
        assert raws == [FILES["dog/1.png"], FILES["cat/0.png"]]


def test_folders_and_the_first_bytes_of_unknown_suffixes(tmp_path):
    path = write_zip(tmp_path / "z.zip", {"cat/": b"", "cat/1": photo(), "cat/a.txt": b"text"})
    folder, unknown, text = Zip(path).entries()
    assert (folder.path, folder.folder) == ("cat", True)
    assert (unknown.head, text.head) == (photo()[:512], b"text")


def test_a_listing_anew_is_the_same(tmp_path):
    path = write_zip(tmp_path / "z.zip", FILES)
    path.write_bytes(path.read_bytes() + b"\n")
    source = Zip(path)
    assert list(source.entries()) == list(source.entries())
    assert source.notes == ["z.zip: 1 bytes behind the end of the archive are ignored."]


def test_an_archive_that_changes_while_it_is_read(tmp_path):
    source = Zip(write_zip(tmp_path / "z.zip", FILES))
    wanted = list(source.entries())
    write_zip(tmp_path / "z.zip", two_classes(2))
    with pytest.raises(AlexNetError, match=r"z\.zip was changed while it was read\."):
        list(source.stream(wanted))


def test_a_zip_that_was_half_downloaded(tmp_path):
    path = write_zip(tmp_path / "z.zip", FILES)
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(AlexNetError, match=r"only partly downloaded: .*its directory.*is missing"):
        list(Zip(path).entries())


@pytest.mark.parametrize("method", METHODS)
def test_a_flipped_byte_costs_its_member_alone(tmp_path, method):
    path = write_zip(tmp_path / "z.zip", FILES, method)
    with zipfile.ZipFile(path) as archive:
        at = archive.getinfo("cat/1.png").header_offset + 120
    found = read(changed(path, at))
    assert found.pop("cat/1.png").startswith("damaged inside the archive")
    assert found == {name: data for name, data in FILES.items() if name != "cat/1.png"}


def test_a_zip_with_a_password(tmp_path):
    path = write_zip(tmp_path / "z.zip", {"cat/1.png": photo()})
    changed(path, 6, mask=1)  # flags of the local header
    changed(path, path.read_bytes().index(b"PK\1\2") + 8, mask=1)  # and of the directory
    with pytest.raises(AlexNetError, match=r"is encrypted \(cat/1.png asks for a password\)"):
        list(Zip(path).entries())


def test_names_of_packers_that_do_not_say_their_encoding(tmp_path):
    parts = (Part("cat/사진.png".encode()), Part("cat/größe.png".encode("cp437")))
    (tmp_path / "z.zip").write_bytes(archive(*parts))
    assert list(read(tmp_path / "z.zip")) == ["cat/사진.png", "cat/größe.png"]


def test_folders_that_old_packers_of_windows_part_by_backslashes(tmp_path):
    (tmp_path / "z.zip").write_bytes(archive(Part(b"cat\\1.png", system=0)))
    assert list(read(tmp_path / "z.zip")) == ["cat/1.png"]


def test_memory_does_not_grow_with_the_members(tmp_path):
    def peak(count):
        files = {f"cat/{number:07}.png": b"" for number in range(count)}
        source = Zip(write_zip(tmp_path / "z.zip", files, zipfile.ZIP_STORED))
        tracemalloc.start()
        assert sum(1 for _ in source.entries()) == count
        taken = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return taken

    assert peak(6000) < 1.1 * peak(600)


@pytest.mark.skipif(shutil.which("zip") is None, reason="needs the program zip")
@pytest.mark.parametrize("option", ["-0", "-9", "-fz", "-fd"])
def test_what_the_program_zip_makes(tmp_path, option):
    tree = write_tree(tmp_path / "tree", FILES)
    command = ["zip", "-q", "-r", option, "../z.zip", "."]
    subprocess.run(command, cwd=tree, check=True, stderr=subprocess.DEVNULL)
    assert read(tmp_path / "z.zip") == FILES


@SLOW
@given(
    files=st.dictionaries(
        st.text("ab/. é\\", min_size=1, max_size=8), st.binary(max_size=300), max_size=5
    ),
    method=st.sampled_from(METHODS),
)
def test_each_member_comes_out_as_it_went_in_or_is_refused(tmp_path, files, method):
    found = read(write_zip(tmp_path / "z.zip", files, method))
    names = {"/".join(p for p in name.split("/") if p not in ("", ".")): name for name in files}
    for name, data in found.items():
        assert isinstance(data, str) or data in (files.get(name), files[names[name]])
    assert len(found) <= len(files)


@SLOW
@given(data=st.data(), method=st.sampled_from(METHODS[:2]))
def test_whatever_bytes_change_it_is_refused_or_accounted_for(tmp_path, data, method):
    path = write_zip(tmp_path / "z.zip", two_classes(1), method)
    length = path.stat().st_size
    for _ in range(data.draw(st.integers(1, 3))):
        changed(path, data.draw(st.integers(0, length - 1)), data.draw(st.integers(1, 255)))
    try:
        found = read(path)
    except AlexNetError:
        return
    assert len(found) == 2
    assert all(isinstance(one, str) or one in two_classes(1).values() for one in found.values())
