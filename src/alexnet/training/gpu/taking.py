"""A job is brought to a GPU: its network before it is shared out, the rest of it after that."""

from collections.abc import Callable

from alexnet.devices import Device, check_precision, settle
from alexnet.kernels.gpu import front
from alexnet.networks.build import Network
from alexnet.parallel.launch import threads
from alexnet.training.gpu import memory
from alexnet.training.gpu.batches import GpuBatches
from alexnet.training.gpu.engine import GpuEngine
from alexnet.training.gpu.heldout import HeldOut
from alexnet.training.gpu.optimizer import GpuMomentum
from alexnet.training.gpu.pictures import Source, Streamed, bytes_of, fits, load
from alexnet.training.gpu.views import Views
from alexnet.training.job import Job
from alexnet.training.memory import shown


def bring(network: Network, device: Device, precision: str) -> None:
    """The network's weights onto the device, and its arithmetic with them.

    AlexNetError where the device does not multiply in that precision.
    """
    check_precision(device, precision)
    settle(device, precision)
    network.to(device.where)
    network.kernels = front


def take_over(job: Job) -> None:
    """Batches, update and steps as a GPU does them, in place of the processor's."""
    where, old = job.device.where, job.batches
    if job.placement.world.size == 1 and job.turns == 1:
        # Gradients of copies are bf16, which several turns cannot add up without losing digits.
        job.network.make_copies()
    optimizer = GpuMomentum(job.network, job.recipe)
    optimizer.totals = job.optimizer.totals
    batches = GpuBatches(
        old.images, job.model.mean, old.recipe, old.way, old.rows, where,
        len(optimizer.groups), source_of(job),
    )  # fmt: skip
    views = Views(batches.shape, old.way, job.model.mean, job.network, where)
    val = job.images.parts.get("val")
    held_out = HeldOut(val.pictures, where, threads()) if val else None
    job.optimizer, job.batches = optimizer, batches
    job.engine = GpuEngine(where, views, held_out)


def source_of(job: Job) -> Callable[[int], Source]:
    """All pictures on the device where they fit beside the training; else a few batches of them."""

    def opened(slots: int) -> Source:
        pictures, halved = job.batches.part.pictures, job.recipe.chroma == "420"
        where, rows = job.device.where, job.batches.rows
        if fits(pictures, halved, _left(job)):
            size = shown(bytes_of(pictures, halved))
            job.say(f"The training pictures ({size}) are brought to the GPU and stay there.")
            return load(pictures, halved, where, threads(), job.quiet)
        job.say(_too_large(job))
        return Streamed(pictures, slots, len(rows), halved, where, threads())

    return opened


def _left(job: Job) -> float:
    """Bytes that are free for pictures, beside what a step takes."""
    turn = -(-len(job.batches.rows) // job.turns)
    itemsize = job.network.precision.itemsize
    need = memory.needed(job.model.layers, job.recipe.crop, turn, itemsize)
    return max(0.0, memory.free_on(job.device.where) - need)


def _too_large(job: Job) -> str:
    pictures, left = job.batches.part.pictures, _left(job)
    halved = job.recipe.chroma == "420"
    text = (
        f"The training pictures ({shown(bytes_of(pictures, halved))}) do not fit on the GPU "
        f"({shown(left)} are left beside the training): each batch is copied to it."
    )
    if not halved and fits(pictures, True, left):
        return f"{text} With --set chroma=420 they would fit, at a little loss of colour."
    return text
