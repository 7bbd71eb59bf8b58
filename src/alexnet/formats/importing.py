"""Weights from elsewhere become an ordinary run folder, with a preprocessing of their own."""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from alexnet import files, machine
from alexnet.errors import AlexNetError, UsageError
from alexnet.formats import held, recognise
from alexnet.formats.beside import described
from alexnet.formats.classes import Classes, classes_for
from alexnet.formats.describing import pixels_in_words, square_in_words
from alexnet.formats.held import Held
from alexnet.formats.hub import CONFIG, WEIGHTS, read_hub
from alexnet.formats.recognise import Fit
from alexnet.formats.ways import way_of
from alexnet.model import Model, load_model, save_model
from alexnet.networks.build import Network
from alexnet.networks.layers import Layers, Linear, learned
from alexnet.networks.tables import parameters
from alexnet.networks.zoo import NETWORKS, Named, named
from alexnet.run import Run, open_run

Say = Callable[[str], None]
WHOSE = {"caffe": "Caffe", "torchvision": "torchvision", "ours": "alexnet"}
SIDES = (227, 224)  # pixels that a net of Caffe that has no name here may read


@dataclass(frozen=True)
class Imported:
    """A model, and where the mean that it subtracts is from."""

    model: Model
    mean: str


def import_weights(
    file: Path | str,
    run: Path | str,
    *,
    net: str | None = None,
    mean: Path | str | None = None,
    classes: Path | str | None = None,
    say: Say = print,
) -> Run:
    """Make a run folder of weights from elsewhere; ``say`` gets what was recognised.

    ``file``: a Caffe .caffemodel; a state dict of torchvision's alexnet or vgg16, or of a network
    with our names, as .pth or .safetensors; a folder that ``export`` wrote, or a run. ``mean``: a
    mean image, .binaryproto (Caffe) or .npy (rows, columns, 3), RGB. ``classes``: a text file, a
    line a class. UsageError where several networks fit and ``net`` does not say which;
    AlexNetError where none fits, naming the layer and both shapes.
    """
    source, folder = Path(file), Path(run)
    if (folder / "model.json").exists() or (folder / "plan.json").exists():
        raise AlexNetError(f"{folder} holds a run already; give another folder.")
    if os.path.lexists(folder) and not (folder.is_dir() and not any(folder.iterdir())):
        raise AlexNetError(f"{folder} exists and is not empty; give another folder.")
    files.check_place(folder, making=True)
    if net is not None:
        named(net)  # a mistyped name is told before a large file is read
    whole = _whole(source)
    if whole is not None:
        _check_alone(whole, net=net, mean=mean, classes=classes)
        made = _taken(whole, source, say)
    else:
        _check_readable(mean=mean, classes=classes)
        made = _made(held.read(source), net, _path(mean), _path(classes), say)
    say(f"Pictures: {square_in_words(made.model)}; {pixels_in_words(made.model)}.")
    with files.making_folder(folder) as temporary:
        save_model(made.model, temporary)
        files.write_json(temporary / "plan.json", _plan(made, source))
    return open_run(folder)


def _path(given: Path | str | None) -> Path | None:
    return None if given is None else Path(given)


def _check_readable(**given: Path | str | None) -> None:
    """UsageError where a file that was given beside the weights cannot be opened."""
    for name, path in given.items():
        try:
            if path is not None:
                Path(path).open("rb").close()
        except OSError as error:
            reason = error.strerror or error
            raise UsageError(f"--{name} {path} cannot be read: {reason}.") from None


def _whole(source: Path) -> Path | None:
    """The folder of a model that says itself what it is, where ``source`` is one or lies in one."""
    if source.is_dir():
        return source
    ours = source.name == WEIGHTS and source.is_file()
    described = ours and any((source.parent / name).is_file() for name in ("model.json", CONFIG))
    return source.parent if described else None


def _check_alone(folder: Path, **given: object) -> None:
    if named_ones := [f"--{name}" for name, value in given.items() if value is not None]:
        raise UsageError(
            f"The model in {folder} says itself what it is, so {' and '.join(named_ones)} cannot "
            "be given with it."
        )


def _taken(folder: Path, source: Path, say: Say) -> Imported:
    """A model of our own, as it stands."""
    described = "model.json" if (folder / "model.json").is_file() else CONFIG
    if described == CONFIG and not (folder / CONFIG).is_file():
        raise AlexNetError(
            f"{source} is a folder without {CONFIG} or model.json; give a file of weights, a "
            "folder that `alexnet export` wrote, or a run."
        )
    model = load_model(folder) if described == "model.json" else read_hub(folder)
    say(
        f"{folder} holds the network {model.name} with {len(model.classes):,} classes; it is taken "
        f"as its {described} describes it."
    )
    return Imported(model, "its own")


def _made(
    found: Held, net: str | None, mean: Path | None, classes: Path | None, say: Say
) -> Imported:
    """A model of weights by layer."""
    fits = network_of(found, net, say)
    beside = described(found.path) if found.keys == "torchvision" else None
    outputs = found.arrays[fits.names[-1]][1].size
    labels = beside.classes if beside and classes is None else classes_for(outputs, classes)
    say(_recognised(found, fits, labels))
    if beside:
        say(f"{beside.path} describes its pictures and classes; options go before it.")
    way = way_of(found, fits.known, mean, say, beside.way if beside else None)
    network = filled(fits, way.preprocessing.crop, found)
    names = labels.names if labels.names != labels.ids else ()
    model = Model(
        network, fits.known.name, way.preprocessing, way.mean, labels.ids, "imported", names
    )
    return Imported(model, way.origin)


