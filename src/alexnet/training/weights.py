"""Starting from another run: its weights, its network, and its way of a picture."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alexnet.data.store import ImageSet
from alexnet.errors import AlexNetError, UsageError
from alexnet.model import Model, load_model
from alexnet.networks.build import Network
from alexnet.networks.layers import Layers, learned
from alexnet.networks.variants import with_classes, without
from alexnet.preprocessing import Preprocessing
from alexnet.training.recipe import Settings


@dataclass(frozen=True)
class Start:
    """The run that weights are taken from."""

    folder: Path
    model: Model

    @classmethod
    def of(cls, folder: Path | str, net: str, layers: Layers | None) -> "Start":
        """Open the run; UsageError where another network is asked for beside it."""
        model = load_model(folder)
        if layers is not None or net not in ("alexnet", model.name):
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
        """The way of a picture as settings of a recipe."""
        way, origin = self.preprocessing, f"weights {self.folder.name}"
        values = {
            "crop": way.crop, "channels": way.channels, "scale": way.scale, "mean_at": way.mean_at,
        }  # fmt: skip
        return {name: (value, origin) for name, value in values.items()}

    def check_fits(self, images: ImageSet, say: Any) -> None:
        """AlexNetError where the set has another size; a note where it has another fit."""
        way = self.preprocessing
        if images.size != way.size:
            raise AlexNetError(
                f"{images.folder} holds pictures of {images.size} pixels, the weights of "
                f"{self.folder} are for {way.size}. Prepare the photos with --size {way.size} "
                f"--fit {way.fit}."
            )
        if images.fit != way.fit:
            say(
                f"{images.folder} was prepared with --fit {images.fit}, {self.folder} was trained "
                f"on {way.fit}: its weights may fit less well."
            )

    def layers(self, classes: tuple[str, ...]) -> Layers:
        """The run's list with an output for each class."""
        return with_classes(self.model.layers, len(classes))

    def network(self, classes: tuple[str, ...]) -> Network:
        """The run's network; without its last layer where the classes are others."""
        if classes == self.model.classes:
            return self.model.network
        last = learned(self.model.layers)[-1].name
        network = Network(without(self.model.layers, last), self.model.network.side)
        network.load_state_dict(
            {k: v for k, v in self.model.network.state_dict().items() if not k.startswith(last)}
        )
        return network

    def described(self, layers: Layers, classes: tuple[str, ...]) -> dict[str, Any]:
        """What the plan says of it."""
        names = [layer.name for layer in learned(layers)]
        new = [] if classes == self.model.classes else names[-1:]
        return {
            "folder": str(self.folder.resolve()),
            "network": self.model.name,
            "taken": [name for name in names if name not in new],
            "new": new,
        }
