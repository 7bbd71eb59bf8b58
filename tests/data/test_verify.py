import json
import shutil

import numpy as np
import pytest

from alexnet import files
from alexnet.data.preparing import blocks
from alexnet.data.sources.entries import Entry
from alexnet.data.verify import Damage, checksum_of, verify
from alexnet.errors import AlexNetError
from tests.data.here import prepare_given

SIZE = 24
HEADER, PICTURE = 128, 3 * SIZE**2


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Ten pictures to train and two to validate in three shards, one photo that cannot be read."""
    random = np.random.default_rng(0)
    raws = {
        f"{('cat', 'dog')[i % 2]}/{i:02}\n.png": random.integers(0, 256, (SIZE, SIZE, 3), np.uint8)
        for i in range(12)
    }
    entries = [
        Entry(file, part=("train", "val")[i > 9], label=file[:3]) for i, file in enumerate(raws)
    ]
    entries.append(Entry("broken", part="train", label="cat"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "LEAST", 4)
        data = tmp_path_factory.mktemp("verify") / "data"
        return prepare_given(entries, {**raws, "broken": "no"}, data, size=SIZE).folder


@pytest.fixture
def data(made, tmp_path):
    return shutil.copytree(made, tmp_path / "data")


def flip(path, byte, bit=0):
    with path.open("r+b") as file:
        file.seek(byte)
        (value,) = file.read(1)
        file.seek(byte)
        file.write(bytes([value ^ 1 << bit]))


def found(data):
    """What is wrong with a set, whether it can be opened or not."""
    try:
        return verify(data)
    except AlexNetError as error:
        return [Damage("", str(error))]


def test_a_whole_set(data):
    seen = []
    assert verify(data, seen.append) == []
    assert seen == sorted(seen)
    assert seen[-1] == sum(path.stat().st_size for path in (data / "pictures").iterdir())


def test_every_flipped_bit_is_found(made, tmp_path):
    """One in each 4 KiB of each file, and one in every byte of set.json."""
    data = shutil.copytree(made, tmp_path / "data")
    random = np.random.default_rng(1)
    for path in (path for path in data.rglob("*") if path.is_file()):
        size, name = path.stat().st_size, str(path.relative_to(data))
        step = 1 if name == "set.json" else 4096
        for start in range(0, size, step):
            place = int(random.integers(start, min(start + step, size))), int(random.integers(8))
            flip(path, *place)
            first, *_ = found(data)
            assert name in (first.file or first.what)
            flip(path, *place)
    assert verify(data) == []


def test_damage_names_the_shard_and_the_picture(data):
    flip(data / "pictures/0000001.npy", HEADER + 2 * PICTURE + 5)
    flip(data / "pictures/0000001.npy", HEADER + 3 * PICTURE)
    flip(data / "pictures/0000002.npy", 3)
    assert verify(data) == [
        Damage("pictures/0000001.npy", "picture 2 is not what its digest says"),
        Damage("pictures/0000001.npy", "picture 3 is not what its digest says"),
        Damage("pictures/0000002.npy", "its header is damaged"),
    ]


def test_a_shard_in_the_place_of_another(data):
    first, second = (data / f"pictures/000000{i}.npy" for i in range(2))
    first.rename(data / "x")
    second.rename(first)
    (data / "x").rename(second)
    assert [one.what for one in verify(data)] == [
        f"picture {i} is not what its digest says" for i in range(4)
    ] * 2


@pytest.mark.parametrize("name", ["mean.npy", "val.csv", "digests.npy", "rejected.csv"])
def test_other_files(data, name):
    flip(data / name, (data / name).stat().st_size - 2)
    assert verify(data) == [Damage(name, "its content is not what its checksum says")]


@pytest.mark.parametrize("name", ["shards.npy", "split.csv", "rejected.csv"])
def test_a_file_that_is_gone(data, name):
    (data / name).unlink()
    assert verify(data) == [Damage(name, "it cannot be read: No such file or directory")]


def test_files_that_are_not_of_the_set(data):
    (data / "notes.txt").touch()
    (data / "pictures/0000007.npy").touch()
    (data / "blocks").mkdir()
    assert verify(data) == [
        Damage(name, "it does not belong to the set")
        for name in ("blocks", "notes.txt", "pictures/0000007.npy")
    ]


def test_a_set_json_that_was_edited_by_hand(data):
    facts = json.loads((data / "set.json").read_bytes())
    files.write_json(data / "set.json", {**facts, "seed": 1})
    assert verify(data) == [Damage("set.json", "its content is not what its checksum says")]
    (data / "set.json").write_text(json.dumps(facts))
    another = "it was written by another hand, or a bit in it was flipped"
    assert verify(data) == [Damage("set.json", another)]


def test_a_set_json_that_is_none(data):
    (data / "set.json").write_bytes(b"{")
    (damage,) = verify(data)
    assert damage.file == "set.json"
    assert "is no JSON" in damage.what
    (data / "set.json").write_bytes(b'{"format": 2}')
    assert [one.file for one in verify(data)] == ["set.json"]


def test_a_set_without_checksums(data):
    facts = json.loads((data / "set.json").read_bytes())
    del facts["checksum"], facts["checksums"]
    files.write_json(data / "set.json", facts)
    assert verify(data) == [Damage("set.json", "its content is not what its checksum says")]


def test_the_checksum_survives_being_written_and_read(tmp_path):
    facts = {"mean": [0.1, 1e-300], "classes": ["\udcff", "\u2028", "é"], "n": None}
    files.write_json(tmp_path / "f.json", facts | {"checksum": checksum_of(facts)})
    read = files.read_json(tmp_path / "f.json")
    assert read["checksum"] == checksum_of(read) == checksum_of(facts)
    assert checksum_of({**facts, "n": 0}) != checksum_of(facts)


def test_shards_that_are_cut_grown_or_gone(data):
    first, second, third = (data / f"pictures/000000{i}.npy" for i in range(3))
    with first.open("r+b") as file:
        file.truncate(HEADER + 2 * PICTURE + 5)
    second.unlink()
    with third.open("ab") as file:
        file.write(b"x")
    assert verify(data) == [
        Damage("pictures/0000000.npy", "it is cut short in picture 2"),
        Damage("pictures/0000001.npy", "it cannot be read: No such file or directory"),
        Damage("pictures/0000002.npy", "there is more in it than its pictures"),
    ]


def test_all_damage_is_told_at_once(data):
    flip(data / "mean.npy", 200)
    (data / "val.csv").unlink()
    (data / "x").touch()
    flip(data / "pictures/0000000.npy", HEADER)
    assert [one.file for one in verify(data)] == [
        "mean.npy", "val.csv", "x", "pictures/0000000.npy",
    ]  # fmt: skip


def test_where_there_is_no_set(tmp_path):
    with pytest.raises(AlexNetError, match="is no prepared set"):
        verify(tmp_path / "none")
    (tmp_path / "set.json").write_text('{"format": 1}')
    with pytest.raises(AlexNetError, match="is a set of format 1"):
        verify(tmp_path)
