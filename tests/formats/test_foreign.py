import resource

import pytest

from alexnet.formats import foreign


@pytest.fixture
def cgroup(tmp_path, monkeypatch):
    monkeypatch.setattr(foreign, "CGROUP", tmp_path)
    (tmp_path / "memory.max").write_text("1000\n")
    (tmp_path / "memory.current").write_text("900\n")
    (tmp_path / "memory.stat").write_text("anon 500\nactive_file 100\ninactive_file 300\n")
    return tmp_path


def test_a_container_s_limit_counts_without_cached_files(cgroup):
    assert foreign.available_memory() == 500


def test_no_limit_of_a_container(cgroup):
    (cgroup / "memory.max").write_text("max\n")
    assert foreign.available_memory() > 1 << 20


def test_a_container_that_has_taken_too_much(cgroup):
    (cgroup / "memory.current").write_text("5000\n")
    assert foreign.available_memory() == 0


def test_the_process_s_own_limit(cgroup, monkeypatch):
    taken = foreign.mapped_memory()
    monkeypatch.setattr(foreign, "mapped_memory", lambda: taken)
    monkeypatch.setattr(resource, "getrlimit", lambda which: (taken + 70, resource.RLIM_INFINITY))
    assert foreign.available_memory() == 70


@pytest.mark.parametrize("head", [b"\x08\x07\x12\x07alexnet", b"\x08\x0a\x3a\x05", b"\x08\x03\x42"])
def test_onnx_is_told(head):
    assert "it is ONNX" in foreign.nature(head)


def test_the_nature_of_a_file_comes_from_its_beginning():
    assert foreign.nature(b"\x08\x01") is None
    assert foreign.nature(b"\x0a\x07AlexNet\x12\x00") is None
    assert foreign.nature(b"\n") is None
