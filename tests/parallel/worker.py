"""The processes of all tests here: one Python that imports all and forks 2, 3 and 4 of them.

So torch is imported once. Each process finds what torchrun would have given it, does all that is to
be done by so many, and writes what it found. ``python -m tests.parallel.worker FOLDER PORT``.
"""

import hashlib
import json
import multiprocessing
import os
import sys
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import torch
import torch._dynamo  # what DistributedDataParallel would import, before the fork
from safetensors.torch import save_file
from torch import Tensor

from alexnet.errors import UsageError
from alexnet.parallel.spread import Spread
from alexnet.parallel.world import Processes
from alexnet.training.sitting import EXCHANGES, Sitting
from alexnet.training.validation import validate
from tests.parallel.cases import CASES, VALIDATED, Case, Place, job_of, refusals, stepped
from tests.parallel.moves import JOURNEYS, STEPS, Journey, sat, sitting

WROTE: list[str] = []  # what this process changed on disk in a sitting


def main(folder: Path, port: str) -> int:
    """The processes of each size in turn; 1 where one failed."""
    for size in CASES:
        context = multiprocessing.get_context("fork")
        started = [
            context.Process(target=work, args=(folder, port, size, rank)) for rank in range(size)
        ]
        for process in started:
            process.start()
        for process in started:
            process.join()
        if any(process.exitcode for process in started):
            return 1
    return 0


def work(folder: Path, port: str, size: int, rank: int) -> None:
    """All that one process does."""
    torch.set_num_threads(1)
    os.environ |= {
        "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "TORCHELASTIC_USE_AGENT_STORE": "True",
        "RANK": str(rank), "WORLD_SIZE": str(size), "LOCAL_WORLD_SIZE": str(size),
    }  # fmt: skip
    found: dict[str, Any] = {"steps": {}}
    with Sitting(parallel="replicas", timeout=30.0).met() as sitting:
        assert isinstance(sitting.world, Processes)
        found["refused"] = refused(sitting.world)
        found["validated"] = validated(sitting.world)
        for name, case in CASES[size].items():
            found["steps"][name] = one_step(sitting.world, folder, name, case)
    os.environ["LOCAL_WORLD_SIZE"] = str(size)
    sys.addaudithook(partial(note_writes, str(folder)))
    found["journeys"] = {
        name: travelled(folder, name, journey, rank, size)
        for name, journey in JOURNEYS[size].items()
    }
    (folder / f"{size}-{rank}.json").write_text(json.dumps(found))


def placing(world: Processes, case: Case) -> Place:
    """Spreads a network as a case says."""
    return lambda network, batch: Spread(world, case.mode, network, batch, EXCHANGES[case.exchange])


def one_step(world: Processes, folder: Path, name: str, case: Case) -> dict[str, Any]:
    """What a case came to; the tensors are written by the first process, others give a digest."""
    os.environ["LOCAL_WORLD_SIZE"] = str(case.local or world.size)
    found = stepped(case, placing(world, case))
    if world.first:
        tensors = {f"gradient {n}": t for n, t in found.gradients.items()}
        tensors |= {f"velocity {n}": t for n, t in found.velocities.items()}
        save_file(
            {n: t.detach().contiguous() for n, t in tensors.items()},
            folder / f"{world.size}-{name}.safetensors",
        )
    return {
        "outcome": found.outcome, "traffic": found.traffic, "line": found.line,
        "digest": digest(found.gradients),
    }  # fmt: skip


def digest(tensors: dict[str, Tensor]) -> str:
    """Equal for equal bits."""
    whole = hashlib.sha256()
    for value in tensors.values():
        whole.update(value.detach().contiguous().numpy().tobytes())
    return whole.hexdigest()


def validated(world: Processes) -> dict[str, Any]:
    """Loss and errors on the validation part, each process taking some of it."""
    job = job_of(VALIDATED, placing(world, VALIDATED))
    return validate(job.model, job.images, world)


def refused(world: Processes) -> dict[str, str]:
    """What cannot be spread among so many, and the sentences that say so."""
    said = {}
    for name, case in refusals(world.size).items():
        try:
            job_of(case, placing(world, case))
        except UsageError as error:
            said[name] = str(error)
    return said


def travelled(folder: Path, name: str, journey: Journey, rank: int, size: int) -> list[Any]:
    """What this process saw in each sitting; the last one is asked to stop, and all do."""
    found, done = [], journey.alone
    for mode, until in journey.moves:
        WROTE.clear()
        steps = until - done if until < STEPS and rank == size - 1 else None
        seen = sat(sitting(folder / "data", folder / f"{size}-{name}", name, mode), steps)
        found.append({**asdict(seen), "wrote": list(WROTE)})
        done = until
    return found


def note_writes(folder: str, event: str, values: tuple[Any, ...]) -> None:
    """An audit hook that notes what is changed in a folder."""
    if event == "open":
        changes = bool(values[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
    else:
        changes = event in ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link")
    if changes:
        paths = [str(one) for one in values[:2] if isinstance(one, str | os.PathLike)]
        WROTE.extend(path for path in paths if path.startswith(folder))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2]))
