from typing import NamedTuple

import pytest

from alexnet.data.preparing.catalogue import Catalogue
from alexnet.data.preparing.layout import understand
from alexnet.data.preparing.listing import list_source
from alexnet.data.sources.entries import Entry
from alexnet.data.sources.opening import open_source
from alexnet.errors import AlexNetError, UsageError
from tests.data.trees import Given, photo, write_tree


class Understood(NamedTuple):
    """What a test asks of a layout."""

    placed: dict[str, tuple[str, str]]  # file -> part and class
    strays: list[str]
    notes: list[str]


@pytest.fixture(autouse=True)
def somewhere(tmp_path, monkeypatch):
    """A place that sources without files can name."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "SOURCE").mkdir()


def understood(source, role="train"):
    catalogue = Catalogue()
    layout = understand(list_source(source, 0, catalogue), role)
    photos = [(layout.file(entry.path), layout.places[place])
              for _, _, place, _, entry in catalogue.photos()]  # fmt: skip
    placed = {file: (place.part, place.name) for file, place in photos if place.name}
    return Understood(placed, [file for file, place in photos if not place.name], layout.notes)


def tree(*paths, folders=(), role="train"):
    """The layout of a source that has these files, and maybe further folders."""
    above = {p.rsplit("/", i)[0] for p in paths for i in range(1, p.count("/") + 1)}
    entries = [Entry(folder, folder=True) for folder in sorted({*above, *folders})]
    return understood(Given([*entries, *map(Entry, paths)]), role)


def complaint(*paths, role="train"):
    with pytest.raises(UsageError) as caught:
        tree(*paths, role=role)
    return str(caught.value)


def test_class_folders():
    layout = tree("cat/1.jpg", "cat/2.jpg", "dog/1.jpg")
    assert layout.placed == {
        "cat/1.jpg": ("train", "cat"),
        "cat/2.jpg": ("train", "cat"),
        "dog/1.jpg": ("train", "dog"),
    }
    assert (layout.strays, layout.notes) == ([], [])


def test_parts():
    layout = tree("train/cat/1.jpg", "val/cat/1.jpg", "test/cat/1.jpg")
    assert layout.placed == {f"{p}/cat/1.jpg": (p, "cat") for p in ("train", "val", "test")}
    assert layout.notes == []


@pytest.mark.parametrize(
    ("folder", "part"),
    [("Training", "train"), ("valid", "val"), ("VALIDATION", "val"), ("testing", "test")],
)
def test_other_names_of_parts_are_said(folder, part):
    others = [p for p in ("train", "val") if p != part]
    layout = tree(f"{folder}/cat/1.jpg", *(f"{p}/cat/1.jpg" for p in others))
    assert layout.placed[f"{folder}/cat/1.jpg"] == (part, "cat")
    assert layout.notes == [f"{folder}/ is taken as the {part} part."]


def test_a_wrapping_folder():
    layout = tree("photos/cat/1.jpg", "photos/dog/2.jpg", "photos/README.txt", "LICENSE")
    assert layout.placed == {"cat/1.jpg": ("train", "cat"), "dog/2.jpg": ("train", "dog")}
    assert layout.notes == ["All photos lie inside photos/: the folders in it are taken."]
    layout = tree("set/train/cat/1.jpg", "set/val/cat/2.jpg")
    assert layout.placed == {
        "train/cat/1.jpg": ("train", "cat"),
        "val/cat/2.jpg": ("val", "cat"),
    }


def test_train_alone():
    assert tree("train/cat/1.jpg", "train/dog/1.jpg").placed == {
        "train/cat/1.jpg": ("train", "cat"),
        "train/dog/1.jpg": ("train", "dog"),
    }


def test_a_class_may_be_called_train():
    assert tree("bus/1.jpg", "train/1.jpg").placed["train/1.jpg"] == ("train", "train")


def test_deeper_photos_count_to_their_class_and_are_said():
    layout = tree("cat/1.jpg", "cat/a/b/2.jpg", "dog/3.jpg")
    assert layout.placed["cat/a/b/2.jpg"] == ("train", "cat")
    assert layout.notes == [
        "1 photo lies in folders inside the class folder, such as cat/a/b/2.jpg, "
        "and counts to that class."
    ]
    layout = tree(*(f"{n}/images/{i}.jpg" for n in ("cat", "dog") for i in range(2)))
    assert set(layout.placed.values()) == {("train", "cat"), ("train", "dog")}


def test_doubt_whether_inner_folders_are_the_classes():
    layout = tree(*(f"{batch}/{n}/1.jpg" for batch in ("anna", "ben") for n in ("cat", "dog")))
    assert layout.notes[0].endswith(
        "If cat and dog are the classes, they must be the outer folders."
    )


def test_strays_are_said_and_counted():
    layout = tree("cat/1.jpg", "stray.jpg")
    assert layout.strays == ["stray.jpg"]
    assert layout.placed == {"cat/1.jpg": ("train", "cat")}
    assert layout.notes == [
        "1 photo lies outside any class folder and will be left out, such as stray.jpg."
    ]
    layout = tree("train/cat/1.jpg", "val/cat/2.jpg", "val/3.jpg", "4.jpg")
    assert layout.strays == ["val/3.jpg", "4.jpg"]


def test_what_is_no_photo_makes_no_class():
    layout = tree(
        "cat/1.jpg", "cat/Thumbs.db", "cat/.hidden.jpg", ".git/cat/2.jpg", "__MACOSX/cat/._1.jpg",
        "docs/a.txt", "docs/b.txt", folders=["empty", ".git", "__MACOSX"],
    )  # fmt: skip
    assert list(layout.placed) == ["cat/1.jpg"]
    assert layout.notes == ["Without any photo, so no class: docs/ and empty/."]


def test_what_cannot_be_read_makes_no_class():
    entries = [Entry("cat/1.jpg"), Entry("dog/2.jpg", problem="a link to nothing")]
    layout = understood(Given(entries))
    assert layout.placed == {"cat/1.jpg": ("train", "cat")}
    with pytest.raises(AlexNetError, match=r"SOURCE holds no photos, only a link to nothing \(1\)"):
        understood(Given(entries[1:]))


def test_a_flat_folder_is_explained():
    said = complaint("1.jpg", "2.jpg")
    assert said.startswith("SOURCE holds 2 photos side by side, such as 1.jpg, and no class folder")
    assert "cat/1.jpg, dog/1.jpg" in said
    assert "val/ holds photos but no class folders" in complaint("train/cat/1.jpg", "val/2.jpg")


def test_years_are_explained():
    said = complaint("2019/cat/1.jpg", "2019/dog/1.jpg", "2020/cat/1.jpg")
    assert said.startswith(
        "SOURCE is sorted by date first (2019 and 2020), with cat and dog inside"
    )
    assert said.endswith("put all photos of a class into one folder, such as cat/2019/.")
    assert "sorted by date" in complaint("train/2019-05/cat/1.jpg", "train/2020-06/cat/1.jpg")


def test_years_may_be_classes():
    assert set(tree("1990/1.jpg", "1991/1.jpg").placed.values()) == {
        ("train", "1990"),
        ("train", "1991"),
    }


def test_contradictory_trees_are_explained():
    said = complaint("train/cat/1.jpg", "val/cat/1.jpg", "cat/1.jpg")
    assert said.startswith("SOURCE holds train/ and val/ and beside them cat/.")
    said = complaint("train/cat/1.jpg", "val/cat/1.jpg", "valid/cat/1.jpg")
    assert "two of them mean the same part" in said


def test_a_tree_to_evaluate_on():
    layout = tree("val/cat/1.jpg", "test/cat/1.jpg")
    assert layout.placed == {"val/cat/1.jpg": ("val", "cat"), "test/cat/1.jpg": ("test", "cat")}
    layout = tree("set/validation/cat/1.jpg", "set/validation/dog/2.jpg")
    assert set(layout.placed.values()) == {("val", "cat"), ("val", "dog")}


@pytest.mark.parametrize("paths", [["val/1.jpg", "val/2.jpg"], ["val/cat/1.jpg"]])
def test_val_alone_without_classes_is_explained(paths):
    said = complaint(*paths)
    assert said.startswith("SOURCE holds val/ but no train/, and no two classes in it; nothing can")


def test_names_of_windows_are_explained():
    said = complaint("cat\\1.jpg", "dog\\1.jpg")
    assert "side by side, such as cat\\\\1.jpg, and no class folders. Its names hold back" in said
    assert "unpack it" in said


def test_nothing_is_explained(tmp_path):
    with pytest.raises(AlexNetError, match=r"is empty\. Expected is a folder for each class"):
        understood(open_source(write_tree(tmp_path / "e", {})))
    inner = write_tree(tmp_path / "t", {"n01.tar": b"x", "n02.tar": b"x", "readme.txt": b"x"})
    with pytest.raises(AlexNetError) as caught:
        understood(open_source(inner))
    assert "holds no photos, only .tar (2), .txt (1). Archives inside it are not opened." in str(
        caught.value
    )


def test_a_source_of_one_part():
    layout = tree("val/cat/1.jpg", "val/dog/1.jpg", role="val")
    assert layout.placed == {"val/cat/1.jpg": ("val", "cat"), "val/dog/1.jpg": ("val", "dog")}
    layout = tree("cat/1.jpg", "x.jpg", role="test")
    assert layout.placed == {"test/cat/1.jpg": ("test", "cat")}
    assert layout.strays == ["test/x.jpg"]
    said = complaint("train/cat/1.jpg", "val/cat/1.jpg", role="val")
    assert said == "--val: SOURCE holds train/ and val/; give the one that is meant."


def test_odd_class_names_are_shown_on_one_line(tmp_path):
    folder = write_tree(tmp_path / "t", {"a\nb/c\n1.png": photo(), "x/y/1.png": photo()})
    assert all("\n" not in note for note in understood(open_source(folder)).notes)


def test_a_training_folder_beside_other_folders_is_no_class():
    text = complaint("train/cat/1.jpg", "train/dog/1.jpg", "unlabelled/1.jpg")
    assert "unlabelled" in text


def test_a_class_called_train_may_have_folders_below():
    layout = tree("train/1.jpg", "train/old/2.jpg", "bus/1.jpg")
    assert {name for _, name in layout.placed.values()} == {"train", "bus"}


def labelled(*triples, role="train"):
    """The layout of a source that tells part and label of each file itself."""
    entries = [Entry(file, part=part, label=label) for file, part, label in triples]
    return understood(Given(entries, labelled=True), role)


def test_a_source_that_tells_itself():
    layout = labelled(("a/1.jpg", "train", "cat"), ("b", "val", "dog"), ("a/2.jpg", "", "dog"))
    assert layout.placed == {
        "a/1.jpg": ("train", "cat"), "b": ("val", "dog"), "a/2.jpg": ("train", "dog"),
    }  # fmt: skip
    assert labelled(("1", "", "cat"), role="val").placed == {"val/1": ("val", "cat")}
    assert labelled(("1", "", "cat"), ("2", "", "")).strays == ["2"]


def test_parts_of_a_source_that_tells_itself_are_checked():
    with pytest.raises(UsageError, match=r"--val: SOURCE holds test and train; give one that"):
        labelled(("1", "train", "cat"), ("2", "test", "cat"), role="val")
    assert labelled(("1", "val", "cat")).placed == {"1": ("val", "cat")}
