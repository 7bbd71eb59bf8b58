"""What is refused or said before the first photo is decoded."""

import shutil

import pytest

from alexnet.data.prepare import prepare
from alexnet.data.preparing.options import Options
from alexnet.data.preparing.plan import job_of, make_plan
from alexnet.errors import AlexNetError, UsageError
from tests.data.trees import photo, photos, two_classes, write_tree

SIZE = 32


@pytest.fixture
def tree(tmp_path):
    return write_tree(tmp_path / "photos", two_classes(6))


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"val": 1.5}, r"--val is 1.5; a share lies between 0 and 1"),
        ({"test": "0"}, r"--test is 0; a share lies between 0 and 1"),
        ({"val": 0.5, "test": 0.5}, "leave nothing to train on"),
        ({"test": 0.95}, r"--test 0.95 and the 0.1 that go to val leave nothing to train on"),
        ({"fit": "pad"}, "--fit is 'pad'; it can be crop or warp"),
        ({"filter": "nearest"}, "--filter is 'nearest'; it can be bicubic or bilinear"),
        ({"size": 0}, "--size is 0"),
        ({"exif": "turn"}, "--exif is 'turn'; it can be follow or ignore"),
        ({"workers": 0}, "--workers is 0"),
        ({"val": "none"}, "There is no none"),
        ({"split": "none.csv"}, r"none.csv cannot be read"),
    ],
)
def test_options_that_make_no_sense(tree, tmp_path, options, complaint):
    with pytest.raises(AlexNetError, match=complaint):
        prepare(tree, tmp_path / "data", **{"size": SIZE, **options})
    assert list(tmp_path.iterdir()) == [tree]


def test_a_part_from_two_places(tmp_path):
    tree = write_tree(tmp_path / "photos", {**two_classes(2, "train/"), **two_classes(2, "val/")})
    with pytest.raises(UsageError, match=r"has a val part of its own; --val 0\.2 contradicts it"):
        prepare(tree, tmp_path / "data", val=0.2)
    (tmp_path / "split.csv").write_text("file,part\ntrain/cat/0.png,train\n")
    with pytest.raises(UsageError, match=r"--split says what is val; --val 0\.2 contradicts it"):
        prepare(tree, tmp_path / "data", val=0.2, split=tmp_path / "split.csv")


def test_classes_that_differ_between_parts(tmp_path):
    train = two_classes(2, "train/")
    tree = write_tree(tmp_path / "1", {**train, **photos(["val/bird/1.png", "val/cat/1.png"])})
    with pytest.raises(UsageError) as caught:
        prepare(tree, tmp_path / "data")
    assert str(caught.value) == (
        "val has classes that train has not: bird. Classes of train are cat and dog."
    )
    said = []
    tree = write_tree(tmp_path / "2", {**train, **photos(["val/cat/1.png"])})
    prepare(tree, tmp_path / "data", size=SIZE, say=said.append)
    assert "val has no photos of dog." in said


def test_one_class_is_too_few(tmp_path):
    tree = write_tree(tmp_path / "photos", photos(["cat/1.png", "cat/2.png"]))
    with pytest.raises(UsageError, match="holds only one class, cat; at least two are needed"):
        prepare(tree, tmp_path / "data")


def test_one_class_for_what_was_refused(tmp_path):
    tree = write_tree(tmp_path / "photos", photos(["cat/1.png"]))
    (tree / "dog").mkdir()
    for name in ("1.png", "2.png"):
        (tree / "dog" / name).symlink_to("nothing")
    with pytest.raises(UsageError) as caught:
        prepare(tree, tmp_path / "data")
    assert "2 files in it were refused (dog/1.png: a link to nothing). Expec" in str(caught.value)


def test_photos_to_evaluate_on(tmp_path):
    tree = write_tree(tmp_path / "p", {**two_classes(2, "val/"), **photos(["test/cat/1.png"])})
    plan = plan_of(tree)
    assert (plan.measured, plan.classes, plan.shares) == (("val", "test"), ["cat", "dog"], {})
    assert plan.notes == [
        "test has no photos of dog.",
        "There are no training photos: networks can be evaluated on this set, not trained. Its "
        "classes and its mean are those of val and test.",
    ]
    shutil.rmtree(tree / "test")
    with pytest.raises(UsageError, match=r"--test 0.2 is a share of the training photos, and the"):
        plan_of(tree, test=0.2)


