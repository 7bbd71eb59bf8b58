import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alexnet.data.preparing.catalogue import Catalogue, as_bytes, as_text
from alexnet.data.sources.entries import Entry

# What a Linux file name can be: any bytes but NUL.
NAMES = st.binary(min_size=1, max_size=20).map(lambda data: as_text(data.replace(b"\0", b"x")))


@pytest.fixture
def catalogue():
    return Catalogue()


def filled(catalogue, *members, source=0):
    catalogue.add(source, ((0, Entry(member)) for member in members))
    return catalogue


def members(catalogue):
    return [entry.path for *_, entry in catalogue.photos()]


@settings(deadline=None)
@given(st.binary())
def test_names_are_the_bytes_that_they_were(name):
    assert as_bytes(as_text(name)) == name


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), NAMES, st.integers(0, 1 << 50), st.integers(-1, 99))))
def test_what_goes_in_comes_out_in_order(rows):
    catalogue = Catalogue()
    entries = [(p, Entry(name, size, file=f"{p}.tar", offset=o)) for p, name, size, o in rows]
    catalogue.add(3, entries)
    found = list(catalogue.photos())
    assert [(place, entry) for _, _, place, _, entry in found] == entries
    numbers = [number for number, *_ in found]
    assert numbers == sorted(set(numbers))
    assert list(catalogue.sizes()) == [
        (number, 3, entry.size) for number, (_, entry) in zip(numbers, entries, strict=True)
    ]


def test_photos_by_their_numbers(catalogue):
    filled(filled(catalogue, *"abc"), *"de", source=1)
    numbers = [number for number, *_ in catalogue.photos()]
    some = list(catalogue.photos(numbers[1], numbers[4]))
    assert [(number, source, entry.path) for number, source, _, _, entry in some] == [
        (numbers[1], 0, "b"), (numbers[2], 0, "c"), (numbers[3], 1, "d"),
    ]  # fmt: skip


@settings(deadline=None)
@given(st.lists(st.tuples(NAMES, st.integers(0, 3)), max_size=30))
def test_the_first_of_several_of_one_name_stays(rows):
    catalogue = Catalogue()
    catalogue.add(0, ((place, Entry(name)) for name, place in rows))
    twice = catalogue.second_ones(0)
    first = dict(reversed(rows))  # the first of each name comes last here, and stays
    kept = [(entry.path, place) for _, _, place, _, entry in catalogue.photos()]
    assert dict(kept) == first
    assert len(kept) == len(first)
    assert all(first[name] == former for name, _, former in twice)
    assert sorted(kept + [(name, place) for name, place, _ in twice]) == sorted(rows)


def test_one_name_in_two_sources_is_no_second_one(catalogue):
    filled(filled(catalogue, "a"), "a", source=1)
    assert catalogue.second_ones(0) == catalogue.second_ones(1) == []


def test_places_that_are_taken_out_are_rejected(catalogue):
    catalogue.add(0, [(0, Entry("a")), (1, Entry("b\udcff")), (0, Entry("c"))])
    catalogue.add(1, [(1, Entry("d"))])
    catalogue.take_out(0, [1], "x/{}".format, "why")
    assert members(catalogue) == ["a", "c", "d"]
    assert list(catalogue.db.execute("SELECT * FROM rejected")) == [(b"x/b\xff", "why")]
    assert list(catalogue.by_place()) == [(0, 0, None, 2), (1, 1, None, 1)]
    assert (catalogue.count("photo"), catalogue.count("photo WHERE source = 1")) == (3, 1)


def test_no_file_of_it_is_left_anywhere(tmp_path, monkeypatch):
    monkeypatch.setenv("SQLITE_TMPDIR", str(tmp_path))
    catalogue = filled(Catalogue(), *(f"{i:0900}" for i in range(1000)))
    catalogue.db.execute("PRAGMA cache_size = 1")
    catalogue.second_ones(0)
    assert list(tmp_path.iterdir()) == []
