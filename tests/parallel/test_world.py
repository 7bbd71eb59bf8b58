"""Processes that meet, agree, fail together and name who is lost; each is a Python of its own."""

import os
import signal
import socket
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from torch.distributed import TCPStore

from alexnet.errors import UsageError
from alexnet.parallel.launch import launched, local_size, rank, started
from alexnet.parallel.meeting import meeting
from alexnet.parallel.world import World
from tests.system import small_set

WORK = """
import os, signal, sys
from alexnet.cli import _exit_code
from alexnet.errors import AlexNetError, UsageError
from alexnet.parallel.meeting import meeting

def work(world):
{work}

class Alone:
    rank = int(os.environ["RANK"])

try:
    if {meets}:
        with meeting(timeout={timeout}) as world:
            work(world)
    else:
        work(Alone())
except AlexNetError as error:
    code = _exit_code("alexnet", error)
    sys.stderr.flush()
    os._exit(code)
"""


@dataclass
class Party:
    """Three processes with what torchrun gives them: a store that outlives them, and names."""

    store: TCPStore = field(
        default_factory=lambda: TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)
    )
    started: list["subprocess.Popen[str]"] = field(default_factory=list)

    def start(
        self, work: str, timeout: float = 20.0, size: int = 3, meets: bool = True,
        restarts: tuple[int, ...] = (0, 0, 0, 0),
    ) -> None:  # fmt: skip
        """``meets``: the processes meet before the work, not in it."""
        inside = textwrap.indent(textwrap.dedent(work), "    ")
        text = WORK.format(work=inside, timeout=timeout, meets=meets)
        shared = {
            "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(self.store.port),
            "TORCHELASTIC_USE_AGENT_STORE": "True",
        }  # fmt: skip
        for number in range(size):
            environment = {
                **os.environ, **shared, "RANK": str(number), "WORLD_SIZE": str(size),
                "OMP_NUM_THREADS": "1", "TORCHELASTIC_RESTART_COUNT": str(restarts[number]),
            }  # fmt: skip
            self.started.append(
                subprocess.Popen(
                    [sys.executable, "-c", text], env=environment, text=True,
                    stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                )
            )  # fmt: skip

    def ends(self, *ranks: int) -> list[tuple[int, str, str]]:
        """Exit code, output and errors of these processes; only what they say of alexnet."""
        found = []
        for number in ranks:
            out, errors = self.started[number].communicate(timeout=60)
            said = [line for line in errors.splitlines() if line.startswith("alexnet: ")]
            found.append((self.started[number].returncode, out, "\n".join(said)))
        return found


@pytest.fixture
def party() -> Iterator[Party]:
    found = Party()
    yield found
    for process in found.started:
        process.kill()
        process.communicate()


def test_alone_everything_is_ones_own() -> None:
    world = World()
    assert world.first
    assert (world.told({"a": 1}), world.by_first(lambda: 2), world.together(lambda: 3)) == (
        {"a": 1}, 2, 3,
    )  # fmt: skip


