"""What processes with a card each do, as far as it shows without one: never run is NCCL itself.

Tensors without values ("meta") stand for those on a card, and torch's pretended group of processes
for NCCL: where anything of a step lay in memory instead, the two would meet and torch would refuse.
"""

import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import torch
import torch.distributed as dist
from torch import Tensor
from torch.testing._internal.distributed.fake_pg import FakeStore

from alexnet.networks.build import Network
from alexnet.parallel import meeting, spread, synced
from alexnet.parallel.groups import Group
from alexnet.parallel.meeting import meeting as meet
from alexnet.parallel.split import Mode
from alexnet.parallel.spread import Spread
from alexnet.parallel.world import Processes
from tests.parallel.cases import layers_of

META = torch.device("meta")
CASES: list[tuple[str, Mode]] = [
    ("alexnet", "towers"), ("caffenet", "towers"), ("alexnet", "replicas"),
    ("one-weird-trick", "hybrid"),
]  # fmt: skip


def summed(_group: Group) -> Callable[[Any, Any], torch.futures.Future[Tensor]]:
    """In place of the sum of gradients: the pretended one has no result to hand on."""

    def hook(
        _state: Any,
        bucket: dist.GradBucket,  # type: ignore[name-defined]
    ) -> torch.futures.Future[Tensor]:
        done: torch.futures.Future[Tensor] = torch.futures.Future()
        done.set_result(bucket.buffer())
        return done

    return hook


@pytest.fixture(params=[0, 1])
def world(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Processes]:
    """One of two pretended processes."""
    monkeypatch.setattr(spread, "_set_pg_timeout", lambda *_: None)
    monkeypatch.setattr(synced, "_summing", summed)
    monkeypatch.setattr(Processes, "told", lambda _, value: value)
    dist.init_process_group("fake", rank=request.param, world_size=2, store=FakeStore())
    yield Processes(FakeStore(), timedelta(seconds=5))
    dist.destroy_process_group()


@pytest.mark.parametrize(("net", "mode"), CASES)
def test_all_of_a_step_lies_where_the_network_does(world: Processes, net: str, mode: Mode) -> None:
    network = Network(layers_of(net), 56).to(META)
    place = Spread(world, mode, network, 8)
    place.network.train()
    with place.adding(False):
        logits = place.forward(torch.empty(len(place.rows), 3, 56, 56, device=META))
        logits.sum().backward()  # type: ignore[no-untyped-call]
    held = dict(place.network.named_parameters())
    found = [logits, place.totals(torch.ones(2, len(held), device=META), list(held))]
    found += [value.grad for value in held.values() if value.grad is not None]
    found += [
        *dict(place.whole(held)).values(),
        *place.shared(held if world.first else {}).values(),
    ]
    assert len(found) > 2 * len(held)
    assert {value.device for value in found} == {META}
    assert place.network.kernels is network.kernels


def test_first_weights_go_to_where_the_others_train(world: Processes) -> None:
    """The first process may have drawn them in memory."""
    place = Spread(world, "replicas", Network(layers_of("alexnet"), 56).to(META), 8)
    drawn = dict(Network(layers_of("alexnet"), 56).named_parameters())
    assert {value.device for value in place.shared(drawn).values()} == {META}


def test_cards_talk_through_nccl_and_numbers_through_gloo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", dict(os.environ))
    os.environ.pop("TORCH_NCCL_ASYNC_ERROR_HANDLING", None)
    taken: list[torch.device] = []
    monkeypatch.setattr(torch.cuda, "set_device", taken.append)
    assert meeting._backend(torch.device("cpu")) == "gloo"
    assert "TORCH_NCCL_ASYNC_ERROR_HANDLING" not in os.environ
    assert meeting._backend(torch.device("cuda:1")) == "cpu:gloo,cuda:nccl"
    assert taken == [torch.device("cuda:1")]
    assert os.environ["TORCH_NCCL_ASYNC_ERROR_HANDLING"] == "2"


WATCHDOG = (
    "[Rank 0] Watchdog caught collective operation timeout: WorkNCCL(SeqNum=7, OpType=ALLREDUCE, "
    "NumelIn=1, NumelOut=1, Timeout(ms)=600000) ran for 600012 milliseconds before timing out."
)
ABORTED = "NCCL communicator was aborted on rank 0."


@pytest.mark.parametrize(
    ("said", "how"), [(WATCHDOG, "did not answer within 600 s"), (ABORTED, "has ended")]
)
def test_what_nccl_says_of_a_lost_process_becomes_a_sentence(
    monkeypatch: pytest.MonkeyPatch, said: str, how: str
) -> None:
    monkeypatch.setattr(meeting, "_missing", lambda _: [1])
    monkeypatch.setattr(meeting, "_name", lambda _, number: f"rank {number} on vm")
    error = dist.DistBackendError(said)
    assert meeting._is_lost(error)
    assert meeting._is_lost(RuntimeError(said))
    told = meeting._who_is_lost(Processes.__new__(Processes), error, 600.0)
    assert told.startswith(f"rank 1 on vm {how}, so the others stop too.")


def test_a_full_card_is_no_lost_process() -> None:
    text = "CUDA out of memory. Tried to allocate 20.00 MiB. GPU 0 has a total capacity of 8 GiB."
    assert not meeting._is_lost(torch.OutOfMemoryError(text))


def test_what_is_under_way_through_nccl_is_broken_off(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    there = [True]
    monkeypatch.setattr(dist, "is_initialized", lambda: there[0])
    monkeypatch.setattr(dist, "destroy_process_group", lambda: done.append("destroyed"))

    def abort() -> None:
        done.append("aborted")
        there[0] = False

    monkeypatch.setattr(meeting, "_abort_process_group", abort)
    monkeypatch.setattr(dist, "get_backend_config", lambda: "cpu:gloo,cuda:gloo")
    meeting._break_off()
    assert done == ["destroyed"]
    monkeypatch.setattr(dist, "get_backend_config", lambda: "cpu:gloo,cuda:nccl")
    meeting._break_off()
    assert done == ["destroyed", "aborted"]
    meeting._break_off()
    assert done == ["destroyed", "aborted"]


def test_meeting_wants_several_processes_on_cards_too() -> None:
    with pytest.raises(Exception, match="torchrun starts"), meet(where=torch.device("cuda:0")):
        pass
