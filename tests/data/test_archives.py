import gzip
import io
import tarfile
import zipfile

import pytest

from alexnet.data.sources import open_source, stream
from alexnet.errors import AlexNetError, UsageError
from tests.data.trees import add_to_tar, photo, two_classes, write_tar, write_tree, write_zip

FILES = two_classes(3)


def found(path):
    return {entry.path: entry.problem for entry in open_source(path).entries}


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_tars_however_packed_and_named(tmp_path, mode):
    path = write_tar(tmp_path / "some name", FILES, mode)
    source = open_source(path)
    assert (source.kind, source.folders, source.notes) == ("tar", ["cat", "dog"], [])
    assert dict(stream(source, FILES)) == FILES


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_zips(tmp_path, method):
    source = open_source(write_zip(tmp_path / "photos", FILES, method))
    assert (source.kind, source.folders) == ("zip", ["cat", "dog"])
    assert dict(stream(source, FILES)) == FILES


def test_only_what_is_wanted_comes_in_the_archive_s_order(tmp_path):
    files = dict(reversed(FILES.items()))
    wanted = {"cat/0.png", "cat/2.png", "dog/1.png"}
    for path in (write_tar(tmp_path / "t", files), write_zip(tmp_path / "z", files)):
        names = [name for name, _ in stream(open_source(path), wanted)]
        assert names == ["dog/1.png", "cat/2.png", "cat/0.png"]


def test_the_first_bytes_of_unknown_suffixes(tmp_path):
    files = {"cat/1": photo(), "cat/notes.txt": b"text", "cat/2.png": photo()}
    for path in (write_tar(tmp_path / "t", files), write_zip(tmp_path / "z", files)):
        heads = {entry.path: entry.head for entry in open_source(path).entries}
        assert heads == {"cat/1": photo()[:512], "cat/notes.txt": b"text", "cat/2.png": b""}


def test_hostile_tar(tmp_path):
    with tarfile.open(tmp_path / "t.tar", "w") as tar:
        add_to_tar(tar, "cat/1.png", photo())
        add_to_tar(tar, "./cat//1.png", b"another")
        add_to_tar(tar, "/etc/passwd.png", photo())
        add_to_tar(tar, "cat/../../out.png", photo())
        add_to_tar(tar, "cat/soft.png", type=tarfile.SYMTYPE, linkname="/etc/passwd")
        add_to_tar(tar, "cat/hard.png", type=tarfile.LNKTYPE, linkname="cat/1.png")
        add_to_tar(tar, "cat/pipe.png", type=tarfile.FIFOTYPE)
        add_to_tar(tar, "cat/null.png", type=tarfile.CHRTYPE)
        add_to_tar(tar, "cat/soft.png", photo())
        add_to_tar(tar, "cat/2.png", photo(2))
    source = open_source(tmp_path / "t.tar")
    assert [(entry.path, entry.problem) for entry in source.entries] == [
        ("cat/1.png", ""),
        ("cat/1.png", "a second member of the same name"),
        ("/etc/passwd.png", "an absolute name; archives must hold relative ones"),
        ("cat/../../out.png", "a name that leads out of the archive (..)"),
        ("cat/soft.png", "a link; links in archives are not followed"),
        ("cat/hard.png", "a link; links in archives are not followed"),
        ("cat/pipe.png", "a pipe or device, not a file"),
        ("cat/null.png", "a pipe or device, not a file"),
        ("cat/soft.png", "a second member of the same name"),
        ("cat/2.png", ""),
    ]
    assert dict(stream(source, ["cat/1.png", "cat/2.png"])) == {
        "cat/1.png": photo(),
        "cat/2.png": photo(2),
    }


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_hostile_zip(tmp_path):
    link = zipfile.ZipInfo("cat/soft.png")
    link.create_system, link.external_attr = 3, 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "z.zip", "w") as archive:
        for name in ("cat/1.png", "cat/1.png", "/abs.png", "../out.png"):
            archive.writestr(name, photo())
        archive.writestr(link, "/etc/passwd")
    assert [entry.problem for entry in open_source(tmp_path / "z.zip").entries] == [
        "",
        "a second member of the same name",
        "an absolute name; archives must hold relative ones",
        "a name that leads out of the archive (..)",
        "a link; links in archives are not followed",
    ]


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_a_tar_that_was_half_downloaded(tmp_path, mode):
    whole = write_tar(tmp_path / "whole", FILES, mode).read_bytes()
    length = len(whole.rstrip(b"\0"))  # a plain tar ends in zeros, of which it needs a few only
    for part in (0.3, 0.5, 0.7):
        (tmp_path / "half.tar").write_bytes(whole[: int(length * part)])
        with pytest.raises(AlexNetError, match="damaged or only partly downloaded"):
            open_source(tmp_path / "half.tar")


def test_a_tar_cut_between_two_members_is_said(tmp_path):
    whole = write_tar(tmp_path / "whole.tar", FILES).read_bytes()
    with tarfile.open(tmp_path / "whole.tar") as tar:
        end = tar.getmembers()[3].offset
    (tmp_path / "cut.tar").write_bytes(whole[:end])
    source = open_source(tmp_path / "cut.tar")
    assert len(source.entries) == 3
    assert source.notes == [
        "cut.tar lacks the mark that ends a tar archive: "
        "if it was downloaded, the download may have stopped early."
    ]


