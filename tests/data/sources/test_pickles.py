import os
import pickle
import struct
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alexnet.data.sources import pickles
from alexnet.data.sources.pickles import load
from alexnet.errors import AlexNetError

NUMBERS = np.arange(12, dtype=np.uint8).reshape(3, 4)


def said(data, *keys):
    with pytest.raises(AlexNetError) as caught:
        load(data, keys or ("data",), "batch")
    words = str(caught.value)
    assert words.startswith("batch ")
    assert words.endswith(".")
    assert words.isprintable()
    return words


@pytest.mark.parametrize("protocol", range(6))
def test_values_come_back_as_they_were(protocol):
    values = {
        "data": NUMBERS, b"columns": np.asfortranarray(NUMBERS.astype(">i2")),
        "floats": np.array([0.5, -2], "<f4"), "none": np.zeros((0, 3), "u1"),
        "labels": [3, -1, 2**40], b"texts": [b"a", "ä", b"\xff"], "rate": 0.5, "name": "x",
        "else": {"a": [(1, 2), None]},
    }  # fmt: skip
    found = load(pickle.dumps(values, protocol), ("data", "columns"), "batch")
    assert found.keys() == {"data", "columns"}
    np.testing.assert_array_equal(found["data"], NUMBERS)
    np.testing.assert_array_equal(found["columns"], NUMBERS)
    assert found["columns"].dtype == ">i2"
    keys = ("floats", "none", "labels", "texts", "rate", "no")
    found = load(pickle.dumps(values, protocol), keys, "batch")
    assert found["floats"].tolist() == [0.5, -2]
    assert found["none"].shape == (0, 3)
    assert found["labels"] == [3, -1, 2**40]
    assert found["texts"] == ["a", "ä", "\ufffd"]
    assert found["rate"] == 0.5
    assert found.keys() == {"floats", "none", "labels", "texts", "rate"}


def test_a_pickle_of_python_2():
    """As written by cPickle with protocol 2: texts are bytes, an array has them for its numbers."""
    data = (
        b"\x80\x02}q\x01(U\x04dataq\x02cnumpy.core.multiarray\n_reconstruct\nq\x03cnumpy\nndarray\n"
        b"q\x04K\x00\x85U\x01b\x87Rq\x05(K\x01K\x01K\x02\x86cnumpy\ndtype\nq\x06U\x02u1K\x00K\x01\x87R"
        b"q\x07(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89U\x02\x05\x06tbU\x06labels]"
        b"q\x08(K\x01K\x02eu."
    )
    found = load(data, ("data", "labels"), "batch")
    assert found["data"].tolist() == [[5, 6]]
    assert found["labels"] == [1, 2]


class Calls:
    """Is pickled as a call."""

    def __init__(self, *call):
        self.call = call

    def __reduce__(self):
        return self.call


def calls(tmp_path):
    marker = f"touch {tmp_path}/marker"
    return {
        "posix.system": Calls(os.system, (marker,)),
        "builtins.eval": Calls(eval, (f"__import__('os').system({marker!r})",)),
        "builtins.exec": Calls(exec, (f"import os; os.system({marker!r})",)),
        "builtins.getattr": Calls(getattr, (Calls(__import__, ("os",)), "system")),
        "subprocess.Popen": Calls(subprocess.Popen, (["touch", f"{tmp_path}/marker"],)),
        "types.SimpleNamespace": SimpleNamespace(a=1),
        "builtins.open": Calls(open, (f"{tmp_path}/marker", "w")),
        "builtins.bytearray": Calls(bytearray, (1 << 40,)),
    }


@pytest.mark.parametrize("name", calls(""))
def test_what_is_called_is_not(tmp_path, name):
    call = calls(tmp_path)[name]
    data = pickle.dumps({"data": NUMBERS, "more": [call]}, 2 if name != "builtins.open" else 4)
    refused = said(data).replace("__builtin__", "builtins").replace("io.open", "builtins.open")
    assert "was not opened: it asks for " in refused
    assert "which pictures and labels do not need" in refused
    assert not (tmp_path / "marker").exists()


def test_the_traps_are_real_ones(tmp_path):
    pickle.loads(pickle.dumps(calls(tmp_path)["posix.system"]))
    assert (tmp_path / "marker").exists()


def opcodes(body, key="data"):
    """A dict whose one value some opcodes make."""
    return b"\x80\x04}\x8c" + bytes([len(key)]) + key.encode() + body + b"s."


ARRAY = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0\x85C\x01b\x87R"
DTYPE = b"cnumpy\ndtype\nC\x02%s\x85R"
GIGABYTES = struct.pack("<Q", 1 << 36)


