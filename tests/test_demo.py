"""The demonstration: the commands that it runs, and the files that it makes; nothing is trained."""

import hashlib
import re
import sys
from collections import Counter
from pathlib import Path

import pytest
from PIL import Image

from alexnet import cli, demo
from alexnet.errors import AlexNetError

TOP = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("sklearn", reason="scikit-learn brings the digits")
    folder = tmp_path_factory.mktemp("demo") / "photos"
    demo.write_digits(folder)
    return folder


def test_ten_classes_and_a_fifth_for_the_test(photos: Path) -> None:
    files = list(photos.rglob("*.png"))
    parts = Counter(path.parts[-3] for path in files)
    assert parts == {"train": 1437, "test": 360}
    assert {path.parts[-2] for path in files} == set("0123456789")
    assert all(path.is_file() == path.name.endswith(".png") for path in photos.rglob("*"))


def test_pictures_have_the_size_of_a_set(photos: Path) -> None:
    for path in sorted(photos.rglob("*.png"))[::100]:
        with Image.open(path) as picture:
            assert (picture.size, picture.mode, picture.format) == ((256, 256), "L", "PNG")
            low, high = picture.getextrema()
        assert low == 0
        assert high > 200


def test_no_digit_of_the_test_is_also_in_training(photos: Path) -> None:
    found = {
        part: {
            hashlib.sha256(path.read_bytes()).digest() for path in (photos / part).rglob("*.png")
        }
        for part in ("train", "test")
    }
    assert not found["train"] & found["test"]


def test_the_digits_stand_under_their_own_names(photos: Path) -> None:
    from sklearn.datasets import load_digits

    for number, label in list(enumerate(load_digits().target))[::50]:
        part = "train" if number % 5 else "test"
        assert (photos / part / str(label) / f"{number:04}.png").is_file()


def test_the_commands_are_the_main_job_in_its_order(photos: Path) -> None:
    folder = Path("demo")
    words = demo.commands(folder, photos, seed=7)
    verbs = [line[0] for line in words]
    assert verbs == [verb for verb in cli.VERBS if verb in verbs]
    parsed = [cli.parser_of(line[0]).parse_args(line[1:]) for line in words]
    prepare, train, evaluate, predict, report = parsed
    assert (prepare.source, prepare.data, train.data) == (str(photos), "demo/data", "demo/data")
    assert train.folder == predict.model == "demo/run"
    assert evaluate.runs == [report.folder] == [Path("demo/run")]
    assert (train.no_mirror, train.seed, train.net, train.recipe) == (True, "7", None, "auto")
    assert evaluate.views is None
    assert len(predict.photos) == len({Path(name).parent for name in predict.photos}) > 3


def test_the_same_commands_are_in_the_readme_and_the_makefile() -> None:
    readme, makefile = ((TOP / name).read_text() for name in ("README.md", "Makefile"))
    assert "make demo" in readme
    assert "make test" in readme
    assert "make demo TORCH_INDEX=https://download.pytorch.org/whl/cpu" in readme
    assert re.search(r"^demo:.*\n\t.*python -m alexnet\.demo demo$", makefile, re.MULTILINE)


def test_it_ends_with_the_code_of_the_step_that_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ran: list[list[str]] = []

    def one(words: list[str]) -> int:
        ran.append(words)
        return 130 if words[0] == "train" else 0

    monkeypatch.setattr(demo, "write_digits", lambda photos: photos.mkdir(parents=True))
    monkeypatch.setattr(cli, "main", one)
    old = tmp_path / "demo" / "run"
    old.mkdir(parents=True)
    (tmp_path / "demo/photos/train/0").mkdir(parents=True)
    assert demo.main([str(tmp_path / "demo"), "--seed", "3"]) == 130
    assert [words[0] for words in ran] == ["prepare", "train"]
    assert not old.exists()
    out = capsys.readouterr().out
    assert f"$ alexnet prepare {tmp_path}/demo/photos {tmp_path}/demo/data" in out
    assert "--seed 3" in out


def test_without_scikit_learn_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(AlexNetError, match=r"pip install 'alexnet\[demo\]'"):
        demo.write_digits(tmp_path)


def test_a_folder_with_other_things_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(AlexNetError, match="holds other things"):
        demo.main([str(tmp_path)])
    assert (tmp_path / "thesis.txt").read_text() == "years of work"
