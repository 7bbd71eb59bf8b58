import pytest

from alexnet.data.layout import understand
from alexnet.data.sources import Source, open_source
from alexnet.data.trees import Entry
from alexnet.errors import AlexNetError, UsageError
from tests.data.trees import photo, write_tree


def tree(*paths, folders=(), role="train"):
    """The layout of a source that has these files."""
    above = {p.rsplit("/", i)[0] for p in paths for i in range(1, p.count("/") + 1)}
    source = Source("SOURCE", "folder", [Entry(p) for p in paths], sorted({*above, *folders}), [])
    return understand(source, role)


def placed(layout):
    return {photo.file: (photo.part, photo.name) for photo in layout.photos}


def complaint(*paths, role="train"):
    with pytest.raises(UsageError) as caught:
        tree(*paths, role=role)
    return str(caught.value)


def test_class_folders():
    layout = tree("cat/1.jpg", "cat/2.jpg", "dog/1.jpg")
    assert placed(layout) == {
        "cat/1.jpg": ("train", "cat"),
        "cat/2.jpg": ("train", "cat"),
        "dog/1.jpg": ("train", "dog"),
    }
    assert (layout.rejected, layout.notes, layout.not_photos.total()) == ([], [], 0)


def test_parts():
    layout = tree("train/cat/1.jpg", "val/cat/1.jpg", "test/cat/1.jpg")
    assert placed(layout) == {f"{p}/cat/1.jpg": (p, "cat") for p in ("train", "val", "test")}
    assert layout.notes == []


@pytest.mark.parametrize(
    ("folder", "part"),
    [("Training", "train"), ("valid", "val"), ("VALIDATION", "val"), ("testing", "test")],
)
def test_other_names_of_parts_are_said(folder, part):
    others = [p for p in ("train", "val") if p != part]
    layout = tree(f"{folder}/cat/1.jpg", *(f"{p}/cat/1.jpg" for p in others))
    assert placed(layout)[f"{folder}/cat/1.jpg"] == (part, "cat")
    assert layout.notes == [f"{folder}/ is taken as the {part} part."]


def test_a_wrapping_folder():
    layout = tree("photos/cat/1.jpg", "photos/dog/2.jpg", "photos/README.txt", "LICENSE")
    assert placed(layout) == {"cat/1.jpg": ("train", "cat"), "dog/2.jpg": ("train", "dog")}
    assert layout.notes == ["All photos lie inside photos/: the folders in it are taken."]
    layout = tree("set/train/cat/1.jpg", "set/val/cat/2.jpg")
    assert placed(layout) == {
        "train/cat/1.jpg": ("train", "cat"),
        "val/cat/2.jpg": ("val", "cat"),
    }


def test_train_alone():
    assert placed(tree("train/cat/1.jpg", "train/dog/1.jpg")) == {
        "train/cat/1.jpg": ("train", "cat"),
        "train/dog/1.jpg": ("train", "dog"),
    }


def test_a_class_may_be_called_train():
    assert placed(tree("bus/1.jpg", "train/1.jpg"))["train/1.jpg"] == ("train", "train")


def test_deeper_photos_count_to_their_class_and_are_said():
    layout = tree("cat/1.jpg", "cat/a/b/2.jpg", "dog/3.jpg")
    assert placed(layout)["cat/a/b/2.jpg"] == ("train", "cat")
    assert layout.notes == [
        "1 photo lies in folders inside the class folder, such as cat/a/b/2.jpg, "
        "and counts to that class."
    ]
    layout = tree(*(f"{n}/images/{i}.jpg" for n in ("cat", "dog") for i in range(2)))
    assert set(placed(layout).values()) == {("train", "cat"), ("train", "dog")}


def test_doubt_whether_inner_folders_are_the_classes():
    layout = tree(*(f"{batch}/{n}/1.jpg" for batch in ("anna", "ben") for n in ("cat", "dog")))
    assert layout.notes[0].endswith(
        "If cat and dog are the classes, they must be the outer folders."
    )


