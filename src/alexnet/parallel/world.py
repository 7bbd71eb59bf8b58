"""The processes that torchrun started, as one party: who is who, what all know, how it ends.

torchrun gives each process its rank and where to meet (environment variables RANK, WORLD_SIZE,
LOCAL_WORLD_SIZE, MASTER_ADDR ...). Small facts travel as JSON; nothing is pickled.
"""

import gc
import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any, TypeVar
from uuid import uuid4

import numpy as np
import torch
import torch.distributed as dist
from numpy.typing import NDArray
from torch.distributed.distributed_c10d import PrefixStore, Store
from torch.distributed.rendezvous import rendezvous

from alexnet import machine
from alexnet.errors import AlexNetError, Told, UsageError

TIMEOUT = 600.0  # seconds that one process waits for another
ROLL_CALL = 3.0  # seconds in which a process that is alive answers
T = TypeVar("T")
N = TypeVar("N", bound=np.number)


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

    def added(self, values: NDArray[N]) -> NDArray[N]:
        """The sum of an array over the processes."""
        return values


class Processes(World):
    """Several, which torchrun started, with a ``store`` of small facts that it keeps for them."""

    def __init__(self, store: Store) -> None:
        self.rank, self.size = dist.get_rank(), dist.get_world_size()
        self.store = store

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

    def added(self, values: NDArray[N]) -> NDArray[N]:
        """The sum of an array over the processes."""
        total = torch.from_numpy(values.copy())
        dist.all_reduce(total)
        return np.asarray(total.numpy(), values.dtype)


@contextmanager
def everyone() -> Iterator[World]:
    """All processes that torchrun started, or the only one."""
    if not launched():
        yield World()
        return
    with joined() as world:
        yield world


def launched() -> bool:
    """Whether torchrun started this process."""
    return "TORCHELASTIC_RUN_ID" in os.environ or {"RANK", "WORLD_SIZE"} <= os.environ.keys()


def local_size() -> int:
    """How many processes of the run share this machine."""
    return int(os.environ.get("LOCAL_WORLD_SIZE", "1"))


def threads() -> int:
    """As many as the cores, which the processes on this machine share."""
    return max(1, machine.cores() // local_size())


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
        lost = AlexNetError(_who_is_lost(world, error, timeout))
        raise _once(world, lost, follows=True) from None
    _part()


def _part() -> None:
    """Leave in good order: groups of processes that live on until Python ends can abort it then.

    Seen with torch 2.13 in one of fourteen runs ("terminate called without an active exception").
    """
    gc.collect()  # what was trained may hold groups in a circle of references
    dist.barrier()
    dist.destroy_process_group()


def _met(timeout: float) -> Processes:
    backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
    patience = timedelta(seconds=timeout)
    try:
        found, number, size = next(rendezvous("env://", timeout=patience))
        store = _own_store(found, number, size, patience)
        dist.init_process_group(
            backend, store=store, rank=number, world_size=size, timeout=patience
        )
        world = Processes(store)
        store.set(f"host/{number}", socket.gethostname())
    except (RuntimeError, ValueError) as error:
        raise AlexNetError(
            f"{_here()} could not meet the other processes within {timeout:g} s "
            f"({str(error).splitlines()[0]}). Are all of them started, and is "
            f"{os.environ.get('MASTER_ADDR')} reachable from here?"
        ) from error
    return world


def _own_store(store: Store, number: int, size: int, patience: timedelta) -> Store:
    """A part of the store for those who meet now, which the first one names.

    torchrun keeps one store for all its restarts, and the addresses of processes that are gone
    would be found in it (seen with torch 2.13). Its count of restarts does not tell rounds apart:
    each machine's torchrun has a count of its own.
    """
    own = uuid4().hex
    if number:
        store.set(f"asks/{number}", own)
        name = store.get(f"answer/{own}").decode()  # waits for it
        store.set(f"has/{name}/{number}", "yes")
        return PrefixStore(name, store)
    missing, until = set(range(1, size)), time.monotonic() + patience.total_seconds()
    while missing:
        for other in sorted(missing):
            if store.check([f"asks/{other}"]):  # perhaps of one that is gone
                store.set(f"answer/{store.get(f'asks/{other}').decode()}", own)
            if store.check([f"has/{own}/{other}"]):
                missing.remove(other)
        if missing and time.monotonic() > until:
            raise RuntimeError(f"without rank {', '.join(map(str, sorted(missing)))}")
        time.sleep(0.02)
    return PrefixStore(own, store)


def _once(world: Processes, error: BaseException, follows: bool = False) -> BaseException:
    """The error, or Told where another process has said the same.

    ``follows``: it may well be what another process's error has led to.
    """
    if isinstance(error, Told):
        return error
    text = str(error) or type(error).__name__
    with suppress(RuntimeError):
        said = world.store.compare_set("error", "", text).decode()
        if said != text:
            return Told(error) if follows else error
        if world.store.add("told", 1) > 1:
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
    # Where a process has ended, others may not have noticed yet, and do not answer either.
    who = (" and " if late else " or ").join(_name(world, one) for one in missing)
    return (
        f"{who or 'another process'} {how}, so the others stop too. With torchrun --max-restarts 3 "
        "all begin again by themselves from the last step saved; otherwise the same command does."
    )


def _missing(world: Processes) -> list[int]:
    """The ranks that do not answer a roll call in the store that torchrun keeps."""
    names = [f"here/{number}" for number in range(world.size)]
    # Closed first, so that others who wait for us notice, and answer too.
    dist.destroy_process_group()
    until = time.monotonic() + ROLL_CALL
    try:
        world.store.set(names[world.rank], "yes")
        while not world.store.check(names) and time.monotonic() < until:
            time.sleep(0.05)
        return [number for number, name in enumerate(names) if not world.store.check([name])]
    except RuntimeError:
        return [0]  # who keeps the store where torchrun does not


def _name(world: Processes, number: int) -> str:
    host = ""
    with suppress(RuntimeError):
        if world.store.check([f"host/{number}"]):
            host = f" on {world.store.get(f'host/{number}').decode()}"
    return f"rank {number}{host}"


def _here() -> str:
    return f"rank {rank()} on {socket.gethostname()}"
