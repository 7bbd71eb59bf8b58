"""How a list of photos is written: what parts its fields, and which column holds what."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from alexnet.data.explain import listed
from alexnet.data.filenames import PHOTO_SUFFIXES, shown, suffix
from alexnet.data.sources.known.rows import JSON, WORDS, read_rows
from alexnet.errors import UsageError

# Names of columns in small letters and nothing else, the most telling first.
PATHS = (
    *("filepath", "imagepath", "imgpath", "photopath", "path", "filename", "imagefilename"),
    *("imagefile", "imgfile", "imagename", "imgname", "file", "image", "img", "photo", "picture"),
)
LABELS = (
    *("classname", "labelname", "categoryname", "label", "class", "category", "target", "species"),
    *("wnid", "synset", "classid", "labelid", "categoryid", "targetid"),
)
SPLITS = ("split", "part", "partition", "set", "dataset", "subset", "fold")
PARTS = {
    "train": "train", "training": "train",
    "val": "val", "valid": "val", "validation": "val", "dev": "val",
    "test": "test", "testing": "test",
}  # fmt: skip
DELIMITERS = {
    ".jsonl": (JSON,), ".ndjson": (JSON,), ".csv": (",", ";", "\t"), ".tsv": ("\t",),
    ".txt": ("\t", ",", ";", WORDS),
}  # fmt: skip
LOOKS = {JSON: "JSON lines", ",": "CSV", "\t": "TSV", ";": "CSV with semicolons"}
SAMPLE = 50  # rows from which the form is told
EXPECTED = (
    "Expected is a header that names a column of paths and one of labels, such as path,label or "
    "path,label,split; or, without a header, two columns: path, then label."
)
Rows = Sequence[Sequence[str]]


@dataclass(frozen=True)
class Form:
    """How to read a list; columns by their place."""

    delimiter: str  # or JSON or WORDS
    names: tuple[str, ...] = ()  # the header, () where there is none
    path: int = 0
    label: int = 1
    part: int | None = None

    @property
    def width(self) -> int:
        """How many fields a row has."""
        return len(self.names) or 2

    @property
    def looks(self) -> str:
        """What it is, in words."""
        return f"a list of photos and labels ({LOOKS.get(self.delimiter, 'path, space, label')})"

    @property
    def taken(self) -> str:
        """The end of a sentence that begins with the list: which columns are taken for what."""
        if not self.names:
            return "has no header: its first column is taken for paths, the second for labels"
        taken = [self.path, self.label] + ([] if self.part is None else [self.part])
        kinds = ("paths", "labels", "parts")
        said = [f"{kind} in {self.names[i]}" for kind, i in zip(kinds, taken, strict=False)]
        left = [name for i, name in enumerate(self.names) if i not in taken]
        return f"has {listed(said)}" + (f"; not used: {listed(left)}" if left else "")


def understood(path: Path) -> Form | None:
    """How the list at ``path`` is to be read, by suffix and content; None where it is none.

    UsageError where it looks like one, but its columns cannot be told. AlexNetError, OSError.
    """
    marks = DELIMITERS.get(suffix(path.name), ())
    samples = {mark: rows for mark in marks if (rows := sample(path, mark))}
    for mark, rows in samples.items():
        if form := _by_header(path, mark, rows):
            return form
    return None if JSON in marks else _without_header(path, samples)


def sample(path: Path, delimiter: str) -> list[list[str]]:
    """The fields of the first rows."""
    rows = (row.fields for row in read_rows(path, delimiter) if not row.problem)
    return list(islice(rows, SAMPLE))


def _by_header(path: Path, delimiter: str, rows: Rows) -> Form | None:
    names = rows[0]
    photos, label, part = (_place(names, known) for known in (PATHS, LABELS, SPLITS))
    if photos is None or len(names) < 2:
        return None
    if label is None:
        hint = " A file that tells parts alone is for --split." if part is not None else ""
        raise UsageError(
            f"{shown(str(path))} looks like a list of photos with the columns {listed(names)}, of "
            f"which none is known to hold labels. {EXPECTED}{hint}"
        )
    values = [] if part is None else [row[part] for row in rows[1:] if len(row) > part]
    if not any(value.strip().lower() in PARTS for value in values):
        part = None  # a fold by its number, a set by its name
    return Form(delimiter, tuple(names), photos, label, part)


def _place(names: Sequence[str], known: Sequence[str]) -> int | None:
    letters = [re.sub("[^a-z]", "", name.lower()) for name in names]
    single = [re.sub("(?<=ss)es$|(?<!s)s$", "", name) for name in letters]
    return next((single.index(name) for name in known if name in single), None)


def _without_header(path: Path, samples: Mapping[str, Rows]) -> Form | None:
    """The form of two columns; UsageError where paths are there, but not two columns."""
    for mark, rows in samples.items():
        pairs = [row[0] for row in rows if len(row) == 2]
        if 2 * len(pairs) > len(rows) and _are_paths(path.parent, pairs):
            return Form(mark)
    for rows in samples.values():
        if _are_paths(path.parent, [row[0] for row in rows]):
            raise UsageError(
                f"{shown(str(path))} looks like a list of photos, but where their labels are "
                f"cannot be told; its first row is {shown(str(rows[0]))}. {EXPECTED}"
            )
    return None


def _are_paths(folder: Path, fields: Sequence[str]) -> bool:
    """Whether most of these are photos: by their suffix, or because they are there."""
    photos = [f for f in fields if suffix(f) in PHOTO_SUFFIXES or is_file(folder, f)]
    return 2 * len(photos) > len(fields)


def is_file(folder: Path, name: str) -> bool:
    """Whether there is a file of that name; names can be longer than any file's, or hold zeros."""
    try:
        return (folder / name).is_file()
    except (OSError, ValueError):
        return False
