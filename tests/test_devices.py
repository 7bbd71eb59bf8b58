"""Which device a word names, and what is said where there is none; cards are imagined here."""

import os
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from alexnet import devices, machine
from alexnet.devices import CPU, INTERPRETER, Device, check_precision, described, device_of, settle
from alexnet.errors import AlexNetError, UsageError
from alexnet.kernels import front
from alexnet.parallel import launch

See = Callable[[int], None]
HERE = {"RANK": "3", "WORLD_SIZE": "4", "MASTER_ADDR": "a", "MASTER_PORT": "1"}


@pytest.fixture
def cards(monkeypatch: pytest.MonkeyPatch) -> See:
    """Lets torch see so many cards, in a build for CUDA, and Python see Triton."""
    monkeypatch.delenv("TRITON_INTERPRET", raising=False)
    for name in (*HERE, "LOCAL_RANK", "LOCAL_WORLD_SIZE"):
        monkeypatch.delenv(name, raising=False)

    def see(count: int) -> None:
        monkeypatch.setattr(torch.version, "cuda", "13.0")
        monkeypatch.setattr(torch.version, "hip", None)
        monkeypatch.setattr(torch.cuda, "is_available", lambda: count > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: count)
        monkeypatch.setattr(devices, "find_spec", lambda _: object())
        monkeypatch.setattr(devices, "trouble_on", lambda _: "")

    return see


def processes(monkeypatch: pytest.MonkeyPatch, local_rank: int, local_size: int) -> None:
    """This process is one of so many that torchrun started on this machine."""
    for name, value in HERE.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("LOCAL_RANK", str(local_rank))
    monkeypatch.setenv("LOCAL_WORLD_SIZE", str(local_size))


def test_without_a_gpu_the_processor_computes(cards: See) -> None:
    cards(0)
    assert device_of() == device_of("auto") == device_of("cpu") == CPU
    assert (CPU.name, CPU.where.type, CPU.gpu, CPU.kernels) == ("cpu", "cpu", False, front.NAME)
    assert devices.kernels_of(CPU) is front


@pytest.mark.parametrize(
    ("word", "name"),
    [
        (None, "cuda:0"),
        ("auto", "cuda:0"),
        ("cuda", "cuda:0"),
        ("cuda:1", "cuda:1"),
        ("cpu", "cpu"),
    ],
)
def test_a_word_names_a_card(cards: See, word: str | None, name: str) -> None:
    cards(2)
    assert device_of(word) == Device(name, torch.device(name), name != "cpu")


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("cuda:3", "There is no cuda:3; this machine has 2 GPUs: cuda:0, cuda:1."),
        ("cdua", "There is no device 'cdua' (did you mean 'cuda'?)"),
        ("gpu:1", "There is no device 'gpu:1' (did you mean 'cuda'?)"),
        ("cpu:0", "There is no device 'cpu:0' (did you mean 'cpu'?)"),
        ("cuda:", "There is no device 'cuda:'"),
        ("cuda:-1", "There is no device 'cuda:-1'"),
        ("mps", "mps cannot be used: this software computes on processors (cpu) and on GPUs"),
        ("xpu:0", "xpu:0 cannot be used"),
    ],
)
def test_a_device_that_cannot_be_is_a_wrong_call(cards: See, word: str, said: str) -> None:
    cards(2)
    with pytest.raises(UsageError) as caught:
        device_of(word)
    assert str(caught.value).startswith(said)


def test_why_there_is_no_gpu_is_said(cards: See, monkeypatch: pytest.MonkeyPatch) -> None:
    cards(0)
    with pytest.raises(UsageError, match=r"built for CUDA 13\.0 but sees no GPU\. NVIDIA's driver"):
        device_of("cuda")
    cards(1)
    monkeypatch.setattr(devices, "find_spec", lambda _: None)
    with pytest.raises(UsageError, match=r"Triton, .* pip install 'alexnet\[gpu\]'; or take --dev"):
        device_of("cuda:0")
    assert device_of("auto") == CPU
    monkeypatch.setattr(torch.version, "cuda", None)
    with pytest.raises(UsageError, match=r"without CUDA .* pip install .*/whl/cu\d+; or take"):
        device_of("cuda")
    monkeypatch.setattr(torch.version, "hip", "6.0")
    with pytest.raises(UsageError, match="AMD"):
        device_of("cuda")
    assert device_of() == CPU


