"""Checkpoints against failing disks, sudden death, bit rot and cut files."""
# ruff: noqa: PT017

import itertools
import json
import struct
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from alexnet import files
from alexnet.errors import AlexNetError
from alexnet.training import checkpoint
from tests.faults import ERRORS, failing, killed, struck

MODULES = [files, checkpoint]


def tensors(seed: int = 0) -> dict[str, torch.Tensor]:
    random = torch.Generator().manual_seed(seed)
    return {
        "conv1.weight": torch.randn(4, 3, 5, 5, generator=random),
        "conv2.weight": torch.randn(6, 4, 3, 3, generator=random).to(
            memory_format=torch.channels_last
        ),
        "fc.weight": torch.randn(7, 5, generator=random).t(),
        "half": torch.randn(3, generator=random).half(),
        "brain": torch.randn(5, generator=random).bfloat16(),
        "double": torch.randn(3, generator=random).double(),
        "step": torch.tensor(12),
        "order": torch.randperm(11, generator=random),
        "bytes": torch.randint(0, 255, (13,), dtype=torch.uint8, generator=random),
        "mask": torch.rand(9, generator=random) > 0.5,
        "none": torch.zeros(0, 3),
        "odd": torch.tensor([float("nan"), float("inf"), -0.0, 1e-45]),
    }


def state(step: int) -> dict[str, Any]:
    return {"step": step, "seconds": 1.1, "rates": [0.01, 1e-300], "names": {"ü": None, "a": True}}


def same(one: torch.Tensor, two: torch.Tensor) -> bool:
    raw = [tensor.contiguous().reshape(-1).view(torch.uint8) for tensor in (one, two)]
    return one.shape == two.shape and one.dtype == two.dtype and torch.equal(*raw)


def is_checkpoint(found: checkpoint.Checkpoint | None, step: int) -> bool:
    assert found is not None
    expected = tensors(step)
    return (
        found.step == step
        and found.state == state(step)
        and found.tensors.keys() == expected.keys()
        and all(same(found.tensors[name], expected[name]) for name in expected)
    )


def saved(folder: Path, *steps: int) -> Path:
    for step in steps:
        path = checkpoint.save(folder, tensors(step), state(step))
    return path


def silent(text: str) -> None:
    raise AssertionError(f"nothing was to be said, but it said: {text}")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_what_was_saved_comes_back_bit_for_bit(tmp_path: Path) -> None:
    path = saved(tmp_path / "run" / "checkpoints", 1200)
    assert path == tmp_path / "run" / "checkpoints" / "step-00001200.safetensors"
    found = checkpoint.load(path.parent, silent)
    assert is_checkpoint(found, 1200)
    assert found is not None
    assert found.path == path
    assert list(found.state) == list(state(1200))


def test_it_is_a_safetensors_file_and_the_tensors_are_aligned(tmp_path: Path) -> None:
    path = saved(tmp_path, 3)
    loaded = load_file(path)
    assert all(same(loaded[name], tensor) for name, tensor in tensors(3).items())
    assert loaded["checksum"].dtype == torch.uint8
    raw = path.read_bytes()
    (length,) = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8 : 8 + length])
    assert json.loads(header.pop("__metadata__")["state"]) == state(3)
    for name, entry in header.items():
        assert (8 + length + entry["data_offsets"][0]) % loaded[name].element_size() == 0


def test_equal_content_gives_equal_bytes(tmp_path: Path) -> None:
    first = saved(tmp_path / "a", 5)
    turned = dict(reversed(tensors(5).items()))
    second = checkpoint.save(tmp_path / "b", turned, state(5))
    assert first.read_bytes() == second.read_bytes()


def test_loaded_tensors_can_be_changed_without_changing_the_file(tmp_path: Path) -> None:
    path = saved(tmp_path, 5)
    before = path.read_bytes()
    found = checkpoint.load(tmp_path, silent)
    assert found is not None
    for tensor in found.tensors.values():
        tensor.zero_()
    assert path.read_bytes() == before


def test_the_newest_two_are_kept(tmp_path: Path) -> None:
    saved(tmp_path, 5, 10, 99_999_999, 100_000_000)
    (tmp_path / "notes.txt").touch()
    assert names(tmp_path) == [
        "notes.txt", "step-100000000.safetensors", "step-99999999.safetensors",
    ]  # fmt: skip
    assert is_checkpoint(checkpoint.load(tmp_path, silent), 100_000_000)


def test_no_checkpoint_is_none(tmp_path: Path) -> None:
    assert checkpoint.load(tmp_path / "none", silent) is None
    assert checkpoint.load(tmp_path, silent) is None


@pytest.mark.parametrize("lasting", [False, True])
@pytest.mark.parametrize("number", ERRORS)
def test_a_failure_at_any_call_leaves_a_good_checkpoint(
    tmp_path: Path, number: int, lasting: bool
) -> None:
    for at in itertools.count():
        folder = tmp_path / str(at)
        saved(folder, 1, 2)
        with struck(MODULES, failing(at, number, lasting)) as fault:
            try:
                saved(folder, 3)
            except AlexNetError as error:
                assert "step-00000003" in str(error)
        found = checkpoint.load(folder, silent)
        assert found is not None
        assert is_checkpoint(found, 3 if found.step == 3 else 2)
        saved(folder, 4)
        assert is_checkpoint(checkpoint.load(folder, silent), 4)
        assert len(names(folder)) == 2
        if not fault.reached:
            break
    assert at >= 14


