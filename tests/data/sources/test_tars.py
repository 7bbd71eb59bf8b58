"""Tar archives: what is listed and streamed, what is refused, and the library's reader as twin."""

import gzip
import io
import lzma
import tarfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alexnet.data.sources import unpacking
from alexnet.data.sources.entries import Entry, Extent
from alexnet.data.sources.tars import Tar
from alexnet.errors import AlexNetError
from tests.data.trees import add_to_tar, photo, two_classes, write_tar, write_tree

FILES = two_classes(3)
MODES = ["w", "w:gz", "w:bz2", "w:xz"]


def bytes_of(source, entries):
    """Path -> bytes; those in a place of a file are read there."""
    return {one.path: read(raw) for one, raw in zip(entries, source.stream(entries), strict=True)}


def read(raw):
    if not isinstance(raw, Extent):
        return raw
    with raw.path.open("rb") as file:
        file.seek(raw.offset)
        return file.read(raw.size)


def photos(source):
    return [one for one in source.entries() if not one.folder and not one.problem]


def found(path):
    return {one.path: one.problem for one in Tar(path).entries()}


@pytest.mark.parametrize("mode", MODES)
def test_what_is_in_it_and_its_bytes(tmp_path, mode):
    source = Tar(write_tar(tmp_path / "some name", FILES, mode))
    entries = photos(source)
    assert bytes_of(source, entries) == FILES
    assert all((one.offset >= 0) == (mode == "w") for one in entries)
    assert source.notes == []
    assert (source.labelled, source.upright, source.looks) == (
        *(False, True),
        "a tar archive of photos",
    )


@pytest.mark.parametrize("mode", MODES)
def test_only_what_is_wanted_comes_in_the_archive_s_order(tmp_path, mode):
    source = Tar(write_tar(tmp_path / "t", dict(reversed(FILES.items())), mode))
    wanted = photos(source)[::2]
    assert [one.path for one in wanted] == ["dog/2.png", "dog/0.png", "cat/1.png"]
    assert list(bytes_of(source, wanted)) == [one.path for one in wanted]
    # As they come back from the catalogue, which keeps no times and no first bytes.
    again = [Entry(one.path, one.size, file=one.file, offset=one.offset) for one in wanted]
    assert bytes_of(source, again) == {one.path: FILES[one.path] for one in wanted}


def test_folders_and_first_bytes_of_unknown_suffixes(tmp_path):
    files = {"cat/1": photo(), "cat/notes.txt": b"text", "cat/2.png": photo()}
    path = write_tar(tmp_path / "t", files)
    with tarfile.open(path, "a") as tar:
        add_to_tar(tar, "./dog/", type=tarfile.DIRTYPE)
        add_to_tar(tar, "../out/", type=tarfile.DIRTYPE)
    entries = list(Tar(path).entries())
    assert {one.path: one.head for one in entries if not one.folder} == {
        "cat/1": photo()[:512],
        "cat/notes.txt": b"text",
        "cat/2.png": b"",
    }
    assert [one.path for one in entries if one.folder] == ["dog"]


def test_hostile_members_are_refused_one_by_one(tmp_path):
    with tarfile.open(tmp_path / "t.tar", "w") as tar:
        add_to_tar(tar, "cat/1.png", photo())
        add_to_tar(tar, "/etc/passwd.png", photo())
        add_to_tar(tar, "cat/../../out.png", photo())
        add_to_tar(tar, "cat/soft.png", type=tarfile.SYMTYPE, linkname="/etc/passwd")
        add_to_tar(tar, "cat/hard.png", type=tarfile.LNKTYPE, linkname="cat/1.png")
        add_to_tar(tar, "cat/pipe.png", type=tarfile.FIFOTYPE)
        add_to_tar(tar, "cat/null.png", type=tarfile.CHRTYPE)
        add_to_tar(tar, "cat/what.png", photo(), type=b"?")
        add_to_tar(tar, "./", photo())
        add_to_tar(tar, "cat/nul.png", pax_headers={"path": "cat/n\0ul.png"})
        add_to_tar(tar, "./cat//2.png", photo(2))
    source = Tar(tmp_path / "t.tar")
    link = "a link; links in archives are not followed"
    device = "a pipe or device, not a file"
    assert [(one.path, one.problem) for one in source.entries()] == [
        ("cat/1.png", ""),
        ("/etc/passwd.png", "an absolute name; archives must hold relative ones"),
        ("cat/../../out.png", "a name that leads out of the archive (..)"),
        ("cat/soft.png", link),
        ("cat/hard.png", link),
        ("cat/pipe.png", device),
        ("cat/null.png", device),
        ("cat/what.png", device),
        ("", "a member without a name"),
        ("cat/n\0ul.png", "a name with a NUL byte"),
        ("cat/2.png", ""),
    ]
    assert bytes_of(source, photos(source)) == {"cat/1.png": photo(), "cat/2.png": photo(2)}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("part", [0.3, 0.5, 0.7])
