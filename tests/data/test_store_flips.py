"""One bit flipped in any block of 4 KiB of a set, or a file gone or longer: verify says so."""

from random import Random

import pytest

from alexnet.data.prepare import prepare
from alexnet.data.verify import verify
from alexnet.errors import AlexNetError
from tests.data.trees import photos, write_tree

BLOCK = 4096


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A set with all parts, and a photo that was refused."""
    place = tmp_path_factory.mktemp("flips")
    names = [f"{name}/{i}.png" for name in ("cat", "dog") for i in range(20)]
    tree = write_tree(place / "photos", {**photos(names), "cat/broken.png": b""})
    prepare(tree, place / "data", size=32, val=0.2, test=0.2, workers=1)
    return place / "data"


def files(data):
    return sorted(path for path in data.rglob("*") if path.is_file())


def found(data):
    """What verify says, of a set that cannot be opened too."""
    try:
        return [f"{one.file}: {one.what}" for one in verify(data)]
    except AlexNetError as error:
        return [str(error)]


def test_a_set_as_it_was_made_is_good(data):
    assert found(data) == []


def test_a_flipped_bit_in_every_block(data):
    random = Random(0)
    blocks = 0
    for path in files(data):
        whole = path.read_bytes()
        for first in range(0, len(whole), BLOCK):
            changed = bytearray(whole)
            changed[random.randrange(first, min(first + BLOCK, len(whole)))] ^= (
                1 << random.randrange(8)
            )
            path.write_bytes(changed)
            said, blocks = found(data), blocks + 1
            assert len(said) == 1
            assert path.name in said[0]
        path.write_bytes(whole)
    assert blocks > len(files(data)) + 20


def test_a_flipped_bit_anywhere_in_what_says_the_rest(data):
    path = data / "set.json"
    whole = path.read_bytes()
    for at in range(0, len(whole), 23):
        changed = bytearray(whole)
        changed[at] ^= 1 << (at % 8)
        path.write_bytes(changed)
        assert "set.json" in found(data)[0] or "set of format" in found(data)[0]
    path.write_bytes(whole)


def test_a_file_that_is_missing_or_cut_or_longer(data):
    for path in files(data):
        whole = path.read_bytes()
        for other in (None, whole[:-1], whole + b"\0", b""):
            path.unlink() if other is None else path.write_bytes(other)
            assert found(data), (path.name, other and len(other))
            path.write_bytes(whole)
    assert found(data) == []


def test_a_file_that_does_not_belong_to_it(data):
    (data / "pictures" / "0009999.npy").write_bytes(b"stranger")
    assert "does not belong to the set" in found(data)[0]
    (data / "pictures" / "0009999.npy").unlink()
