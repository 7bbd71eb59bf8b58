import io
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from alexnet.data import shards as module
from alexnet.data.pictures import Pictures
from alexnet.data.shards import Shards, shard_path
from alexnet.errors import AlexNetError

COUNTS = [3, 0, 4, 1]
MOST, SIZE, N = 4, 5, 8


def written(folder, counts=COUNTS, size=SIZE):
    """Shards of noise, and by its address each picture."""
    (folder / "pictures").mkdir()
    random, by_address = np.random.default_rng(0), {}
    for number, count in enumerate(counts):
        pixels = random.integers(0, 256, (count, size, size, 3), dtype=np.uint8)
        if count:
            np.save(shard_path(folder, number), pixels)
        by_address |= {number * MOST + place: picture for place, picture in enumerate(pixels)}
    return Shards(folder, np.array(counts, np.int32), MOST, size), by_address


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """Pictures in another order than on disk, and the same as an ordinary array."""
    shards, by_address = written(tmp_path_factory.mktemp("pictures"))
    rows = np.random.default_rng(1).permutation(list(by_address))
    return Pictures(shards, rows), np.stack([by_address[row] for row in rows.tolist()])


INDEXES = st.one_of(
    st.integers(-N, N - 1),
    st.slices(N),
    st.lists(st.integers(-N, N - 1), min_size=1, max_size=12),
    arrays.arrays(np.int64, st.integers(0, 12), elements=st.integers(-N, N - 1)),
    arrays.arrays(np.bool_, N),
    st.integers(-N, N - 1).map(np.int32),
)


@settings(deadline=None)
@given(INDEXES)
def test_indexing_is_numpys(both, which):
    pictures, plain = both
    found = pictures[which]
    assert (found.dtype, found.shape) == (np.uint8, plain[which].shape)
    np.testing.assert_array_equal(found, plain[which])


@pytest.mark.parametrize("which", [N, -N - 1, [0, N], np.ones(N + 1, bool)])
def test_beyond_its_ends(both, which):
    with pytest.raises(IndexError):
        both[0][which]


def test_it_passes_for_an_array(both):
    pictures, plain = both
    assert (len(pictures), pictures.shape, pictures.dtype) == (N, plain.shape, plain.dtype)
    np.testing.assert_array_equal(np.array(pictures), plain)
    np.testing.assert_array_equal(np.asarray(pictures, np.float32), plain.astype(np.float32))
    np.testing.assert_array_equal(np.stack(list(pictures)), plain)


def test_a_picture_that_was_read_is_ones_own(both):
    pictures, plain = both
    for found in (pictures[0], pictures[:1][0]):
        found[:] = 0
    np.testing.assert_array_equal(pictures[0], plain[0])


def test_where_there_are_pictures(tmp_path):
    shards, by_address = written(tmp_path)
    held = [a for a in range(-5, 20) if shards.hold(np.array([a]))]
    assert held == list(by_address)
    assert not shards.hold(np.array([0, 1, 3]))
    assert [number for number, _ in shards.paths()] == [0, 2, 3]


def descriptors():
    return len(list(Path("/proc/self/fd").iterdir()))


def test_more_shards_than_files_may_be_open(tmp_path, monkeypatch):
    """At 1.3 million pictures there are some 2,600 shards; a process may open 1,024 files."""
    monkeypatch.setattr(module, "OPEN", 8)
    shards, by_address = written(tmp_path, [1] * 40, size=1)
    before = descriptors()
    for address, picture in by_address.items():
        np.testing.assert_array_equal(shards[address], picture)
    assert descriptors() <= before + 8
    del shards
    assert descriptors() == before


def test_threads_that_want_more_shards_than_are_held_open(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "OPEN", 2)
    shards, by_address = written(tmp_path, [1] * 20)
    wrong = []

    def read(seed):
        for address in np.random.default_rng(seed).choice(list(by_address), 300).tolist():
            if not np.array_equal(shards[address], by_address[address]):
                wrong.append(address)

    threads = [threading.Thread(target=read, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.parametrize("damage", ["cut", "grown", "gone"])
def test_a_shard_of_another_length_is_named(tmp_path, damage):
    shards, _ = written(tmp_path)
    shards.check_lengths()
    path = shard_path(tmp_path, 2)
    data = path.read_bytes()
    path.unlink()
    if damage != "gone":
        path.write_bytes(data[:-1] if damage == "cut" else data + b"x")
    what = {"cut": "427 bytes, not 428", "grown": "429 bytes, not 428", "gone": "it is missing"}
    with pytest.raises(AlexNetError, match=rf"0000002\.npy does not fit its set: .*{what[damage]}"):
        shards.check_lengths()


def test_a_shard_that_is_cut_or_goes_while_it_is_used(tmp_path):
    shards, _ = written(tmp_path)
    with shard_path(tmp_path, 2).open("r+b") as file:
        file.truncate(300)
    with pytest.raises(AlexNetError, match=r"0000002\.npy .* cut short in picture 2"):
        shards[2 * MOST + 2]
    shard_path(tmp_path, 3).unlink()
    with pytest.raises(AlexNetError, match=r"0000003\.npy cannot be read: No such file"):
        shards[3 * MOST]


@pytest.mark.parametrize(("count", "size"), [(0, 1), (1, 8), (512, 256), (99999, 4096)])
def test_the_header_of_a_shard_is_numpys(count, size):
    stream = io.BytesIO()
    facts = {"descr": "|u1", "fortran_order": False, "shape": (count, size, size, 3)}
    np.lib.format.write_array_header_1_0(stream, facts)
    assert module.header_of(count, size) == stream.getvalue()
    assert len(stream.getvalue()) == module.HEADER
