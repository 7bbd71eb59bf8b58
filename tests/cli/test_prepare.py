import json
import signal

import pytest

from alexnet.cli import main
from alexnet.data.preparing import making
from tests.data.trees import photo, two_classes, write_tree

FEW = ["--size", "32", "--workers", "1"]


@pytest.fixture
def tree(tmp_path):
    return write_tree(tmp_path / "photos", {**two_classes(5), "cat/no\n.jpg": b"", "x.txt": b"x"})


def run(*words):
    return main(["prepare", *map(str, words), *FEW])


def test_what_is_printed(tree, tmp_path, capsys):
    data = tmp_path / "data"
    assert run(tree, data) == 0
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert lines[:2] == [
        f"{tree}: this looks like a folder of photos.",
        f"Found in {tree}: 11 photos in 2 classes (cat and dog).",
    ]
    assert lines[-6:] == [
        f"Rejected (1 file, listed in {data}/rejected.csv):",
        "  cat/no\\n.jpg  empty file",
        "Not photos: .txt (1).",
        "found 12 = train 9 + val 1 + test 0 + rejected 1 + not photos 1",
        f"{data}: 2 classes, pictures of 32x32, fitted by crop, scaled by bicubic",
        f"Next: alexnet train {data} --run RUN",
    ]
    assert err == ""
    assert run(tree, data) == 0
    assert "is there already" in capsys.readouterr().out


def test_json_alone_on_standard_output(tree, tmp_path, capsys):
    for _ in range(2):  # made, and there already
        assert run(tree, tmp_path / "data", "--json", "--test", "0.2") == 0
        out, err = capsys.readouterr()
        value = json.loads(out)
        for name, expected in {
            "images": 10, "train": 7, "val": 1, "test": 2, "classes": 2,
            "rejected": [{"file": "cat/no\n.jpg", "reason": "empty file"}],
            "class_names": ["cat", "dog"], "found": 12, "not_photos": 1,
        }.items():  # fmt: skip
            assert value[name] == expected
        assert "found 12 =" in err


def test_strict(tree, tmp_path, capsys):
    assert run(tree, tmp_path / "data", "--strict") == 3
    assert (tmp_path / "data/set.json").exists()
    (tree / "cat/no\n.jpg").unlink()
    assert run(tree, tmp_path / "other", "--strict") == 0


def test_strict_with_leaks_that_were_to_be_dropped(tmp_path, capsys):
    tree = write_tree(tmp_path / "photos", two_classes(5, "train/"))
    leaked = (tree / "train/cat/0.png").read_bytes()
    write_tree(tree, {"test/cat/x.png": leaked, "test/dog/x.png": photo(77)})
    assert run(tree, tmp_path / "data", "--strict", "--drop-leaks", "--json") == 0
    assert len(json.loads(capsys.readouterr().out)["rejected"]) == 1
    write_tree(tree, {"train/cat/broken.png": b""})
    assert run(tree, tmp_path / "other", "--strict", "--drop-leaks") == 3


def test_photos_to_evaluate_on(tmp_path, capsys):
    tree = write_tree(tmp_path / "photos", two_classes(2, "val/"))
    assert run(tree, tmp_path / "data") == 0
    lines = capsys.readouterr().out.splitlines()
    assert "no train; val: 4 photos; no test." in lines
    assert lines[-1] == f"Next: alexnet evaluate RUN --data {tmp_path}/data"


def test_long_tables_are_cut(tree, tmp_path, capsys):
    write_tree(tree, {f"dog/{'long' * 20}{i}.jpg": b"" for i in range(30)})
    assert run(tree, tmp_path / "data") == 0
    out = capsys.readouterr().out
    assert out.count("empty file") == 20
    assert "  and 11 more\n" in out
    assert max(len(line) for line in out.splitlines() if "empty file" in line) < 80


def test_exit_codes(tree, tmp_path, capsys, monkeypatch):
    assert run(tmp_path / "none", tmp_path / "data") == 2
    assert "alexnet prepare: There is no" in capsys.readouterr().err
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/file").touch()
    assert run(tree, tmp_path / "mine") == 1

    def stop(*_):
        signal.raise_signal(signal.SIGTERM)
        yield 0

    monkeypatch.setattr(making, "make_blocks", stop)
    assert run(tree, tmp_path / "data") == 130
    assert "The same command goes on from here." in capsys.readouterr().err


def test_too_few_photos_for_val(tmp_path, capsys):
    tree = write_tree(tmp_path / "photos", two_classes(1))
    assert run(tree, tmp_path / "data") == 0
    assert "val is empty: no class has enough photos to give one away." in capsys.readouterr().out
    tree = write_tree(tmp_path / "more", two_classes(6))
    assert run(tree, tmp_path / "2", "--test", "0.01") == 0
    out = capsys.readouterr().out
    assert "test is empty: no class has enough photos to give one away." in out
    assert "val is empty" not in out
    (tmp_path / "split.csv").write_text("file,part\ncat/0.png,train\ndog/0.png,train\n")
    assert run(tree, tmp_path / "3", "--split", tmp_path / "split.csv") == 0
    assert "is empty" not in capsys.readouterr().out


def test_help_needs_no_numpy(capsys):
    with pytest.raises(SystemExit):
        main(["prepare", "--help"])
    out = capsys.readouterr().out
    assert "alexnet prepare photos/ data/" in out
    assert "--val SOURCE|SHARE" in out


def test_shares_of_a_job_array(tree, tmp_path, capsys):
    data = tmp_path / "data"
    for job in ("1/2", "2/2"):
        assert run(tree, data, "--job", job) == 0
        assert not data.exists()
        last = capsys.readouterr().out.splitlines()[-1]
        assert last == (
            f"Share {job} is made. When all are, the same command without --job makes the set."
        )
    assert run(tree, data) == 0
    assert run(tree, data, "--job", "1/2") == 0
    assert "is there already" in capsys.readouterr().out
    assert run(tree, data, "--job", "3/2") == 2
    assert "--job is 3/2; of 2 jobs the numbers are 1 to 2." in capsys.readouterr().err
    assert run(tree, tmp_path / "other", "--job", "1/2", "--json") == 0
    value = json.loads(capsys.readouterr().out)
    assert value == {"job": "1/2", "folder": str(tmp_path / "other")}
