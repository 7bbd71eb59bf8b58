"""A list of photos and their labels: CSV, TSV, JSON lines, or the lines "path label" of Caffe.

A list is its owner's own file, so its absolute paths are followed. Relative ones are taken below
the folder of the list and may not lead out of it: a list travels with the photos it names.
"""

import errno
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from alexnet.data.filenames import shown
from alexnet.data.sources.entries import Entry, Raw
from alexnet.data.sources.known.columns import PARTS, Form, sample, understood
from alexnet.data.sources.known.roots import Root, find_root, portable
from alexnet.data.sources.known.rows import Row, read_rows
from alexnet.errors import AlexNetError, UsageError

MISSING = "named in the list, but not there"
OUT = "a path that leads out of the folder of the list (..); write it as an absolute one"
LONGEST_PATH = 4096  # bytes; Linux takes no longer one


def recognised(path: Path) -> "List | None":
    """The list at ``path``; None where that is none.

    UsageError where it looks like one, but its columns or its photos cannot be told.
    AlexNetError, OSError.
    """
    form = understood(path)
    if form is None:
        return None
    if (path.parent / "set.json").is_file():
        raise UsageError(
            f"{shown(str(path))} is a table of a prepared set, not a list of photos; "
            f"give the set itself: {shown(str(path.parent))}"
        )
    rows = sample(path, form.delimiter)[1 if form.names else 0 :]
    photos = [row[form.path] for row in rows if len(row) == form.width]
    return List(path, form, find_root(path, photos))


@dataclass
class List:
    """The photos that a list names."""

    path: Path
    form: Form
    root: Root
    labelled: bool = True
    upright: bool = True
    names: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def looks(self) -> str:
        """What it is, in words."""
        return self.form.looks

    def entries(self) -> Iterator[Entry]:
        """One for each row, in the order of the list; a row that is none has a problem."""
        facts = (self.form.taken, self.root.note)
        self.notes[:] = [f"{shown(self.path.name)} {fact}." for fact in facts if fact]
        header = bool(self.form.names)
        try:
            for row in read_rows(self.path, self.form.delimiter):
                if header and not row.problem:
                    header = False
                else:
                    yield self._entry(row)
        except OSError as error:
            raise AlexNetError(f"{self.path} cannot be read: {error.strerror}.") from error

    def stream(self, wanted: Iterable[Entry]) -> Iterator[Raw]:
        """Their paths, so that whoever decodes can read them."""
        return (self.path.parent / entry.path for entry in wanted)

    def _entry(self, row: Row) -> Entry:
        form, line = self.form, f"line {row.line} of {self.path.name}"
        if problem := row.problem or _misfit(row, form):
            return Entry(line, problem=problem)
        path, label = row.fields[form.path], row.fields[form.label].strip()
        if not label:
            return Entry(path, problem=f"{line} gives it no label")
        part = ""
        if form.part is not None:
            given = row.fields[form.part].strip()
            if not (part := PARTS.get(given.lower(), "")):
                found = f"puts it into {given!r}" if given else "gives it no part"
                return Entry(path, problem=f"{line} {found}; parts are train, val and test")
        return self._photo(path, part, label)

    def _photo(self, path: str, part: str, label: str) -> Entry:
        inside = self.root.inside(path)
        if inside.split("/", 1)[0] == "..":
            return Entry(path, problem=OUT)
        facts = _facts(self.path.parent / inside)
        if isinstance(facts, os.stat_result):
            return Entry(inside, facts.st_size, facts.st_mtime_ns, part=part, label=label)
        if facts == MISSING and portable(path) != path:
            return self._photo(portable(path), part, label)
        return Entry(inside, problem=facts)


def _misfit(row: Row, form: Form) -> str:
    """Why the fields of a row cannot be told, "" where they can."""
    if (found := len(row.fields)) != form.width:
        return f"{found} field{'s' * (found > 1)} where {form.width} are expected"
    path = row.fields[form.path]
    if not path.strip():
        return "no path"
    if path.lstrip().startswith(("http://", "https://")):
        return "an address on the network; download the photo and name its file"
    return "a path longer than any file's" if len(path) > LONGEST_PATH else ""


def _facts(path: Path) -> os.stat_result | str:
    """Facts about an ordinary file, or why it is none."""
    try:
        facts = path.stat()
    except OSError as error:
        gone = error.errno in (errno.ENOENT, errno.ENOTDIR)
        return MISSING if gone else f"named in the list, but cannot be read: {error.strerror}"
    except ValueError:  # a zero in the name
        return MISSING
    return facts if stat.S_ISREG(facts.st_mode) else "named in the list, but no file"
