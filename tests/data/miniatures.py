"""ImageNet's archives in small: the structure of the official ones, three classes, a few photos.

Each photo has the colour of its class, so that pixels tell whether a label is right.
"""

import gzip
import io
import tarfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from alexnet.data.decoding.decode import decode
from alexnet.data.sources.entries import Entry, Extent, Source
from tests.data.trees import add_to_tar, write_tree

# In the order of the kit's numbers, which is not that of the ids.
KIT = {"n02119789": "kit fox, Vulpes macrotis", "n01440764": "tench", "n02012849": "crane"}
COLOURS = {"n02119789": (230, 60, 40), "n01440764": (40, 70, 220), "n02012849": (60, 200, 60)}
ABOVE = ("n00001740", "n00015388")  # synsets that have children
TRUTH = (3, 1, 2, 2, 1, 3, 1)  # numbers of the classes of the photos of val
TEST_TRUTH = (2, 3, 1)

Files = dict[str, bytes]


def photo(wnid: str, seed: int = 0, format: str = "JPEG", mode: str = "RGB") -> bytes:
    """A photo in the colour of a class; ``seed`` makes its bytes differ from others."""
    picture = Image.new("RGB", (24, 20 + seed % 7), COLOURS[wnid])
    picture.putpixel((seed % 24, seed % 20), (128, 128, 128))
    stream = io.BytesIO()
    picture.convert(mode).save(stream, format, quality=95)
    return stream.getvalue()


def train() -> dict[str, Files]:
    """The photos of each class, odd ones among them: a PNG, a CMYK and a gzipped JPEG."""
    classes: dict[str, Files] = {}
    for i, wnid in enumerate(sorted(KIT)):
        numbers = (10026, 3, 117, 40)[: 2 + i]
        classes[wnid] = {f"{wnid}_{n}.JPEG": photo(wnid, n) for n in numbers}
    classes["n02119789"]["n02119789_9.JPEG"] = photo("n02119789", 9, "PNG")
    classes["n02119789"]["n02119789_2.JPEG"] = photo("n02119789", 2, mode="CMYK")
    classes["n01440764"]["n01440764_8.JPEG"] = gzip.compress(photo("n01440764", 8))
    return classes


def numbered(part: str = "val", year: str = "2012", truth: Sequence[int] = TRUTH) -> Files:
    """The photos of val or test, not in the order of their numbers."""
    wnids = list(KIT)
    names = {i: f"ILSVRC{year}_{part}_{i + 1:08}.JPEG" for i in range(len(truth))}
    order = sorted(names, key=lambda i: (i * 5 + 3) % 7)
    return {names[i]: photo(wnids[truth[i] - 1], 60 + i) for i in order}