def test_strays_are_said_and_counted():
    layout = tree("cat/1.jpg", "stray.jpg")
    assert [(one.file, one.reason) for one in layout.rejected] == [
        ("stray.jpg", "lies outside any class folder")
    ]
    assert layout.notes == [
        "1 photo lies outside any class folder and will be left out, such as stray.jpg."
    ]
    layout = tree("train/cat/1.jpg", "val/cat/2.jpg", "val/3.jpg", "4.jpg")
    assert [one.file for one in layout.rejected] == ["val/3.jpg", "4.jpg"]


def test_what_is_no_photo_makes_no_class_and_is_counted_by_kind():
    layout = tree(
        "cat/1.jpg", "cat/Thumbs.db", "cat/.hidden.jpg", ".git/cat/2.jpg", "__MACOSX/cat/._1.jpg",
        "docs/a.txt", "docs/b.txt", folders=["empty", ".git", "__MACOSX"],
    )  # fmt: skip
    assert list(placed(layout)) == ["cat/1.jpg"]
    assert layout.not_photos == {
        ".txt": 2, "Thumbs.db": 1, "hidden": 1, "inside .git": 1, "inside __MACOSX": 1,
    }  # fmt: skip
    assert layout.notes == ["Without any photo, so no class: docs/ and empty/."]


def test_what_cannot_be_read_is_rejected_and_makes_no_class():
    entries = [Entry("cat/1.jpg"), Entry("dog/2.jpg", problem="a link to nothing")]
    entries += [Entry("cat/big.jpg", size=600 << 20), Entry("cat/.link", problem="a link")]
    layout = understand(Source("S", "folder", entries, ["cat", "dog"], []))
    assert [(one.file, one.reason) for one in layout.rejected] == [
        ("dog/2.jpg", "a link to nothing"),
        ("cat/big.jpg", "600 MB large; the limit is 512 MB"),
    ]
    assert layout.not_photos == {"hidden": 1}


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
    assert set(placed(tree("1990/1.jpg", "1991/1.jpg")).values()) == {
        ("train", "1990"),
        ("train", "1991"),
    }


def test_contradictory_trees_are_explained():
    said = complaint("train/cat/1.jpg", "val/cat/1.jpg", "cat/1.jpg")
    assert said.startswith("SOURCE holds train/ and val/ and beside them cat/.")
    assert "but no train/" in complaint("val/cat/1.jpg", "test/cat/1.jpg")
    said = complaint("train/cat/1.jpg", "val/cat/1.jpg", "valid/cat/1.jpg")
    assert "two of them mean the same part" in said


def test_nothing_is_explained(tmp_path):
    with pytest.raises(AlexNetError, match=r"is empty\. Expected is a folder for each class"):
        understand(open_source(write_tree(tmp_path / "e", {})))
    inner = write_tree(tmp_path / "t", {"n01.tar": b"x", "n02.tar": b"x", "readme.txt": b"x"})
    with pytest.raises(AlexNetError) as caught:
        understand(open_source(inner))
    assert "holds no photos, only .tar (2), .txt (1). Archives inside it are not opened." in str(
        caught.value
    )


def test_a_source_of_one_part():
    layout = tree("val/cat/1.jpg", "val/dog/1.jpg", role="val")
    assert placed(layout) == {"val/cat/1.jpg": ("val", "cat"), "val/dog/1.jpg": ("val", "dog")}
    layout = tree("cat/1.jpg", "x.jpg", role="test")
    assert placed(layout) == {"test/cat/1.jpg": ("test", "cat")}
    assert [one.file for one in layout.rejected] == ["test/x.jpg"]
    said = complaint("train/cat/1.jpg", "val/cat/1.jpg", role="val")
    assert said == "--val: SOURCE holds train/ and val/; give the one that is meant."


def test_odd_class_names_are_shown_on_one_line(tmp_path):
    folder = write_tree(tmp_path / "t", {"a\nb/c\n1.png": photo(), "x/y/1.png": photo()})
    assert all("\n" not in note for note in understand(open_source(folder)).notes)


def test_a_training_folder_beside_other_folders_is_no_class():
    text = complaint("train/cat/1.jpg", "train/dog/1.jpg", "unlabelled/1.jpg")
    assert "unlabelled" in text


def test_a_class_called_train_may_have_folders_below():
    layout = tree("train/1.jpg", "train/old/2.jpg", "bus/1.jpg")
    assert {name for _, name in placed(layout).values()} == {"train", "bus"}
