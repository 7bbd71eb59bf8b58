"""ILSVRC's development kit: numbers, ids and ground truth, and what is said of damaged ones."""

import random

import pytest

from alexnet.data.sources.known import matlab
from alexnet.data.sources.known.devkit import read_devkit
from alexnet.errors import AlexNetError
from tests.data import miniatures
from tests.data.miniatures import KIT, TRUTH, kit_files, meta, truth_text, write

META, TEXT = "data/meta.mat", "data/ILSVRC2012_validation_ground_truth.txt"


def packed(tmp_path, files):
    path = tmp_path / "kit.tar.gz"
    path.write_bytes(miniatures.tar(files, "w:gz", "ILSVRC2012_devkit_t12/"))
    return path


@pytest.mark.parametrize("year", ["2010", "2012"])
@pytest.mark.parametrize("form", ["folder", "its data folder", "tar.gz"])
def test_what_a_kit_says(tmp_path, form, year):
    files = kit_files(year)
    where = write(tmp_path / "kit", files) if "folder" in form else packed(tmp_path, files)
    kit = read_devkit(where / "data" if form == "its data folder" else where, year)
    assert kit.wnids == tuple(KIT)  # in the order of the numbers, which is not that of the ids
    assert list(kit.wnids) != sorted(kit.wnids)
    assert kit.words == KIT
    assert kit.truth == tuple(list(KIT)[number - 1] for number in TRUTH)
    assert kit.images == {wnid: len(photos) for wnid, photos in miniatures.train().items()}


def test_synsets_in_any_order(tmp_path):
    rows = miniatures.synsets()
    random.Random(1).shuffle(rows)
    kit = read_devkit(write(tmp_path, kit_files(rows=rows)), "2012")
    assert (kit.wnids, kit.words) == (tuple(KIT), KIT)


def with_row(i, place, value):
    rows = [list(row) for row in miniatures.synsets()]
    rows[i][place] = value
    return kit_files(rows=[tuple(row) for row in rows])


def with_meta(data):
    return kit_files() | {META: data}


def without(name):
    return {key: data for key, data in kit_files().items() if key != name}


FIELDS = ("ILSVRC2012_ID", "WNID", "a", "b", "c", "d", "e", "f")
DAMAGED = {
    "no meta.mat": (without(META), r"holds no meta.mat; a development kit of ILSVRC-2012 has it"),
    "no ground truth": (without(TEXT), r"holds no ILSVRC2012_validation_ground_truth.txt"),
    "no MATLAB file": (with_meta(b"meta"), r"cannot be read: it is no MATLAB file"),
    "half a MATLAB file": (
        with_meta(kit_files()[META][:300]),
        r"cannot be read: it is damaged or cut off",
    ),
    "other fields": (
        with_meta(meta(miniatures.synsets(), fields=FIELDS)),
        r"lacks the field words in synsets; its fields are ILSVRC2012_ID, WNID, a",
    ),
    "another year": (
        with_meta(meta(miniatures.synsets(), "2010")),
        r"lacks the field ILSVRC2012_ID .* another year than 2012",
    ),
    "a number twice": (with_row(0, 0, 2), r"numbers its 3 classes otherwise .* 1 is missing"),
    "a number left out": (with_row(2, 0, 9), r"otherwise than 1 to 3: 3 is missing"),
    "a number that is none": (with_row(1, 0, "two"), r"holds a synset without a number"),
    "an id that is none": (with_row(1, 1, "tench"), r"has 'tench' as the id of class 2"),
    "an id twice": (with_row(1, 1, "n02119789"), r"holds no classes, or one of them twice"),
    "words that are a number": (with_row(1, 2, 7), r"holds a synset without an id or words"),
    "no classes": (kit_files(rows=miniatures.synsets()[3:]), r"holds no classes"),
    "an empty ground truth": (kit_files() | {TEXT: b""}, r"truth.txt in .* is empty"),
    "a synset above": (
        kit_files(truth=(1, 4)),
        r"Line 2 of ILSVRC2012_\w+.txt in .* is '4'; expected is .* 1 to 3",
    ),
    "a line that is no number": (kit_files() | {TEXT: b"1\nx\n"}, r"Line 2 of .* is 'x'"),
    "an empty line": (kit_files() | {TEXT: b"1\n\n2\n"}, r"Line 2 of .* is ''"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_damaged_kits(tmp_path, name):
    files, complaint = DAMAGED[name]
    for where in (write(tmp_path / "folder", files), packed(tmp_path, files)):
        with pytest.raises(AlexNetError, match=complaint):
            read_devkit(where, "2012")


def test_a_ground_truth_with_other_ends_of_lines(tmp_path):
    data = truth_text(TRUTH).replace(b"\n", b"\r\n").rstrip()
    kit = read_devkit(write(tmp_path, kit_files() | {TEXT: data}), "2012")
    assert len(kit.truth) == len(TRUTH)


def test_a_thousand_classes_have_fifty_thousand_photos(tmp_path):
    rows = [(i, f"n{i:08}", "a", "b", 0, [], 0, 1300) for i in range(1, 1001)]
    with pytest.raises(AlexNetError, match=r"has 7 lines; for 1,000 classes .* 50,000"):
        read_devkit(write(tmp_path, kit_files(rows=rows)), "2012")


def test_files_that_are_far_too_large_are_not_read(tmp_path, monkeypatch):
    write(tmp_path, kit_files() | {TEXT: b"1\n" * (5 << 20)})
    with pytest.raises(AlexNetError, match=r"has 10,485,760 bytes; .* far less than 8 MB"):
        read_devkit(tmp_path, "2012")
    monkeypatch.setattr(matlab, "MOST", 1000)
    write(tmp_path, kit_files())
    with pytest.raises(AlexNetError, match=r"meta.mat in .* unpacks to more than"):
        read_devkit(tmp_path, "2012")


def test_a_kit_that_was_half_downloaded(tmp_path):
    path = packed(tmp_path, kit_files())
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(AlexNetError, match="damaged or only partly downloaded"):
        read_devkit(path, "2012")


def test_mutated_kits_are_read_or_refused(tmp_path):
    whole, rng = kit_files()[META], random.Random(3)
    write(tmp_path, kit_files())
    for _ in range(150):
        data = bytearray(whole)
        for _ in range(rng.randint(1, 4)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        (tmp_path / META).write_bytes(data)
        try:
            assert len(read_devkit(tmp_path, "2012").wnids) == 3
        except AlexNetError:
            continue