def test_an_archive_that_was_half_downloaded(tmp_path, mode, part):
    whole = write_tar(tmp_path / "whole", FILES, mode).read_bytes()
    length = len(whole.rstrip(b"\0"))  # a plain tar ends in zeros, of which it needs a few only
    (tmp_path / "half.tar").write_bytes(whole[: int(length * part)])
    with pytest.raises(AlexNetError, match="damaged or only partly downloaded"):
        list(Tar(tmp_path / "half.tar").entries())


def test_an_archive_cut_at_any_byte_is_an_error_or_is_said(tmp_path):
    whole = write_tar(tmp_path / "whole.tar", {"a/1.png": b"1" * 700, "a/2": b"22"}).read_bytes()
    end = len(whole.rstrip(b"\0"))
    path = tmp_path / "cut.tar"
    for length in range(1, end, 7):
        path.write_bytes(whole[:length])
        source = Tar(path)
        try:
            entries = photos(source)
        except AlexNetError:
            continue
        assert source.notes
        assert bytes_of(source, entries) == {"a/1.png": b"1" * 700}


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_what_is_odd_about_the_end_is_said(tmp_path, mode):
    whole = write_tar(tmp_path / "whole.tar", FILES).read_bytes()
    with tarfile.open(tmp_path / "whole.tar") as tar:
        end = tar.getmembers()[3].offset
    pack = gzip.compress if mode == "w:gz" else bytes
    (tmp_path / "cut.tar").write_bytes(pack(whole[:end]))
    (tmp_path / "two.tar").write_bytes(pack(whole + whole))
    cut, two = Tar(tmp_path / "cut.tar"), Tar(tmp_path / "two.tar")
    assert len(photos(cut)) == 3
    assert cut.notes == [
        "cut.tar lacks the mark that ends a tar archive: "
        "if it was downloaded, the download may have stopped early."
    ]
    assert len(photos(two)) == 6
    assert two.notes == [
        "two.tar goes on behind the mark that ends a tar archive; what is there is not read. "
        "Give archives that were put together one by one."
    ]


def test_damage_between_two_members_is_not_taken_for_the_end(tmp_path):
    data = bytearray(write_tar(tmp_path / "t.tar", FILES).read_bytes())
    with tarfile.open(tmp_path / "t.tar") as tar:
        start = tar.getmembers()[3].offset
    data[start : start + 512] = b"x" * 512
    (tmp_path / "t.tar").write_bytes(data)
    with pytest.raises(AlexNetError, match=r"fails after cat/2.png"):
        list(Tar(tmp_path / "t.tar").entries())