def test_without_torchrun_it_says_how_to_start(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RANK", "WORLD_SIZE", "TORCHELASTIC_RUN_ID"):
        monkeypatch.delenv(name, raising=False)
    assert not launched()
    with pytest.raises(UsageError, match="torchrun --nproc-per-node 2"), meeting():
        pytest.fail("nobody was to meet")


def test_what_the_first_says_reaches_all_and_arrays_are_added(party: Party) -> None:
    party.start(
        """
        import numpy as np
        told = world.told({"plan": ["ä", 1.5, None]} if world.first else "nothing")
        first = world.by_first(lambda: "done")
        added = world.added(np.arange(3, dtype=np.int64) * world.rank)
        print(told, first, added.tolist(), world.together(lambda: world.rank))
        """
    )
    said = "{'plan': ['ä', 1.5, None]}"
    assert [out.strip() for _, out, _ in party.ends(0, 1, 2)] == [
        f"{said} done [0, 3, 6] 0", f"{said} None [0, 3, 6] 1", f"{said} None [0, 3, 6] 2",
    ]  # fmt: skip


def test_one_mistake_of_all_is_told_once(party: Party) -> None:
    party.start("raise UsageError('there is no such network')")
    ends = party.ends(0, 1, 2)
    assert [code for code, _, _ in ends] == [2, 2, 2]
    assert sorted(said for _, _, said in ends) == ["", "", "alexnet: there is no such network"]


def test_an_error_of_one_ends_all_and_only_it_is_told(party: Party) -> None:
    party.start(
        """
        def fail():
            if world.rank == 1:
                raise AlexNetError("the set is not here")
        world.together(fail)
        """
    )
    assert party.ends(0, 1, 2) == [
        (1, "", ""),
        (1, "", "alexnet: the set is not here"),
        (1, "", ""),
    ]


def test_an_error_between_two_exchanges_ends_the_others(party: Party) -> None:
    party.start(
        """
        world.together(lambda: None)
        if world.rank == 2:
            raise AlexNetError("the disk is full")
        world.together(lambda: None)
        """
    )
    ends = party.ends(0, 1, 2)
    assert [code for code, _, _ in ends] == [1, 1, 1]
    assert [said for _, _, said in ends] == ["", "", "alexnet: the disk is full"]


LOSE = """
world.together(lambda: None)
if world.rank == 1:
    os.kill(os.getpid(), signal.{how})
world.together(lambda: None)
"""


@pytest.mark.parametrize(
    ("how", "size", "what"),
    [("SIGSTOP", 3, "did not answer within 3 s"), ("SIGKILL", 2, "has ended")],
)
def test_a_process_that_is_lost_is_named_once(party: Party, how: str, size: int, what: str) -> None:
    party.start(LOSE.format(how=how), timeout=3.0, size=size)
    ends = party.ends(*(number for number in range(size) if number != 1))
    said = "".join(errors for _, _, errors in ends)
    assert {code for code, _, _ in ends} == {1}
    assert said.startswith(f"alexnet: rank 1 on {socket.gethostname()} {what}, so the others")
    assert said.count("alexnet: ") == 1


def test_towers_wait_no_longer_for_each_other_than_all_do(party: Party) -> None:
    party.start(
        """
        from alexnet.networks.build import Network
        from alexnet.parallel.spread import Spread
        from tests.system import narrow
        import torch.distributed as dist, torch
        place = Spread(world, "towers", Network(narrow(), 56), 8)
        if world.rank == 3:
            os.kill(os.getpid(), signal.SIGSTOP)
        if world.rank == 2:
            dist.all_reduce(torch.ones(1), group=place.sharing.handle)
        world.together(lambda: None)
        """,
        timeout=3.0,
        size=4,
    )
    said = "".join(errors for _, _, errors in party.ends(0, 1, 2))
    assert "rank 3 on" in said
    assert "did not answer within 3 s" in said


def test_processes_with_other_pictures_are_told_before_the_first_step(
    party: Party, tmp_path: Path
) -> None:
    for number in range(2):
        small_set(tmp_path / f"data{number}", each=10 + number)
    party.start(
        f"""
        from alexnet.training import session
        from tests.system import narrow
        session.train(f"{tmp_path}/data{{world.rank}}", "{tmp_path}/run", layers=narrow(),
                      parallel="replicas", say=print, quiet=True)
        """,
        size=2,
        meets=False,
    )
    ends = party.ends(0, 1)
    assert [code for code, _, _ in ends] == [1, 1]
    assert [said for _, _, said in ends if said] == [
        f"alexnet: {tmp_path}/data1 on {socket.gethostname()} holds other pictures than the set of "
        "process 0. Every machine must have the same set: copy it, or share a disk."
    ]
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({}, (False, False, 0, 1)),
        ({"RANK": "3", "WORLD_SIZE": "8"}, (False, False, 0, 1)),  # of some other program
        ({"LOCAL_WORLD_SIZE": "4", "RANK": ""}, (False, False, 0, 1)),
        ({"RANK": "0", "WORLD_SIZE": "1", "MASTER_ADDR": "a", "MASTER_PORT": "1"},
         (True, False, 0, 1)),
        ({"RANK": "3", "WORLD_SIZE": "8", "MASTER_ADDR": "a", "MASTER_PORT": "1",
          "LOCAL_WORLD_SIZE": "2"}, (True, True, 3, 2)),
    ],
)  # fmt: skip
def test_what_the_environment_says(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], found: tuple[bool, bool, int, int]
) -> None:
    for name in ("RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.delenv(name, raising=False)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert (started(), launched(), rank(), local_size()) == found


def test_those_who_come_back_meet_each_other_and_nobody_who_is_gone(
    party: Party,
) -> None:
    """torchrun keeps the store; what it counts as restarts is its own on each machine."""
    party.start("os.kill(os.getpid(), signal.SIGKILL)", size=2)
    assert [code for code, _, _ in party.ends(0, 1)] == [-signal.SIGKILL] * 2
    party.started.clear()
    party.start("print(world.told(['again']))", size=2, restarts=(0, 1))
    assert [(code, out) for code, out, _ in party.ends(0, 1)] == [(0, "['again']\n")] * 2


def test_who_comes_too_late_is_told(party: Party) -> None:
    party.start("pass", timeout=2.0, size=2)
    party.started[0].kill()
    ((code, _, said),) = party.ends(1)
    assert code == 1
    assert said.startswith(f"alexnet: rank 1 on {socket.gethostname()} could not meet the other")