def test_death_at_any_call_leaves_a_good_checkpoint(tmp_path: Path) -> None:
    for at in itertools.count():
        folder = tmp_path / str(at)
        saved(folder, 1, 2)
        died = killed(MODULES, at, lambda folder=folder: saved(folder, 3))  # type: ignore[misc]
        found = checkpoint.load(folder, silent)
        assert found is not None
        assert is_checkpoint(found, 3 if found.step == 3 else 2)
        assert died or found.step == 3
        saved(folder, 4)
        assert is_checkpoint(checkpoint.load(folder, silent), 4)
        assert len(names(folder)) == 2
        if not died:
            break
    assert at >= 14


def test_a_failure_at_any_call_of_loading_is_a_sentence(tmp_path: Path) -> None:
    saved(tmp_path, 1)
    for at in itertools.count():
        with struck(MODULES, failing(at)) as fault:
            try:
                assert is_checkpoint(checkpoint.load(tmp_path, silent), 1)
            except AlexNetError as error:
                assert "step-00000001" in str(error)
        if not fault.reached:
            break
    assert is_checkpoint(checkpoint.load(tmp_path, silent), 1)


def damaged_is_noticed(folder: Path, content: bytes) -> None:
    path = folder / "step-00000002.safetensors"
    path.write_bytes(content)
    said: list[str] = []
    assert is_checkpoint(checkpoint.load(folder, said.append), 1)
    assert len(said) == 1
    assert "step-00000002.safetensors cannot be used" in said[0]
    assert "step 1." in said[0]
    (folder / "step-00000002.safetensors.damaged").unlink()


def test_a_bit_flipped_anywhere_is_noticed(tmp_path: Path) -> None:
    good = saved(tmp_path, 1, 2).read_bytes()
    places = {*range(0, len(good), 64), *range(16), *range(len(good) - 8, len(good))}
    for place in places:
        changed = bytearray(good)
        changed[place] ^= 1 << place % 8
        damaged_is_noticed(tmp_path, bytes(changed))


def test_a_cut_file_is_noticed(tmp_path: Path) -> None:
    good = saved(tmp_path, 1, 2).read_bytes()
    for length in {*range(0, len(good), 97), *range(20), *range(len(good) - 20, len(good))}:
        damaged_is_noticed(tmp_path, good[:length])
    damaged_is_noticed(tmp_path, good + b"\0")
    damaged_is_noticed(tmp_path, bytes(len(good)))


def test_a_damaged_one_is_not_kept_for_a_good_one(tmp_path: Path) -> None:
    saved(tmp_path, 1, 2).write_bytes(b"")
    checkpoint.load(tmp_path, lambda text: None)
    saved(tmp_path, 3)
    assert names(tmp_path) == [
        "step-00000001.safetensors",
        "step-00000002.safetensors.damaged",
        "step-00000003.safetensors",
    ]


def test_only_damaged_ones_are_an_error_again_and_again(tmp_path: Path) -> None:
    saved(tmp_path, 1, 2)
    for path in tmp_path.iterdir():
        path.write_bytes(path.read_bytes()[:-1])
    for _ in range(2):
        with pytest.raises(AlexNetError, match=r"No checkpoint in .*00000002.*checksum.*00000001"):
            checkpoint.load(tmp_path, silent)


def test_sizes_are_checked_before_memory_is_taken(tmp_path: Path) -> None:
    """A header that claims much, with a checksum that is right: safetensors refuses it."""
    entry = {"dtype": "F32", "shape": [1 << 40], "data_offsets": [0, 1 << 42]}
    text = json.dumps({"x": entry, "__metadata__": {"state": "{}"}}).encode()
    for header in (struct.pack("<Q", len(text)) + text, struct.pack("<Q", 1 << 62) + text):
        checksum = checkpoint.zlib.crc32(header)
        (tmp_path / "step-00000001.safetensors").write_bytes(header + struct.pack("<I", checksum))
        with pytest.raises(AlexNetError, match="no checkpoint of this program"):
            checkpoint.load(tmp_path, silent)


def test_what_does_not_read_back_never_gets_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved(tmp_path, 1)
    monkeypatch.setattr(checkpoint, "_checksums", lambda descriptor: (1, 1))
    with pytest.raises(AlexNetError, match="does not read back as it was written"):
        saved(tmp_path, 1)
    monkeypatch.undo()
    assert is_checkpoint(checkpoint.load(tmp_path, silent), 1)
    assert names(tmp_path) == ["step-00000001.safetensors"]


def test_a_step_saved_again_and_a_past_gone_back_from(tmp_path: Path) -> None:
    saved(tmp_path, 5, 9, 9)
    assert len(names(tmp_path)) == 2
    saved(tmp_path, 6)
    assert names(tmp_path) == ["step-00000005.safetensors", "step-00000006.safetensors"]
