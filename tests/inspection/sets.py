"""A small set with something of everything: copies, leaks, odd and rejected photos."""

import io
from pathlib import Path

from PIL import Image

from alexnet.data.prepare import prepare
from alexnet.data.store import ImageSet
from tests.data import copying
from tests.data.trees import write_tree

SIZE = 64


def encoded(picture: Image.Image) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    return stream.getvalue()


def tree() -> dict[str, bytes]:
    """Three classes; every photo of ``fox`` is grey, as no other is."""
    photos = {
        "train/cat": [copying.photo(n) for n in range(6)],
        "train/dog": [copying.photo(10 + n) for n in range(4)],
        "train/fox": [copying.grey(copying.photo(20 + n)) for n in range(3)],
        "val/cat": [copying.photo(30), copying.recompressed(copying.photo(0))],
        "val/dog": [copying.photo(31), copying.mirrored(copying.photo(1))],
    }
    photos["train/cat"] += [photos["train/cat"][2], copying.cropped(photos["train/cat"][3])]
    photos["train/dog"] += [
        copying.photo(15).resize((15, 40)),
        copying.photo(16).resize((300, 80)),
        Image.new("RGB", (64, 64), (200, 30, 30)),
    ]
    files = {
        f"{folder}/{n}.png": encoded(picture)
        for folder, pictures in photos.items()
        for n, picture in enumerate(pictures)
    }
    return files | {"train/cat/bad.png": files["train/cat/0.png"][:99], "train/dog/notes.txt": b"-"}


def made(folder: Path) -> ImageSet:
    return prepare(write_tree(folder / "photos", tree()), folder / "set", size=SIZE).set
