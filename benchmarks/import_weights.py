"""Import whole networks and compare their answers with programs written independently of ours.

    python benchmarks/import_weights.py [--nets caffenet torchvision-alexnet ...] [--photos 6]

Each network gets drawn weights at its full size, written as its own file: Caffe's by an encoder of
its wire format (tests/formats/caffe_nets.py), torchvision's by torch.save from a module written
anew from its layer table (tests/formats/torchvision_nets.py). It is imported by the command, and
then asked about synthetic pictures and real photos (../shared/data/imagenet-sample, where it lies).
Caffe's answers are those of numpy in float64, layer by layer (tests/formats/caffe_forward.py).

Differences are the greatest of a layer's output, as a share of the greatest value there.
"""

import argparse
import contextlib
import io
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tests.formats import caffe_nets, torchvision_nets
from tests.formats.caffe_forward import blob_of_photo, forward
from tests.formats.independent import LIMIT, answers, apart, caffe_mean, read_by
from tests.formats.pictures import photos, synthetic

from alexnet.cli import main as alexnet
from alexnet.model import Model, load_model

CAFFE = {"caffenet": "old", "bvlc-alexnet": "new", "cnn-s": "old", "vgg16": "new"}
TORCH = {"torchvision-alexnet": "torchvision", "torchvision-vgg16": "vgg16"}
Differences = dict[str, float]


def of_caffe(name: str, folder: Path, pictures: list[Image.Image]) -> Iterator[Differences]:
    """A difference for each layer, picture by picture."""
    side = 227 if name in ("caffenet", "bvlc-alexnet") else 224
    net = caffe_nets.nets()[name]
    blobs, mean = caffe_nets.drawn(net, side), caffe_mean()
    file, image = folder / f"{name}.caffemodel", folder / "mean.binaryproto"
    file.write_bytes(caffe_nets.written(net, blobs, CAFFE[name]))
    image.write_bytes(caffe_nets.mean_file(mean))
    model = imported(file, folder, "--mean", str(image))
    way = model.preprocessing
    for photo in pictures:
        read = blob_of_photo(photo, mean, side, fit=way.fit, filter=way.filter)
        ours = ours_of(model, photo, [one.name for one in net])
        theirs = {"picture": read, **forward(net, blobs, read)}
        theirs["logits"] = theirs[net[-1].name]
        yield {key: apart(ours[key], value) for key, value in theirs.items()}


def of_torchvision(name: str, folder: Path, pictures: list[Image.Image]) -> Iterator[Differences]:
    """A difference of what is read and of the logits, picture by picture.

    The pictures are cut square first: of others torchvision rounds the longer side to whole
    pixels, which ours does not; that difference is told as "not square".
    """
    net = torchvision_nets.lively(torchvision_nets.NETS[TORCH[name]]())
    file = folder / f"{name}.pth"
    torch.save(net.state_dict(), file)
    model = imported(file, folder)
    for photo in pictures:
        side = min(photo.size)
        square = photo.crop((0, 0, side, side))
        found = {}
        for prefix, seen in (("", square), ("not square: ", photo)):
            read = torchvision_nets.read_by(seen)
            with torch.inference_mode():
                logits = net(read[None])[0].numpy()
            ours = ours_of(model, seen, [])
            found[f"{prefix}picture"] = apart(ours["picture"], read.numpy())
            found[f"{prefix}logits"] = apart(ours["logits"], logits)
        yield found


def imported(file: Path, folder: Path, *words: str) -> Model:
    """The model that the command makes of a file."""
    began = time.monotonic()
    with contextlib.redirect_stdout(io.StringIO()) as said:
        code = alexnet(["import", str(file), str(folder / file.stem), *words])
    assert code == 0, said.getvalue()
    size = file.stat().st_size / 1e6
    print(f"{file.name}: {size:,.0f} MB, imported in {time.monotonic() - began:.1f} s")
    return load_model(folder / file.stem)


def ours_of(model: Model, photo: Image.Image, layers: list[str]) -> dict[str, np.ndarray]:
    """What our network makes of a photo: what it reads, outputs of layers, logits."""
    view = read_by(model, photo)
    found = answers(model, view, layers)
    return {**found, "picture": view[0].numpy(), "logits": found[""]}


def main() -> int:
    """Compare, and print the greatest differences of each network."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nets", nargs="*", choices=[*CAFFE, *TORCH], default=[*CAFFE, *TORCH])
    parser.add_argument("--photos", type=int, default=6)
    options = parser.parse_args()
    pictures = [*synthetic(), *photos(options.photos)]
    failed = 0
    for name in options.nets:
        with tempfile.TemporaryDirectory() as folder:
            compare = of_caffe if name in CAFFE else of_torchvision
            worst: Differences = {}
            for found in compare(name, Path(folder), pictures):
                worst = {key: max(value, worst.get(key, 0)) for key, value in found.items()}
        print(f"{name}, {len(pictures)} pictures:", flush=True)
        print("  " + ", ".join(f"{key} {value:.1e}" for key, value in worst.items()), flush=True)
        failed += any(value > LIMIT for key, value in worst.items() if "not square" not in key)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
