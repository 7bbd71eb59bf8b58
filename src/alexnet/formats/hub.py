"""A folder in the layout of model hubs: weights, ``config.json``, a card; there and back again.

``config.json`` has two parts. What loaders of other programs look for: classes, input, mean and
spread on the 0 to 1 scale. And, under "alexnet", our own ``model.json``, from which ``read_hub``
makes the very model again.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from alexnet import files
from alexnet.errors import AlexNetError
from alexnet.formats.describing import channel_mean, labels
from alexnet.formats.hub_card import card
from alexnet.model import FORMAT, Model, assembled, save_model
from alexnet.results import Evaluation

CONFIG, WEIGHTS, CARD = "config.json", "model.safetensors", "README.md"


def write_hub(model: Model, folder: Path, evaluations: Sequence[Evaluation] = ()) -> None:
    """Write the folder, read it back, and only then give it its name.

    ``evaluations`` go into the card. AlexNetError where ``folder`` exists or cannot be written;
    nothing is left then.
    """
    with files.making_folder(folder) as temporary:
        save_model(model, temporary)
        own = temporary / "model.json"
        files.write_json(temporary / CONFIG, config(model, files.read_json(own)))
        own.unlink()
        files.write_text(temporary / CARD, card(model, folder.name, evaluations))
        _check(model, temporary, folder)


def read_hub(folder: Path | str) -> Model:
    """The model in a folder that ``write_hub`` wrote, weights and mean bit for bit.

    AlexNetError where a file is missing or damaged, or the folder is from another program.
    """
    path = Path(folder)
    described = files.read_json(path / CONFIG)
    own = described.get("alexnet") if isinstance(described, dict) else None
    if not isinstance(own, dict):
        raise AlexNetError(
            f"{path / CONFIG} has no part 'alexnet', so it is not known which layers the weights "
            "belong to; only folders that `alexnet export` wrote can be read."
        )
    if own.get("format") != FORMAT:
        raise AlexNetError(
            f"The part 'alexnet' of {path / CONFIG} has format {own.get('format')!r}; this version "
            f"reads format {FORMAT}."
        )
    return assembled(own, path)


def config(model: Model, own: dict[str, Any]) -> dict[str, Any]:
    """The content of ``config.json``; ``own`` is that of ``model.json``."""
    way, names = model.preprocessing, labels(model)
    mean = channel_mean(model) or tuple(model.mean.mean((0, 1), np.float64).tolist())
    return {
        "architecture": "alexnet",
        "network": model.name,
        "num_classes": len(names),
        "label_names": names,
        "id2label": {str(number): name for number, name in enumerate(names)},
        "label2id": {name: number for number, name in enumerate(names)},
        "pretrained_cfg": {
            "input_size": list(model.network.input),
            "fixed_input_size": True,
            "interpolation": way.filter,
            "crop_pct": way.crop / way.size,
            "crop_mode": "center" if way.fit == "crop" else "squash",
            "channels": way.channels,
            "mean": [value / 255 for value in mean],
            "mean_image": channel_mean(model) is None,
            "std": (way.divisor.astype(np.float64) / 255).tolist(),
        },
        "alexnet": own,
    }


def _check(model: Model, temporary: Path, folder: Path) -> None:
    again = read_hub(temporary)
    ours, theirs = model.network.state_dict(), again.network.state_dict()
    same = all(torch.equal(value, theirs[name]) for name, value in ours.items())
    if not same or not np.array_equal(again.mean, model.mean):
        raise AlexNetError(f"{folder} was not written: it reads back as other weights.")
