"""A run that is under way: what the loop works on, and how it is saved and taken up again."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from alexnet import machine
from alexnet.data.store import ImageSet
from alexnet.devices import CPU, Device
from alexnet.errors import AlexNetError
from alexnet.model import Model, save_model
from alexnet.networks.build import Network
from alexnet.networks.layers import Layers
from alexnet.parallel.placement import Placement
from alexnet.preprocessing import Preprocessing
from alexnet.training import checkpoint
from alexnet.training.batches import Batches
from alexnet.training.optimizer import Momentum
from alexnet.training.recipe import Recipe
from alexnet.training.start import draw_weights, logit_spread, unit_variance
from alexnet.training.step import CpuEngine, Engine
from alexnet.training.tally import Tally
from alexnet.training.weights import Start

Say = Callable[[str], None]
PRECISIONS = {"float32": torch.float32, "bf16": torch.bfloat16}
VELOCITY = "velocity."
AT_START = 1024  # pictures at most that the first weights are balanced on


@dataclass
class Job:
    """Everything that one step needs; ``turns`` is how often it goes forward and back."""

    folder: Path
    plan: dict[str, Any]
    recipe: Recipe
    images: ImageSet
    model: Model
    placement: Placement
    optimizer: Momentum
    batches: Batches
    tally: Tally
    workers: int
    say: Say
    quiet: bool = False
    turns: int = 1
    device: Device = CPU
    engine: Engine = field(default_factory=CpuEngine)

    @property
    def network(self) -> Network:
        """The network that is trained here: the model's own, or this process's share of it."""
        return self.placement.network

    @property
    def classes(self) -> int:
        """The number of classes."""
        return len(self.model.classes)

    def fit_to_time(self) -> None:
        """With a time given, the recipe's epochs are shares of it; noise ends with its share."""
        if self.plan["budget_seconds"] and self.recipe.epochs:
            self.batches.stretch(self.plan["epochs"] / self.recipe.epochs)

    def save(self) -> None:
        """Checkpoint, model and tables; nothing is written where a weight is no number.

        Of several processes, all must call it; the first one writes.
        """
        place = self.placement
        place.put_into(self.model.network)
        velocities = place.whole(self.optimizer.tensors())
        kept = {VELOCITY + name: value for name, value in velocities if place.world.first}
        if not all(bool(torch.isfinite(value).all()) for value in self.model.network.parameters()):
            raise AlexNetError(
                f"Some weights are not finite at step {self.tally.step}; nothing was saved, the "
                f"last good checkpoint is kept. Start again with a lower --rate."
            )
        place.world.by_first(lambda: self._write(kept))

    def _write(self, velocities: Mapping[str, Tensor]) -> None:
        tensors = {name: value.detach() for name, value in self.model.network.named_parameters()}
        state = {
            "step": self.tally.step, "rates": self.optimizer.rates, "tally": self.tally.state(),
            **_circumstances(self),
        }  # fmt: skip
        # The checkpoint last: killed before it, the run goes on from the one before and ends alike.
        save_model(self.model, self.folder)
        self.tally.write(self.folder)
        checkpoint.save(self.folder / "checkpoints", {**tensors, **velocities}, state)


def assemble(
    folder: Path,
    plan: dict[str, Any],
    recipe: Recipe,
    images: ImageSet,
    layers: Layers,
    *,
    workers: int,
    say: Say,
    quiet: bool,
    like: Model | None = None,
    mean: NDArray[np.float32] | None = None,
    place: Callable[[Network, int], Placement] = Placement,
    turns: int = 1,
    device: Device = CPU,
) -> Job:
    """A job at its first step, with zero weights; ``mean`` is what pictures lose, or ``like``'s.

    Without both they lose the set's own. ``place`` says who trains what of network and batch.
    """
    way, classes = way_of(images, recipe), images.classes
    if mean is None:
        mean = like.mean if like else mean_of(images, recipe)
    names = images.names or (like.names if like and like.classes == classes else ())
    network = Network(layers, way.crop)
    network.precision = PRECISIONS[recipe.precision]
    model = Model(network, plan["network"], way, mean, classes, plan["recipe_name"], names)
    if device.gpu:
        from alexnet.training.gpu import taking  # with Triton, which takes a second to import

        taking.bring(network, device, recipe.precision)
    placement = place(network, recipe.batch)
    batches = Batches(images, mean, recipe, way, placement.rows)
    optimizer = Momentum(placement.network, recipe)
    optimizer.totals = placement.totals
    job = Job(
        folder, plan, recipe, images, model, placement, optimizer, batches, Tally(), workers, say,
        quiet, turns, device,
    )  # fmt: skip
    if device.gpu:
        taking.take_over(job)
    return job


