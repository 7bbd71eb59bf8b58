"""ImageNet in every state in which it arrives: classes are told by colour, see miniatures."""

import shutil

import pytest

from alexnet.data.sources.known.ilsvrc import recognised
from alexnet.data.sources.known.ilsvrc_names import is_wnid, known_names
from alexnet.errors import AlexNetError, UsageError
from tests.data import miniatures
from tests.data.miniatures import KIT, TRUTH, data_of, painted, write

TRAIN = {
    f"train/{wnid}/{name}": wnid for wnid, files in miniatures.train().items() for name in files
}
VAL = {f"val/ILSVRC2012_val_{i:08}.JPEG": list(KIT)[n - 1] for i, n in enumerate(TRUTH, 1)}


def listed(source):
    """Path -> class of all photos; each is read and has the colour of its class."""
    found = {}
    for entry in source.entries():
        assert not entry.problem
        assert entry.part == entry.path.partition("/")[0]
        assert painted(data_of(source, entry)) == entry.label
        found[entry.path] = entry.label
    return found


def problems(source):
    return {entry.path: entry.problem for entry in source.entries() if entry.problem}


def with_kit(files):
    return files | {f"devkit/{name}": data for name, data in miniatures.kit_files().items()}


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


def test_photos_without_a_class_are_refused_and_said(tmp_path):
    files = with_kit(miniatures.unpacked())
    files |= {"train/loose.JPEG": b"", "val/ILSVRC2012_val_00000008.JPEG": b""}
    files |= {"val/cat.JPEG": b"", "train/n01440764/.DS_Store": b"", "train/n01440764/a.txt": b""}
    files |= {"val/ILSVRC2012_test_00000001.JPEG": b""}
    other = "not named like ILSVRC2012_val_00000001.JPEG"
    assert problems(recognised(write(tmp_path, files))) == {
        "train/loose.JPEG": "lies outside any class folder",
        "train/n01440764/.DS_Store": "no photo (.DS_Store)",
        "train/n01440764/a.txt": "no photo (.txt)",
        "val/ILSVRC2012_test_00000001.JPEG": other,
        "val/ILSVRC2012_val_00000008.JPEG": "has a number that is not in "
        "ILSVRC2012_validation_ground_truth.txt, which goes to 7",
        "val/cat.JPEG": other,
    }


def test_missing_photos_and_classes_are_said(tmp_path):
    files = miniatures.archives_2012()
    classes = miniatures.train()
    del classes["n02012849"]
    classes["n01440764"].popitem()
    classes["n09999999"] = {}
    val = miniatures.numbered()
    del val["ILSVRC2012_val_00000004.JPEG"]
    files["ILSVRC2012_img_train.tar"] = miniatures.tar_of_tars(classes)
    files["ILSVRC2012_img_val.tar"] = miniatures.tar(val)
    source = recognised(write(tmp_path, files))
    assert len(listed(source)) == len(TRAIN | VAL) - len(miniatures.train()["n02012849"]) - 2
    train, held = miniatures.train()["n01440764"], classes["n01440764"]
    assert source.notes[-4:] == [
        "Without any photo, so no class: n09999999/.",
        "Of the 3 classes of the development kit train lacks 1: n02012849.",
        "1 class of train with another number of photos than the development kit has: "
        f"n01440764 ({len(held)} of {len(train)}).",
        "Of the 7 photos in ILSVRC2012_validation_ground_truth.txt val lacks 1: 00000004.",
    ]


def test_partly_downloaded_archives_are_noticed_by_their_size(tmp_path):
    source = recognised(write(tmp_path, miniatures.archives_2012()))
    list(source.entries())
    size = (tmp_path / "ILSVRC2012_img_val.tar").stat().st_size
    assert (
        f"ILSVRC2012_img_val.tar has {size:,} of 6,744,924,160 bytes: it looks partly downloaded."
    ) in source.notes


def test_what_is_left_out_is_said(tmp_path):
    files = miniatures.archives_2012() | {
        "ILSVRC2012_img_test_v10102019.tar": miniatures.tar(miniatures.numbered("test")),
        "ILSVRC2012_img_train_t3.tar": miniatures.tar_of_tars(),
        "train/n01440764/1.JPEG": b"",
    }
    source = recognised(write(tmp_path, files))
    assert listed(source) == TRAIN | VAL
    assert [note for note in source.notes if "left out" in note or "not read" in note] == [
        "train/ is not read: ILSVRC2012_img_train.tar beside it holds the same.",
        "ILSVRC2012_img_test_v10102019.tar is left out: the classes of the test photos were never "
        "released.",
        "ILSVRC2012_img_train_t3.tar is left out: it holds the dogs of task 3 and is not the "
        "training set.",
    ]


def test_a_test_part_without_its_ground_truth_is_left_out(tmp_path):
    files = miniatures.archives_2010()
    del files["ILSVRC2010_test_ground_truth.txt"]
    source = recognised(write(tmp_path, files))
    assert not any(entry.part == "test" for entry in source.entries())
    assert any("ILSVRC2010_images_test.tar is left out" in note for note in source.notes)


VAL_ONLY = {"ILSVRC2012_img_val.tar": miniatures.tar(miniatures.numbered())}
PAGE = "https://image-net.org/challenges/LSVRC/2012/2012-downloads.php"


