"""What becomes of the hostile archives of tests/hostile: writes docs/hostile-archives.md.

python benchmarks/hostile_archives.py
"""

import sys
import tempfile
from pathlib import Path

from alexnet.data.filenames import shown
from alexnet.data.sources.opening import open_source
from alexnet.errors import AlexNetError

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT))

from tests.hostile import (  # noqa: E402
    packed,
    tar_members,
    tar_structure,
    zip_members,
    zip_structure,
)
from tests.hostile.case import Hostile  # noqa: E402
from tests.hostile.reading import read  # noqa: E402

TABLE = ROOT / "docs" / "hostile-archives.md"
WIDEST = 160  # characters of a cell
HEAD = """# What becomes of hostile archives

Written by `benchmarks/hostile_archives.py`; do not edit. The archives are made by `tests/hostile`,
most with honest photos beside the attack. Its tests give each to `prepare` (those of tar also
packed with gzip, and as one class of ImageNet's tar of tars), in bounded memory, and see that
nothing is written outside the set and that every file is accounted for. A second file of one name,
taken here, is refused by `prepare`.

**{count} archives: {refused} are refused as a whole, in {some} the attack is refused and the honest
photos are taken, {taken} hold nothing that does harm to who streams instead of extracting.**

| archive | it | what becomes of it |
|---|---|---|
"""


def main() -> None:
    cases = [*tar_members.MEMBERS, *tar_structure.STRUCTURE, *packed.PACKED,
             *zip_members.MEMBERS, *zip_structure.STRUCTURE]  # fmt: skip
    rows = [(case.name, case.tries, outcome(case)) for case in cases]
    kinds = [did.partition(":")[0] for _, _, did in rows]
    head = HEAD.format(
        count=len(rows), refused=kinds.count("refused"), some=kinds.count("in part"),
        taken=kinds.count("taken"),
    )  # fmt: skip
    table = "".join("| " + " | ".join(map(cell, row)) + " |\n" for row in rows)
    TABLE.write_text(head + table, encoding="utf-8")


def outcome(case: Hostile) -> str:
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / case.name
        path.write_bytes(case.make())
        try:
            source = open_source(path)
            entries, raws = read(source)
        except AlexNetError as error:
            return "refused: " + str(error).replace(f"{place}/", "")
    files = [(entry.path, raw) for entry, raw in zip(entries, raws, strict=True)
             if not entry.folder]  # fmt: skip
    refused = [f"{shown(name)} is {raw}" for name, raw in files if isinstance(raw, str) and raw]
    said = "; ".join(source.notes)
    if refused:
        return f"in part: {refused[0]}" + (f"; {len(refused) - 1} more" if refused[1:] else "")
    return f"taken: {said or f'{len(files)} files, by their names as they stand'}"


def cell(text: str) -> str:
    text = text if len(text) <= WIDEST else text[: WIDEST - 3] + "..."
    return text.replace("|", "\\|")


if __name__ == "__main__":
    main()
