import io
import os
import pickle
import re
import resource
import struct
import tempfile
import zipfile
from collections import OrderedDict
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alexnet.errors import AlexNetError
from alexnet.formats import pickled, unpickle
from alexnet.formats.pickled import read_state_dict
from tests.formats import wire

WEIGHTS = {
    "conv.weight": torch.arange(54, dtype=torch.float32).reshape(2, 3, 3, 3),
    "conv.bias": torch.tensor([0.5, -2.0]),
    "seen": torch.tensor(7),
    "half": torch.ones(3, dtype=torch.float16),
}


@pytest.fixture(autouse=True)
def _nothing_is_left(tmp_path, monkeypatch):
    (folder := tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield
    assert not list(folder.iterdir())


def saved(content: object, **how: bool) -> bytes:
    file = io.BytesIO()
    torch.save(content, file, **how)
    return file.getvalue()


def said(path: Path, data: bytes) -> str:
    path.write_bytes(data)
    with pytest.raises(AlexNetError) as caught:
        read_state_dict(path)
    assert str(caught.value).startswith(str(path))
    assert str(caught.value).isprintable()
    return str(caught.value)


@pytest.mark.parametrize("zipped", [True, False])
def test_weights_come_back_as_they_were(tmp_path, zipped):
    nets = OrderedDict((f"module.{name}", value) for name, value in WEIGHTS.items())
    content = {"epoch": 3, "state_dict": nets}
    path = tmp_path / "-odd name \udcff.pth"
    path.write_bytes(saved(content, _use_new_zipfile_serialization=zipped))
    found = read_state_dict(path)
    assert found.keys() == WEIGHTS.keys()
    for name, value in WEIGHTS.items():
        assert found[name].dtype == value.dtype
        assert torch.equal(found[name], value)
    found["conv.bias"][0] = 9  # memory of its own, that can be written to


class Harmful:
    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self):
        return os.system, (f"touch '{self.marker}'",)


@pytest.mark.parametrize("zipped", [True, False])
def test_a_pickle_that_runs_a_command_does_not(tmp_path, monkeypatch, zipped):
    monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")
    monkeypatch.setenv("TORCH_FORCE_WEIGHTS_ONLY_LOAD", "1")
    marker = tmp_path / "marker"
    content = {**WEIGHTS, "more": Harmful(marker)}
    data = saved(content, _use_new_zipfile_serialization=zipped)
    assert "it asks for posix.system, which weights do not need" in said(tmp_path / "a.pth", data)
    assert not marker.exists()
    monkeypatch.delenv("TORCH_FORCE_WEIGHTS_ONLY_LOAD")
    torch.load(io.BytesIO(data), weights_only=False)  # the trap is a real one
    assert marker.exists()


def test_a_demand_for_memory_is_refused(tmp_path):
    demand = b"\x80\x02X" + struct.pack("<I", (1 << 32) - 1)
    assert "asks for more memory than a file of its size" in said(tmp_path / "a.pt", demand)


@pytest.mark.parametrize(
    ("zipped", "kept", "expected"),
    [
        (
            True,
            -300,
            "is damaged or cut off: a zip archive whose end is missing; download it again.",
        ),
        (
            True,
            300,
            "is damaged or cut off: a zip archive whose end is missing; download it again.",
        ),
        (False, -30, "is damaged, cut off or no weights of torch (unexpected EOF, expected "),
        (False, 150, "is damaged, cut off or no weights of torch ("),  # in the middle of a name
    ],
)
def test_a_truncated_file(tmp_path, zipped, kept, expected):
    whole = saved(WEIGHTS, _use_new_zipfile_serialization=zipped)
    words = said(tmp_path / "a.pth", whole[:kept])
    assert expected in words
    assert words.endswith("; download it again.")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "is empty"),
        (b"<!doctype html>", "it is a web page, so the download failed"),
        (wire.new_layer("a", "ReLU"), "torch's files begin otherwise"),
        (b'name: "a text about a net"', "it is text"),
    ],
)
def test_what_is_no_file_of_torch_is_named(tmp_path, data, expected):
    assert expected in said(tmp_path / "a.pth", data)


def test_a_file_larger_than_the_memory_is_not_read(tmp_path):
    with (path := tmp_path / "huge").open("wb") as file:
        file.truncate(1 << 42)
    with pytest.raises(AlexNetError, match="reading it takes 8,796,093 MB of memory"):
        read_state_dict(path)


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        ("import os; os.kill(os.getpid(), 9)", "was killed (too little memory?)."),
        ("import os; os.kill(os.getpid(), 11)", "crashed (segmentation fault)."),
        ("import os; os.kill(os.getpid(), 24)", "took more processor time than"),
        ("import time; time.sleep(99)", "took more than 0 seconds and was stopped."),
        ("raise ValueError('\\x1b[31m')", "ended with code 1 (ValueError: ?[31m)."),
        ("raise SystemExit(2)", "ended with code 2 (it says nothing)."),
        ("print('is strange'); raise SystemExit(3)", "a.pth is strange."),
        ("", "What came out of"),
        ("import sys; open(sys.argv[2], 'w').write('no tensors')", "What came out of"),
    ],
)
def test_whatever_becomes_of_the_child_is_told(tmp_path, monkeypatch, program, expected):
    monkeypatch.setattr(pickled, "CHILD", ("-c", program))
    monkeypatch.setattr(pickled, "SECONDS", 0.4 if "sleep" in program else 60.0)
    (path := tmp_path / "a.pth").write_bytes(saved(WEIGHTS))
    with pytest.raises(AlexNetError, match=re.escape(expected)):
        read_state_dict(path)


