"""One step of small networks: on one device here, on several processes in ``worker``."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from torch import Tensor

from alexnet.data.store import ImageSet
from alexnet.networks import zoo
from alexnet.networks.build import Network
from alexnet.networks.layers import Layers
from alexnet.networks.variants import changed, with_start
from alexnet.parallel.placement import Placement
from alexnet.parallel.split import Mode
from alexnet.parallel.traffic import Traffic
from alexnet.training import loop
from alexnet.training.job import Job, assemble, begin
from alexnet.training.recipe import resolve, with_origins
from alexnet.training.step import agreed, forward_and_back
from tests.training.sets import noise_set

CLASSES = 3
BUT_THE_LAST = "conv1,conv2,conv3,conv4,conv5,fc6,fc7"
PAIRS = "alexnet of four towers, conv4 of two"
TWO_TOWERS = (
    "alexnet", "alexnet-as-run", "alexnet-apart", "alexnet-conv6", "caffenet", "bvlc-alexnet",
    "alexnet+own-tower",
)  # fmt: skip
Place = Callable[[Network, int], Placement]
Settings = tuple[tuple[str, Any], ...]


@dataclass(frozen=True)
class Case:
    """A network, how it is spread, how it is trained for so many steps.

    ``local`` of the processes are on one machine, so to say; None: all of them.
    """

    net: str
    mode: Mode
    batch: int = 8
    turns: int = 1
    steps: int = 1
    exchange: str = "float32"
    settings: Settings = ()
    local: int | None = None

    @property
    def alone(self) -> "Case":
        """What one device does for it, in one turn."""
        return replace(self, mode="replicas", turns=1, exchange="float32", local=None)

    @property
    def side(self) -> int:
        """Of the set's pictures, as small as the network allows."""
        return 72 if self.net == "torchvision" else 64


@dataclass(frozen=True)
class Found:
    """What a case's last step came to, for the whole network and batch.

    ``traffic`` are the bytes that one process sent, ``line`` is what the run says of all.
    """

    outcome: dict[str, float]
    gradients: dict[str, Tensor]
    velocities: dict[str, Tensor]
    traffic: dict[str, int]
    line: str


LARS: Settings = (("optimizer", "lars"), ("trust", 1.0))
FROZEN: Settings = (("freeze", "conv1"),)
FROZEN_LATER: Settings = (*FROZEN, ("freeze_at", 0.25))
LAST_ONLY: Settings = (("freeze", BUT_THE_LAST),)
STILL: Settings = (("rate", 0.0),)
BF16: Settings = (("precision", "bf16"),)


def _every_way(mode: Mode) -> dict[str, Case]:
    """What must hold however a network is spread; bf16 with units that no rounding turns off."""
    return {
        f"{mode}, LARS": Case("alexnet", mode, settings=LARS),
        f"{mode}, exchange in bf16": Case("alexnet+tanh", mode, exchange="bf16"),
        f"{mode}, training in bf16": Case("alexnet+tanh", mode, settings=BF16),
        f"{mode}, smoothing": Case("alexnet", mode, settings=(("smoothing", 0.1),)),
        f"{mode}, conv1 frozen": Case("alexnet", mode, settings=FROZEN),
        f"{mode}, conv1 frozen from step 2 on": Case(
            "alexnet", mode, steps=2, settings=FROZEN_LATER
        ),
        f"{mode}, only fc8 moves": Case("alexnet", mode, settings=LAST_ONLY),
        f"{mode}, rate 0": Case("alexnet", mode, settings=STILL),
    }