def test_a_packed_archive_with_a_flipped_byte(tmp_path):
    data = bytearray(gzip.compress(write_tar(tmp_path / "t.tar", FILES).read_bytes()))
    data[len(data) // 2] ^= 0x40
    (tmp_path / "t.tar.gz").write_bytes(data)
    with pytest.raises(AlexNetError, match="damaged or only partly downloaded"):
        list(Tar(tmp_path / "t.tar.gz").entries())


def test_a_packed_archive_that_changes_while_it_is_read(tmp_path):
    source = Tar(write_tar(tmp_path / "t.tar", FILES, "w:gz"))
    entries = photos(source)
    write_tar(tmp_path / "t.tar", {"cat/0.png": FILES["cat/0.png"]}, "w:gz")
    with pytest.raises(AlexNetError, match=r"t\.tar was changed while it was read"):
        list(source.stream(entries))


def test_xz_of_several_streams_with_zeros_between(tmp_path):
    whole = write_tar(tmp_path / "t.tar", FILES).read_bytes()
    parts = [lzma.compress(whole[:900]), lzma.compress(whole[900:]), b""]
    (tmp_path / "t.tar.xz").write_bytes(bytes(8).join(parts))
    source = Tar(tmp_path / "t.tar.xz")
    assert bytes_of(source, photos(source)) == FILES


def test_xz_that_asks_for_much_memory_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(unpacking, "MEMORY", 1 << 20)
    source = Tar(write_tar(tmp_path / "t.tar.xz", FILES, "w:xz"))
    with pytest.raises(AlexNetError, match=r"t.tar.xz is refused: unpacking it takes over 1 MB"):
        list(source.entries())


@pytest.mark.parametrize("mode", MODES[1:])
def test_bombs_are_refused(tmp_path, monkeypatch, mode):
    monkeypatch.setattr(unpacking, "FREE", 1 << 20)
    source = Tar(write_tar(tmp_path / "t", {"cat/1.png": bytes(8 << 20)}, mode))
    with pytest.raises(
        AlexNetError, match="it unpacks to more than 200 times its size, as attacks"
    ):
        list(source.entries())


NAMES = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1)
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    files=st.lists(st.tuples(PATHS | NAMES.map(lambda s: s * 60), st.binary(max_size=1500))),
    format=st.sampled_from([tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]),
    times=st.floats(0, 2**31),
)
def test_names_sizes_times_and_places_are_those_of_the_library(tmp_path, files, format, times):
    path = tmp_path / "t.tar"
    with tarfile.open(path, "w", format=format) as tar:
        for name, data in files:
            try:
                add_to_tar(tar, name, data, mtime=times)
            except ValueError:  # too long for the format
                continue
    with tarfile.open(path) as tar:
        twin = [(m.name, m.size, int(m.mtime * 1e9), m.offset_data) for m in tar if m.isreg()]
    mine = [(e.path, e.size, e.stamp, e.offset) for e in Tar(path).entries() if not e.problem]
    clean = [
        one for one in twin if ".." not in one[0].split("/") and set(one[0].split("/")) - {"", "."}
    ]
    assert [(path, *rest) for path, *rest in mine] == [
        ("/".join(p for p in name.split("/") if p != "."), *rest) for name, *rest in clean
    ]


def header(**fields):
    """A header of 512 bytes, with fields in places of their own and the right sum."""
    data = bytearray(tarfile.TarInfo("cat/1.png").tobuf(tarfile.USTAR_FORMAT))
    places = {"name": 0, "size": 124, "mtime": 136, "type": 156, "magic": 257, "prefix": 345}
    for name, value in fields.items():
        data[places[name] : places[name] + len(value)] = value
    data[148:156] = b" " * 8
    data[148:156] = f"{sum(data):06o}\0 ".encode()
    return bytes(data)


def pax(**records):
    """An extended header with these records, and what follows it."""
    body = b"".join(record(key.replace("_", "."), value) for key, value in records.items())
    return header(type=b"x", size=b"%011o\0" % len(body)) + body + bytes(-len(body) % 512)


def record(key, value):
    rest = f" {key}={value}\n".encode()
    length = len(rest) + 1
    while len(f"{length}") + len(rest) != length:
        length += 1
    return f"{length}".encode() + rest


DAMAGED = {
    "a size of -1": header(size=b"\xff" * 12),
    "a size of -256": header(size=b"\xff" * 11 + b"\0"),
    "a size of -511": header(size=b"-0000000777\0"),
    "a size of 309 septillions": header(size=b"\x80" + b"\x7f" * 11),
    "a size that is no number": header(size=b"octal??\0"),
    "a size that is no octal number": header(size=b"00000000099\0"),
    "a size behind the end": header(size=b"77777777777\0"),
    "a size of -1024 in pax": pax(size="-1024") + header(),
    "a size of 5000 digits": pax(size="9" * 5000) + header(),
    "a size with an exponent": pax(size="1e3") + header(),
    "a pax header of 8 GB": header(type=b"x", size=b"77777777777\0") + header(),
    "a name of 2 MB": header(type=b"L", size=b"00010000000\0") + bytes(1 << 21) + header(),
    "digits without end": header(type=b"x", size=b"00000001000\0") + b"1" * 512 + header(),
    "a pax header without records": header(type=b"x", size=b"00000000012\0") + b"1" * 512,
    "a pax record of no length": header(type=b"x", size=b"00000000007\0") + b"0 ab=cd".ljust(512),
    "a pax header of nothing": pax(path="cat/1.png"),
    "half a header": header()[:400],
    "half a second header": header() + header()[:200],
    "a map of holes without end": header(type=b"S")[:482] + b"\1" + header(type=b"S")[483:],
    "another sum": header()[:148] + b"0000000\0" + header()[156:],
}


@pytest.mark.parametrize("name", DAMAGED)
def test_damaged_or_hostile_headers_are_an_error(tmp_path, name):
    data = DAMAGED[name]
    (tmp_path / "t.tar").write_bytes(data + bytes(1024) if len(data) % 512 == 0 else data)
    with pytest.raises(AlexNetError, match="damaged or only partly downloaded"):
        list(Tar(tmp_path / "t.tar").entries())


