import json
import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alexnet.data.sources.known import lists
from alexnet.errors import AlexNetError, UsageError
from tests.data.trees import photo, two_classes, write_tree

FILES = two_classes(2)
MISSING = "named in the list, but not there"


@pytest.fixture
def folder(tmp_path):
    return write_tree(tmp_path / "place", FILES)


def written(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def opened(path, content):
    source = lists.recognised(written(path, content))
    assert source is not None
    return source


def found(source):
    """(path, part, label or problem) of each entry."""
    return [(e.path, e.part, e.problem or e.label) for e in source.entries()]


PAIRS = [("cat/0.png", "", "cat"), ("dog/1.png", "", "dog")]


@pytest.mark.parametrize(
    ("name", "content", "looks"),
    [
        ("a.csv", "path,label\ncat/0.png,cat\ndog/1.png,dog\n", "CSV"),
        ("a.csv", "cat/0.png,cat\ndog/1.png,dog", "CSV"),
        ("a.csv", "cat/0.png;cat\ndog/1.png;dog\n", "CSV with semicolons"),
        ("a.csv", "\ufeffFile Name,Category\r\ncat/0.png,cat\r\n\r\n./dog//1.png, dog \r\n", "CSV"),
        ("a.csv", '"image_path","class"\r"cat/0.png", "cat"\r"dog/1.png","dog"\r', "CSV"),
        ("a.csv", "id,labels,filepaths\n1,cat,cat/0.png\n2,dog,dog/1.png\n", "CSV"),
        ("a.tsv", "classes\timg\ncat\tcat/0.png\ndog\tdog/1.png\n", "TSV"),
        ("a.txt", "cat/0.png cat\ndog/1.png   dog\n", "path, space, label"),
        ("a.txt", "cat/0.png\tcat\ndog/1.png\tdog\n", "TSV"),
        ("A.CSV", "path,label\ncat/0.png,cat\ndog/1.png,dog\n".encode("utf-16"), "CSV"),
        ("a.csv", "file,label\ncat\\0.png,cat\ndog/x/../1.png,dog\n", "CSV"),
        (
            "a.jsonl",
            '{"file_name": "cat/0.png", "label": "cat"}\n\n{"label":"dog","file_name":"dog/1.png"}',
            "JSON lines",
        ),
    ],
)
def test_lists_however_written(folder, name, content, looks):
    source = opened(folder / name, content)
    assert source.looks == f"a list of photos and labels ({looks})"
    assert (source.labelled, source.upright, source.names) == (True, True, {})
    assert found(source) == PAIRS
    assert found(source) == PAIRS  # a listing anew
    assert len(source.notes) == 1


def test_sizes_times_and_paths_to_read(folder):
    source = opened(folder / "a.csv", "path,label\ncat/0.png,cat\ndog/1.png,dog\n")
    entries = list(source.entries())
    assert [entry.size for entry in entries] == [len(FILES["cat/0.png"]), len(FILES["dog/1.png"])]
    assert entries[0].stamp == (folder / "cat/0.png").stat().st_mtime_ns
    assert list(source.stream(entries[1:])) == [folder / "dog/1.png"]


def test_the_note_says_which_columns_count(folder):
    source = opened(folder / "a.csv", "id,image,target,class_name\n7,cat/0.png,3,cat\n")
    assert found(source) == [("cat/0.png", "", "cat")]
    assert source.notes == [
        "a.csv has paths in image and labels in class_name; not used: id and target."
    ]
    source = opened(folder / "b.csv", "cat/0.png,cat\n")
    list(source.entries())
    assert source.notes == [
        "b.csv has no header: its first column is taken for paths, the second for labels."
    ]


def test_parts(folder):
    content = (
        "path,label,data set\ncat/0.png,cat,Training\ncat/1.png,cat,valid\ndog/0.png,dog,TEST\n"
        "dog/1.png,dog,extra\ncat/0.png,cat,\n"
    )
    assert found(opened(folder / "a.csv", content)) == [
        ("cat/0.png", "train", "cat"),
        ("cat/1.png", "val", "cat"),
        ("dog/0.png", "test", "dog"),
        ("dog/1.png", "", "line 5 of a.csv puts it into 'extra'; parts are train, val and test"),
        ("cat/0.png", "", "line 6 of a.csv gives it no part; parts are train, val and test"),
    ]


def test_a_fold_by_number_is_no_part(folder):
    source = opened(folder / "a.csv", "path,label,fold\ncat/0.png,cat,0\ndog/1.png,dog,1\n")
    assert found(source) == PAIRS
    assert source.notes[0].endswith("not used: fold.")


def test_every_row_comes_or_has_a_reason_with_its_line(folder):
    (folder / "cat/sub").mkdir()
    os.mkfifo(folder / "pipe.png")
    content = (
        'path,label\ncat/9.png,cat\ncat/0.png,\n,cat\ncat/0.png,cat,more\ncat/0.png\n"cat"x,cat\n'
        "../out.png,cat\ncat/../../out.png,cat\ncat/sub,cat\npipe.png,cat\ncat/0.png/x,cat\n"
        f"a\0b.png,cat\n{'n' * 300}.png,cat\n{'n' * 5000},cat\nhttp://x/1.jpg,cat\ncat/1.png,cat\n"
        'cat/0.png,"ca\nt\n'
    )
    assert [(path, problem) for path, _, problem in found(opened(folder / "a.csv", content))] == [
        ("cat/9.png", MISSING),
        ("cat/0.png", "line 3 of a.csv gives it no label"),
        ("line 4 of a.csv", "no path"),
        ("line 5 of a.csv", "3 fields where 2 are expected"),
        ("line 6 of a.csv", "1 field where 2 are expected"),
        ("line 7 of a.csv", "',' expected after '\"'"),
        ("../out.png", lists.OUT),
        ("cat/../../out.png", lists.OUT),
        ("cat/sub", "named in the list, but no file"),
        ("pipe.png", "named in the list, but no file"),
        ("cat/0.png/x", MISSING),
        ("a\0b.png", MISSING),
        (f"{'n' * 300}.png", "named in the list, but cannot be read: File name too long"),
        ("line 15 of a.csv", "a path longer than any file's"),
        ("line 16 of a.csv", "an address on the network; download the photo and name its file"),
        ("cat/1.png", "cat"),
        ("line 18 of a.csv", "unexpected end of data (up to line 19)"),
    ]


def test_lines_that_are_no_json(folder):
    lines = ['{"path": "cat/0.png", "label": 3}', "{", "[1]", '{"path": "cat/1.png"}']
    lines += ['{"path": "\\ud800.png", "label": true}', "[" * 100_000, '{"path": [], "label": 1}']
    assert [
        (path, said) for path, _, said in found(opened(folder / "a.ndjson", "\n".join(lines)))
    ] == [
        ("cat/0.png", "3"),
        ("line 2 of a.ndjson", "no JSON: Expecting property name enclosed in double quotes"),
        ("line 3 of a.ndjson", "JSON, but no object with keys and values"),
        ("cat/1.png", "line 4 of a.ndjson gives it no label"),
        ("\ufffd.png", MISSING),
        (
            "line 6 of a.ndjson",
            "no JSON: maximum recursion depth exceeded while decoding a JSON array from a unicode "
            "string",
        ),
        ("line 7 of a.ndjson", "no path"),
    ]


def test_absolute_paths_and_bytes_that_are_no_text(folder, tmp_path):
    elsewhere = write_tree(tmp_path / "elsewhere", {"a b.png": photo(), "\udcff.png": photo(1)})
    line = f"{elsewhere}/a b.png,cat\n{elsewhere}/\udcff.png,d\udce4\n"
    source = opened(folder / "a.csv", b"path,label\n" + os.fsencode(line))
    entries = list(source.entries())
    assert [(e.path, e.label) for e in entries] == [
        (f"{elsewhere}/a b.png", "cat"),
        (f"{elsewhere}/\udcff.png", "d\udce4"),
    ]
    assert list(source.stream(entries)) == [elsewhere / "a b.png", elsewhere / "\udcff.png"]


@pytest.mark.parametrize("front", ["/home/anna/photos/", "C:\\photos\\", "place/"])
def test_photos_that_were_moved(folder, front):
    slash = "\\" if "\\" in front else "/"
    lines = "".join(f"{front}{path.replace('/', slash)},{label}\n" for path, _, label in PAIRS)
    source = opened(folder / "a.csv", lines)
    assert found(source) == PAIRS
    front = front.replace("\\", "/")
    assert source.notes[1] == (f"a.csv names photos that lie beside it now, no longer in {front}.")


def test_photos_in_a_folder_beside_the_list(tmp_path):
    write_tree(tmp_path, {"images/0.png": photo(), "images/1.png": photo(1), "other/x.png": b""})
    source = opened(tmp_path / "a.csv", "file,label\n0.png,cat\n1.png,dog\n2.png,dog\n")
    assert found(source) == [
        ("images/0.png", "", "cat"),
        ("images/1.png", "", "dog"),
        ("images/2.png", "", MISSING),
    ]
    assert source.notes[1] == "a.csv names photos in images/."


def test_the_same_names_in_two_folders(tmp_path):
    write_tree(tmp_path, {"train/0.png": photo(), "test/0.png": photo(1)})
    assert found(opened(tmp_path / "train.csv", "file,label\n0.png,cat\n"))[0][0] == "train/0.png"
    with pytest.raises(UsageError, match=r"which are in test and train; write the folder"):
        opened(tmp_path / "labels.csv", "file,label\n0.png,cat\n")


def test_photos_of_one_class_are_never_taken_for_those_of_another(tmp_path):
    write_tree(tmp_path, {"cat/0.png": photo(), "0.png": photo(1)})
    assert found(opened(tmp_path / "a.csv", "dog/0.png,dog\n")) == [("dog/0.png", "", MISSING)]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("names.tsv", "n01440764\ttench\nn01443537\tgoldfish\n"),
        ("notes.txt", "These are the photos of my cat.\nAnd of my dog.\n"),
        ("numbers.csv", "x,y\n1,2\n3,4\n"),
        ("a.csv", ""),
        ("a.csv", "\n \n"),
        ("a.txt", bytes(range(256)) * 8),
        ("a.jsonl", "[1, 2]\n"),
        ("a.jsonl", '{"epoch": 1, "loss": 2.5}\n'),
        ("a.json", '{"path": "cat/0.png", "label": "cat"}\n'),
        ("a.md", "cat/0.png,cat\n"),
    ],
)
def test_what_is_no_list(folder, name, content):
    assert lists.recognised(written(folder / name, content)) is None


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("split.csv", "file,part\ncat/0.png,train\n", "columns file and part, .* for --split"),
        ("a.csv", "cat/0.png,cat,train\n", r"where their labels are cannot be told; .* 'train'\]"),
        ("a.txt", "cat/0.png\ncat/1.png\n", "where their labels are cannot be told"),
        ("a.csv", "cat,cat/0.png\n", "where their labels are cannot be told"),
        ("a.jsonl", '{"image": "cat/0.png", "width": 3}', "columns image and width, of which none"),
    ],
)
def test_lists_whose_columns_cannot_be_told(folder, name, content, complaint):
    with pytest.raises(UsageError, match=complaint):
        lists.recognised(written(folder / name, content))


