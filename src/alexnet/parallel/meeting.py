"""Meeting the other processes, leaving in good order, and naming those that are lost."""

import gc
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from uuid import uuid4

import torch
import torch.distributed as dist
from torch.distributed.distributed_c10d import PrefixStore, Store, _abort_process_group
from torch.distributed.rendezvous import rendezvous

from alexnet.errors import AlexNetError, Told, UsageError
from alexnet.parallel.launch import launched, rank
from alexnet.parallel.world import Processes, World

TIMEOUT = 600.0  # seconds that one process waits for another
ROLL_CALL = 3.0  # seconds in which a process that is alive answers
CPU = torch.device("cpu")


@contextmanager
def everyone() -> Iterator[World]:
    """All processes that torchrun started, or the only one. They exchange numbers, no tensors."""
    if not launched():
        yield World()
        return
    with meeting() as world:
        yield world


@contextmanager
def meeting(timeout: float = TIMEOUT, where: torch.device = CPU) -> Iterator[Processes]:
    """Meet the other processes. One that is lost is named in the AlexNetError that follows.

    ``where`` are the tensors that they will exchange, each process's on a card of its own.
    UsageError where torchrun did not start several.
    """
    if not launched():
        raise UsageError(
            "--parallel works with several processes, which torchrun starts: "
            "torchrun --nproc-per-node 2 -m alexnet train ..."
        )
    world = _met(timeout, where)
    try:
        yield world
        # What was trained may hold groups of processes in a circle of references, and those that
        # live until Python ends abort it then (torch 2.13: in one of fourteen runs).
        gc.collect()
        dist.barrier()
        _part()
    except (AlexNetError, KeyboardInterrupt) as error:
        raise _once(world, error) from None
    except RuntimeError as error:
        if not _is_lost(error):
            raise
        lost = AlexNetError(_who_is_lost(world, error, timeout))
        raise _once(world, lost, follows=True) from error
    finally:
        _break_off()  # what an error has left, so that others notice


def _part() -> None:
    if dist.is_initialized():
        dist.destroy_process_group()


def _break_off() -> None:
    """Leave without waiting for what is under way, as NCCL does when it is left in good order."""
    if dist.is_initialized() and "nccl" in dist.get_backend_config():
        _abort_process_group()
    _part()


def _backend(where: torch.device) -> str:
    """Gloo for what lies in memory, such as all that ``World`` exchanges; NCCL between cards."""
    if where.type != "cuda":
        return "gloo"
    torch.cuda.set_device(where)
    # Otherwise NCCL ends the process from a thread of its own where an exchange takes too long. So
    # it only gives that up, and the next exchange through Gloo finds out who is lost.
    os.environ.setdefault("TORCH_NCCL_ASYNC_ERROR_HANDLING", "2")
    return "cpu:gloo,cuda:nccl"


def _met(timeout: float, where: torch.device) -> Processes:
    backend = _backend(where)
    patience = timedelta(seconds=timeout)
    try:
        found, number, size = next(rendezvous("env://", timeout=patience))
        store = _own_store(found, number, size, patience)
        dist.init_process_group(
            backend, store=store, rank=number, world_size=size, timeout=patience
        )
        store.set(f"host/{number}", socket.gethostname())
    except (RuntimeError, ValueError) as error:
        raise AlexNetError(
            f"{_here()} could not meet the other processes ({str(error).splitlines()[0]}). Are all "
            f"of them started, and is {os.environ.get('MASTER_ADDR')} reachable from here? Each "
            f"waits {timeout:g} s for the others (--timeout)."
        ) from error
    return Processes(store, patience)


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


LOST = (
    "gloo", "Connection", "connection", "peer", "Timed out", "timed out", "NCCL", "timeout",
    "Socket",
)  # fmt: skip


def _is_lost(error: RuntimeError) -> bool:
    return isinstance(error, dist.DistError) or any(word in str(error) for word in LOST)


def _who_is_lost(world: Processes, error: RuntimeError, timeout: float) -> str:
    """A sentence that names the ranks that do not answer, by a roll call of those that do."""
    late = any(words in str(error).lower() for words in ("timed out", "timeout", "timing out"))
    how = f"did not answer within {timeout:g} s" if late else "has ended"
    missing = _missing(world)
    # Where a process has ended, others may not have noticed yet, and do not answer either.
    who = (" and " if late else " or ").join(_name(world, one) for one in missing)
    if not missing:
        who, how = "an exchange between processes", f"failed ({str(error).splitlines()[0]})"
    return (
        f"{who} {how}, so the others stop too. With torchrun --max-restarts 3 all begin again by "
        "themselves from the last step saved; otherwise the same command does."
    )


def _missing(world: Processes) -> list[int]:
    """The ranks that do not answer a roll call in the store that torchrun keeps."""
    if threading.current_thread() is threading.main_thread():
        # torchrun ends the others at once when one has died; a few seconds are ours to say who.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    names = [f"here/{number}" for number in range(world.size)]
    _break_off()  # so that others who wait for us notice, and answer too
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