@pytest.mark.parametrize(
    ("files", "inside", "complaint"),
    [
        (VAL_ONLY, "", rf"ILSVRC2012_devkit_t12.tar.gz, which tells .* get it at {PAGE}\. Put"),
        (VAL_ONLY, "ILSVRC2012_img_val.tar", r"holds validation photos, but ILSVRC2012_devkit"),
        (miniatures.unpacked(), "", r"val holds validation photos, but ILSVRC2012_devkit_t12"),
        (miniatures.numbered(), "", r"holds validation photos, but .* Put it there\.$"),
        (
            with_kit(miniatures.unpacked()) | miniatures.numbered("test"),
            "",
            r"The photos of test lie loose in .* Move them to a folder of that name in it, test/",
        ),
        (
            {"ILSVRC2012_img_test.tar": miniatures.tar(miniatures.numbered("test"))},
            "",
            r"holds nothing to learn from. ILSVRC2012_img_test.tar is left out: the classes",
        ),
        (
            {"ILSVRC2012_img_train_t3.tar": miniatures.tar_of_tars()},
            "",
            r"holds no training photos. .* the dogs of task 3 .* Get ILSVRC2012_img_train.tar",
        ),
        (
            {"ILSVRC2012_img_train_t3.tar": miniatures.tar_of_tars()},
            "ILSVRC2012_img_train_t3.tar",
            r"the dogs of task 3",
        ),
        (
            miniatures.archives_2010() | miniatures.archives_2012(),
            "",
            r"holds files of ILSVRC-2010 and of ILSVRC-2012, .* Give a folder for each",
        ),
    ],
)
def test_what_is_missing_is_said(tmp_path, files, inside, complaint):
    write(tmp_path, files)
    with pytest.raises(UsageError, match=complaint):
        recognised(tmp_path / inside)


def test_a_packed_archive_must_be_unpacked_first(tmp_path):
    (tmp_path / "ILSVRC2012_img_train.tar").write_bytes(
        miniatures.tar({"n01440764.tar": miniatures.tar({})}, "w:gz")
    )
    with pytest.raises(AlexNetError, match=r"is compressed, .* Decompress it first"):
        list(recognised(tmp_path).entries())


def test_a_class_tar_that_was_cut_is_named_with_the_last_good_photo(tmp_path):
    whole = miniatures.tar(miniatures.train()["n02119789"])
    photos = list(miniatures.train()["n02119789"])
    half = whole[: whole.index(photos[2].encode()) + 700]
    archive = miniatures.tar({"n01440764.tar": miniatures.tar({}), "n02119789.tar": half})
    write(tmp_path / "a", {"ILSVRC2012_img_train.tar": archive})
    with pytest.raises(
        AlexNetError,
        match=rf"^n02119789.tar in \S+train.tar is damaged .* after {photos[1]} \(unexpected end",
    ):
        list(recognised(tmp_path / "a").entries())
    write(tmp_path / "b", {"n01440764.tar": miniatures.tar({}), "n02119789.tar": half})
    with pytest.raises(AlexNetError, match=rf"b/n02119789.tar is damaged .* after {photos[1]}"):
        list(recognised(tmp_path / "b").entries())


def test_an_outer_tar_that_was_cut_is_found_before_what_is_inside_is_listed(tmp_path):
    whole = miniatures.tar_of_tars()
    last = whole.index(b"n02119789.tar")
    (tmp_path / "ILSVRC2012_img_train.tar").write_bytes(whole[: last + 2000])
    with pytest.raises(AlexNetError, match=r"train.tar is damaged .* fails after n02012849.tar"):
        next(recognised(tmp_path).entries())


def test_hostile_members_of_class_tars_are_refused(tmp_path):
    inner = miniatures.tar({"/etc/n01440764_1.JPEG": b"", "../n01440764_2.JPEG": b""})
    write(tmp_path / "in", {"n01440764.tar": inner})
    assert list(problems(recognised(tmp_path / "in")).values()) == [
        "an absolute name; archives must hold relative ones",
        "a name that leads out of the archive (..)",
    ]
    assert sorted(tmp_path.rglob("*")) == [tmp_path / "in", tmp_path / "in/n01440764.tar"]


@pytest.mark.parametrize(
    ("table", "content", "complaint"),
    [
        ("LOC_val_solution.csv", b"a,b\nc,d\n", "Line 2 of .*LOC_val_solution.csv is 'c,d'"),
        ("LOC_synset_mapping.txt", b"tench\n", "Line 1 of .*LOC_synset_mapping.txt is 'tench'"),
    ],
)
def test_damaged_tables_of_kaggle(tmp_path, table, content, complaint):
    write(tmp_path, miniatures.kaggle() | {table: content})
    with pytest.raises(AlexNetError, match=complaint):
        recognised(tmp_path)


def test_a_folder_that_is_gone_while_it_is_listed(tmp_path):
    write(tmp_path, with_kit(miniatures.unpacked(inner_tars=True)))
    source = recognised(tmp_path)
    shutil.rmtree(tmp_path / "train")
    with pytest.raises(AlexNetError, match=r"train cannot be read: No such file"):
        list(source.entries())


def test_wordnet_ids():
    assert is_wnid("n01440764")
    assert not any(map(is_wnid, ("n0144076", "cat", "n014407640", "N01440764", "n01440764\n")))
    names = known_names()
    assert len(names) == len(set(names.values())) == 1000
    assert names["n02012849"] == "crane (n02012849)"
