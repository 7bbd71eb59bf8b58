"""Small trees of photos, archives of them, and sources that are only lists of entries."""

import io
import tarfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from alexnet.data.sources.entries import Entry, Raw

Files = Mapping[str, bytes]


def photo(seed: int = 0, width: int = 40, height: int = 32) -> bytes:
    """A PNG of smooth noise that differs for each seed."""
    coarse = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(coarse).resize((width, height)).save(stream, "PNG")
    return stream.getvalue()


def photos(names: Iterable[str]) -> dict[str, bytes]:
    """A different photo for each name."""
    return {name: photo(seed) for seed, name in enumerate(names)}


def two_classes(each: int = 6, prefix: str = "") -> dict[str, bytes]:
    """cat/0.png ... and dog/0.png ..."""
    return photos(f"{prefix}{name}/{i}.png" for name in ("cat", "dog") for i in range(each))


def write_tree(folder: Path, files: Files) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def write_tar(path: Path, files: Files, mode: str = "w") -> Path:
    with tarfile.open(path, mode) as tar:
        for name, data in files.items():
            add_to_tar(tar, name, data)
    return path


def add_to_tar(tar: tarfile.TarFile, name: str, data: bytes = b"", **fields: object) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(data)
    for field_, value in fields.items():
        setattr(member, field_, value)
    tar.addfile(member, io.BytesIO(data))


def write_zip(path: Path, files: Files, method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


@dataclass(frozen=True)
class Given:
    """A source that is what a test says: entries, and what each gives when it is wanted."""

    found: Iterable[Entry]
    raws: Mapping[str, Raw] = field(default_factory=dict)
    path: Path = Path("SOURCE")
    looks: str = "a list"
    labelled: bool = False
    upright: bool = True
    names: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def entries(self) -> Iterator[Entry]:
        return iter(self.found)

    def stream(self, wanted: Iterable[Entry]) -> Iterator[Raw]:
        return (self.raws[entry.path] for entry in wanted)
