import json

import pytest

from alexnet.cli import main
from alexnet.data.prepare import prepare
from tests.data.here import in_this_process
from tests.data.trees import two_classes, write_tree


@pytest.fixture
def data(tmp_path):
    with in_this_process():
        return prepare(write_tree(tmp_path / "p", two_classes(3)), tmp_path / "d\n", size=32).folder


def verified(data, capsys, *words):
    code = main(["verify", str(data), *words])
    return code, capsys.readouterr().out


def test_a_whole_set_on_one_line(data, capsys):
    code, out = verified(data, capsys)
    assert code == 0
    assert out.startswith(f"{data.parent}/d\\n: every byte is as it was made (0.00 GB of pict")
    assert out.count("\n") == 1


@pytest.mark.parametrize("harm", ["gone", "short", "all gone"])
def test_all_damage_is_named_whatever_shards_are_there(data, capsys, harm):
    shard = data / "pictures/0000000.npy"
    if harm == "short":
        shard.write_bytes(shard.read_bytes()[:200])
    else:
        shard.unlink()
    if harm == "all gone":
        shard.parent.rmdir()
    (data / "mean.npy").unlink()
    (data / "x\n").touch()
    code, out = verified(data, capsys)
    assert code == 1
    assert [line.partition(":")[0] for line in out.splitlines()[1:-1]] == [
        "  mean.npy", "  x\\n", "  pictures/0000000.npy",
    ]  # fmt: skip
    code, out = verified(data, capsys, "--json")
    value = json.loads(out)
    assert code == 1
    assert value["bytes"] == (200 if harm == "short" else 0)
    assert [one["file"] for one in value["damages"]] == ["mean.npy", "x\n", "pictures/0000000.npy"]


def test_a_set_json_that_is_none_is_damage(data, capsys):
    (data / "set.json").write_bytes(b"{")
    code, out = verified(data, capsys, "--json")
    assert code == 1
    assert [one["file"] for one in json.loads(out)["damages"]] == ["set.json"]


def test_where_there_is_no_set(tmp_path, capsys):
    assert main(["verify", str(tmp_path)]) == 1
    assert "is no prepared set: it holds no set.json" in capsys.readouterr().err
