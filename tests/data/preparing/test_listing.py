import os

import pytest

from alexnet.data.preparing.catalogue import Catalogue
from alexnet.data.preparing.listing import list_source
from alexnet.data.sources.entries import Entry
from alexnet.data.sources.opening import open_source
from tests.data.trees import Given, photo, two_classes, write_tar, write_tree


@pytest.fixture(autouse=True)
def somewhere(tmp_path, monkeypatch):
    """A place that sources without files can name."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "SOURCE").mkdir()


def listed(*entries, **facts):
    catalogue = Catalogue()
    return list_source(Given(entries, **facts), 0, catalogue), catalogue


def photos(catalogue):
    return [entry.path for *_, entry in catalogue.photos()]


def held(listing):
    return {key: (place.photos, place.first) for key, place in listing.places.items()}


def test_photos_by_their_folder():
    listing, catalogue = listed(
        Entry("cat", folder=True), Entry("cat/1.jpg"), Entry("cat/2.jpg"), Entry("dog/1.jpg"),
        Entry("stray.jpg"),
    )  # fmt: skip
    assert held(listing) == {
        ("", "cat"): (2, "cat/1.jpg"), ("", "dog"): (1, "dog/1.jpg"), ("", ""): (1, "stray.jpg"),
    }  # fmt: skip
    assert (listing.photos, listing.folders) == (4, {"cat"})
    numbers = [listing.places["", entry.path.rpartition("/")[0]].number
               for *_, entry in catalogue.photos()]  # fmt: skip
    assert numbers == [place for _, _, place, _, _ in catalogue.photos()]


def test_what_is_no_photo_is_counted_and_what_cannot_be_read_refused():
    listing, catalogue = listed(
        Entry("cat/1.jpg"), Entry("cat/notes.txt"), Entry("cat/.link", problem="a link"),
        Entry("cat/2.jpg", problem="a link to nothing"), Entry("cat/big.jpg", size=600 << 20),
    )  # fmt: skip
    assert photos(catalogue) == ["cat/1.jpg"]
    assert listing.not_photos == {".txt": 1, "hidden": 1}
    assert listing.refused == [
        ("cat/2.jpg", "a link to nothing"),
        ("cat/big.jpg", "600 MB large; the limit is 512 MB"),
    ]


def test_a_source_that_tells_itself_needs_no_names_of_photos():
    entries = [
        Entry("row 1", part="train", label="cat"), Entry("row 2", part="test", label="cat"),
        Entry("row 3", part="train", label="dog"), Entry("row 4", problem="no pixels"),
        Entry("row 5", part="train", label="cat"),
    ]  # fmt: skip
    listing, catalogue = listed(*entries, labelled=True)
    assert held(listing) == {
        ("train", "cat"): (2, "row 1"),
        ("test", "cat"): (1, "row 2"),
        ("train", "dog"): (1, "row 3"),
    }
    assert listing.refused == [("row 4", "no pixels")]
    assert photos(catalogue) == ["row 1", "row 2", "row 3", "row 5"]


def test_second_members_of_one_name_are_refused():
    entries = [Entry("cat/1.jpg", 1), Entry("cat/2.jpg"), Entry("cat/1.jpg", 2)]
    listing, catalogue = listed(*entries, Entry("cat/1.jpg", 3))
    assert listing.refused == [("cat/1.jpg", "a second member of the same name")] * 2
    assert held(listing) == {("", "cat"): (2, "cat/1.jpg")}
    assert [entry.size for *_, entry in catalogue.photos()] == [1, 0]


def test_one_photo_with_two_labels_has_the_first():
    entries = [Entry("1.jpg", label="cat"), Entry("1.jpg", label="dog"), Entry("2", label="dog")]
    listing, catalogue = listed(*entries, labelled=True)
    assert listing.refused == [("1.jpg", "named a second time, as dog; it is taken as cat")]
    assert {label: place.photos for (_, label), place in listing.places.items()} == {
        "cat": 1, "dog": 1,
    }  # fmt: skip
    assert photos(catalogue) == ["1.jpg", "2"]


def test_no_list_of_entries_is_held():
    """However many photos there are, few of their entries are alive at any moment."""
    alive, most = 0, 0

    class Counted(Entry):
        def __del__(self):
            nonlocal alive
            alive -= 1

    def entries():
        nonlocal alive, most
        for i in range(3000):
            alive += 1
            most = max(most, alive)
            yield Counted(f"class {i % 3}/{i}.jpg")

    catalogue = Catalogue()
    assert list_source(Given(entries()), 0, catalogue).photos == 3000
    assert most < 5
    read = catalogue.photos()
    assert next(read)[-1].path == "class 0/0.jpg"


def digest(path):
    return list_source(open_source(path), 0, Catalogue()).digest


def test_every_change_of_a_source_is_seen(tmp_path):
    folder = write_tree(tmp_path / "photos", two_classes(2))
    before = digest(folder)
    assert digest(folder) == before
    os.utime(folder / "cat/0.png", ns=(0, 0))
    touched = digest(folder)
    (folder / "cat/2.png").write_bytes(photo())
    grown = digest(folder)
    (folder / "cat/2.png").rename(folder / "cat/3.png")
    assert len({before, touched, grown, digest(folder)}) == 4
    archive = write_tar(tmp_path / "t.tar", two_classes(2))
    first = digest(archive)
    os.utime(archive, ns=(0, 0))
    assert digest(archive) != first


def test_other_labels_and_parts_are_another_state():
    labelled = [
        [Entry("1.jpg", part=part, label=label)]
        for part, label in (("train", "cat"), ("val", "cat"), ("train", "dog"))
    ]
    digests = {listed(*entries, labelled=True)[0].digest for entries in labelled}
    assert len(digests) == 3


def test_names_longer_than_any_on_disk_are_refused_and_cut():
    long = f"cat/{'x' * 200_000}.png"
    listing, catalogue = listed(Entry("cat/1.png"), Entry(long))
    assert listing.refused == [(long[:131_000], "a name of 200,008 characters; the limit is 4,096")]
    assert photos(catalogue) == ["cat/1.png"]
    listing, _ = listed(Entry("1", label="x" * 5000), Entry("2", label="cat"), labelled=True)
    assert listing.refused == [("1", "a name of 5,000 characters; the limit is 4,096")]
