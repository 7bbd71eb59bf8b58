"""Which device computes: the processor, or a GPU of NVIDIA's through CUDA and Triton.

A word names it (``--device``): "auto", "cpu", "cuda", "cuda:1". Nothing here imports Triton.
"""

import warnings
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch

from alexnet import machine
from alexnet.errors import AlexNetError, UsageError
from alexnet.kernels import front
from alexnet.kernels.front import Kernels
from alexnet.names import nearest
from alexnet.parallel.launch import launched, local_rank, local_size

WORDS = ("auto", "cpu", "cuda")
OTHERS = ("mps", "xpu", "hip", "rocm", "npu", "hpu", "tpu", "xla", "vulkan", "opencl")
DRIVER = Path("/proc/driver/nvidia/version")  # there where NVIDIA's driver is loaded
BF16 = (8, 0)  # the least compute capability that multiplies bfloat16
NO_TRITON = "A GPU's kernels need Triton, which is not installed: pip install 'alexnet[gpu]'"
WHEEL = "pip install --force-reinstall torch --index-url https://download.pytorch.org/whl/cu130"


@dataclass(frozen=True)
class Device:
    """``where`` tensors lie, and whether the ``gpu``'s way of computing is taken.

    With TRITON_INTERPRET=1 and no GPU, "cuda" takes the GPU's way on the processor, in Triton's
    interpreter.
    """

    name: str  # as a person writes it: cpu, cuda:0
    where: torch.device
    gpu: bool

    @property
    def kernels(self) -> str:
        """What the kernels that a network computes with there call themselves."""
        return str(getattr(kernels_of(self), "NAME", "Triton"))


CPU = Device("cpu", torch.device("cpu"), False)
INTERPRETER = Device("interpreter", torch.device("cpu"), True)


def device_of(word: str | None = None) -> Device:
    """The device that a word names; None or "auto": the first GPU that can be used, else the CPU.

    Under torchrun "auto" and "cuda" are each process's own card. UsageError, in a sentence, where
    there is no such device, or fewer cards than processes on this machine.
    """
    kind, colon, number = ("auto" if word is None else word).partition(":")
    if kind not in WORDS or (colon and not (kind == "cuda" and number.isdecimal())):
        raise UsageError(_unknown(str(word)))
    if kind == "cpu":
        return CPU
    if kind == "cuda" and _interpreted():
        if find_spec("triton") is None:
            raise UsageError(f"{NO_TRITON}; or take --device cpu.")
        return INTERPRETER
    if not (obstacle := _obstacle()):
        place = _card(int(number) if number else None)
        obstacle = trouble_on(f"cuda:{place}")
    if not obstacle:
        return Device(f"cuda:{place}", torch.device("cuda", place), True)
    if kind == "auto":
        return CPU
    raise UsageError(f"{obstacle}; or take --device cpu.")


def passed_by() -> str:
    """Why "auto" passes by a GPU that this machine has; "" where there is none or it is taken."""
    if not torch.cuda.is_available():
        return _obstacle() if DRIVER.exists() else ""
    return _obstacle() or trouble_on(f"cuda:{_card(None)}")


def _unknown(word: str) -> str:
    kind = word.partition(":")[0].casefold()
    if kind in OTHERS:
        return (
            f"{word} cannot be used: this software computes on processors (cpu) and on GPUs of "
            "NVIDIA's (cuda)."
        )
    hint = nearest("cuda" if kind == "gpu" else kind, WORDS)
    return f"There is no device {word!r}{hint}; a certain GPU is cuda:0, cuda:1 ..."


def _interpreted() -> bool:
    from alexnet.kernels.gpu.launch import interpreted

    return interpreted() and not torch.cuda.is_available()


def _obstacle() -> str:
    """Why no GPU can be used, and what to do; "" where one can."""
    if torch.version.hip:
        return "This torch is built for AMD's cards (ROCm), with which this was never tried"
    if torch.version.cuda is None:
        return (
            f"torch {torch.__version__} is built without CUDA and sees no GPU. Install a build "
            f"that has it: {WHEEL}"
        )
    if not torch.cuda.is_available():
        return (
            f"torch {torch.__version__} is built for CUDA {torch.version.cuda} but sees no GPU. "
            "NVIDIA's driver is missing (nvidia-smi fails too) or older than that CUDA wants, or "
            "CUDA_VISIBLE_DEVICES hides the cards: see to it"
        )
    if find_spec("triton") is None:
        return NO_TRITON
    return ""


