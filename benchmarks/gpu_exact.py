"""Whether what the GPU computes is right: against float64, or bit for bit what a CPU computes."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from alexnet.kernels.blocked import NormPool
from alexnet.kernels.strided import unstrided
from alexnet.networks.build import Network
from alexnet.networks.layers import Convolution, learned
from alexnet.networks.zoo import layers_of
from alexnet.preprocessing import Preprocessing
from alexnet.training.dropout import masks_of
from alexnet.training.start import draw_weights
from alexnet.views import Draw, cut_views
from alexnet.views.scaling import scaled

STAGES = ((96, 55), (256, 27))  # maps and side of what the two normalisations read
ORDERS = ("before", "after")
DTYPES = {"float32": torch.float32, "bf16": torch.bfloat16}
# Of the largest value: a few roundings in float32; in bf16 one of the input's 8 bits, both ways.
TOLERANCE = {"float32": 2e-5, "bf16": 1.6e-2}
Found = dict[str, Any]


def result(what: str, error: float, allowed: float) -> Found:
    """A check with what was found and what is allowed; 0 means the same bits."""
    return {"check": what, "error": error, "allowed": allowed, "held": bool(error <= allowed)}


def away(found: Tensor, right: Tensor) -> float:
    """The largest difference, as a part of the largest value."""
    right = right.double()
    largest = float(right.abs().max())
    return float((found.to(right.device).double() - right).abs().max()) / max(largest, 1e-30)


def mostly_away(found: Tensor, right: Tensor) -> float:
    """The same without the worst ten in a million.

    Two values of a window that are all but equal are ordered by the last bit, and the gradient then
    goes to another place.
    """
    right = right.double()
    differences = (found.to(right.device).double() - right).abs().flatten()
    kept = differences.kthvalue(len(differences) - round(1e-5 * len(differences))).values
    return float(kept) / max(float(right.abs().max()), 1e-30)


def differing(found: Tensor, right: Tensor) -> float:
    """The share of values whose bits differ."""
    return float((found.cpu() != right.cpu()).double().mean())


def numbers_of(order: str, groups: int = 2) -> NormPool:
    """The paper's normalisation and pooling, ReLU before or after."""
    assert order in ORDERS
    return NormPool(5, 1e-4, 0.75, 2.0, groups, order, 3, 2)  # type: ignore[arg-type]


def defined(x: Tensor, numbers: NormPool) -> Tensor:
    """The step from torch's own parts; its alpha is divided by the size."""
    x = x.relu() if numbers.relu == "before" else x
    towers = x.reshape(x.shape[0] * numbers.groups, -1, *x.shape[2:])
    alpha = numbers.alpha * numbers.size
    normed = functional.local_response_norm(towers, numbers.size, alpha, numbers.beta, numbers.k)
    pooled = functional.max_pool2d(
        normed.reshape(x.shape), numbers.window, numbers.stride, ceil_mode=True
    )
    return pooled.relu() if numbers.relu == "after" else pooled


def norm_pools(
    where: torch.device, stages: Sequence[tuple[int, int]] = STAGES, batch: int = 16
) -> list[Found]:
    """The fused step and its gradient, in both orders and precisions, against float64."""
    from alexnet.kernels.gpu.norm_pool import norm_pool

    random = torch.Generator(where).manual_seed(0)
    found = []
    for maps, side in stages:
        for order in ORDERS:
            for precision, dtype in DTYPES.items():
                shape = (batch, maps, side, side)
                x = 30 * torch.randn(shape, generator=random, device=where)
                x = x.to(dtype, memory_format=torch.channels_last)
                numbers = numbers_of(order)
                y, gradient, upper = _both_ways(norm_pool, x, numbers, None)
                right = _both_ways(defined, x.double(), numbers, upper.double())
                what = f"normalisation of {maps} maps, ReLU {order}, {precision}"
                allowed = TOLERANCE[precision]
                found.append(result(what, away(y, right[0]), allowed))
                found.append(result(f"{what}, gradient", mostly_away(gradient, right[1]), allowed))
    return found


def _both_ways(
    work: Callable[[Tensor, NormPool], Tensor],
    x: Tensor,
    numbers: NormPool,
    upper: Tensor | None,
) -> tuple[Tensor, Tensor, Tensor]:
    """Output, the gradient of the input, and the upper gradient, drawn where none is given."""
    x = x.detach().requires_grad_()
    y = work(x, numbers)
    upper = torch.randn_like(y) if upper is None else upper
    y.backward(upper)  # type: ignore[no-untyped-call]
    assert x.grad is not None
    return y.detach(), x.grad, upper


def views(where: torch.device, size: int = 256, crop: int = 224, count: int = 64) -> list[Found]:
    """Views that the GPU cuts, bit for bit those of the definition on a CPU; as blocks too."""
    from alexnet.kernels.gpu.views import cut

    random = np.random.default_rng(0)
    pictures = torch.from_numpy(random.integers(0, 256, (count, size, size, 3), dtype=np.uint8))
    mean = torch.from_numpy(random.uniform(90, 140, (size, size, 3)).astype(np.float32))
    rows = random.permutation(count).astype(np.int32)
    boxes = random.integers(0, size - crop + 1, (count, 3)).astype(np.int32)
    boxes[:, 2] = random.integers(0, 2, count)
    shifts = np.column_stack([20 * random.standard_normal((count, 3)), np.full(count, 1.1)])
    colours = torch.from_numpy(shifts.astype(np.float32))
    way = Preprocessing(size=size, crop=crop, scale=64.0)
    drawn = [
        Draw(left, top, crop, crop, bool(mirrored), np.zeros(3))
        for top, left, mirrored in boxes.tolist()
    ]
    right = cut_views(pictures[rows], mean, drawn, way, colours[:, :3], colours[:, 3])
    ours = [one.to(where) for one in (pictures, torch.from_numpy(rows), torch.from_numpy(boxes))]
    found = []
    for name, stride, expected in (("", 1, right), (" as blocks", 4, as_blocks(right, crop))):
        for precision, dtype in DTYPES.items():
            out = torch.empty_like(
                expected, dtype=dtype, device=where, memory_format=torch.channels_last
            )
            cut(ours[0], ours[1], ours[2], colours.to(where), mean.to(where), way, out, stride, 0)
            wrong = differing(out, expected.to(dtype))
            found.append(result(f"views{name} in {precision}", wrong, 0.0))
    return found