def test_damage_between_two_members_is_not_taken_for_the_end(tmp_path):
    data = bytearray(write_tar(tmp_path / "t.tar", FILES).read_bytes())
    with tarfile.open(tmp_path / "t.tar") as tar:
        start = tar.getmembers()[3].offset
    data[start : start + 512] = b"x" * 512
    (tmp_path / "t.tar").write_bytes(data)
    with pytest.raises(AlexNetError, match=r"fails after cat/2.png"):
        open_source(tmp_path / "t.tar")


def test_a_gzip_with_a_flipped_byte(tmp_path):
    plain = write_tar(tmp_path / "t.tar", FILES).read_bytes()
    data = bytearray(gzip.compress(plain))
    data[len(data) // 2] ^= 0x40
    (tmp_path / "t.tar.gz").write_bytes(data)
    with pytest.raises(AlexNetError, match="damaged or only partly downloaded"):
        open_source(tmp_path / "t.tar.gz")


def test_a_zip_that_was_half_downloaded(tmp_path):
    whole = write_zip(tmp_path / "whole.zip", FILES).read_bytes()
    (tmp_path / "half.zip").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(AlexNetError, match="damaged or only partly downloaded"):
        open_source(tmp_path / "half.zip")


def test_a_zip_with_a_password(tmp_path):
    data = bytearray(write_zip(tmp_path / "z.zip", {"cat/1.png": photo()}).read_bytes())
    data[6] |= 1  # flags of the local header
    data[data.index(b"PK\1\2") + 8] |= 1  # and of the directory
    (tmp_path / "z.zip").write_bytes(data)
    with pytest.raises(AlexNetError, match=r"is encrypted \(cat/1.png asks for a password\)"):
        open_source(tmp_path / "z.zip")


def test_a_zip_member_with_a_flipped_byte_costs_that_member_alone(tmp_path):
    path = write_zip(tmp_path / "z.zip", FILES, zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    data[data.index(FILES["cat/1.png"]) + 60] ^= 1
    path.write_bytes(data)
    read = dict(stream(open_source(path), FILES))
    assert str(read.pop("cat/1.png")).startswith("damaged inside the archive: Bad CRC-32")
    assert read == {name: data for name, data in FILES.items() if name != "cat/1.png"}


def test_a_zip_member_packed_in_an_unknown_way(tmp_path):
    path = write_zip(tmp_path / "z.zip", {"cat/1.png": photo()})
    data = bytearray(path.read_bytes())
    data[8] = data[data.index(b"PK\1\2") + 10] = 9
    path.write_bytes(data)
    reason = dict(stream(open_source(path), ["cat/1.png"]))["cat/1.png"]
    assert reason == "packed with Deflate64, which cannot be read here; pack the archive again"


def test_names_of_zips_that_do_not_say_their_encoding(tmp_path):
    data = write_zip(tmp_path / "z.zip", {"cat/사진.png": photo()}).read_bytes()
    plain = bytearray(data)
    plain[7] &= ~0x08
    plain[plain.index(b"PK\1\2") + 9] &= ~0x08
    (tmp_path / "z.zip").write_bytes(plain)
    assert found(tmp_path / "z.zip") == {"cat/사진.png": ""}


def test_names_of_tars_in_other_encodings(tmp_path):
    path = write_tar(tmp_path / "t.tar", {"cat/aeo.png": photo()})
    data = path.read_bytes().replace(b"aeo", b"\xe4\xf6\xff")
    with tarfile.open(path, "w") as tar:
        member = tarfile.TarInfo("cat/aeo.png")
        member.size = len(photo())
        header = member.tobuf().replace(b"aeo", b"\xe4\xf6\xff")
        total = 256 + sum(header[:148]) + sum(header[156:])
        header = header[:148] + f"{total:06o}\0 ".encode() + header[156:]
        tar.fileobj.write(header + data[512:])
    path.write_bytes(path.read_bytes()[: len(data)])
    assert list(found(path)) == ["cat/\udce4\udcf6\udcff.png"]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (photo(), "is a file, but no tar or zip archive"),
        (b"", "is a file, but no tar or zip archive"),
        (b"Rar!\x1a\x07\x00" + bytes(600), "is a file, but no tar or zip archive"),
    ],
)
def test_other_files(tmp_path, content, complaint):
    (tmp_path / "x.tar").write_bytes(content)
    with pytest.raises(UsageError, match=complaint):
        open_source(tmp_path / "x.tar")


def test_an_empty_tar(tmp_path):
    tarfile.open(tmp_path / "t.tar", "w").close()
    assert open_source(tmp_path / "t.tar").entries == []


def test_an_old_tar_without_a_magic_number(tmp_path):
    member = tarfile.TarInfo("cat/1.png")
    member.size = len(photo())
    header = bytearray(member.tobuf(tarfile.USTAR_FORMAT))
    header[257:265] = bytes(8)
    header[148:156] = b" " * 8
    header[148:156] = f"{sum(header):06o}\0 ".encode()
    body = io.BytesIO(photo())
    data = bytes(header) + body.read().ljust(-(-len(photo()) // 512) * 512, b"\0") + bytes(1024)
    (tmp_path / "old.tar").write_bytes(data)
    assert found(tmp_path / "old.tar") == {"cat/1.png": ""}


def test_nothing_is_written_anywhere(tmp_path):
    inside = write_tree(tmp_path / "place", {})
    path = write_tar(inside / "t.tar", FILES)
    source = open_source(path)
    list(stream(source, FILES))
    assert list(tmp_path.rglob("*")) == [inside, path]
