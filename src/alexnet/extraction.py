"""What a layer says of photos, written as a .npy file: one row for each photo, in their order."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from math import prod
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.lib.format import write_array_header_1_0
from numpy.typing import NDArray

from alexnet.blocks import Blocks
from alexnet.data.tables import as_text
from alexnet.errors import UsageError
from alexnet.files import check_place, replacing
from alexnet.model import Model
from alexnet.names import nearest
from alexnet.networks.layers import Activation, Learned
from alexnet.networks.tables import Row, Shape, table
from alexnet.parallel.world import silent
from alexnet.prediction import Photo, listed, opened, ready
from alexnet.progress import Progress

TABLE = ("number", "file", "error")

Say = Callable[[str], None]


@dataclass(frozen=True)
class Answer:
    """What a layer says of one photo, or why it says nothing.

    ``values`` is float32, flattened as (channels, rows, columns); None where ``error`` says what
    was wrong with the file.
    """

    file: str
    values: NDArray[np.float32] | None = None
    error: str | None = None


@dataclass(frozen=True)
class Features:
    """What was written: a row for each photo; ``failed`` of them are NaN."""

    layer: str  # as it was asked for
    output_of: str  # the layer whose output that means, see ``meant``
    shape: Shape  # of one photo: (channels, rows, columns) or (units,)
    rows: int
    failed: int
    out: Path
    table: Path  # number, file, error of each row


def features(
    run: Path | str | Model,
    images: Iterable[Photo] | Photo,
    out: Path | str,
    layer: str = "fc7",
    say: Say = print,
    quiet: bool = False,
    device: str | None = None,
) -> Features:
    """Write what ``layer`` says of the central view of each photo to ``out``, a .npy file.

    ``run``, ``images`` and ``device`` are those of ``predict``; ``meant`` says what a name means.
    ``out`` is float32 (photos, values), values flattened as (channels, rows, columns). A photo that
    cannot be read gets a row of NaN, so that row i is always photo i. Beside it, under the same
    name with .csv, stands which photo each row is, and what was wrong with it. Rows are written as
    they are made, so many photos need no more memory than a few; ``out`` is complete or not there.

    ``say`` gets notes and what could not be read; ``quiet`` keeps the progress off standard error.
    AlexNetError where there is no model or a file cannot be written; UsageError for an unknown
    layer, for another suffix than .npy, and where the table would replace a file of another kind.
    """
    target, beside = places(out)
    model = run if isinstance(run, Model) else ready(run, device)
    row = meant(model, layer)
    if (after := row.layer.name) != layer:
        say(f"{layer} means the values after its activation, {after}, as in the paper and Caffe.")
    photos = list(listed(images))
    answers = _followed(activations(model, photos, layer, say), len(photos), say, quiet)
    with _both(target, beside) as (file, listing):
        told = _write_rows(file, answers, (len(photos), prod(row.output)))
        listing.write(as_text(TABLE, told).encode("utf-8", "surrogateescape"))
    failed = sum(error != "" for _, _, error in told)
    return Features(layer, after, row.output, len(photos), failed, target, beside)


@contextmanager
def _both(target: Path, beside: Path) -> Iterator[tuple[BinaryIO, BinaryIO]]:
    """The array and its table, which get their names together.

    An older table goes before the array gets its name, and the new one comes after it: killed in
    between, there is an array without a table, but never one with the table of another.
    """

    def no_older_table(_: Path) -> None:
        listing.flush()  # a full disk is noticed here, while both old files are there
        beside.resolve().unlink(missing_ok=True)

    with replacing(beside) as listing, replacing(target, no_older_table) as file:
        yield file, listing


def activations(
    model: Model, images: Iterable[Photo], layer: str = "fc7", say: Say = silent
) -> Iterator[Answer]:
    """The same one after the other, in memory. UsageError for an unknown layer."""
    blocks, ask = Blocks(say=say), partial(model.features, layer=meant(model, layer).layer.name)
    for batch in opened(model, images):
        good = [found for _, found in batch if not isinstance(found, str)]
        rows = iter(_flat(blocks.answers(ask, np.stack(good), 0)) if good else ())
        for file, found in batch:
            if isinstance(found, str):
                yield Answer(file, error=found)
            else:
                yield Answer(file, next(rows))


def meant(model: Model, layer: str) -> Row:
    """The layer whose output a layer's name means, with its shapes; UsageError for no such name.

    Of a layer with weights that is directly followed by its activation, what comes out of that:
    "fc7" is what the paper and Caffe call so. Of every other layer its own output.
    """
    rows = table(model.layers, model.network.input)
    names = [row.layer.name for row in rows]
    if layer not in names:
        hint = nearest(layer, names)
        more = "" if hint.startswith(" (known") else f" Its layers: {', '.join(names)}."
        raise UsageError(f"The network {model.name} has no layer {layer!r}{hint}.{more}")
    row, *later = rows[names.index(layer) :]
    activated = isinstance(row.layer, Learned) and later and isinstance(later[0].layer, Activation)
    return later[0] if activated else row


def places(out: Path | str) -> tuple[Path, Path]:
    """The two files of an ``out``: the array and its table; UsageError where they cannot be.

    AlexNetError where the folder takes no files.
    """
    target = Path(out)
    if target.suffix.lower() != ".npy":
        raise UsageError(
            f"{target} cannot be the file to write: its name must end in .npy, such as fc7.npy."
        )
    beside = target.with_suffix(".csv")
    if beside.exists() and not _is_table(beside):
        raise UsageError(
            f"{beside} would be replaced by the table of photos, but it is no such table (it does "
            f"not begin with {','.join(TABLE)}). Choose another name than {target.name}."
        )
    check_place(target)
    return target, beside


def _is_table(path: Path) -> bool:
    head = ",".join(TABLE).encode()
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.readline(len(head) + 2).rstrip(b"\r\n") == head


def _flat(values: NDArray[np.float32]) -> NDArray[np.float32]:
    return values.reshape(len(values), -1)


def _followed(answers: Iterable[Answer], total: int, say: Say, quiet: bool) -> Iterator[Answer]:
    progress = Progress("features", total, "photos", quiet=quiet)
    for number, answer in enumerate(answers, 1):
        if answer.error is not None:
            progress.close()  # what is said gets a line of its own
            say(f"{answer.file}: not read: {answer.error}")
        progress.update(number)
        yield answer
    progress.close()


def _write_rows(
    file: BinaryIO, answers: Iterable[Answer], shape: tuple[int, int]
) -> list[tuple[int, str, str]]:
    """Write an array of that shape, row by row; returns the lines of its table."""
    write_array_header_1_0(file, {"descr": "<f4", "fortran_order": False, "shape": shape})
    absent = np.full(shape[1], np.nan, "<f4")
    told = []
    for number, answer in enumerate(answers):
        values = absent if answer.values is None else answer.values
        file.write(values.astype("<f4").tobytes())
        told.append((number, answer.file, answer.error or ""))
    return told
