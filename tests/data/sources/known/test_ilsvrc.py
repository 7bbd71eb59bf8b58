"""ImageNet in every state in which it arrives: classes are told by colour, see miniatures."""

import shutil

import pytest

from alexnet.data.sources.known.ilsvrc import recognised
from alexnet.data.sources.known.ilsvrc_names import known_names
from tests.data import miniatures
from tests.data.miniatures import (
    KIT,
    TRAIN,
    TRUTH,
    VAL,
    data_of,
    listed,
    painted,
    with_kit,
    write,
)


def train_tar_unpacked(files):
    """As ``tar -xf ILSVRC2012_img_train.tar`` leaves it: class tars between the archives."""
    files = dict(files)
    del files["ILSVRC2012_img_train.tar"]
    return files | {f"{w}.tar": miniatures.tar(f) for w, f in miniatures.train().items()}


ARRANGEMENTS = {
    "the archives": miniatures.archives_2012(),
    "archives with folders in names": miniatures.archives_2012("a folder"),
    "the kit unpacked": {
        name: data for name, data in miniatures.archives_2012().items() if "devkit" not in name
    }
    | {f"ILSVRC2012_devkit_t12/{name}": data for name, data in miniatures.kit_files().items()},
    "class tars in train/": with_kit(miniatures.unpacked(inner_tars=True)),
    "class tars beside the archives": train_tar_unpacked(miniatures.archives_2012()),
    "class folders and a flat val/": with_kit(miniatures.unpacked()),
    "the kit's files at the top": miniatures.unpacked() | miniatures.kit_files(),
    "folders named like the archives": with_kit(
        {
            f"ILSVRC2012_img_{name}": data
            for name, data in miniatures.unpacked(inner_tars=True).items()
        }
    ),
    "as Kaggle packs it": miniatures.kaggle(),
}


@pytest.mark.parametrize("name", ARRANGEMENTS)
def test_every_photo_gets_its_class_in_every_arrangement(tmp_path, name):
    folder = write(tmp_path / "data", ARRANGEMENTS[name])
    before = sorted(tmp_path.rglob("*"))
    source = recognised(folder)
    assert listed(source) == TRAIN | VAL
    assert source.labelled
    assert not source.upright
    assert source.names == {"n02119789": "kit fox", "n01440764": "tench", "n02012849": "crane"}
    assert "EXIF rotation is ignored, as reference results have it." in source.notes
    assert sorted(tmp_path.rglob("*")) == before  # nothing is unpacked


@pytest.mark.parametrize(
    ("files", "looks"),
    [
        (miniatures.archives_2012(), "the archives of ILSVRC-2012 (train, val, devkit)"),
        (miniatures.archives_2010(), "the archives of ILSVRC-2010 (train, val, test, devkit)"),
        (with_kit(miniatures.unpacked()), "ILSVRC-2012, unpacked (train, val, devkit)"),
        (miniatures.kaggle(), "ILSVRC-2012 as Kaggle packs it (train, val)"),
        ({"n01440764.tar": miniatures.tar({})}, "ImageNet by classes (a tar for each class)"),
    ],
)
def test_what_it_looks_like(tmp_path, files, looks):
    assert recognised(write(tmp_path, files)).looks == looks


@pytest.mark.parametrize("inside", ["", "ILSVRC", "ILSVRC/Data", "ILSVRC/Data/CLS-LOC"])
def test_kaggle_s_folders_from_any_height(tmp_path, inside):
    write(tmp_path, miniatures.kaggle())
    source = recognised(tmp_path / inside)
    assert listed(source) == TRAIN | VAL
    assert [note for note in source.notes if "test" in note] == [
        f"{'ILSVRC/Data/CLS-LOC/'.removeprefix(f'{inside}/' if inside else '')}test is left out: "
        "the classes of the test photos were never released."
    ]


def test_listing_twice_gives_the_same(tmp_path):
    source = recognised(write(tmp_path, miniatures.archives_2012()))
    first, notes = list(source.entries()), list(source.notes)
    assert (list(source.entries()), source.notes) == (first, notes)


