"""What is said about a tree of photos: what was found, what was expected, what to do."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from alexnet.data.filenames import shown

EXPECTED = (
    "Expected is a folder for each class with its photos in it (cat/1.jpg, dog/1.jpg), "
    "or such folders inside train/, val/ and test/."
)
BACKSLASHES = (
    "Its names hold backslashes, by which Windows parts folders: unpack it, which most programs "
    "do rightly, and give the folder."
)
ARCHIVES = {".tar", ".tgz", ".gz", ".bz2", ".xz", ".zip", ".7z", ".rar"}
DATE = re.compile(r"(19|20)\d\d([-_. ]?\d\d){0,2}")


def is_date(folder: str) -> bool:
    """Whether a folder is named like a year, a month or a day: 2019, 2019-05, 20190531."""
    return DATE.fullmatch(folder) is not None


def kinds(counts: Counter[str]) -> str:
    """ ".txt (12), hidden (3)": the most frequent first, at most eight."""
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    named = [f"{shown(name)} ({n:,})" for name, n in ranked[:8]]
    return ", ".join(named) + (", ..." if len(ranked) > 8 else "")


def listed(names: Iterable[str], most: int = 6) -> str:
    """ "a, b and c", fit for a terminal; from the seventh on they are only counted."""
    every = [shown(name) for name in names]
    if len(every) > most:
        return f"{', '.join(every[:most])} and {len(every) - most:,} more"
    return " and ".join(filter(None, (", ".join(every[:-1]), *every[-1:])))


def number(n: int, one: str, many: str = "") -> str:
    """ "1 photo", "1,200 photos"."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def _where(source: Path) -> str:
    return shown(str(source))


def _folders(names: Iterable[str]) -> str:
    return listed(f"{name}/" for name in names)


def no_photos(source: Path, not_photos: Counter[str], problems: Sequence[str]) -> str:
    """A source without a single photo."""
    found = kinds(not_photos + Counter(problems))
    if not found:
        return f"{_where(source)} is empty. {EXPECTED}"
    hint = " Archives inside it are not opened." if ARCHIVES & not_photos.keys() else ""
    return f"{_where(source)} holds no photos, only {found}.{hint} {EXPECTED}"


def flat(source: Path, photos: int, first: str) -> str:
    """Photos side by side, also those of archives whose names have "\\" in place of "/"."""
    what = BACKSLASHES if "\\" in first else EXPECTED
    return (
        f"{_where(source)} holds {number(photos, 'photo')} side by side, such as "
        f"{shown(first)}, and no class folders. {what}"
    )


def flat_part(source: Path, folder: str) -> str:
    """train/ or val/ without classes."""
    return f"{_where(source)}: {shown(folder)}/ holds photos but no class folders. {EXPECTED}"


def dated(source: Path, dates: Sequence[str], inner: Sequence[str]) -> str:
    """2019/cat, 2020/cat."""
    return (
        f"{_where(source)} is sorted by date first ({listed(dates)}), with {listed(inner)} inside. "
        "Expected are the classes first: put all photos of a class into one folder, such as "
        f"{shown(inner[0])}/{shown(dates[0])}/."
    )


def roles_in_role(source: Path, role: str, roles: Iterable[str]) -> str:
    """--val with a source that has parts itself."""
    return f"--{role}: {_where(source)} holds {_folders(roles)}; give the one that is meant."


def roles_and_others(source: Path, roles: Iterable[str], others: Iterable[str]) -> str:
    """train/ and val/ beside other folders."""
    return (
        f"{_where(source)} holds {_folders(roles)} and beside them {_folders(others)}. Expected "
        "are train/, val/ and test/ alone, or class folders alone."
    )


def no_training(source: Path, role: str) -> str:
    """val/ alone, with photos and no classes in it."""
    return (
        f"{_where(source)} holds {shown(role)}/ but no train/, and no two classes in it; nothing "
        f"can be learnt from. {EXPECTED}"
    )


def one_class(source: Path, classes: Iterable[str], refused: int, first: str) -> str:
    """All photos in one folder; ``first`` of the files that were ``refused``, with its reason."""
    why = f" {number(refused, 'file')} in it {'was' if refused == 1 else 'were'} refused ({first})."
    return (
        f"{_where(source)} holds only one class, {listed(classes)}; at least two are needed."
        f"{why if refused else ''} {EXPECTED}"
    )


def same_role(source: Path, roles: Iterable[str]) -> str:
    """val/ and valid/."""
    return f"{_where(source)} holds {_folders(roles)}: two of them mean the same part. Keep one."


def wrapper(top: str) -> list[str]:
    """A folder around everything."""
    return [f"All photos lie inside {shown(top)}: the folders in it are taken."] if top else []


def renamed(roles: dict[str, str]) -> list[str]:
    """validation/ for val/."""
    return [
        f"{shown(folder)}/ is taken as the {part} part."
        for folder, part in roles.items() if folder != part
    ]  # fmt: skip


def strays(photos: int, first: str) -> list[str]:
    """Photos beside the class folders."""
    if not photos:
        return []
    lie = "lies" if photos == 1 else "lie"
    return [
        f"{number(photos, 'photo')} {lie} outside any class folder and will be left out, "
        f"such as {shown(first)}."
    ]


def nested(photos: int, first: str, shared: Sequence[str]) -> list[str]:
    """Photos in folders inside class folders; ``shared``: folders that may be meant as classes."""
    if not photos:
        return []
    lie, count = ("lies", "counts") if photos == 1 else ("lie", "count")
    note = (
        f"{number(photos, 'photo')} {lie} in folders inside the class folder, such as "
        f"{shown(first)}, and {count} to that class."
    )
    warning = f" If {listed(shared)} are the classes, they must be the outer folders."
    return [note + (warning if shared else "")]


def empty(folders: Sequence[str]) -> list[str]:
    """Folders that become no classes."""
    if not folders:
        return []
    return [f"Without any photo, so no class: {_folders(folders)}."]
