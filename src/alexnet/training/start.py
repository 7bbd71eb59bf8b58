"""The weights before step 1: the paper's, or one that a batch of pictures has put in balance."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import torch
from torch import Tensor

from alexnet.devices import synchronize
from alexnet.machine import cores
from alexnet.networks.build import Network, Parameters, steps
from alexnet.networks.layers import Learned, Linear, learned
from alexnet.randomness import generator

LOGITS, BEFORE = 0.1, 0.2  # spread of the logits, and of the units that they are made of


def draw_weights(network: Network, seed: int) -> None:
    """Weights from N(0, std^2) and equal biases, as each layer says (section 5)."""

    def draw(layer: Learned, held: Parameters) -> None:
        drawn = generator(seed, f"start {layer.name}").standard_normal(
            held.weight.shape, dtype="float32"
        )
        with torch.no_grad():
            held.weight.copy_(torch.from_numpy(drawn).mul_(layer.std))
            held.bias.fill_(layer.bias)

    # Each layer has numbers of its own, so threads may draw them; the largest begin.
    by_size = sorted(_learned(network), key=lambda pair: -pair[1].weight.numel())
    with ThreadPoolExecutor(cores()) as pool:
        list(pool.map(draw, *zip(*by_size, strict=True)))
    # What threads ask of a GPU, those who go on here would not wait for.
    synchronize(network.held(by_size[0][0]).weight.device)


def unit_variance(network: Network, batch: Tensor, kept: Sequence[str] = ()) -> None:
    """Give every map and unit mean 0 and a spread over a batch, layer after layer, once.

    The spread is 1, but a fifth in the layer before the last and a tenth in the last: then a step
    changes every layer by about the same share of its weights, and the loss starts at ln N.
    Weights are divided by the spread and biases set to minus the mean (Kraehenbuehl et al.,
    "Data-dependent initializations", 2016); layers in ``kept`` stay as they are. One spread for a
    whole layer with biases of zero (Mishkin and Matas, 2016) leaves the pictures nearly alike at
    fc7, cosine 0.9 where this gives 0.3, and a set of a hundred classes sits at ln N for hundreds
    of steps.
    """
    network.eval()
    names = [layer.name for layer, _ in _learned(network)]
    ends = dict(zip(reversed(names), (LOGITS, BEFORE), strict=False))
    x = batch.to(memory_format=torch.channels_last)
    with torch.no_grad():
        for step in steps(network.layers):
            layer = step[0]
            if isinstance(layer, Learned) and layer.name not in kept:
                held = network.held(layer)
                held.bias.zero_()
                _balance(layer, held, network.run(step, x), ends.get(layer.name, 1.0))
            x = network.run(step, x)


def _balance(layer: Learned, held: Parameters, outputs: Tensor, wanted: float) -> None:
    """Mean 0 and the wanted spread for each map or unit of a layer whose outputs are given."""
    values = outputs.transpose(0, 1).flatten(1)
    spread = values.std(1, correction=0)
    spread = torch.where(spread > 1e-6, spread, 1.0) / wanted
    held.weight.div_(spread.view(-1, *[1] * (1 if isinstance(layer, Linear) else 3)))
    held.bias.copy_((-values.mean(1) / spread).expand_as(held.bias))


def _learned(network: Network) -> list[tuple[Learned, Parameters]]:
    return [(layer, network.held(layer)) for layer in learned(network.layers)]


def logit_spread(network: Network, batch: Tensor) -> float:
    """Standard deviation of the logits between the pictures of a batch, mean over classes."""
    network.eval()
    with torch.inference_mode():
        logits: Tensor = network(batch)
        return float(logits.std(0, correction=0).mean())