def _recognised(found: Held, fits: Fit, labels: Classes) -> str:
    count = parameters(fits.layers, fits.known.input)
    return (
        f"{found.path} holds the network {fits.known.name}, layers named as by "
        f"{WHOSE[found.keys]}: {len(found.arrays)} layers with {count:,} parameters; "
        f"{len(labels.ids):,} classes ({labels.origin})."
    )


def network_of(found: Held, net: str | None, say: Say) -> Fit:
    """What the weights belong to: a named network, or the list that the file itself stores."""
    file = str(found.path)
    if net is not None:
        fits = recognise.only(recognise.fits(found, [net]), file)
        _warn_of_order(found, fits, say)
        return fits
    if found.layers is None:
        return recognise.only(recognise.fits(found), file)
    candidates = recognise.same_order(found.layers, found)
    if not candidates:
        return _own(found, found.layers, say)
    fits = recognise.only([recognise.fit(known, found) for known in candidates], file)
    return _with_their_dropout(fits, found.layers)


def _with_their_dropout(fits: Fit, layers: Layers) -> Fit:
    """The file's own list where it trains otherwise than the network that it answers like."""
    same = [type(layer) for layer in layers] == [type(layer) for layer in fits.layers]
    rates = [[getattr(layer, "rate", 0) for layer in one] for one in (layers, fits.layers)]
    return fits if same and rates[0] == rates[1] else replace(fits, layers=layers)


def _own(found: Held, layers: Layers, say: Say) -> Fit:
    """A chain of layers that no named network is."""
    if beginning := recognise.cut_off(layers, found):
        raise AlexNetError(
            f"{found.path} ends after {layers[-1].name}: {beginning}. It was cut off; get it again."
        )
    own = _named_after(found, layers)
    fits = recognise.only([recognise.fit(own, found)], str(found.path))
    say(
        f"The layers that {found.path} stores are those of no network known by name; they are "
        f"taken as they stand, with the preprocessing of caffenet at {own.preprocessing.crop} "
        "pixels."
    )
    if not found.whole:
        say(f"Note: nothing reads {layers[-1].name}, its last layer; was the file cut off?")
    return fits


def _named_after(found: Held, layers: Layers) -> Named:
    """The file's own list as a network, for the first size of pictures that its weights fit."""
    last = learned(layers)[-1]
    if not isinstance(last, Linear):
        raise AlexNetError(
            f"{found.path} ends with the weights of {last.name}, which is no dense layer, so that "
            "it names no classes: either it was cut off, or it is a net that is not read here."
        )
    way = NETWORKS["caffenet"].preprocessing
    own = Named(
        found.name or found.path.stem, "imported as it stands", found.path.name,
        lambda _: layers, way,
    )  # fmt: skip
    sized = [replace(own, preprocessing=replace(way, crop=side)) for side in SIDES]
    return next((one for one in sized if recognise.goes_together(one, found)), own)


def _warn_of_order(found: Held, fits: Fit, say: Say) -> None:
    if found.layers is None:
        return
    outputs = found.arrays[fits.names[-1]][1].size
    if not recognise.computes_the_same(found.layers, fits.known, outputs):
        say(
            f"Note: the layers that {found.path} stores compute something else than "
            f"{fits.known.name}; --net was believed."
        )


def filled(fits: Fit, side: int, found: Held) -> Network:
    """The network with the file's weights; AlexNetError names a layer that holds no numbers."""
    for name in fits.names:
        if not all(np.isfinite(array).all() for array in found.arrays[name]):
            raise AlexNetError(f"{found.path} is damaged: {name} holds values that are no numbers.")
    try:
        network = Network(fits.layers, side)
    except KeyError as error:  # what torch says of a layer called "forward", or "training"
        raise AlexNetError(
            f"{found.path} names a layer in a way that cannot be: {error}."
        ) from None
    for layer, name in zip(learned(fits.layers), fits.names, strict=True):
        held_there = network.held(layer)
        for ours, theirs in zip(
            (held_there.weight, held_there.bias), found.arrays[name], strict=True
        ):
            if ours.shape != theirs.shape:
                raise AlexNetError(
                    f"{found.path} does not fit pictures of {side} pixels: {layer.name} would have "
                    f"the shape {tuple(ours.shape)}, {name} in the file has {theirs.shape}."
                )
            np.copyto(ours.detach().numpy(), theirs)
    return network


def _plan(made: Imported, source: Path) -> dict[str, object]:
    model = made.model
    return {
        "format": 1,
        "network": model.name,
        "parameters": parameters(model.layers, model.network.input),
        "classes": len(model.classes),
        "recipe_name": "imported",
        "imported": {"file": str(source.resolve()), "sha256": _sha256(source), "mean": made.mean},
        "machine": machine.describe(),
        "versions": machine.versions(),
    }


def _sha256(source: Path) -> str | None:
    """The checksum of a file; a folder has none."""
    return files.sha256(source) if source.is_file() else None
