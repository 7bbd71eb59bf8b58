"""Our answers beside those of programs that share nothing with ours, on the same weights.

What Caffe computes is computed by ``caffe_forward`` (numpy, float64), what torchvision computes by
``torchvision_nets``. A difference is the greatest, as a share of the greatest value.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import torch
from PIL import Image

from alexnet.formats.importing import import_weights
from alexnet.model import Model, load_model
from alexnet.prediction import picture
from alexnet.views import test_views as views_of
from tests.formats import caffe_nets, torchvision_nets
from tests.formats.caffe_forward import blob_of_photo, forward
from tests.formats.caffe_nets import One

LIMIT = 1e-4


def imported(folder: Path, content: bytes, name: str = "a.caffemodel", **more: Any) -> Model:
    (folder / name).write_bytes(content)
    return load_model(import_weights(folder / name, folder / "run", say=quiet, **more).folder)


def quiet(_words: str) -> None:
    pass


def caffe_mean(side: int = 256) -> np.ndarray:
    """(3, side, side), B, G, R, soft, no two places alike."""
    coarse = np.random.default_rng(1).integers(80, 160, (5, 5, 3), dtype=np.uint8)
    wide = Image.fromarray(coarse).resize((side, side), Image.Resampling.BICUBIC)
    return np.asarray(wide, np.float32).transpose(2, 0, 1) + np.float32(0.25)


def read_by(model: Model, photo: Image.Image) -> torch.Tensor:
    square = picture(photo, model)
    assert not isinstance(square, str)
    (view,) = views_of(square[None], model.mean, model.preprocessing, 1)
    return view


def answers(model: Model, view: torch.Tensor, layers: Sequence[str] = ()) -> dict[str, np.ndarray]:
    """Logits under "", with layers fused where they can be, and the outputs of layers."""
    network = model.network.eval()
    with torch.inference_mode():
        found = {**(network.activations(view, layers) if layers else {}), "": network(view)}
    return {name: value[0].numpy() for name, value in found.items()}


def apart(ours: np.ndarray, theirs: np.ndarray) -> float:
    assert ours.shape == theirs.shape
    return float(np.abs(ours.astype(np.float64) - theirs).max() / np.abs(theirs).max())


def compared_with_caffe(
    model: Model, net: Sequence[One], blobs: caffe_nets.Blobs, mean: np.ndarray,
    pictures: Sequence[Image.Image],
) -> None:  # fmt: skip
    """Each layer's output, the logits with fused layers, and what the network reads."""
    way = model.preprocessing
    for photo in pictures:
        read = blob_of_photo(photo, mean, way.crop, fit=way.fit, filter=way.filter)
        view = read_by(model, photo)
        assert np.abs(view[0].numpy() - read).max() < 1e-4
        theirs = forward(net, blobs, read)
        ours = answers(model, view, [one.name for one in net])
        differences = {name: apart(ours[name], value) for name, value in theirs.items()}
        differences[""] = apart(ours[""], theirs[net[-1].name])
        assert max(differences.values()) < LIMIT, differences
        assert theirs[net[-1].name].std() > 1, "the answers must differ for this to say anything"


def state_dict(name: str, width: float, classes: int = 12) -> tuple[torchvision_nets.Net, bytes]:
    net = torchvision_nets.lively(torchvision_nets.NETS[name](classes, width))
    return net, safetensors.torch.save(net.state_dict())


def squares(pictures: Sequence[Image.Image]) -> list[Image.Image]:
    """Of photos that are not square torchvision rounds the longer side to whole pixels."""
    return [photo.crop((0, 0, min(photo.size), min(photo.size))) for photo in pictures]


def compared_with_torchvision(
    model: Model, net: torchvision_nets.Net, pictures: Sequence[Image.Image]
) -> None:
    """From the photo to the logits."""
    for photo in squares(pictures):
        with torch.inference_mode():
            expected = net(torchvision_nets.read_by(photo)[None])[0].numpy()
        assert apart(answers(model, read_by(model, photo))[""], expected) < LIMIT
        assert expected.std() > 0.1
