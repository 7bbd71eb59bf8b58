"""What the user is told while a set is prepared and when it is there."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from alexnet.data.explain import kinds, listed, number
from alexnet.data.filenames import shown
from alexnet.data.plan import Options, Plan
from alexnet.data.split import PARTS
from alexnet.progress import Progress

WIDEST = 60  # characters of a file name in a table


@dataclass(frozen=True)
class Talk:
    """Sentences go to ``listener``; without one, nothing is said and no progress shown."""

    listener: Callable[[str], None] | None = None

    def say(self, sentence: str) -> None:
        """One sentence, or several lines."""
        if self.listener is not None and sentence:
            self.listener(sentence)

    @contextmanager
    def progress(self, title: str, total: int) -> Iterator[Progress]:
        """A line on standard error that goes when the block ends."""
        progress = Progress(title, total, quiet=self.listener is None)
        try:
            yield progress
        finally:
            progress.close()


def announce(options: Options, plan: Plan, talk: Talk) -> None:
    """What was found and what will be made of it."""
    names = {p.name for photos in plan.photos for p in photos}
    where = shown(str(options.source))
    talk.say(
        f"Found in {where}: {number(plan.total, 'photo')} in {number(len(names), 'class', 'classes')} "
        f"({listed(sorted(names))})."
    )
    if plan.not_photos:
        talk.say(f"No photos: {number(plan.not_photos.total(), 'file')}, {kinds(plan.not_photos)}.")
    for note in plan.notes:
        talk.say(note)
    talk.say(_parts(options, plan))


def _parts(options: Options, plan: Plan) -> str:
    """ "train: 230 photos; val: 80 photos; no test."."""
    counts = Counter(photo.part for photos in plan.photos for photo in photos)
    words = []
    for part in PARTS:
        if part in plan.shares:
            share = plan.shares[part]
            words.append(f"{part}: {share:g} of these, split off by class with seed {options.seed}")
        elif counts[part]:
            words.append(f"{part}: {number(counts[part], 'photo')}")
        else:
            words.append(f"no {part}")
    return "; ".join(words) + "."


def rejection_table(rejected: list[tuple[str, str]], more: str, most: int = 20) -> str:
    """The first of (file, reason) as an aligned table, and where the others are listed."""
    rows = [(_cut(shown(file)), shown(reason)) for file, reason in rejected[:most]]
    width = max((len(file) for file, _ in rows), default=0)
    lines = [f"Refused: {number(len(rejected), 'file')}"]
    lines += [f"  {file.ljust(width)}  {reason}" for file, reason in rows]
    if len(rejected) > most:
        lines.append(f"  and {len(rejected) - most:,} more")
    return "\n".join([*lines, f"  (all in {more})"])


def _cut(name: str) -> str:
    """A long name by its two ends."""
    if len(name) <= WIDEST:
        return name
    return f"{name[: WIDEST // 2 - 2]}...{name[-(WIDEST // 2 - 1) :]}"
