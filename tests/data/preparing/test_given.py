import pytest

from alexnet.data.preparing.catalogue import Catalogue
from alexnet.data.preparing.given import given_parts
from alexnet.data.sources.entries import Entry
from alexnet.data.tables import write_table
from alexnet.errors import UsageError

FILES = ["cat/0.png", "cat/1.png", "dog/\udcff\n.png"]


@pytest.fixture
def catalogue():
    catalogue = Catalogue()
    catalogue.add(0, ((0, Entry(f"top/{file}")) for file in FILES))
    catalogue.add(1, [(0, Entry("cat/0.png"))])
    return catalogue


def given(catalogue, folder, *rows):
    write_table(folder / "split.csv", ("file", "part"), rows)
    return given_parts(folder / "split.csv", catalogue, lambda name: name.removeprefix("top/"))


def parts(catalogue):
    return {(source, entry.path): part for _, source, _, part, entry in catalogue.photos()}


def test_photos_go_where_the_table_says(catalogue, tmp_path):
    notes = given(catalogue, tmp_path, *zip(FILES, ("train", "val", "test"), strict=True))
    assert notes == ["The split is that of split.csv."]
    assert parts(catalogue) == {
        (0, "top/cat/0.png"): "train", (0, "top/cat/1.png"): "val",
        (0, "top/dog/\udcff\n.png"): "test", (1, "cat/0.png"): None,
    }  # fmt: skip


def test_photos_that_are_not_named_are_rejected_and_names_without_photos_said(catalogue, tmp_path):
    notes = given(catalogue, tmp_path, ("cat/0.png", "val"), ("z", "val"), ("a\nb", "train"))
    assert notes == [
        "The split is that of split.csv.",
        "Not named in split.csv and left out: 2 photos.",
        "Named in split.csv, but not there: 2 photos, such as a\\nb.",
    ]
    assert parts(catalogue) == {(0, "top/cat/0.png"): "val", (1, "cat/0.png"): None}
    assert sorted(catalogue.db.execute("SELECT * FROM rejected")) == [
        (b"cat/1.png", "not named in split.csv"),
        (b"dog/\xff\n.png", "not named in split.csv"),
    ]


def test_a_photo_named_twice(catalogue, tmp_path):
    twice = [("cat/0.png", "train"), ("cat/0.png", "train")]
    given(catalogue, tmp_path, *twice)
    assert parts(catalogue)[0, "top/cat/0.png"] == "train"
    with pytest.raises(UsageError, match=r"split\.csv puts cat/0\.png into train and into val\."):
        given(Catalogue(), tmp_path, *twice, ("cat/0.png", "val"))


@pytest.mark.parametrize(("rows", "named"), [([("other", "train")], "other"), ([], "nothing")])
def test_a_table_for_other_photos(catalogue, tmp_path, rows, named):
    with pytest.raises(UsageError) as caught:
        given(catalogue, tmp_path, *rows)
    assert str(caught.value) == (
        f"{tmp_path}/split.csv names none of the photos, such as cat/0.png; it names {named}."
    )
