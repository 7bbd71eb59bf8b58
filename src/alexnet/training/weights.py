"""Starting from another run: its weights, its network, and its way of a picture."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from alexnet.data.store import ImageSet
from alexnet.errors import AlexNetError, UsageError
from alexnet.model import Model, load_model
from alexnet.networks.build import Network
from alexnet.networks.layers import Layers, learned
from alexnet.networks.variants import with_classes
from alexnet.preprocessing import Preprocessing
from alexnet.training.recipe import Given, Settings, converted


@dataclass(frozen=True)
class Start:
    """The run that weights are taken from."""

    folder: Path
    model: Model

    @classmethod
    def of(cls, folder: Path | str, net: str | None, layers: Layers | None) -> "Start":
        """Open the run; UsageError where another network is asked for beside it."""
        model = load_model(folder)
        if layers is not None or net not in (None, model.name):
            raise UsageError(
                f"{folder} holds the network {model.name}, which its weights fit; another one "
                "cannot be asked for with --weights."
            )
        return cls(Path(folder), model)

    @property
    def preprocessing(self) -> Preprocessing:
        """How pictures were made ready for these weights."""
        return self.model.preprocessing

    @property
    def settings(self) -> Settings:
        """The way of a picture as settings of a recipe, but for whether it may be mirrored."""
        way, mean = self.preprocessing, self.model.mean
        values = {
            "crop": way.crop, "channels": way.channels, "scale": way.scale, "mean_at": way.mean_at,
            "mean": "channel" if (mean == mean[0, 0]).all() else "image",
        }  # fmt: skip
        origin = f"weights {self.folder.name}"
        return {name: Given(value, origin) for name, value in values.items()}

    def with_settings(self, given: Settings) -> Settings:
        """``given`` with the way of a picture; UsageError where the two contradict each other.

        Only whether pictures may be mirrored can be other: that is a matter of the classes.
        """
        for name, (value, _) in self.settings.items():
            asked = given.get(name)
            if asked and converted(name, asked.value) != converted(name, value):
                raise UsageError(
                    f"{name} cannot be {asked.value} ({asked.origin}): the weights of "
                    f"{self.folder} are for {_shown(value)}."
                )
        mirror = Given(self.preprocessing.mirror, f"weights {self.folder.name}")
        return {"mirror": mirror, **given, **self.settings}

    def check_fits(self, images: ImageSet, say: Callable[[str], None]) -> None:
        """AlexNetError where the set has another size; a note on another fit or filter."""
        way = self.preprocessing
        if images.size != way.size:
            raise AlexNetError(
                f"{images.folder} holds pictures of {images.size} pixels, the weights of "
                f"{self.folder} are for {way.size}. Prepare the photos with {way.options}."
            )
        for what in ("fit", "filter"):
            theirs, ours = getattr(images, what), getattr(way, what)
            if theirs != ours:
                say(
                    f"Note: {images.folder} was prepared with --{what} {theirs}, the pictures that "
                    f"{self.folder} learned from with --{what} {ours}; its weights may fit less "
                    "well."
                )

    def layers(self, classes: tuple[str, ...]) -> Layers:
        """The run's list with an output for each class."""
        return with_classes(self.model.layers, len(classes))

    def taken(self, classes: tuple[str, ...]) -> list[str]:
        """The layers whose weights are taken: all, or without the last where classes differ."""
        names = [layer.name for layer in learned(self.model.layers)]
        return names if classes == self.model.classes else names[:-1]

    def put_into(self, network: Network, classes: tuple[str, ...]) -> list[str]:
        """Copy the weights into a network of ``layers(classes)``; the names of their layers."""
        names = self.taken(classes)
        source = dict(self.model.network.named_parameters())
        with torch.no_grad():
            for name, value in network.named_parameters():
                if name.rpartition(".")[0] in names:
                    value.copy_(source[name])
        return names

    def described(self, classes: tuple[str, ...]) -> dict[str, Any]:
        """What the plan says of it."""
        names, taken = [layer.name for layer in learned(self.model.layers)], self.taken(classes)
        return {
            "folder": str(self.folder.resolve()),
            "network": self.model.name,
            "taken": taken,
            "new": names[len(taken) :],
        }


def _shown(value: Any) -> str:
    numbers = value if isinstance(value, tuple) else (value,)
    return ",".join(f"{n:g}" if isinstance(n, float) else str(n) for n in numbers)