def test_a_card_that_does_not_compute_is_passed_by_or_told(
    cards: See, monkeypatch: pytest.MonkeyPatch
) -> None:
    cards(1)
    assert devices.passed_by() == ""
    monkeypatch.setattr(devices, "trouble_on", lambda name: f"{name} failed (no C compiler)")
    assert device_of("auto") == CPU
    assert devices.passed_by() == "cuda:0 failed (no C compiler)"
    with pytest.raises(UsageError, match=r"cuda:0 failed \(no C compiler\); or take --device cpu"):
        device_of("cuda")


def test_a_device_is_tried_with_a_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the interpreter, which computes; and on a card that torch does not see."""
    monkeypatch.setenv("TRITON_INTERPRET", "1")
    devices.trouble_on.cache_clear()
    assert devices.trouble_on("cpu") == ""
    if not torch.cuda.is_available():
        assert "cuda:5 was tried with a small kernel, which failed (" in devices.trouble_on(
            "cuda:5"
        )
    devices.trouble_on.cache_clear()


def test_each_process_takes_a_card_of_its_own(cards: See, monkeypatch: pytest.MonkeyPatch) -> None:
    cards(2)
    processes(monkeypatch, 1, 2)
    assert device_of().name == device_of("cuda").name == "cuda:1"
    assert device_of("cpu") == CPU
    with pytest.raises(UsageError, match="cuda:0 is one card, and 2 processes"):
        device_of("cuda:0")
    monkeypatch.delenv("LOCAL_RANK")  # of 4 ranks on machines of 2, rank 3 is the second
    assert launch.local_rank() == 1
    processes(monkeypatch, 0, 1)
    assert device_of("cuda:1").name == "cuda:1"


@pytest.mark.parametrize("word", ["auto", "cuda"])
def test_more_processes_than_cards_are_told(
    cards: See, monkeypatch: pytest.MonkeyPatch, word: str
) -> None:
    cards(2)
    processes(monkeypatch, 0, 4)
    with pytest.raises(UsageError, match=r"4 processes .* has 2 GPUs: cuda:0, cuda:1\. .*node 2\)"):
        device_of(word)


def test_the_gpu_s_way_can_be_taken_on_a_processor(
    cards: See, monkeypatch: pytest.MonkeyPatch
) -> None:
    cards(0)
    monkeypatch.setenv("TRITON_INTERPRET", "1")
    assert device_of("cuda") == INTERPRETER
    assert (INTERPRETER.where.type, INTERPRETER.gpu) == ("cpu", True)
    assert device_of("auto") == CPU  # an environment variable makes nothing slow unasked
    cards(1)
    assert device_of("cuda").name == "cuda:0"
    cards(0)
    monkeypatch.setattr(devices, "find_spec", lambda _: None)
    with pytest.raises(UsageError, match="need Triton, which is not installed: pip install"):
        device_of("cuda")


CARD = Device("cuda:1", torch.device("cuda:1"), True)


def imagined(monkeypatch: pytest.MonkeyPatch, capability: tuple[int, int]) -> list[Any]:
    """A card of such a capability; the calls that make it the current one are kept."""
    made: list[Any] = []
    facts = SimpleNamespace(
        name="Abacus", total_memory=80_000_000_000, major=capability[0], minor=capability[1],
        multi_processor_count=7,
    )  # fmt: skip
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: capability)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _: "Abacus")
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: facts)
    monkeypatch.setattr(torch.cuda, "set_device", made.append)
    return made


def test_bf16_on_a_card_without_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    imagined(monkeypatch, (7, 5))
    check_precision(CPU, "bf16")
    check_precision(CARD, "float32")
    with pytest.raises(AlexNetError, match=r"cuda:1 \(Abacus, capability 7\.5\) .* float32\."):
        check_precision(CARD, "bf16")
    imagined(monkeypatch, (8, 0))
    check_precision(CARD, "bf16")


def test_float32_means_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    """And with bf16 what stays float32 may be TF32; the settings can be read afterwards."""
    made = imagined(monkeypatch, (9, 0))
    before = torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32
    settle(CPU, "bf16")
    assert before == (torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            for precision, allowed in (("bf16", True), ("float32", False)):
                settle(CARD, precision)
                assert torch.backends.cuda.matmul.allow_tf32 is allowed
                assert torch.backends.cudnn.allow_tf32 is allowed
                assert torch.backends.cudnn.benchmark
        assert made == [CARD.where] * 2
    finally:
        torch.set_float32_matmul_precision(before[0])
        torch.backends.cudnn.allow_tf32, torch.backends.cudnn.benchmark = before[1], False


def test_a_card_is_described_in_plain_values(monkeypatch: pytest.MonkeyPatch, cards: See) -> None:
    imagined(monkeypatch, (9, 0))
    cards(2)
    monkeypatch.setattr(torch.backends.cudnn, "version", lambda: 91300)
    found = described(CARD)
    assert found.pop("triton")[0].isdigit()
    driver = found.pop("driver")
    assert driver == "unknown" or driver[0].isdigit()
    assert found == {
        "device": "cuda:1", "card": "Abacus", "card_memory_gb": 80.0, "capability": "9.0",
        "multiprocessors": 7, "cuda": "13.0", "cudnn": "91300",
    }  # fmt: skip
    assert machine.describe(CARD.where)["gpu"]["card"] == "Abacus"
    assert machine.versions(gpu=True)["cuda"] == "13.0"
    assert described(CPU) == {"device": "cpu"}
    assert set(described(INTERPRETER)) >= {"device", "triton"}


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("NVRM version: NVIDIA UNIX x86_64 Kernel Module  570.86.15  Thu Jan 23\n", "570.86.15"),
        ("NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.82  Release\n", "580.82"),
        ("nonsense", "unknown"),
        ("", "unknown"),
    ],
)
def test_the_driver_s_version_is_read(
    monkeypatch: pytest.MonkeyPatch, text: str, version: str
) -> None:
    monkeypatch.setattr(Path, "read_text", lambda _: text)
    assert machine._driver() == version


def test_waiting_for_a_device(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[torch.device] = []
    monkeypatch.setattr(torch.cuda, "synchronize", waited.append)
    devices.synchronize(CPU.where)
    devices.synchronize(CARD.where)
    assert waited == [CARD.where]


BOTH_WAYS = """
import sys
import numpy as np
from alexnet import devices, evaluation, extraction, prediction
from alexnet.model import Model
from alexnet.networks.build import Network
from alexnet.preprocessing import Preprocessing
from alexnet.training.start import draw_weights
from tests.system import narrow

