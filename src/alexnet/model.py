"""A trained network with its preprocessing and class names: two files, nothing unpickled.

``model.safetensors`` holds the weights by layer name and the mean image; ``model.json`` the list
of layers, the preprocessing and the class names. Equal runs give equal bytes.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError

from alexnet import files
from alexnet.devices import Device, kernels_of
from alexnet.errors import AlexNetError, UsageError, no_run
from alexnet.networks import layers
from alexnet.networks.build import Network
from alexnet.networks.dense import answers, dense
from alexnet.preprocessing import Preprocessing
from alexnet.views import Pictures, brought, test_views, whole_views

FORMAT = 1


@dataclass(frozen=True)
class Model:
    """All that is needed to name what a photo shows."""

    network: Network
    name: str
    preprocessing: Preprocessing
    mean: NDArray[np.float32]  # (size, size, 3), 0 to 255
    classes: tuple[str, ...]  # in the order of the outputs; sets are matched by these
    recipe: str = ""
    names: tuple[str, ...] = ()  # what to call the classes, where these are ids such as n01440764

    @property
    def shown(self) -> tuple[str, ...]:
        """The names of the classes for people."""
        return self.names or self.classes

    @property
    def layers(self) -> layers.Layers:
        """The network's list of layers."""
        return self.network.layers

    @property
    def all_views(self) -> int:
        """Ten, or five where a mirrored picture would show another class."""
        return 10 if self.preprocessing.mirror else 5

    @property
    def where(self) -> torch.device:
        """Where its network lies, and so where pictures are cut into views."""
        return next(self.network.parameters()).device

    def to(self, device: Device) -> "Model":
        """This model, its network moved to a device to compute with the kernels for that."""
        self.network.to(device.where)
        if self.network.kernels is not kernels_of(device):
            self.network.kernels = kernels_of(device)
        return self

    def probabilities(self, pictures: Pictures, views: int = 1) -> NDArray[np.float32]:
        """Softmax outputs (views, N, classes) of stored pictures uint8 (N, size, size, 3).

        The order of the views is that of ``views.test_views``.
        """
        self.network.eval()
        stored = brought(pictures, self.where)
        with torch.inference_mode():
            logits = [
                self.network(view)
                for view in test_views(stored, self.mean, self.preprocessing, views)
            ]
        return torch.stack(logits).float().softmax(-1).cpu().numpy()

    @property
    def dense_views(self) -> int:
        """How many answers ``dense`` gives for a picture; AlexNetError where it cannot."""
        way = self.preprocessing
        rows, columns = answers(self.layers, self.network.input, way.size)
        return rows * columns * (2 if way.mirror else 1)

    def dense(self, pictures: Pictures) -> NDArray[np.float32]:
        """Softmax outputs (``dense_views``, N, classes) of the network on whole stored pictures.

        One for each position of the network on the picture, row by row, then those of the mirrored
        picture where it shows the same class; see ``networks.dense``.
        """
        whole = dense(self.network, self.preprocessing.size)
        whole.kernels = self.network.kernels
        stored = brought(pictures, self.where)
        with torch.inference_mode():
            logits = [
                whole(view).flatten(2).permute(2, 0, 1)
                for view in whole_views(stored, self.mean, self.preprocessing)
            ]
        return torch.cat(logits).float().softmax(-1).cpu().numpy()

    def features(self, pictures: Pictures, layer: str) -> NDArray[np.float32]:
        """Outputs of a layer, by name, for the central view of stored pictures."""
        if layer not in {known.name for known in self.layers}:
            raise AlexNetError(f"The network {self.name} has no layer {layer!r}.")
        self.network.eval()
        stored = brought(pictures, self.where)
        with torch.inference_mode():
            (view,) = test_views(stored, self.mean, self.preprocessing, 1)
            return self.network.activations(view, [layer])[layer].cpu().numpy()


