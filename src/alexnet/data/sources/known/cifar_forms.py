"""CIFAR-10 and CIFAR-100 as they are published: names of files, and what a file holds.

Sources: www.cs.toronto.edu/~kriz/cifar.html; of the form with pictures in columns, cuda-convnet's
page on its data.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from alexnet.data.explain import listed
from alexnet.data.sources import pickles
from alexnet.data.sources.known.cifar_files import File
from alexnet.errors import AlexNetError

SIDE = 32  # pixels
PIXELS = 3 * SIDE * SIDE  # bytes of a picture: all red ones, all green ones, all blue ones
CHUNK = 1024  # records read at once
COLUMNS = "cifar-10-py-colmajor"  # has the test pictures in its sixth batch
LARGEST_NAMES = 1 << 20  # bytes of a file of names
TEN = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


class Records(NamedTuple):
    """Pictures that follow one another in a file."""

    labels: NDArray[np.integer]  # (n,)
    pixels: NDArray[np.uint8]  # (n, 3072)


@dataclass(frozen=True)
class Form:
    """One of the two sets in one of its forms."""

    name: str
    words: str  # its form, in words
    folders: tuple[str, ...]  # what its folder is called
    batches: dict[str, str]  # name of a file -> where its pictures are in the set
    names: str  # the file with the names of the classes
    keys: tuple[str, str]  # in pickles: of the labels, of the names
    count: int  # classes
    label_bytes: int  # before each picture, the last of them is the class; 0: a pickle

    @property
    def needed(self) -> dict[str, str]:
        """``batches``, of two names for one place the first."""
        first: dict[str, str] = {}
        for name, where in self.batches.items():
            first.setdefault(where, name)
        return {name: where for where, name in first.items()}

    def fits(self, file: File) -> bool:
        """Whether a file is a batch of this form."""
        if file.name not in self.batches:
            return False
        # "data_batch_1" is a name that nobody else uses, "train" is not.
        if self.name == "CIFAR-10" or file.folder in self.folders:
            return True
        if self.label_bytes:
            return file.size > 0 and file.size % (PIXELS + self.label_bytes) == 0
        return file.size > PIXELS and file.read(0, 1) == b"\x80"

    def records(self, file: File) -> Iterator[Records]:
        """What is in a batch, a bounded part at a time. AlexNetError where it is damaged."""
        return _of_pickle(self, file) if not self.label_bytes else _of_binary(self, file)

    def class_names(self, file: File) -> list[str]:
        """The names by number, from the file of names. AlexNetError where they are not right."""
        names = _lines(file) if self.label_bytes else _names_in_pickle(self, file)
        if len(set(names)) != self.count or len(names) != self.count:
            raise AlexNetError(
                f"{file.where} gives {len(set(names))} different names ({listed(names)}); the "
                f"classes of {self.name} are {self.count}."
            )
        return names

    def default_names(self) -> tuple[list[str], str]:
        """The names where there is no file of names, and what is to be said of them."""
        if self.name == "CIFAR-10":
            return list(TEN), f"{self.names} is missing; the classes have their published names."
        digits = len(str(self.count - 1))
        numbers = [str(number).zfill(digits) for number in range(self.count)]
        return numbers, f"{self.names} is missing, so that the classes are called by number."


TRAIN = tuple(f"data_batch_{number}" for number in range(1, 6))
FORMS = (
    Form(
        "CIFAR-10", "its binary form", ("cifar-10-batches-bin",),
        {**{f"{name}.bin": f"train/{name}" for name in TRAIN}, "test_batch.bin": "test"},
        "batches.meta.txt", ("", ""), 10, 1,
    ),
    Form(
        "CIFAR-10", "its Python form", ("cifar-10-batches-py", COLUMNS),
        {**{name: f"train/{name}" for name in TRAIN}, "test_batch": "test", "data_batch_6": "test"},
        "batches.meta", ("labels", "label_names"), 10, 0,
    ),
    Form(
        "CIFAR-100", "its binary form", ("cifar-100-binary",),
        {"train.bin": "train", "test.bin": "test"},
        "fine_label_names.txt", ("", ""), 100, 2,
    ),
    Form(
        "CIFAR-100", "its Python form", ("cifar-100-python",), {"train": "train", "test": "test"},
        "meta", ("fine_labels", "fine_label_names"), 100, 0,
    ),
)  # fmt: skip


def _of_binary(form: Form, file: File) -> Iterator[Records]:
    size = PIXELS + form.label_bytes
    if not file.size or file.size % size:
        raise AlexNetError(
            f"{file.where} has {file.size:,} bytes, no whole number of records of {size:,}: it is "
            "damaged or cut off; download it again."
        )
    for start in range(0, file.size, CHUNK * size):
        wanted = min(CHUNK * size, file.size - start)
        data = file.read(start, wanted)
        if len(data) < wanted:
            raise AlexNetError(f"{file.where} was cut off while it was read.")
        rows = np.frombuffer(data, np.uint8).reshape(-1, size)
        yield Records(rows[:, form.label_bytes - 1], rows[:, form.label_bytes :])


def _of_pickle(form: Form, file: File) -> Iterator[Records]:
    values = _loaded(file, ("data", form.keys[0]))
    data, labels = values.get("data"), np.asarray(values.get(form.keys[0], ()))
    if not isinstance(data, np.ndarray) or data.dtype != np.uint8 or data.ndim != 2:
        raise AlexNetError(f"{file.where} holds no pictures: an array of bytes under 'data'.")
    if PIXELS not in data.shape:
        raise AlexNetError(
            f"{file.where} holds an array of {data.shape[0]:,} x {data.shape[1]:,} bytes; pictures "
            f"of 32x32 pixels have {PIXELS:,} each."
        )
    # cuda-convnet's own form has a picture in each column.
    columns = data.shape[1] != PIXELS or file.folder == COLUMNS
    pixels = data.T if columns else data
    if labels.shape != (len(pixels),) or labels.dtype.kind not in "iu":
        raise AlexNetError(
            f"{file.where} has {len(pixels):,} pictures, but not as many whole numbers under "
            f"{form.keys[0]!r}; it is damaged."
        )
    for start in range(0, len(pixels), CHUNK):
        yield Records(labels[start : start + CHUNK], pixels[start : start + CHUNK])


def _loaded(file: File, keys: tuple[str, ...]) -> dict[str, pickles.Value]:
    # One byte more than the most that is opened is enough to have it refused.
    return pickles.load(file.read(0, min(file.size, pickles.LARGEST + 1)), keys, file.where)


def _lines(file: File) -> list[str]:
    text = file.read(0, LARGEST_NAMES).decode("utf-8", "replace")
    return [line.strip() for line in text.splitlines() if line.strip()]


def _names_in_pickle(form: Form, file: File) -> list[str]:
    found = _loaded(file, form.keys[1:]).get(form.keys[1], ())
    return [str(name) for name in found] if isinstance(found, list) else []
