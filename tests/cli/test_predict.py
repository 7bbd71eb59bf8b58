import io
import json
import os
import sys

import pytest

from alexnet.cli import bars, main, photos
from alexnet.errors import UsageError
from alexnet.model import save_model
from tests.shared import shared_data
from tests.tiny import COLOURS, tiny_model, write_photo


@pytest.fixture
def run(tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    save_model(tiny_model(), folder)
    return str(folder)


@pytest.fixture
def album(tmp_path):
    album = tmp_path / "album"
    write_photo(album / "red.png", COLOURS["red"])
    write_photo(album / "below" / "blue.JPG", COLOURS["blue"])
    write_photo(album / ".trash" / "old.png", COLOURS["green"])
    (album / ".DS_Store").write_bytes(b"\0\0\0\1Bud1")
    (album / "list.txt").write_text("red.png")
    return album


def test_tables_with_bars(run, album, capsys):
    assert main(["predict", run, str(album)]) == 0
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert lines[0] == str(album / "below" / "blue.JPG")
    assert lines[1].startswith("  blue ")
    assert "%" in lines[1]
    assert "█" in lines[1] or "#" in lines[1]
    assert lines[4] == str(album / "red.png")
    assert "2 other files in the folders are no photos" in err


def test_json_is_one_value_and_nothing_else(run, album, capsys):
    code = main(["predict", run, str(album), str(album / "gone.jpg"), "--json", "--top", "2"])
    assert code == 3
    blue, red, gone = json.loads(capsys.readouterr().out)
    assert blue["predictions"][0]["class"] == "blue"
    assert len(red["predictions"]) == 2
    assert set(red["predictions"][0]) == {"class", "probability"}
    assert gone == {"file": str(album / "gone.jpg"), "error": "No such file or directory"}


def test_a_bad_file_gets_a_line_and_the_code_is_three(run, album, capsys):
    assert main(["predict", run, str(album / "list.txt"), str(album / "red.png")]) == 3
    out, err = capsys.readouterr()
    assert "not read: a text file, not a photo" in out
    assert "red.png" in out
    assert "1 of 2 photos could not be read" in err


def test_one_if_nothing_could_be_named(run, album):
    assert main(["predict", run, str(album / "list.txt")]) == 1


def test_two_for_no_photos_at_all(run, tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    assert main(["predict", run, str(tmp_path / "empty")]) == 2
    assert "No photos were found" in capsys.readouterr().err


def test_one_for_no_model(album, tmp_path, capsys):
    assert main(["predict", str(tmp_path), str(album)]) == 1
    assert "no trained model" in capsys.readouterr().err


@pytest.mark.parametrize("wrong", [["--top", "0"], ["--views", "7"], ["--top", "many"]])
def test_wrong_values_are_a_wrong_call(run, album, wrong):
    with pytest.raises(SystemExit) as stopped:
        main(["predict", run, str(album), *wrong])
    assert stopped.value.code == 2


def test_a_device_is_named_and_one_that_is_not_there_is_a_wrong_call(run, album, capsys):
    assert main(["predict", run, str(album), "--device", "cpu"]) == 0
    assert main(["predict", run, str(album), "--device", "cpuu"]) == 2
    assert "There is no device 'cpuu' (did you mean 'cpu'?)" in capsys.readouterr().err


def test_five_views_are_announced_where_mirroring_is_off(tmp_path, album, capsys):
    save_model(tiny_model(mirror=False), tmp_path)
    assert main(["predict", str(tmp_path), str(album)]) == 0
    assert "Five views" in capsys.readouterr().err


def test_a_list_on_standard_input(run, album, capsys, monkeypatch):
    words = "\n".join(str(album / name) for name in ("red.png", "below/blue.JPG")) + "\n"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(words.encode())))
    assert main(["predict", run, "-", "--json", "--views", "1"]) == 0
    names = [entry["file"] for entry in json.loads(capsys.readouterr().out)]
    assert names == [str(album / "red.png"), str(album / "below" / "blue.JPG")]


def listed(data: bytes) -> list[str]:
    return [str(path) for path in photos.find(["-"], io.BytesIO(data)).photos]


def test_lists_may_end_their_paths_in_any_usual_way():
    assert listed(b"a b.jpg\r\nc.jpg") == ["a b.jpg", "c.jpg"]
    assert listed(b"a\nb.jpg\0c.jpg\0") == ["a\nb.jpg", "c.jpg"]
    assert os.fsencode(listed(b"caf\xe9.jpg\n")[0]) == b"caf\xe9.jpg"


def test_an_empty_list_is_no_photos():
    with pytest.raises(UsageError, match="standard input"):
        photos.find(["-"], io.BytesIO(b"\n"))


def test_patterns_that_the_shell_left_alone(album):
    found = photos.find([str(album / "**" / "*.[jJ][pP][gG]")]).photos
    assert found == [album / "below" / "blue.JPG"]


def test_a_pattern_without_a_match_is_answered_as_a_missing_file(album):
    pattern = str(album / "*.webp")
    assert [str(path) for path in photos.find([pattern]).photos] == [pattern]


def test_a_file_that_looks_like_a_pattern_is_that_file(tmp_path):
    odd = write_photo(tmp_path / "photo[1].png", COLOURS["red"])
    write_photo(tmp_path / "photo1.png", COLOURS["red"])
    assert photos.find([str(odd)]).photos == [odd]


def test_folders_are_read_below_and_sorted_and_hidden_ones_left_out(album):
    found = photos.find([str(album)])
    assert found.photos == [album / "below" / "blue.JPG", album / "red.png"]
    assert found.others == 2


def test_awkward_real_files_are_all_answered(run, capsys):
    folder = shared_data("hard") / "files"
    assert main(["predict", run, str(folder), "--json", "--views", "1"]) == 3
    answers = json.loads(capsys.readouterr().out)
    assert len(answers) > 90
    assert all(("error" in answer) != ("predictions" in answer) for answer in answers)
    assert {answer["error"] for answer in answers if "error" in answer} > {"empty file"}


def test_bars_fit_the_width_and_show_the_share():
    lines = bars.table([("leopard", 0.5), ("a" * 90, 0.25)], 60, "utf-8")
    assert max(map(len, lines)) <= 60
    assert "50.0 %" in lines[0]
    assert lines[0].count("█") == 2 * lines[1].count("█") > 0


def test_bars_where_blocks_cannot_be_shown():
    (line,) = bars.table([("Léopard", 1.0)], 60, "ascii")
    assert line.isascii()
    assert line.endswith("#" * 10)


def test_eighths():
    assert bars.blocks(1.0, 4) == "████"
    assert bars.blocks(0.5 / 4, 4) == "▌"
    assert bars.blocks(0.0, 4) == ""


def test_names_cannot_command_the_terminal():
    assert bars.shown("a\x1b[31m\n\udce9", "utf-8") == "a\\x1b[31m\\n\\udce9"


def test_wide_characters_keep_the_columns():
    lines = bars.table([("山", 0.5), ("ab", 0.5)], 60, "utf-8")
    assert lines[0].replace("山", "ab") == lines[1]


def test_help_needs_no_torch():
    import subprocess

    script = "import sys, alexnet.cli as c; c.parser_of('predict').format_help(); "
    script += "c.parser_of('report').format_help(); "
    script += "sys.exit(bool({'torch', 'numpy', 'PIL'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