def tar(files: Mapping[str, bytes], mode: str = "w", leading: str = "") -> bytes:
    """A tar archive; ``leading`` is put before every name."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode) as archive:  # type: ignore[call-overload]
        for name, data in files.items():
            add_to_tar(archive, leading + name, data)
    return stream.getvalue()


def tar_of_tars(classes: Mapping[str, Files] | None = None, leading: str = "") -> bytes:
    """A tar with a tar for each class."""
    inner = train() if classes is None else classes
    return tar({f"{wnid}.tar": tar(files) for wnid, files in inner.items()}, leading=leading)


def truth_text(truth: Sequence[int]) -> bytes:
    return "".join(f"{number}\n" for number in truth).encode()


def kit_files(
    year: str = "2012", truth: Sequence[int] = TRUTH, rows: list[tuple[object, ...]] | None = None
) -> Files:
    """A development kit; ``rows`` are those of meta.mat where they are to be others."""
    return {
        "readme.txt": b"A development kit.",
        "data/meta.mat": meta(rows or synsets(), year),
        f"data/ILSVRC{year}_validation_ground_truth.txt": truth_text(truth),
    }


def synsets() -> list[tuple[object, ...]]:
    """Number, WordNet id, words, gloss, children and training photos: classes, then the others."""
    photos = train()
    rows: list[tuple[object, ...]] = [
        (i, wnid, words, "a gloss", 0, [], 0, len(photos[wnid]))
        for i, (wnid, words) in enumerate(KIT.items(), 1)
    ]
    for i, wnid in enumerate(ABOVE, len(KIT) + 1):
        rows.append((i, wnid, "entity", "a gloss", 2, [1, 2], 3, 0))
    return rows


FIELDS = ("WNID", "words", "gloss", "num_children", "children", "wordnet_height")


def meta(rows: list[tuple[object, ...]], year: str = "2012", fields: Sequence[str] = ()) -> bytes:
    """meta.mat as MATLAB writes it: 32 bytes for the name of a field, compressed."""
    names = fields or (f"ILSVRC{year}_ID", *FIELDS, "num_train_images")
    padded = b"".join(name.encode().ljust(32, b"\0") for name in names)
    values = b"".join(_value(value) for row in rows for value in row)
    array = _matrix(
        2, (len(rows), 1), b"synsets", _element(5, _int(32)) + _element(1, padded) + values
    )
    packed = zlib.compress(array)
    start = b"MATLAB 5.0 MAT-file".ljust(124) + b"\0\1IM"
    return start + _int(15) + _int(len(packed)) + packed


def _value(value: object) -> bytes:
    if isinstance(value, str):
        return _matrix(4, (1, len(value)), b"", _element(4, value.encode("utf-16-le")))
    numbers = np.atleast_1d(np.asarray(value, np.float64))
    return _matrix(6, (1, len(numbers)), b"", _element(9, numbers.tobytes()))


def _matrix(kind: int, sizes: tuple[int, int], name: bytes, rest: bytes) -> bytes:
    flags, dimensions = _int(kind) + _int(0), _int(sizes[0]) + _int(sizes[1])
    return _element(14, _element(6, flags) + _element(5, dimensions) + _element(1, name) + rest)


def _element(kind: int, body: bytes) -> bytes:
    return _int(kind) + _int(len(body)) + body + bytes(-len(body) % 8)


def _int(number: int) -> bytes:
    return number.to_bytes(4, "little")


def archives_2012(leading: str = "") -> Files:
    """The three files of ILSVRC-2012."""
    return {
        "ILSVRC2012_img_train.tar": tar_of_tars(leading=leading and "train/"),
        "ILSVRC2012_img_val.tar": tar(numbered(), leading=leading and "val/"),
        "ILSVRC2012_devkit_t12.tar.gz": tar(kit_files(), "w:gz", "ILSVRC2012_devkit_t12/"),
    }


def archives_2010() -> Files:
    """Those of ILSVRC-2010, test and its ground truth included."""
    return {
        "ILSVRC2010_images_train.tar": tar_of_tars(leading="train/"),
        "ILSVRC2010_images_val.tar": tar(numbered(year="2010"), leading="val/"),
        "ILSVRC2010_images_test.tar": tar(numbered("test", "2010", TEST_TRUTH), leading="test/"),
        "ILSVRC2010_test_ground_truth.txt": truth_text(TEST_TRUTH),
        "ILSVRC2010_devkit-1.0.tar.gz": tar(kit_files("2010"), "w:gz", "devkit-1.0/"),
    }


def unpacked(inner_tars: bool = False) -> Files:
    """train/ of class folders, or of class tars, and val/ flat."""
    files = {f"val/{name}": data for name, data in numbered().items()}
    for wnid, photos in train().items():
        if inner_tars:
            files[f"train/{wnid}.tar"] = tar(photos)
        else:
            files |= {f"train/{wnid}/{name}": data for name, data in photos.items()}
    return files


def kaggle() -> Files:
    """As Kaggle packs it: tables instead of the development kit, boxes behind the classes."""
    wnids, base = list(KIT), "ILSVRC/Data/CLS-LOC/"
    files = {base + name: data for name, data in unpacked().items()}
    files |= {f"{base}test/{name}": data for name, data in numbered("test").items()}
    rows = [
        f"ILSVRC2012_val_{i:08},{wnids[n - 1]} 85 1 499 272 {wnids[n - 1]} 1 1 2 2 \n"
        for i, n in reversed(list(enumerate(TRUTH, 1)))
    ]
    files["LOC_val_solution.csv"] = "".join(["ImageId,PredictionString\n", *rows]).encode()
    lines = (f"{wnid} {words}\n" for wnid, words in KIT.items())
    return files | {"LOC_synset_mapping.txt": "".join(lines).encode()}


def write(folder: Path, files: Files) -> Path:
    """The files below a folder, which is returned."""
    return write_tree(folder, files)


def data_of(source: Source, entry: Entry) -> bytes:
    """The bytes of a photo."""
    (raw,) = source.stream([entry])
    if isinstance(raw, Extent):
        with raw.path.open("rb") as file:
            file.seek(raw.offset)
            return file.read(raw.size)
    assert isinstance(raw, Path)
    return raw.read_bytes()


def painted(data: bytes) -> str:
    """The class in whose colour a photo is."""
    photo = decode(gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data)
    mean = np.asarray(photo).reshape(-1, 3).mean(0)
    return min(COLOURS, key=lambda wnid: float(np.abs(mean - COLOURS[wnid]).sum()))


TRAIN = {f"train/{wnid}/{name}": wnid for wnid, files in train().items() for name in files}
VAL = {f"val/ILSVRC2012_val_{i:08}.JPEG": list(KIT)[n - 1] for i, n in enumerate(TRUTH, 1)}


def listed(source: Source) -> dict[str, str]:
    """Path -> class of all photos; each is read and has the colour of its class."""
    found = {}
    for entry in source.entries():
        assert not entry.problem
        assert entry.part == entry.path.partition("/")[0]
        assert painted(data_of(source, entry)) == entry.label
        found[entry.path] = entry.label
    return found


def problems(source: Source) -> dict[str, str]:
    """Path -> reason of all that is refused."""
    return {entry.path: entry.problem for entry in source.entries() if entry.problem}


def with_kit(files: Files) -> Files:
    """The files, and the kit unpacked beside them."""
    return files | {f"devkit/{name}": data for name, data in kit_files().items()}