network = Network(narrow(), 56)
draw_weights(network, 0)
mean, classes = np.full((64, 64, 3), 120, np.float32), ("red", "green", "blue")
model = Model(network, "alexnet", Preprocessing(size=64, crop=56), mean, classes)
pictures = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), dtype=np.uint8)
ways = (model.probabilities, lambda some: model.features(some, "fc6"))
here = [ask(pictures) for ask in ways]
assert "triton" not in sys.modules
there = [ask(pictures) for ask in ways if model.to(devices.device_of("cuda"))]
assert network.kernels.NAME == "Triton (interpreted)"
for one, other in zip(here, there):
    np.testing.assert_allclose(other, one, rtol=1e-4, atol=1e-6)
"""


@pytest.mark.skipif(torch.cuda.is_available(), reason="Triton compiles where there is a GPU")
def test_answers_are_the_same_the_gpu_s_way_and_triton_comes_with_it() -> None:
    """In a Python of its own: whether Triton interprets is settled when it is imported."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", BOTH_WAYS], cwd=Path(__file__).resolve().parents[1],
        env={**os.environ, "TRITON_INTERPRET": "1", "OMP_NUM_THREADS": "1"}, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_a_gpu_that_is_passed_by_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where the driver is there and torch is built without CUDA; not where there is no GPU."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.version, "cuda", None)
    driver = tmp_path / "version"
    monkeypatch.setattr(devices, "DRIVER", driver)
    assert devices.passed_by() == ""
    driver.touch()
    assert "built without CUDA" in devices.passed_by()
