"""A split that the user gives: which photo goes into which part, file by file."""

from collections.abc import Callable
from pathlib import Path

from alexnet.data.explain import number
from alexnet.data.filenames import shown
from alexnet.data.preparing.catalogue import Catalogue, as_text
from alexnet.data.split import read_split
from alexnet.errors import UsageError


def given_parts(path: Path, catalogue: Catalogue, file: Callable[[str], str]) -> list[str]:
    """Put the photos of SOURCE into the parts that ``path`` gives them; returns notes.

    ``file`` gives the name of a member. Photos that it does not name are rejected; UsageError
    where it names none of them.
    """
    db, where = catalogue.db, shown(path.name)
    _read(path, catalogue)
    db.create_function("file", 1, lambda member: file(as_text(member)).encode(*BYTES))
    db.execute(
        "UPDATE photo SET part = (SELECT part FROM split WHERE split.file = file(member)) "
        "WHERE source = 0"
    )
    if not catalogue.count("photo WHERE source = 0 AND part IS NOT NULL"):
        raise UsageError(_names_none(path, catalogue, file))
    reason = f"not named in {where}"
    unnamed = catalogue.count("photo WHERE source = 0 AND part IS NULL")
    db.execute(
        "INSERT INTO rejected SELECT file(member), ? FROM photo WHERE source = 0 AND part IS NULL",
        (reason,),
    )
    db.execute("DELETE FROM photo WHERE source = 0 AND part IS NULL")
    absent = "FROM split WHERE NOT EXISTS (SELECT 1 FROM named WHERE named.file = split.file)"
    db.execute("CREATE TEMP TABLE named AS SELECT file(member) AS file FROM photo WHERE source = 0")
    db.execute("CREATE INDEX named_file ON named (file)")
    (missing,) = db.execute(f"SELECT count(*) {absent}").fetchone()
    notes = [f"The split is that of {where}."]
    if unnamed:
        notes.append(f"Not named in {where} and left out: {number(unnamed, 'photo')}.")
    if missing:
        (first,) = db.execute(f"SELECT min(split.file) {absent}").fetchone()
        many = number(missing, "photo")
        notes.append(f"Named in {where}, but not there: {many}, such as {shown(as_text(first))}.")
    return notes


def _read(path: Path, catalogue: Catalogue) -> None:
    """UsageError where a photo is put into two parts."""
    catalogue.db.executemany(
        "INSERT INTO split VALUES (?, ?) ON CONFLICT (file) DO UPDATE SET part = "
        "CASE part WHEN excluded.part THEN part ELSE part || ' and into ' || excluded.part END",
        read_split(path),
    )
    twice = "SELECT file, part FROM split WHERE part LIKE '% and %'"
    if found := catalogue.db.execute(twice).fetchone():
        raise UsageError(f"{path} puts {shown(as_text(found[0]))} into {found[1]}.")


BYTES = ("utf-8", "surrogateescape")


def _names_none(path: Path, catalogue: Catalogue, file: Callable[[str], str]) -> str:
    (member,) = catalogue.db.execute("SELECT member FROM photo WHERE source = 0").fetchone()
    (named,) = catalogue.db.execute("SELECT min(file) FROM split").fetchone()
    return (
        f"{shown(str(path))} names none of the photos, such as {shown(file(as_text(member)))}; "
        f"it names {shown(as_text(named or b'nothing'))}."
    )