ODD = {
    "no time": (pax(mtime="nan") + header(), "cat/1.png"),
    "a time without end": (pax(mtime="inf", path="cat/a") + header(), "cat/a"),
    "an empty name in pax": (pax(path="") + header(), "cat/1.png"),
    "a time in ages": (header(mtime=b"\x80" + b"\x7f" * 11), "cat/1.png"),
    "3000 long names": (header(type=b"L") * 3000 + header(), "cat/1.png"),
    "3000 pax headers": (header(type=b"g") * 3000 + header(), "cat/1.png"),
    "a prefix": (header(prefix=b"photos"), "photos/cat/1.png"),
    "times in place of a prefix": (header(prefix=b"13371337133", magic=b"ustar  "), "cat/1.png"),
    "bytes that are no UTF-8": (header(name=b"c\xe4\xff/1.png\0"), "c\udce4\udcff/1.png"),
    "no magic number": (header(magic=bytes(8)), "cat/1.png"),
    "a folder as of old": (header(type=b"\0", name=b"cat/" + bytes(20)), "cat"),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_headers_that_can_be_read(tmp_path, name):
    data, path = ODD[name]
    (tmp_path / "t.tar").write_bytes(data + bytes(1024))
    assert found(tmp_path / "t.tar") == {path: ""}


SPARSE = "a file with holes (sparse); pack the archive again without --sparse"


def test_sparse_members_are_refused_and_what_follows_is_found(tmp_path):
    old = bytearray(header(type=b"S", size=b"%011o\0" % 600))
    old[482] = 1
    old[148:156] = b" " * 8
    old[148:156] = f"{sum(old):06o}\0 ".encode()
    more = bytearray(512)
    more[504] = 1
    maps = bytes(old) + bytes(more) + bytes(512)
    new = pax(GNU_sparse_major="1", GNU_sparse_minor="0", GNU_sparse_name="cat/2.png")
    body = header(name=b"GNUSparseFile.7/2.png\0", size=b"%011o\0" % 600) + b"x" * 1024
    (tmp_path / "t.tar").write_bytes(
        maps + b"x" * 1024 + new + body + header(name=b"cat/3.png\0") + bytes(1024)
    )
    assert found(tmp_path / "t.tar") == {"cat/1.png": SPARSE, "cat/2.png": SPARSE, "cat/3.png": ""}


def test_sums_of_signed_bytes_as_old_programs_wrote_them(tmp_path):
    data = bytearray(header(name=b"\xe4\xf6\xfc/1.png\0"))
    signed = sum(byte - 256 if byte > 127 else byte for byte in data[:148] + b" " * 8 + data[156:])
    data[148:156] = f"{signed:06o}\0 ".encode()
    (tmp_path / "t.tar").write_bytes(bytes(data) + bytes(1024))
    assert list(found(tmp_path / "t.tar")) == ["\udce4\udcf6\udcfc/1.png"]


def test_an_empty_tar(tmp_path):
    tarfile.open(tmp_path / "t.tar", "w").close()
    source = Tar(tmp_path / "t.tar")
    assert (list(source.entries()), source.notes) == ([], [])


def test_nothing_is_written_anywhere(tmp_path):
    inside = write_tree(tmp_path / "place", {})
    source = Tar(write_tar(inside / "t.tar", FILES, "w:gz"))
    bytes_of(source, photos(source))
    assert list(tmp_path.rglob("*")) == [inside, inside / "t.tar"]


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_mutated_archives_are_read_or_refused(tmp_path, data):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as tar:
        add_to_tar(tar, "cat/" + "n" * 120, b"1" * 600)
        add_to_tar(tar, "cat/2.png", b"2", pax_headers={"mtime": "1.5"})
    whole = bytearray(stream.getvalue()[: 12 * 512])
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, len(whole) - 1))
        whole[place] = data.draw(st.integers(0, 255))
        block = place - place % 512
        if data.draw(st.booleans()):  # with a sum that is right, so that the rest is looked at
            whole[block + 148 : block + 156] = b" " * 8
            total = sum(whole[block : block + 512])
            whole[block + 148 : block + 156] = f"{total:06o}\0 ".encode()
    path = tmp_path / "t.tar"
    path.write_bytes(whole)
    size = len(whole)
    try:
        for one in Tar(path).entries():
            assert one.folder or one.problem or 0 <= one.offset <= size - one.size
    except AlexNetError:
        pass