def as_blocks(x: Tensor, crop: int) -> Tensor:
    """The blocks of pixels that the first layer reads in place of pictures."""
    network = Network(layers_of("alexnet"), crop)
    layer = network.layers[0]
    assert isinstance(layer, Convolution)
    row = network.rows[layer.name]
    weight = torch.zeros(row.weight_shape)
    blocks, _ = unstrided(x, weight, layer.stride, layer.padding, (row.output[1], row.output[2]))
    return blocks


def scaled_windows(
    where: torch.device, size: int = 256, crop: int = 224, count: int = 16
) -> list[Found]:
    """Windows that the GPU scales to the crop, bit for bit Pillow's."""
    from alexnet.kernels.gpu.scaling import scale

    random = np.random.default_rng(0)
    pictures = torch.from_numpy(random.integers(0, 256, (count, size, size, 3), dtype=np.uint8))
    sides = random.uniform(0.3 * size, size, (count, 2))
    windows = np.column_stack([random.uniform(0, size - sides), sides])
    rows = torch.arange(count, dtype=torch.int32, device=where)
    out = torch.empty((count, crop, crop, 3), dtype=torch.uint8, device=where)
    scale(pictures.to(where), rows, torch.from_numpy(windows).to(where), crop, out)
    drawn = [
        Draw(left, top, width, height, False, np.zeros(3))
        for left, top, width, height in windows.tolist()
    ]
    right = [scaled(picture, one, crop) for picture, one in zip(pictures, drawn, strict=True)]
    return [result("scaled windows", differing(out, torch.stack(right)), 0.0)]


def dropped(where: torch.device, batch: int = 128, units: int = 4096) -> list[Found]:
    """The masks of dropout, bit for bit."""
    from alexnet.training.gpu.masks import masks

    found = []
    for step in (0, 123_456_789):
        right = masks_of(7, step)("fc6", torch.zeros(batch, units), 0.5)
        where_step = torch.tensor(step, device=where)
        ours = masks(7, where_step)("fc6", torch.zeros(batch, units, device=where), 0.5)
        found.append(result(f"masks of step {step:,}", differing(ours, right), 0.0))
    return found


def updates(where: torch.device, count: int = 1_000_003) -> list[Found]:
    """The update of the weights, against the rule in float64."""
    from alexnet.kernels.gpu.momentum import update

    random = torch.Generator(where).manual_seed(0)
    w, v, g = (torch.randn(count, generator=random, device=where) for _ in range(3))
    rate, momentum, decay = 0.01, 0.9, 0.0005
    numbers = torch.tensor([rate, momentum, decay], device=where)
    velocity = momentum * v.double() + g.double() + decay * w.double()
    weight = w.double() - rate * velocity
    copy = torch.empty_like(w, dtype=torch.bfloat16)
    update(w, v, g, copy, numbers)
    return [
        result("update of weights", away(w, weight), 1e-6),
        result("update of velocities", away(v, velocity), 1e-6),
        result("their copies in bf16", differing(copy, w.bfloat16()), 0.0),
    ]


def training_step(
    where: torch.device, net: str = "alexnet", batch: int = 16, crop: int = 224
) -> list[Found]:
    """Logits and gradients of a training step, from a CPU and from the GPU, in float32."""
    from alexnet.kernels.gpu import front
    from alexnet.training.gpu.masks import masks

    layers = layers_of(net)
    networks = [Network(layers, crop) for _ in range(2)]
    draw_weights(networks[0], 0)
    networks[1].load_state_dict(networks[0].state_dict())
    networks[1].to(where).kernels = front
    networks[0].masks, networks[1].masks = masks_of(0, 5), masks(0, torch.tensor(5, device=where))
    random = torch.Generator().manual_seed(0)
    x = 50 * torch.randn(batch, *networks[0].input, generator=random)
    labels = torch.randint(networks[0].rows[networks[0].logits].output[0], (batch,))
    outputs = []
    for network, at in zip(networks, (torch.device("cpu"), where), strict=True):
        logits = network.train()(x.to(at))
        functional.cross_entropy(logits, labels.to(at)).backward()  # type: ignore[no-untyped-call]
        outputs.append(logits.detach())
    found = [result("logits of a training step", away(outputs[1], outputs[0]), 1e-3)]
    for layer in learned(layers):
        ours, theirs = (network.held(layer).weight.grad for network in reversed(networks))
        assert ours is not None
        assert theirs is not None
        found.append(result(f"gradient of {layer.name}", away(ours, theirs), 1e-3))
    return found


def all_checks(where: torch.device) -> list[Found]:
    """All of them, at the sizes of the network."""
    return [
        *norm_pools(where), *views(where), *scaled_windows(where), *dropped(where),
        *updates(where), *training_step(where),
    ]  # fmt: skip