def save_model(model: Model, folder: Path) -> None:
    """Write ``model.safetensors`` and then ``model.json``, each complete or not there."""
    tensors = {name: value.contiguous() for name, value in model.network.state_dict().items()}
    tensors["mean"] = torch.from_numpy(np.ascontiguousarray(model.mean))
    files.write_bytes(folder / "model.safetensors", safetensors.torch.save(tensors))
    described = {
        "format": FORMAT,
        "name": model.name,
        "input": list(model.network.input),
        "layers": layers.to_json(model.layers),
        "preprocessing": asdict(model.preprocessing),
        "classes": list(model.classes),
        **({"names": list(model.names)} if model.names else {}),
        "recipe": model.recipe,
    }
    files.write_json(folder / "model.json", described)


def load_model(path: Path | str) -> Model:
    """The model in a run folder, or in any folder with its two files.

    AlexNetError where a file is missing, damaged, of another format, or the two do not fit.
    """
    folder = Path(path)
    if not (folder / "model.json").is_file():
        raise no_run(
            folder,
            f"{folder} holds no trained model (no model.json); give the folder that "
            "`alexnet train ... --run` wrote, after its first checkpoint.",
        )
    described = files.read_json(folder / "model.json")
    found = described.get("format") if isinstance(described, dict) else None
    if found != FORMAT:
        raise AlexNetError(
            f"{folder / 'model.json'} has format {found!r}; this version reads format {FORMAT}."
        )
    return assembled(described, folder)


def tensors_of(path: Path) -> dict[str, torch.Tensor]:
    """The tensors of a safetensors file; AlexNetError where it cannot be read."""
    try:
        path.open("rb").close()  # safetensors calls a file that may not be read a missing one
        return safetensors.torch.load_file(path)
    except OSError as error:
        raise AlexNetError(f"{path} cannot be read: {error.strerror or error}.") from error
    except SafetensorError as error:
        raise AlexNetError(f"{path} cannot be read: {error}.") from error


def assembled(described: dict[str, Any], folder: Path) -> Model:
    """The model of what ``model.json`` says and the folder's ``model.safetensors`` holds.

    AlexNetError where the two do not fit, or the file cannot be read or holds what is no number.
    """
    weights = folder / "model.safetensors"
    tensors = tensors_of(weights)
    try:
        model = _assembled(described, tensors)
    except (KeyError, TypeError, ValueError, RuntimeError, UsageError) as error:
        raise AlexNetError(f"The model in {folder} does not fit together: {error}.") from error
    check_finite(model, str(weights))
    return model


def check_finite(model: Model, what: str) -> None:
    """AlexNetError names ``what`` and a layer, or the mean, that holds NaN or infinity."""
    parameters = model.network.named_parameters()
    broken = (name.rpartition(".")[0] for name, one in parameters if not torch.isfinite(one).all())
    where = next(broken, "" if np.isfinite(model.mean).all() else "the mean image")
    if where:
        raise AlexNetError(
            f"{what} is damaged: {where} holds values that are no numbers. Take a copy that is "
            "whole, or train or import it again."
        )


def _assembled(described: dict[str, Any], tensors: dict[str, torch.Tensor]) -> Model:
    channels, side, _ = described["input"]
    network = Network(layers.from_json(described["layers"]), side, channels)
    mean = tensors.pop("mean").numpy()
    network.load_state_dict(tensors)
    model = Model(
        network=network,
        name=described["name"],
        preprocessing=Preprocessing(**described["preprocessing"]),
        mean=mean,
        classes=tuple(described["classes"]),
        recipe=described.get("recipe", ""),
        names=tuple(described.get("names", ())),
    )
    _check(model)
    return model


def _check(model: Model) -> None:
    way, outputs = model.preprocessing, list(model.network.parameters())[-1].numel()
    if model.mean.shape != (way.size, way.size, 3):
        raise ValueError(f"a mean of {model.mean.shape} for pictures of {way.size}x{way.size}")
    if model.network.side != way.crop:
        raise ValueError(f"the network reads {model.network.side} pixels, views have {way.crop}")
    if outputs != len(model.classes) or len(model.shown) != outputs:
        raise ValueError(f"{len(model.classes)} class names for {outputs} outputs")
