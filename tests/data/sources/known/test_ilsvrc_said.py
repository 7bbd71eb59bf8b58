"""What is refused and said of ImageNet's files: odd, damaged, missing, left out."""

import shutil

import pytest

from alexnet.data.sources.known.ilsvrc import recognised
from alexnet.data.sources.known.ilsvrc_names import is_wnid, known_names
from alexnet.errors import AlexNetError, UsageError
from tests.data import miniatures
from tests.data.miniatures import (
    TRAIN,
    VAL,
    listed,
    problems,
    with_kit,
    write,
)


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