@lru_cache(maxsize=1)
def trouble_on(name: str) -> str:
    """What goes wrong when a kernel of ours is compiled and run on a card; "" where it computes.

    Triton wants a C compiler where it runs, a driver that is new enough, a card that it knows: all
    of that is told before photos are prepared, and not in the middle of a run.
    """
    try:
        from alexnet.kernels.gpu.momentum import update

        weight, velocity, gradient = torch.ones(3, 16, device=name).unbind()
        update(weight, velocity, gradient, None, torch.tensor([0.5, 0.0, 1.0]).to(weight.device))
        if weight.tolist() == [0.0] * 16:  # 1 - 0.5 (1 + 1)
            return ""
        return f"{name} computes wrongly: {weight.tolist()} where all should be 0"
    except Exception as error:  # of Triton, the driver or a compiler: there is no end of kinds
        return f"{name} was tried with a small kernel, which failed ({first_line(error)})"


def first_line(error: BaseException) -> str:
    """What an error says, in short."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:200]}" if lines else type(error).__name__


def _card(wanted: int | None) -> int:
    """The number of the card, given or this process's own."""
    count, processes = torch.cuda.device_count(), local_size()
    cards = ", ".join(f"cuda:{number}" for number in range(count))
    if processes > count:
        raise UsageError(
            f"{processes} processes were started on this machine, which has {_gpus(count)}: "
            f"{cards}. Each needs one of its own: start {count} (--nproc-per-node {count}), or "
            "take --device cpu."
        )
    if wanted is not None and processes > 1:
        raise UsageError(
            f"cuda:{wanted} is one card, and {processes} processes were started on this machine; "
            "with --device cuda each takes its own."
        )
    if wanted is None:
        return local_rank() if launched() else 0
    if wanted >= count:
        raise UsageError(f"There is no cuda:{wanted}; this machine has {_gpus(count)}: {cards}.")
    return wanted


def _gpus(count: int) -> str:
    return f"{count} GPU{'s' * (count != 1)}"


def check_precision(device: Device, precision: str) -> None:
    """AlexNetError where a card does not multiply the numbers of a recipe's ``precision``."""
    if device.where.type != "cuda" or precision != "bf16":
        return
    found = torch.cuda.get_device_capability(device.where)
    if found < BF16:
        raise AlexNetError(
            f"{device.name} ({torch.cuda.get_device_name(device.where)}, capability "
            f"{found[0]}.{found[1]}) does not multiply bf16, which takes 8.0 or more; train with "
            "--precision float32."
        )


def settle(device: Device, precision: str = "float32") -> None:
    """Make a card the one that torch and Triton use, and set how it multiplies float32.

    In float32 nothing is rounded to TF32; beside bf16 what stays float32 may be, as it keeps more
    digits even so. cuDNN tries its algorithms out at the first batch of each shape.
    """
    if device.where.type != "cuda":
        return
    torch.cuda.set_device(device.where)
    torch.backends.cudnn.benchmark = True
    multiply_in_tf32(precision == "bf16")


def multiply_in_tf32(allowed: bool) -> None:
    """Whether a GPU may round what it multiplies in float32 to TF32, ten bits behind the point.

    In torch's older words: once its newer ones (``fp32_precision``) are used, its compiler, which
    reads the older, fails. Some versions of torch warn of them, once in a process.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        torch.set_float32_matmul_precision("high" if allowed else "highest")
        torch.backends.cudnn.allow_tf32 = allowed


def synchronize(where: torch.device) -> None:
    """Wait until a card has done what was asked of it; a processor always has."""
    if where.type == "cuda":
        torch.cuda.synchronize(where)


def kernels_of(device: Device) -> Kernels:
    """What a network computes with there: its ``kernels``."""
    if not device.gpu:
        return front
    from alexnet.kernels.gpu import front as of_gpu  # with Triton, which takes a second to import

    return of_gpu


def described(device: Device) -> dict[str, Any]:
    """Its name and, of a card, model, memory in GB, capability, driver, versions; plain values."""
    if not device.gpu:
        return {"device": device.name}
    card = machine.card(device.where) if device.where.type == "cuda" else {}
    return {"device": device.name, **card, **machine.gpu_versions()}
