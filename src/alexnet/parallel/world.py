"""The processes that torchrun started, as one party: who is who, what all know, how it ends.

torchrun gives each process its rank and where to meet (environment variables RANK, WORLD_SIZE,
LOCAL_WORLD_SIZE, MASTER_ADDR ...). Small facts travel as JSON; nothing is pickled.
"""

import json
import os
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch.distributed.distributed_c10d import Store, _get_default_store

from alexnet.errors import AlexNetError, Told, UsageError

TIMEOUT = 600.0  # seconds that one process waits for another
ROLL_CALL = timedelta(seconds=5)
T = TypeVar("T")


class World:
    """The processes of a run: here, one."""

    rank: int = 0
    size: int = 1

    @property
    def first(self) -> bool:
        """Whether this is the process that writes and speaks."""
        return self.rank == 0

    def told(self, value: Any) -> Any:
        """The first process's value, as JSON can hold it, on all."""
        return value

    def by_first(self, work: Callable[[], T]) -> T | None:
        """What only the first process does, while the others wait; its error is that of all."""
        return self.together(work if self.first else lambda: None)

    def together(self, work: Callable[[], T]) -> T:
        """What each process does for itself; where it fails on one, it has failed on all."""
        return work()


class Processes(World):
    """Several, which torchrun started; this one is ``rank`` of ``size``.

    ``roll`` is for asking who is there when an exchange has failed.
    """

    def __init__(self, store: Store, roll: dist.ProcessGroup) -> None:
        self.rank, self.size = dist.get_rank(), dist.get_world_size()
        self.store, self.roll = store, roll

    def told(self, value: Any) -> Any:
        """The first process's value, as JSON can hold it, on all."""
        text = json.dumps(value).encode() if self.first else b""
        size = torch.tensor(len(text))
        dist.broadcast(size, 0)
        content = torch.empty(int(size), dtype=torch.uint8)
        if self.first:
            content.copy_(torch.frombuffer(bytearray(text), dtype=torch.uint8))
        dist.broadcast(content, 0)
        return json.loads(bytes(content.tolist()))

    def together(self, work: Callable[[], T]) -> T:
        """What each process does for itself; where it fails on one, it has failed on all."""
        result: T | None = None
        error: AlexNetError | None = None
        try:
            result = work()
        except AlexNetError as raised:
            error = raised
        failed = torch.tensor(0 if error is None else 1)
        dist.all_reduce(failed)
        if error is not None:
            raise error
        if failed:
            raise Told()
        return result  # type: ignore[return-value]


def launched() -> bool:
    """Whether torchrun started this process."""
    return "TORCHELASTIC_RUN_ID" in os.environ or {"RANK", "WORLD_SIZE"} <= os.environ.keys()


def local_size() -> int:
    """How many processes of the run share this machine."""
    return int(os.environ.get("LOCAL_WORLD_SIZE", "1"))


def rank() -> int:
    """This process's number; 0 where it is alone."""
    return int(os.environ.get("RANK", "0"))


@contextmanager
def joined(timeout: float = TIMEOUT) -> Iterator[Processes]:
    """Meet the other processes. A process that is lost is named in the AlexNetError that follows.

    UsageError where torchrun did not start this process.
    """
    if not launched():
        raise UsageError(
            "--parallel works with several processes, which torchrun starts: "
            "torchrun --nproc-per-node 2 -m alexnet train ..."
        )
    world = _met(timeout)
    try:
        yield world
    except (AlexNetError, KeyboardInterrupt) as error:
        raise _once(world, error) from error
    except RuntimeError as error:
        if not _is_lost(error):
            raise
        raise _once(world, AlexNetError(_who_is_lost(world, error, timeout))) from None
    dist.destroy_process_group()


def _met(timeout: float) -> Processes:
    gpu = torch.cuda.is_available()
    try:
        dist.init_process_group(
            "cpu:gloo,cuda:nccl" if gpu else "gloo", timeout=timedelta(seconds=timeout)
        )
    except (RuntimeError, ValueError) as error:
        raise AlexNetError(
            f"{_here()} could not meet the other processes within {timeout:g} s "
            f"({str(error).splitlines()[0]}). Are all of them started, and is "
            f"{os.environ.get('MASTER_ADDR')} reachable from here?"
        ) from error
    roll = dist.new_group(backend="gloo")
    store = _get_default_store()
    world = Processes(store, roll)
    store.set(f"host/{world.rank}", socket.gethostname())
    return world


def _once(world: Processes, error: BaseException) -> BaseException:
    """The error, or Told where another process has said the same."""
    if isinstance(error, Told):
        return error
    text = str(error) or type(error).__name__
    with suppress(RuntimeError):
        same = world.store.compare_set("error", "", text).decode() == text
        if same and world.store.add("told", 1) > 1:
            return Told(error)
    return error


LOST = ("gloo", "Connection", "connection", "peer", "Timed out", "timed out", "NCCL", "Socket")


def _is_lost(error: RuntimeError) -> bool:
    return isinstance(error, dist.DistError) or any(word in str(error) for word in LOST)


def _who_is_lost(world: Processes, error: RuntimeError, timeout: float) -> str:
    """A sentence that names the ranks that do not answer, by a roll call of those that do."""
    late = "timed out" in str(error).lower()
    how = f"did not answer within {timeout:g} s" if late else "has ended"
    missing = _missing(world)
    who = " and ".join(_name(world, one) for one in missing) or "a process that cannot be found out"
    return (
        f"{who} {how}, so {_here()} stops too. torchrun --max-restarts 3 would start all anew from "
        "the last step saved; without it, the same command goes on from there."
    )


def _missing(world: Processes) -> Sequence[int]:
    try:
        dist.monitored_barrier(world.roll, ROLL_CALL, wait_all_ranks=True)
    except RuntimeError as error:
        text = str(error).partition("Ranks ")[2].partition(" failed")[0]
        found = [int(one) for one in text.replace(",", " ").split() if one.isdecimal()]
        return found or ([0] if not world.first else [])
    return []


def _name(world: Processes, number: int) -> str:
    host = ""
    with suppress(RuntimeError):
        if world.store.check([f"host/{number}"]):
            host = f" on {world.store.get(f'host/{number}').decode()}"
    return f"rank {number}{host}"


def _here() -> str:
    return f"rank {rank()} on {socket.gethostname()}"