CASES: dict[int, dict[str, Case]] = {
    2: {
        **{f"towers, {net}": Case(net, "towers") for net in TWO_TOWERS},
        "towers, two a process": Case("alexnet+towers:4", "towers"),
        "towers, 3 turns": Case("alexnet", "towers", batch=7, turns=3),
        "replicas, 7 pictures": Case("alexnet", "replicas", batch=7),
        "replicas, 3 turns": Case("alexnet", "replicas", batch=7, turns=3),
        "replicas, more turns than pictures": Case("alexnet", "replicas", batch=3, turns=2),
        "towers, more turns than pictures": Case("alexnet", "towers", batch=3, turns=5),
        "hybrid, more turns than pictures": Case("alexnet", "hybrid", batch=4, turns=3),
        "hybrid": Case("one-weird-trick", "hybrid"),
        "hybrid, towers of convolutions": Case("alexnet", "hybrid"),
        "hybrid, dropout before fc6": Case("torchvision", "hybrid"),
        "hybrid, 2 turns of 3 pictures": Case("alexnet", "hybrid", batch=6, turns=2),
        **_every_way("towers"),
        **_every_way("replicas"),
        **_every_way("hybrid"),
    },
    3: {
        "replicas, 7 pictures": Case("alexnet", "replicas", batch=7),
        "replicas, 2 turns": Case("one-weird-trick", "replicas", batch=7, turns=2),
        "replicas, gradients in two parts": Case("alexnet+width:2", "replicas", steps=2),
        "hybrid, 9 pictures": Case("one-weird-trick+width:0.75", "hybrid", batch=9),
    },
    4: {
        "towers x replicas": Case("alexnet", "towers"),
        "towers x replicas, 7 pictures": Case("caffenet", "towers", batch=7),
        "towers x replicas, 2 turns": Case("alexnet", "towers", turns=2),
        "towers x replicas, conv1 frozen": Case("alexnet", "towers", settings=FROZEN),
        "towers x replicas, only fc8 moves": Case("alexnet", "towers", settings=LAST_ONLY),
        "towers x replicas, LARS": Case("alexnet", "towers", settings=LARS),
        "four towers": Case("alexnet+towers:4", "towers"),
        "four towers, norms over all": Case("caffenet+towers:4", "towers"),
        "four towers, two of which talk": Case(PAIRS, "towers"),
        "hybrid": Case("one-weird-trick", "hybrid"),
        "hybrid, 2 turns": Case("one-weird-trick", "hybrid", turns=2),
        "hybrid x replicas": Case("alexnet", "hybrid", local=2),
        "hybrid x replicas, 2 turns": Case("one-weird-trick", "hybrid", turns=2, local=2),
        "hybrid x replicas, LARS": Case("alexnet", "hybrid", settings=LARS, local=2),
        "hybrid x replicas, conv1 frozen from step 2 on": Case(
            "alexnet", "hybrid", steps=2, settings=FROZEN_LATER, local=2
        ),
        "hybrid x replicas, only fc8 moves": Case("alexnet", "hybrid", settings=LAST_ONLY, local=2),
        "hybrid x replicas, exchange in bf16": Case(
            "alexnet+tanh", "hybrid", exchange="bf16", local=2
        ),
        "towers x replicas, exchange in bf16": Case("alexnet+tanh", "towers", exchange="bf16"),
    },
}

VALIDATED = Case("alexnet", "replicas")


def refusals(size: int) -> dict[str, Case]:
    """What cannot be spread among 2, 3 or 4 processes."""
    few = {"fewer pictures than processes": Case("alexnet", "replicas", batch=size - 1)}
    net = "one-weird-trick+width:0.75"
    uneven = {"hybrid of uneven parts": Case(net, "hybrid", batch=4 * size + 1)}
    three = {"towers on three": Case("alexnet", "towers")} if size == 3 else {}
    return few | uneven | three


def layers_of(net: str) -> Layers:
    """A network with an eighth of its kernels and units, and a start that no batch balances."""
    if net == PAIRS:
        return changed(layers_of("alexnet+towers:4"), "conv4", groups=2)
    return with_start(zoo.layers_of(f"{net}+width:0.125", CLASSES), 0.05)


def images_of(case: Case) -> ImageSet:
    """Noise; 70 pictures to validate are two blocks and a bit."""
    return noise_set(train=24, val=70, size=case.side, classes=CLASSES)


def job_of(case: Case, place: Place) -> Job:
    """The job of a case at its first step."""
    images, layers = images_of(case), layers_of(case.net)
    given = {"warmup": 0, "batch": case.batch, "epochs": 2, "schedule": "constant", "init": "run"}
    net = zoo.named("alexnet" if case.net == PAIRS else case.net)
    given |= dict(case.settings)
    chosen = resolve("fast", 24, with_origins(given), net, size=case.side)
    plan = {"network": case.net, "recipe_name": "fast", "budget_seconds": None, "steps": 6}
    job = assemble(
        Path("nowhere"), plan, chosen.recipe, images, layers, workers=0, say=lambda _: None,
        quiet=True, place=place, turns=case.turns,
    )  # fmt: skip
    begin(job)
    job.network.train()
    return job


def stepped(case: Case, place: Place) -> Found:
    """What the last step of a case came to."""
    job = job_of(case, place)
    for step in range(case.steps):
        job.placement.exchanged()
        rates = loop.current_rates(job)
        here = forward_and_back(job, next(job.batches.run(step, 0)), rates)
        sent = asdict(getattr(job.placement, "traffic", Traffic()))
        line = job.placement.exchanged()
        outcome = agreed(job, here, 0.0, 0.0)
        held = {n: p.grad for n, p in job.network.named_parameters() if p.grad is not None}
        gradients = {n: g.clone() for n, g in job.placement.whole(held)}
        job.optimizer.step(rates)
        job.tally.add(outcome.pictures, outcome.loss, outcome.wrong, 0.0, 0.0)
    known = {name: outcome._asdict()[name] for name in ("pictures", "loss", "wrong")}
    return Found(known, gradients, dict(job.placement.whole(job.optimizer.tensors())), sent, line)


@lru_cache
def on_one_device(case: Case) -> Found:
    """What a case comes to here, in one turn."""
    return stepped(case.alone, Placement)
