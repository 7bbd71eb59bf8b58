"""What is trained: network, start and recipe, from what was asked; the set decides the rest."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from alexnet.data.store import ImageSet
from alexnet.errors import UsageError
from alexnet.names import nearest
from alexnet.networks import variants
from alexnet.networks.layers import Layers, learned
from alexnet.networks.tables import table
from alexnet.networks.zoo import NETWORKS, Named, named
from alexnet.preprocessing import Preprocessing
from alexnet.training.mean import GivenMean
from alexnet.training.recipe import Recipe, Resolved, Settings, fitting, resolve
from alexnet.training.weights import Start

DEFAULT = "alexnet"
OWN = "layers of the caller"  # the network's name where a list was given in place of one


@dataclass(frozen=True)
class Choice:
    """What was asked for. ``known`` is the network whose preprocessing and own recipe stand."""

    known: Named
    recipe: str
    given: Settings
    budget: float | None = None
    own: Layers | None = None  # a list in place of that of ``known``
    start: Start | None = None  # a run whose network and weights are taken
    mean: GivenMean | None = None  # in place of the set's

    @property
    def name(self) -> str:
        """The network's name in the plan."""
        if self.start:
            return self.start.model.name
        return self.known.name if self.own is None else OWN

    @property
    def preprocessing(self) -> Preprocessing:
        """The way of a picture, by which photos are prepared."""
        return (self.start or self.known).preprocessing

    def layers(self, classes: tuple[str, ...]) -> Layers:
        """The list of the network with an output for each class; that of a caller as it is."""
        if self.start:
            return self.start.layers(classes)
        return self.known.layers(len(classes)) if self.own is None else self.own

    def resolved(self, pictures: int, size: int | None = None) -> Resolved:
        """The recipe for so many pictures of that size; UsageError for a wrong setting."""
        given = self.given
        resolved = resolve(self.recipe, pictures, given, self.known, size)
        if self.mean:
            given = self.mean.settings(given, size, resolved.recipe.crop)
            resolved = resolve(self.recipe, pictures, given, self.known, size)
        if self.budget and resolved.recipe.schedule == "plateau":
            given = {**given, **fitting(resolved)}
            resolved = resolve(resolved.name, pictures, given, self.known, size)
        self._check_freeze(resolved)
        return resolved

    def _check_freeze(self, resolved: Resolved) -> None:
        if resolved.origins["freeze"].startswith("net "):
            return  # a change to the network may have taken the layer away
        names = [layer.name for layer in learned(self.layers(("class",)))]
        for name in resolved.recipe.freeze:
            if name not in names:
                raise UsageError(f"There is no layer {name!r} to freeze{nearest(name, names)}.")

    def fitted(self, images: ImageSet) -> tuple[Layers, Resolved]:
        """The network and the recipe for a set; UsageError where the network does not fit it."""
        resolved = self.resolved(len(images.parts["train"]), images.size)
        layers = _with_recipe(self.layers(images.classes), resolved.recipe)
        _check_outputs(layers, images, resolved.recipe.crop)
        return layers, resolved


def choose(
    recipe: str,
    settings: Settings,
    *,
    net: str | None = None,
    layers: Layers | None = None,
    weights: Path | str | None = None,
    mean: Path | str | Sequence[float] | None = None,
    budget: float | None = None,
) -> Choice:
    """What a call asks for; UsageError for a mistake that shows before the set is known."""
    start = None if weights is None else Start.of(weights, net, layers)
    if start and mean is not None:
        raise UsageError(f"--mean cannot be given with --weights: {weights} brings its own.")
    known = _known(start.model.name) if start else named(net or DEFAULT)
    given = start.with_settings(settings) if start else settings
    own_mean = None if mean is None else GivenMean.of(mean)
    choice = Choice(known, recipe, given, budget, layers, start, own_mean)
    choice.resolved(0)
    return choice


def _known(name: str) -> Named:
    """The network of that name; a run may hold one that has none: then the default's recipe."""
    return named(name) if name.split("+")[0] in NETWORKS else named(DEFAULT)


def _with_recipe(layers: Layers, recipe: Recipe) -> Layers:
    """The list with the recipe's dropout and start."""
    layers = variants.with_dropout(layers, recipe.dropout)
    return variants.with_start(layers, 0.01) if recipe.init == "paper" else layers


def _check_outputs(layers: Layers, images: ImageSet, crop: int) -> None:
    outputs = table(layers, (3, crop, crop))[-1].output
    if outputs != (len(images.classes),):
        raise UsageError(
            f"The network ends in {'x'.join(map(str, outputs))} outputs, but {images.folder} has "
            f"{len(images.classes)} classes."
        )
