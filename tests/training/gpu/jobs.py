"""Jobs of a very narrow network, for a processor and for the GPU's way on one."""

from pathlib import Path
from typing import Any

import torch

from alexnet.devices import CPU, INTERPRETER, Device
from alexnet.networks.layers import Layers
from alexnet.networks.variants import with_width
from alexnet.networks.zoo import NETWORKS
from alexnet.training.job import Job, assemble, begin
from alexnet.training.plan import make_plan
from alexnet.training.recipe import resolve, with_origins
from tests.training.sets import noise_set

SIZE = 48  # pixels; the network sees 42
META = Device("meta", torch.device("meta"), True)  # shapes without values: reading one is an error


def tiny(name: str = "alexnet") -> Layers:
    """A network of that name with a sixteenth of its kernels and units."""
    return with_width(NETWORKS[name].layers_of(3), 1 / 16)


def job_on(
    device: Device, folder: Path, layers: Layers | None = None, said: list[str] | None = None,
    begun: bool = True, **settings: Any,
) -> Job:  # fmt: skip
    """A job on noise before its first step, with its first weights if it has ``begun``."""
    torch.set_num_threads(1)
    images = noise_set(train=7, val=2, size=SIZE)
    plain = {"batch": 3, "warmup": 0, "rate": 0.001, "schedule": "constant", "init": "run"}
    chosen = resolve("fast", 7, with_origins({**plain, **settings}), size=SIZE)
    layers = layers or tiny()
    plan = make_plan(images, "alexnet", layers, chosen, threads=1, budget=None, device=device)
    say = (said if said is not None else []).append
    job = assemble(
        folder, plan, chosen.recipe, images, layers, workers=1, say=say, quiet=True, device=device
    )
    if begun:
        begin(job)
    return job


def both(folder: Path, **options: Any) -> tuple[Job, Job]:
    """The same job on a processor, and the GPU's way."""
    return job_on(CPU, folder, **options), job_on(INTERPRETER, folder, **options)