def way_of(images: ImageSet, recipe: Recipe) -> Preprocessing:
    """The way of a picture: size, fit and filter are the set's, the rest is the recipe's."""
    scale = recipe.scale if len(recipe.scale) == 3 else recipe.scale[0]
    return Preprocessing(
        size=images.size, fit=images.fit, filter=images.filter, crop=recipe.crop, scale=scale,
        channels=recipe.channels, mirror=recipe.mirror, mean_at=recipe.mean_at,
    )  # fmt: skip


def mean_of(images: ImageSet, recipe: Recipe) -> NDArray[np.float32]:
    """The mean image, or the three channel means at every place."""
    if recipe.mean == "image":
        return images.mean
    mean = np.empty_like(images.mean)
    mean[:] = images.channel_means
    return mean


def begin(job: Job, start: Start | None = None) -> None:
    """Weights before step 1, the same on all processes."""
    if job.placement.world.first:
        _draw(job, start)
    job.placement.take_from(job.model.network)
    job.network.refresh_copies()


def _draw(job: Job, start: Start | None) -> None:
    """First weights; a warning where the logits hardly differ between pictures."""
    network = job.model.network
    draw_weights(network, job.recipe.seed)
    kept = start.put_into(network, job.model.classes) if start else []
    views, _ = job.batches.of_rows(range(min(job.recipe.batch, AT_START))).make(0)
    views = views.to(job.device.where)
    if job.recipe.init == "unit":
        unit_variance(network, views, kept)
    spread = logit_spread(network, views[:16])
    if spread < 1e-3:
        job.say(
            f"Warning: the logits differ by only {spread:.1e} between pictures before step 1; "
            "such a start may sit at ln N for long (--set init=unit --set scale=64 does not)."
        )


def take_up(job: Job) -> bool:
    """Put weights, velocities and tally of the newest good checkpoint in place; False: none.

    The first process reads it and hands it to the others.
    """
    place = job.placement
    saved = place.world.by_first(lambda: checkpoint.load(job.folder / "checkpoints", job.say))
    state = place.world.told(saved and saved.state)
    if state is None:
        return False
    tensors = saved.tensors if saved else {}
    if saved:
        with torch.no_grad():
            for name, value in job.model.network.named_parameters():
                value.copy_(tensors[name])
    place.take_from(job.model.network)
    job.network.refresh_copies()
    job.optimizer.restore(place.shared(_velocities(tensors)), state["rates"])
    job.tally = Tally.of(state["tally"])
    _compare(job, state)
    return True


def _velocities(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {
        name.removeprefix(VELOCITY): value
        for name, value in tensors.items()
        if name.startswith(VELOCITY)
    }


def _circumstances(job: Job) -> dict[str, Any]:
    """What rounding may depend on."""
    return {
        "threads": torch.get_num_threads(), "device": job.device.name,
        "kernels": job.device.kernels, "turns": job.turns,
        "processes": job.placement.described,
    }  # fmt: skip


def _compare(job: Job, state: Mapping[str, Any]) -> None:
    before, now = {"processes": "1", "turns": 1, "device": "cpu", **state}, _circumstances(job)
    changed = [f"{key} {before[key]} -> {now[key]}" for key in now if before[key] != now[key]]
    for what, then, here in (
        ("instructions", job.plan["machine"], machine.describe()),
        ("torch", job.plan["versions"], machine.versions()),
    ):
        if then[what] != here[what]:
            changed.append(f"{what} {then[what]} -> {here[what]}")
    if changed:
        job.say(
            f"Changed since the run began: {', '.join(changed)}. It goes on correctly, but its "
            "weights will not be bit-identical to those of an uninterrupted run."
        )


def room_for(folder: Path, parameters: int) -> None:
    """AlexNetError where the disk cannot take two checkpoints and a model."""
    need = parameters * 4 * (2 * 3 + 1)
    free = shutil.disk_usage(folder).free
    if free < need:
        raise AlexNetError(
            f"{folder} has {free / 1e9:.1f} GB free; checkpoints and model need up to "
            f"{need / 1e9:.1f} GB. Free some space or give --run on another disk."
        )