def test_a_split_without_val(tree, tmp_path):
    (tmp_path / "split.csv").write_text("file,part\ncat/0.png,train\ndog/0.png,train\n")
    assert plan_of(tree, split=tmp_path / "split.csv").shares == {}


def test_a_split_that_names_some_photos_only(tree, tmp_path):
    split = tmp_path / "split.csv"
    split.write_text("file,part\ncat/0.png,train\ndog/0.png,train\ndog/1.png,val\ndog/99.png,val\n")
    said = []
    result = prepare(tree, tmp_path / "data", size=SIZE, split=split, say=said.append)
    assert result.found == 12
    assert (result.train, result.val, len(result.rejected)) == (2, 1, 9)
    assert {one.reason for one in result.rejected} == {"not named in split.csv"}
    assert "Not named in split.csv and left out: 9 photos." in said
    assert "Named in split.csv, but not there: 1 photo, such as dog/99.png." in said
    split.write_text("file,part\nother.jpg,train\n")
    with pytest.raises(UsageError, match=r"names none of the photos, such as cat/0\.png"):
        prepare(tree, tmp_path / "other", size=SIZE, split=split)


def test_sets_inside_the_photos_are_refused(tree, tmp_path):
    for data in (tree, tree / "data", tree / "cat/deep/data"):
        with pytest.raises(UsageError, match="Choose a place outside"):
            prepare(tree, data)
    made = prepare(tree, tmp_path / "data", size=SIZE).folder
    with pytest.raises(UsageError, match="is a prepared set already"):
        prepare(made, tmp_path / "other")


def plan_of(folder, **options):
    return make_plan(Options(folder, **options))


def test_what_a_plan_counts(tmp_path):
    files = {**two_classes(3), "stray.png": photo(), "cat/notes.txt": b"x", "dog/.x": b""}
    tree = write_tree(tmp_path / "photos", files)
    (tree / "cat/none.png").symlink_to("nothing")
    plan = plan_of(tree)
    assert plan.counts == {("train", "cat"): 3, ("train", "dog"): 3}
    assert (plan.found, plan.total, plan.rejected, plan.not_photos.total()) == (10, 6, 2, 2)
    assert plan.classes == ["cat", "dog"]
    assert plan.shares == {"val": 0.1}
    assert plan.notes == [
        "1 photo lies outside any class folder and will be left out, such as stray.png."
    ]
    assert [photo.file for photo in plan.photos()] == list(two_classes(3))
    assert sorted(plan.catalogue.db.execute("SELECT * FROM rejected")) == [
        (b"cat/none.png", "a link to nothing"),
        (b"stray.png", "lies outside any class folder"),
    ]


def test_val_is_split_off_only_where_there_is_none(tree, tmp_path):
    val = write_tree(tmp_path / "val", two_classes(1))
    assert plan_of(tree, test=0.2).shares == {"val": 0.1, "test": 0.2}
    assert plan_of(tree, val=val, test=0.2).shares == {"test": 0.2}
    parts = write_tree(tmp_path / "p", {**two_classes(2, "train/"), **two_classes(1, "val/")})
    assert plan_of(parts).shares == {}


def test_exif_is_followed_but_not_for_imagenet(tree, tmp_path):
    wnids = write_tree(tmp_path / "n", photos(["n01440764/1.png", "n01443537/1.png"]))
    assert plan_of(tree).upright
    assert not plan_of(wnids).upright
    assert not plan_of(tree, exif="ignore").upright
    assert plan_of(wnids, exif="follow").upright


def test_every_option_makes_another_job(tree, tmp_path):
    val = write_tree(tmp_path / "val", two_classes(1))
    every = [
        {}, {"val": 0.3}, {"val": val}, {"test": 0.3}, {"size": 64}, {"fit": "warp"},
        {"filter": "bilinear"}, {"exif": "ignore"}, {"drop_leaks": True}, {"seed": 1},
    ]  # fmt: skip
    jobs = []
    for options in every:
        chosen = Options(tree, **options)
        jobs.append(job_of(chosen, make_plan(chosen)))
    assert all(jobs.count(job) == 1 for job in jobs)
    chosen = Options(tree)
    assert job_of(chosen, make_plan(chosen)) == jobs[0]
    (tree / "cat/new.png").write_bytes(photo())
    assert job_of(chosen, make_plan(chosen))["contents"] != jobs[0]["contents"]