def test_no_room_for_temporary_files(tmp_path, monkeypatch):
    (path := tmp_path / "a.pth").write_bytes(saved(WEIGHTS))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    with pytest.raises(AlexNetError, match=r"cannot be opened: No such file"):
        read_state_dict(path)


# From here on the child's own functions, without a child.


def refused(data: bytes, target: Path) -> str:
    with pytest.raises(unpickle.Refused) as caught:
        unpickle.convert(io.BytesIO(data), len(data), target)
    assert not target.exists()
    return str(caught.value)


class Whole(torch.nn.Linear):
    """A model that was saved whole."""


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (Whole(2, 3), "it asks for tests.formats.test_pickled.Whole"),
        ([WEIGHTS], "holds no weights by name but something of type list"),
        ({}, "holds no weights by name but an empty dict"),
        ({"model": {}}, "holds no weights by name but an empty dict"),
        ({"a": torch.ones(2), "b": 3}, "holds something of type int under 'b'"),
        ({3: torch.ones(2)}, "holds something of type Tensor under 3"),
        ({"a": torch.ones(1).expand(1 << 40)}, "claims tensors of 4,398,046,511,104 bytes"),
        ({"a": torch.eye(3).to_sparse()}, "holds 'a' as something else than plain dense numbers"),
        ({"a": torch.empty(3, device="meta")}, "holds 'a' as something else than plain dense"),
    ],
)
def test_what_holds_no_weights_is_refused(tmp_path, content, expected):
    assert expected in refused(saved(content), tmp_path / "out")


@pytest.mark.parametrize(
    ("tensors", "names"),
    [
        ({"module.a": 1, "b": 2}, ["module.a", "b"]),
        ({"module.a": 1, "module.b": 2}, ["a", "b"]),
        ({"model": 1, "b": 2}, ["model", "b"]),
    ],
)
def test_names_and_wrappers(tensors, names):
    content = {name: torch.tensor(value) for name, value in tensors.items()}
    assert list(unpickle.state_dict(content, 100)) == names
    assert list(unpickle.state_dict({"model": content, "epoch": 1}, 100)) == names


def test_weights_that_share_memory_are_parted(tmp_path):
    base = torch.arange(12.0).reshape(3, 4)
    content = {"a": base, "b": base, "c": base[1], "d": base.T, "e": torch.nn.Parameter(base)}
    data = saved(content)
    unpickle.convert(io.BytesIO(data), len(data), tmp_path / "out")
    found = pickled._tensors(tmp_path / "out", tmp_path)
    assert all(torch.equal(found[name], value) for name, value in content.items())


def test_a_zip_bomb_is_refused(tmp_path):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({}))
        archive.writestr("archive/data/0", bytes(30 << 20))
    assert "bytes unpack to 31,457" in refused(file.getvalue(), tmp_path / "out")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("archive/archive_format", "is a program of torch.export (.pt2), which is not read here"),
        ("cat/1.jpg", "is a zip archive that torch did not write (in it: 'cat/1.jpg')"),
    ],
)
def test_another_zip_archive_is_named(tmp_path, name, expected):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(name, "pt2")
    assert expected in refused(file.getvalue(), tmp_path / "out")


def test_what_torch_says_is_cut_at_a_word(tmp_path, monkeypatch):
    def load(*_: object, **__: object) -> None:
        raise RuntimeError("not found " * 50 + ". This is an internal error. Please report it")

    monkeypatch.setattr(torch, "load", load)
    words = refused(saved(WEIGHTS), tmp_path / "out")
    assert words.endswith("found not found ...); download it again")
    assert len(words) < 280


def test_a_disk_that_is_full(tmp_path, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("safetensors.torch.save_file", full)
    expected = "could not be converted: No space left on device"
    assert expected in refused(saved(WEIGHTS), tmp_path / "out")


def test_limits_follow_the_file_s_size(monkeypatch):
    lowered = {}
    monkeypatch.setattr(resource, "setrlimit", lambda which, pair: lowered.update({which: pair}))
    unpickle.limit(100 << 20)
    assert lowered[resource.RLIMIT_CPU] == (70, 71)
    assert lowered[resource.RLIMIT_FSIZE][0] == 201 << 20
    assert lowered[resource.RLIMIT_AS][0] > 812 << 20
    assert lowered[resource.RLIMIT_CORE] == (0, 0)
    monkeypatch.setattr(resource, "getrlimit", lambda which: (50, 50))
    unpickle.limit(100 << 20)
    assert lowered[resource.RLIMIT_CPU] == (49, 50)


FUZZ = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
GOOD = saved(WEIGHTS)


@FUZZ
@given(
    cut=st.integers(0, len(GOOD)),
    flips=st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(1, 255)), max_size=5),
)
def test_the_look_at_a_zip_passes_or_refuses(cut, flips):
    data = bytearray(GOOD)
    for place, mask in flips:
        data[place] ^= mask
    sentence = "fine"
    try:
        unpickle.check_zip(io.BytesIO(data[:cut]), cut)
    except unpickle.Refused as reason:
        sentence = str(reason)
    assert sentence


@FUZZ
@given(data=st.binary(min_size=1, max_size=600))
def test_no_bytes_at_the_beginning_do_harm(tmp_path, monkeypatch, data):
    # Without a child nothing comes out; that, too, is told.
    monkeypatch.setattr(pickled, "_convert", lambda path, size, folder: None)
    (path := tmp_path / "a.pth").write_bytes(data)
    with pytest.raises(AlexNetError, match=re.escape(str(path))):
        read_state_dict(path)