def test_2010_with_test_and_patches(tmp_path):
    patched = miniatures.photo("n01440764", 99, "PNG")
    files = miniatures.archives_2010()
    files["patch_images.tar"] = miniatures.tar(
        {
            "x/train/n01440764_3.JPEG": patched,
            "x/val/ILSVRC2010_val_00000003.JPEG": patched,
            "x/val/ILSVRC2010_val_00000009.JPEG": patched,
        }
    )
    source = recognised(write(tmp_path, files))
    found = listed(source)
    kit = list(KIT)
    val = {f"val/ILSVRC2010_val_{i:08}.JPEG": kit[n - 1] for i, n in enumerate(TRUTH, 1)}
    test = {
        f"test/ILSVRC2010_test_{i:08}.JPEG": kit[n - 1]
        for i, n in enumerate(miniatures.TEST_TRUTH, 1)
    }
    assert found == TRAIN | val | test
    replaced = [e.path for e in source.entries() if data_of(source, e) == patched]
    assert sorted(replaced) == [
        "train/n01440764/n01440764_3.JPEG",
        "val/ILSVRC2010_val_00000003.JPEG",
    ]
    assert source.notes[-1] == (
        "1 photo of patch_images.tar would replace what is not there: "
        "val/ILSVRC2010_val_00000009.JPEG."
    )


def test_train_alone(tmp_path):
    files = {"ILSVRC2012_img_train.tar": miniatures.tar_of_tars()}
    source = recognised(write(tmp_path, files))
    assert listed(source) == TRAIN
    assert source.names == known_names()
    assert listed(recognised(tmp_path / "ILSVRC2012_img_train.tar")) == TRAIN


def test_val_alone_finds_the_kit_beside_it(tmp_path):
    write(tmp_path, miniatures.archives_2012())
    assert listed(recognised(tmp_path / "ILSVRC2012_img_val.tar")) == VAL


@pytest.mark.parametrize("kit", ["", "val/"])
def test_a_folder_with_val_alone_and_the_kit_beside_it_or_in_it(tmp_path, kit):
    files = {f"val/{name}": data for name, data in miniatures.numbered().items()}
    name = "ILSVRC2012_devkit_t12.tar.gz"
    source = recognised(
        write(tmp_path, files | {kit + name: miniatures.archives_2012()[name]}) / "val"
    )
    assert {e.path: e.label for e in source.entries() if not e.problem} == VAL
    assert all(painted(data_of(source, e)) == e.label for e in source.entries() if not e.problem)


def test_the_whole_of_imagenet(tmp_path):
    write(tmp_path, {"fall11_whole.tar": miniatures.tar_of_tars()})
    source = recognised(tmp_path / "fall11_whole.tar")
    assert listed(source) == TRAIN
    assert source.looks == "ImageNet by classes (a tar of tars)"
    files = {f"{w}.tar": miniatures.tar(f) for w, f in miniatures.train().items()}
    source = recognised(write(tmp_path / "tars", files | {"n01440764.tar.part": b""}))
    assert listed(source) == TRAIN
    assert source.notes[-1] == "Beside the class tars and not read: n01440764.tar.part."


def test_classes_that_were_unpacked_beside_the_tars(tmp_path):
    classes = miniatures.train()
    files = {f"{w}.tar": miniatures.tar(f) for w, f in classes.items()}
    del files["n02119789.tar"]
    for wnid in ("n02119789", "n01440764"):
        files |= {f"{wnid}/{name}": data for name, data in classes[wnid].items()}
    source = recognised(write(tmp_path, files))
    taken = [entry for entry in source.entries() if not entry.problem]
    assert {entry.path: entry.label for entry in taken} == TRAIN
    assert all(painted(data_of(source, entry)) == entry.label for entry in taken)
    twice = [entry.problem for entry in source.entries() if entry.problem]
    assert twice == ["n01440764.tar beside its folder is read"] * len(classes["n01440764"])


def test_class_tars_that_were_put_together(tmp_path):
    whole = {w: miniatures.tar(f) for w, f in miniatures.train().items()}
    files = {f"{w}.tar": data for w, data in whole.items()}
    files["n01440764.tar"] += whole["n02119789"]
    for folder in ({"n.tar": miniatures.tar(files)}, files):
        shutil.rmtree(tmp_path / "in", ignore_errors=True)
        source = recognised(write(tmp_path / "in", folder) / ("n.tar" if len(folder) == 1 else ""))
        assert listed(source) == TRAIN
        assert source.notes[-1] == (
            "1 class tar goes on behind the mark that ends a tar archive; what is there is not "
            "read: n01440764.tar."
        )


@pytest.mark.parametrize(
    "files",
    [
        {"train/cat/1.JPEG": b"", "val/cat/2.JPEG": b""},
        {"train/n01440764/1.JPEG": b"", "val/n01440764/2.JPEG": b""},
        {"n01440764/1.JPEG": b""},
        {},
    ],
)
def test_ordinary_folders_are_not_ours(tmp_path, files):
    assert recognised(write(tmp_path, files)) is None


def test_ordinary_tars_are_not_ours(tmp_path):
    for i, data in enumerate((miniatures.tar({"cat/1.JPEG": b""}), b"no tar", b"", bytes(1024))):
        (tmp_path / f"{i}.tar").write_bytes(data)
        assert recognised(tmp_path / f"{i}.tar") is None