def state(shape, dtype, data):
    return b"(K\x01" + shape + dtype + b"\x89" + data + b"tb"


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        # Names that only begin like the ones that are known, or lead through them.
        (b"\x8c\x05numpy\x8c\x10ndarray.__init__\x93", "asks for numpy.ndarray.__init__"),
        (b"cnumpy\nload\nC\x01x\x85R", "asks for numpy.load"),
        (b"cnumpy.core.multiarray\nscalar\n", "asks for numpy.core.multiarray.scalar"),
        (b"c_codecs\ndecode\n", "asks for _codecs.decode"),
        (b"c__main__\nUnpickler\n", "asks for __main__.Unpickler"),
        (b"(i__main__\nmain\n", "asks for __main__.main"),
        (b"(iposix\nsystem\n", "asks for posix.system"),
        (b"cx\n\x1b[31m\n", r"asks for x.\x1b[31m"),
        (b"cposix\nsystem\n", "asks for posix.system"),
        (b"\x82\x01", "unregistered extension code"),
        (b"Pid\n", "persistent"),
        # Arrays that are none.
        (ARRAY, "an array of objects"),
        (ARRAY + state(b"K\x01\x85", DTYPE % b"O8", b"]N\x61"), "an array of objects"),
        (ARRAY + state(b"K\x01\x85", DTYPE % b"O8", b"C\x01x"), "an array of 'O8'"),
        (ARRAY + state(b"K\x01\x85", DTYPE % b"V1", b"C\x01x"), "an array of 'V1'"),
        (ARRAY + state(b"K\x01\x85", b"N", b"C\x01x"), "an array of objects"),
        (ARRAY + state(b"K\x02\x85", DTYPE % b"u1", b"C\x01x"), "do not fit its shape"),
        (ARRAY + state(b"J\xff\xff\xff\xff\x85", DTYPE % b"u1", b"C\x01x"), "do not fit its shape"),
        (ARRAY + state(b"\x8a\x09\0\0\0\0\0\0\0\0\1\x85", DTYPE % b"u1", b"C\x01x"), "do not fit"),
        (ARRAY + state(b"K\x01", DTYPE % b"u1", b"C\x01x"), "do not fit its shape"),
        (ARRAY + state(b"(" + b"K\x01" * 9 + b"t", DTYPE % b"u1", b"C\x01x"), "do not fit its"),
        (b"cnumpy\nndarray\nJ\xff\xff\xff\x7f\x85R", "an array of objects"),
        (b"cnumpy\nndarray\n", "something of type type under 'data'"),
        # State for what has none, and attributes for functions.
        (DTYPE % b"u1" + b"(K\x03X\x01\0\0\0|tb", "something of type Dtype under 'data'"),
        (DTYPE % b"u1" + b"Nb", "is damaged, cut off or no pickle"),
        (b"c_codecs\nencode\nN}\x8c\x08__code__K\x01s\x86b", "is damaged, cut off or no pickle"),
        (b"c_codecs\nencode\nX\x01\0\0\0aX\x05\0\0\0utf-7\x86R", "bytes in an encoding"),
        # Memory, time and depth.
        (b"\x8e" + GIGABYTES, "asks for more memory than a file of its size can need"),
        (b"\x8d" + GIGABYTES, "asks for more memory than a file of its size can need"),
        (b"\x95" + GIGABYTES, "asks for more memory"),
        (b"Nr\xff\xff\xff\x7f", "asks for more memory than a file of its size can need"),
        (b"K\x01\x8b\xff\xff\xff\x7f", "batch "),
        (b"(" + b"]" * 200_000 + b"a" * 199_999 + b"l", "batch holds something of type list"),
        (b"}" + b"K\1" + b"\x85" * 1_000_000 + b"K\1s", "batch "),  # crashes
        (b"]\x94h\x00a", "something of type list under 'data'"),
        (b"](X\x00\x10\0\0" + b"a" * 4096 + b"\x94" + b"h\x00" * 4096 + b"e", "more text under"),
        (b"\x8a\x09\0\0\0\0\0\0\0\0\1", "something of type int under 'data'"),
        (b"I" + b"9" * 5000 + b"\n", "is damaged, cut off or no pickle"),
        (b"G\x7f\xf0\0\0\0\0\0\0", "something of type float under 'data'"),
        (b"N", "something of type NoneType under 'data'"),
    ],
)  # fmt: skip
def test_hostile_opcodes(body, complaint):
    assert complaint in said(opcodes(body))


@pytest.mark.parametrize(
    "data", [b"", b".", b"\x80\x02", b"(dp1\n", b"version https://git-lfs", b"N" * 9]
)
def test_what_is_no_pickle(data):
    assert "is damaged, cut off or no pickle" in said(data)


def test_what_is_no_dict():
    assert "holds something of type list; expected is a dict" in said(pickle.dumps([1]))


def test_a_file_that_is_too_large(monkeypatch):
    monkeypatch.setattr(pickles, "LARGEST", 2 << 20)
    assert "its 3 MB are more than any batch has; the limit is 2 MB" in said(bytes(3 << 20))


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        ("import os; os.kill(os.getpid(), 9)", "was killed (too little memory?)."),
        ("import os; os.kill(os.getpid(), 24)", "took more processor time than"),
        ("import time; time.sleep(99)", "took more than 0 seconds and was stopped."),
        ("raise ValueError('\\x1b[31m')", r"ended with code 1 (ValueError: \x1b[31m)."),
        ("raise SystemExit(2)", "ended with code 2 (it says nothing)."),
    ],
)
def test_a_child_that_dies(tmp_path, monkeypatch, program, expected):
    monkeypatch.setattr(pickles, "CHILD", tmp_path / "child.py")
    monkeypatch.setattr(pickles, "SECONDS", 0.2 if "sleep" in program else 60)
    (tmp_path / "child.py").write_text(program)
    assert expected in said(b"")


def test_the_child_can_open_no_file_and_sees_no_variables(tmp_path, monkeypatch):
    (tmp_path / "json.py").write_text("raise SystemExit('another json')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert load(pickle.dumps({"a": 1}), ("a",), "batch") == {"a": 1}
    probe = "import unpickle; unpickle.limit(0); open('x')"
    folder = str(pickles.CHILD.parent)
    ended = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, {folder!r}); {probe}"],
        capture_output=True, check=False,
    )  # fmt: skip
    assert b"Too many open files" in ended.stderr


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_damage_is_a_sentence(data):
    whole = bytearray(
        pickle.dumps({"data": NUMBERS, "labels": [1, 2, 3]}, data.draw(st.integers(0, 5)))
    )
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = load(bytes(whole), ("data", "labels"), "batch")
    except AlexNetError:
        return
    assert found.keys() <= {"data", "labels"}
