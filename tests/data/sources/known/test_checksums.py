"""Published sums and sizes: what is said of archives that have them, and of others."""

import hashlib

import pytest

from alexnet.data.sources.known import checksums
from alexnet.data.sources.known.checksums import bytes_to_read, verified, wrong_size

VAL, TRAIN, DOGS = (f"ILSVRC2012_img_{name}.tar" for name in ("val", "train", "train_t3"))


@pytest.fixture
def archives(tmp_path, monkeypatch):
    """Small ones, published in this size and with these sums."""
    sums = {}
    for name in (VAL, TRAIN, DOGS, "t10k-labels-idx1-ubyte.gz"):
        (tmp_path / name).write_bytes(name.encode() * 100)
        sums[name] = ("other", hashlib.md5((tmp_path / name).read_bytes()).hexdigest())
    monkeypatch.setattr(checksums, "SUMS", sums)
    monkeypatch.setattr(checksums, "SIZES", {VAL: 100 * len(VAL)})
    return tmp_path


def test_archives_that_are_as_published(archives):
    said = list(verified(archives))
    assert len(said) == 4
    assert all("is as published (MD5 " in line for line in said)
    assert len(list(verified(archives / VAL))) == 1


def test_progress_is_told_in_bytes(archives):
    told = []
    list(verified(archives, told.append))
    assert told[-1] == bytes_to_read(archives) == sum(f.stat().st_size for f in archives.iterdir())


def test_an_archive_of_another_size_is_not_read(archives):
    (archives / VAL).write_bytes(b"half")
    assert next(verified(archives / VAL)) == wrong_size(archives / VAL)
    assert wrong_size(archives / VAL) == (
        f"{VAL} has 4 of 2,200 bytes: it looks partly downloaded."
    )
    (archives / VAL).write_bytes(bytes(3000))
    assert "3,000 bytes, more than the 2,200 that were published" in wrong_size(archives / VAL)
    assert wrong_size(archives / TRAIN) == ""


def test_a_damaged_archive(archives):
    data = bytearray((archives / VAL).read_bytes())
    data[100] ^= 1
    (archives / VAL).write_bytes(data)
    (said,) = verified(archives / VAL)
    assert said.startswith(f"{VAL} differs from what was published (MD5 ")
    assert said.endswith("damaged, or another edition. Download it again.")


def test_the_dogs_under_the_name_of_the_training_set(archives):
    (archives / TRAIN).write_bytes((archives / DOGS).read_bytes())
    (said,) = verified(archives / TRAIN)
    assert f"{TRAIN} is {DOGS} under another name" in said
    assert "the wrong way round" in said


def test_archives_of_which_no_sum_was_published(tmp_path):
    for name in ("ILSVRC2010_images_val.tar", "mine.zip", "notes.txt"):
        (tmp_path / name).write_bytes(b"")
    assert list(verified(tmp_path)) == [
        "No check sum was published of ILSVRC2010_images_val.tar and mine.zip."
    ]


def test_the_table_is_what_is_published():
    assert checksums.SUMS[TRAIN] == ("1d675b47d978889d74fa0da5fadfb00e",)
    assert checksums.SUMS[DOGS] == ("ccaf1013018ac1037801578038d370da",)
    every = [one for sums in checksums.SUMS.values() for one in sums]
    assert len(set(every)) == len(every)
    assert all(len(one) == 32 and int(one, 16) for one in every)
    assert checksums.SIZES.keys() <= checksums.SUMS.keys()
