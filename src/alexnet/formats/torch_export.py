"""Models as torch.export's ``.pt2``: a graph of torch's own operators, which needs none of ours."""

import io
import json
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.export import Dim, ExportedProgram
from torch.nn import functional

from alexnet import files
from alexnet.formats.comparing import Answer, Difference, compared
from alexnet.formats.describing import facts
from alexnet.formats.neighbours import neighbours
from alexnet.model import Model
from alexnet.networks.build import Network
from alexnet.networks.layers import Layers, LocalResponseNorm
from alexnet.networks.tables import table


def write_program(model: Model, path: Path) -> Difference:
    """Write and check a ``.pt2`` file: float32 (N, 3, side, side), any N, to logits (N, classes).

    ``torch.export.load`` opens it. Its extra file "alexnet.json" says what the outputs are called
    and how pictures are made ready. Returns how far it is from the network. AlexNetError where
    that is too far or the file cannot be written, and then nothing is left.
    """
    data = io.BytesIO()
    extra = {"alexnet.json": json.dumps(facts(model))}
    torch.export.save(program(model.network), data, extra_files=extra)
    data.seek(0)
    again = torch.export.load(data).module()
    found = compared(model, _answer(again))
    files.write_bytes(path, data.getvalue(), new=True)
    return found


def program(network: Network) -> ExportedProgram:
    """The network outside training, for any number of pictures."""
    plain = Plain(network.layers, network.side, network.input[0]).eval()
    # Contiguous: torch.export.save wonders about weights in channels_last.
    weights = {name: value.contiguous() for name, value in network.state_dict().items()}
    plain.load_state_dict(weights, assign=True)
    example = (torch.zeros(2, *network.input),)
    # Strict, because the kernels ask for len(x), which otherwise fixes the number of pictures.
    found = torch.export.export(
        plain, example, dynamic_shapes={"x": {0: Dim("N", min=1)}}, strict=True
    )
    for node in found.graph.nodes:  # without this machine's paths and addresses
        node.meta = {"val": node.meta["val"]} if "val" in node.meta else {}
    return found


class Plain(Network):
    """A network without fused steps and without autograd functions of our own."""

    def __init__(self, layers: Layers, side: int, channels: int) -> None:
        super().__init__(layers, side, channels)
        for row in table(layers, self.input):
            if isinstance(row.layer, LocalResponseNorm):
                weight, bias = neighbours(row.layer, row.input[0])
                self.register_buffer(f"{row.layer.name}_neighbours", weight, persistent=False)
                self.register_buffer(f"{row.layer.name}_k", bias, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Logits; nothing is fused because every layer is wanted."""
        return self.activations(x, [layer.name for layer in self.layers])[""]

    def run(self, step: Layers, x: Tensor) -> Tensor:
        """As it is, with the normalisation written out."""
        (layer,) = step
        if not isinstance(layer, LocalResponseNorm):
            return super().run(step, x)
        weight = self.get_buffer(f"{layer.name}_neighbours")
        bias = self.get_buffer(f"{layer.name}_k")
        sums = functional.conv2d(x * x, weight, bias, groups=layer.groups)
        return x * sums**-layer.beta


def _answer(module: torch.nn.Module) -> Answer:
    def answer(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        with torch.inference_mode():
            return np.asarray(module(torch.from_numpy(pixels)))

    return answer