def test_a_table_of_a_prepared_set(folder):
    written(folder / "set.json", "{}")
    with pytest.raises(UsageError, match=r"train.csv is a table of a prepared set.*/place$"):
        opened(
            folder / "train.csv", "number,class,label,file,width,height\n0,cat,0,cat/0.png,1,1\n"
        )


def test_a_line_without_an_end(folder):
    with pytest.raises(AlexNetError, match="its line 2 is longer than 1,048,576 characters"):
        opened(folder / "a.csv", "path,label\n" + "x" * (1 << 20))


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(st.text(st.characters(codec="utf-8")), st.text(max_size=4))))
def test_every_row_is_answered_once(tmp_path, pairs):
    lines = [json.dumps({"path": path, "label": label}) for path, label in [("a.png", "b"), *pairs]]
    source = opened(tmp_path / "a.jsonl", "\n".join(lines))
    assert len(list(source.entries())) == len(lines)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from([".csv", ".tsv", ".txt", ".jsonl"]), st.binary(max_size=300))
def test_any_bytes_are_a_list_or_not(tmp_path, kind, tail):
    head = b'{"path": "a.png", "label": 1}\n' if kind == ".jsonl" else b"path,label\na.png,cat\n"
    for content in (tail, head + tail):
        try:
            source = lists.recognised(written(tmp_path / f"a{kind}", content))
        except UsageError:
            continue
        if source is not None:
            for entry in source.entries():
                assert entry.path.encode("utf-8", "surrogateescape")
                assert entry.problem
