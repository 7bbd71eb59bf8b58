"""Compiles every kernel for an H100 or H200 (sm_90), which takes no GPU, and says what came of it.

    python -m tests.kernels.gpu.compiled [word ...]

One line of JSON a specimen: name, registers of a thread, bytes it spills to memory, bytes of shared
memory, bytes of PTX, and the widest load and store in bits. With words: those whose names have one.
"""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

from tests.kernels.gpu.specimens import Specimen, specimens

TARGET = GPUTarget("cuda", 90, 32)
ALIGNED = [["tt.divisibility", 16]]
TOOLS = Path(triton.__file__).parent / "backends" / "nvidia" / "bin"


def compiled(specimen: Specimen) -> dict[str, Any]:
    """What the compiler made of it."""
    names = specimen.kernel.arg_names
    signature = specimen.signature | dict.fromkeys(specimen.constants, "constexpr")
    pointers = [i for i, name in enumerate(names) if signature[name].startswith("*")]
    source = ASTSource(
        fn=specimen.kernel,
        signature={name: signature[name] for name in names},
        constexprs=specimen.constants,
        attrs={(i,): ALIGNED for i in pointers},
    )
    result = triton.compile(source, target=TARGET, options={"num_warps": specimen.num_warps})
    used = resources(result.asm["cubin"])
    return {
        "name": specimen.name,
        "registers": used["REG"],
        "spills": used["STACK"] + used["LOCAL"],
        "shared": result.metadata.shared,
        "ptx": len(result.asm["ptx"]),
        "load": widest("ld", result.asm["ptx"]),
        "store": widest("st", result.asm["ptx"]),
    }


def resources(cubin: bytes) -> dict[str, int]:
    with tempfile.NamedTemporaryFile(suffix=".cubin") as file:
        file.write(cubin)
        file.flush()
        command = [str(TOOLS / "cuobjdump"), "--dump-resource-usage", file.name]
        text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return {name: int(count) for name, count in re.findall(r"(REG|STACK|LOCAL):(\d+)", text)}


def widest(what: str, ptx: str) -> int:
    """Bits of the widest access to global memory; 0 where there is none."""
    found = re.findall(rf"\b{what}\.global(?:\.\w+)*?(?:\.v(\d))?\.[bfsu](\d+)", ptx)
    return max((int(count or 1) * int(bits) for count, bits in found), default=0)


if __name__ == "__main__":
    words = sys.argv[1:]
    for one in specimens():
        if not words or any(word in one.name for word in words):
            print(json.dumps(compiled(one)), flush=True)
