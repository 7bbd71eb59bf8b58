"""How a run is trained this time: threads, turns, processes. None of it changes what is learned."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import cast, get_args

import torch

from alexnet import machine
from alexnet.devices import Device, device_of
from alexnet.errors import Told, UsageError
from alexnet.networks.build import Network
from alexnet.parallel.launch import launched, rank, started, threads
from alexnet.parallel.meeting import TIMEOUT, meeting
from alexnet.parallel.placement import Placement
from alexnet.parallel.split import Mode
from alexnet.parallel.world import Processes, World, silent
from alexnet.training.job import Say

MODES: tuple[Mode, ...] = get_args(Mode)
EXCHANGES = {"float32": None, "bf16": torch.bfloat16}


@dataclass(frozen=True)
class Sitting:
    """What ``train`` and ``resume`` are told about the machines.

    ``turns``: in how many pieces a batch goes forward and back, its update being one (gradient
    accumulation). ``parallel``: how the processes that torchrun started share the work.
    ``exchange`` is the type in which float32 values travel between them; ``timeout`` the seconds
    that one waits for another. ``device``: "cpu", "cuda", "cuda:1"; None: a GPU where there is one.
    """

    threads: int | None = None
    workers: int = 1
    turns: int = 1
    parallel: str | None = None
    exchange: str = "float32"
    timeout: float = TIMEOUT
    say: Say = print
    quiet: bool = False
    device: str | None = None
    world: World = field(default_factory=World)

    def check(self) -> None:
        """UsageError for a number or a word that cannot be."""
        if self.threads is not None and self.threads < 1:
            raise UsageError(f"{self.threads} threads were asked for; at least 1 is needed.")
        if self.workers < 0:
            raise UsageError(f"{self.workers} workers were asked for; it can be 0 or more.")
        if self.turns < 1:
            raise UsageError(f"A batch cannot be trained in {self.turns} turns; at least in 1.")
        if self.parallel not in (None, *MODES):
            raise UsageError(f"parallel is {self.parallel!r}; it can be {', '.join(MODES)}.")
        if self.exchange not in EXCHANGES:
            raise UsageError(f"exchange is {self.exchange!r}; it can be {', '.join(EXCHANGES)}.")
        if self.parallel is None and (self.exchange != "float32" or self.timeout != TIMEOUT):
            raise UsageError("--exchange and --timeout are for several processes, with --parallel.")
        if self.parallel is None and launched():
            raise UsageError(
                "torchrun started several processes, which would all train the same; say how they "
                "share the work: --parallel towers, replicas or hybrid."
            )

    @contextmanager
    def met(self) -> Iterator["Sitting"]:
        """The sitting with all its processes; only the first one speaks."""
        try:
            self.check()
            where = self.computes.where
        except UsageError as error:
            raise (Told(error) if rank() else error) from None  # the first has the same to say
        if self.parallel is None or (started() and not launched()):  # torchrun may start just one
            yield self
            return
        with meeting(self.timeout, where) as world:
            say = self.say if world.first else silent
            yield replace(self, world=world, say=say, quiet=self.quiet or not world.first)

    @cached_property
    def computes(self) -> Device:
        """The device that trains; UsageError where there is no such."""
        return device_of(self.device)

    def use_machine(self, before: int | None) -> None:
        """Let torch have the threads asked for; else those of before, or this process's part."""
        machine.use(self.threads or (None if self.parallel else before) or threads())

    @property
    def place(self) -> Callable[[Network, int], Placement]:
        """Who trains what of a network and of a batch."""
        if not isinstance(self.world, Processes):
            return Placement
        from alexnet.parallel.spread import Spread

        world, mode, exchange = self.world, cast(Mode, self.parallel), EXCHANGES[self.exchange]
        return lambda network, batch: Spread(world, mode, network, batch, exchange)
