"""All photos of a plan in a scratch database: any number of them, in memory that does not grow.

SQLite keeps it in a file of its own that has no name and goes with the process.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from alexnet.data.sources.entries import Entry

TABLES = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA cache_size = -65536;
CREATE TABLE photo (
    id INTEGER PRIMARY KEY, source INT, place INT, part TEXT, member BLOB, size INT, file INT,
    offset INT
);
CREATE TABLE rejected (file BLOB, reason TEXT);
CREATE TABLE split (file BLOB PRIMARY KEY, part TEXT) WITHOUT ROWID;
CREATE TABLE picture (
    address INTEGER PRIMARY KEY, planned TEXT, part TEXT, class BLOB, file BLOB, rank BLOB,
    width INT, height INT, grey INT, ours INT
);
BEGIN;
"""


@dataclass(frozen=True)
class Place:
    """What the photos of one folder, or with one label, have in common."""

    part: str  # train, val or test
    name: str  # the class; "" for strays, which belong to none


class Catalogue:
    """Photos by number, in the order of the sources; then pictures; and what was rejected."""

    def __init__(self) -> None:
        self.db = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self.db.executescript(TABLES)
        self.files: dict[str, int] = {"": 0}  # archives in a source that hold photos

    def add(self, source: int, entries: Iterable[tuple[int, Entry]]) -> None:
        """Photos of a source, each with the number of its place there."""
        rows = (
            (source, place, as_bytes(e.path), e.size, self._file(e.file), e.offset)
            for place, e in entries
        )
        self.db.executemany(
            "INSERT INTO photo (source, place, member, size, file, offset) VALUES (?,?,?,?,?,?)",
            rows,
        )

    def _file(self, name: str) -> int:
        return self.files.setdefault(name, len(self.files))

    def second_ones(self, source: int) -> list[tuple[str, int, int]]:
        """Take out photos whose name came before in their source.

        Returns for each its name, its place and the place of the first of that name.
        """
        twice = self.db.execute(
            "SELECT id, member, place, former FROM ("
            "SELECT id, member, place, row_number() OVER one AS nth, "
            "first_value(place) OVER one AS former FROM photo WHERE source = ? "
            "WINDOW one AS (PARTITION BY member ORDER BY id)) WHERE nth > 1",
            (source,),
        ).fetchall()
        self.db.executemany("DELETE FROM photo WHERE id = ?", ((row[0],) for row in twice))
        return [(as_text(member), place, former) for _, member, place, former in twice]

    def reject(self, rows: Iterable[tuple[str, str]]) -> None:
        """Files that are left out, and why."""
        self.db.executemany(
            "INSERT INTO rejected VALUES (?,?)", ((as_bytes(file), why) for file, why in rows)
        )

    def take_out(
        self, source: int, places: Sequence[int], file: Callable[[str], str], reason: str
    ) -> None:
        """Reject the photos of some places of a source; ``file`` gives the name of a member."""
        for place in places:
            rows = self.db.execute(
                "SELECT member FROM photo WHERE source = ? AND place = ?", (source, place)
            )
            self.reject([(file(as_text(member)), reason) for (member,) in rows])
            self.db.execute("DELETE FROM photo WHERE source = ? AND place = ?", (source, place))

    def by_place(self) -> Iterator[tuple[int, int, str | None, int]]:
        """(source, place, part where one was given, photos there)."""
        rows = "SELECT source, place, part, count(*) FROM photo GROUP BY source, place, part"
        yield from self.db.execute(rows)

    def photos(
        self, first: int = 0, end: int = 1 << 62
    ) -> Iterator[tuple[int, int, int, str | None, Entry]]:
        """(number, source, place, given part or None, entry), from ``first`` up to ``end``."""
        names = list(self.files)
        rows = self.db.execute(
            "SELECT id, source, place, part, member, size, file, offset FROM photo "
            "WHERE id >= ? AND id < ? ORDER BY id",
            (first, end),
        )
        for number, source, place, part, member, size, file, offset in rows:
            entry = Entry(as_text(member), size, file=names[file], offset=offset)
            yield number, source, place, part, entry

    def add_pictures(self, rows: Iterable[tuple[object, ...]]) -> None:
        """Photos that came out: address, planned part, part, class, file, rank, and so on."""
        self.db.executemany("INSERT INTO picture VALUES (?,?,?,?,?,?,?,?,?,?)", rows)

    def sizes(self) -> Iterator[tuple[int, int, int]]:
        """(number, source, size in bytes) of each photo."""
        yield from self.db.execute("SELECT id, source, size FROM photo ORDER BY id")

    def count(self, what: str) -> int:
        """Rows of a table, or of a table with a condition."""
        return int(self.db.execute(f"SELECT count(*) FROM {what}").fetchone()[0])


def as_bytes(name: str) -> bytes:
    """A name as the bytes that it was, by which it is sorted."""
    return name.encode("utf-8", "surrogateescape")


def as_text(name: bytes) -> str:
    """A name again."""
    return name.decode("utf-8", "surrogateescape")


def quoted(parts: Sequence[str]) -> str:
    """Names of parts for a statement: 'val', 'test'."""
    return ", ".join(f"'{part}'" for part in parts)
