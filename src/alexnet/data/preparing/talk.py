"""What the user is told while a set is prepared and when it is there."""

import shlex
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from alexnet.data.explain import kinds, listed, number
from alexnet.data.filenames import shown
from alexnet.data.prepared import Prepared
from alexnet.data.preparing.layout import Rejected
from alexnet.data.preparing.options import Options
from alexnet.data.preparing.plan import Plan
from alexnet.data.split import PARTS
from alexnet.progress import Progress

WIDEST = 60  # characters of a file name in a table
SHOWN = 20  # rejected files; all of them are in rejected.csv


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
    names, where = plan.classes, shown(str(options.source))
    photos, classes = number(plan.total, "photo"), number(len(names), "class", "classes")
    for source in plan.sources:
        talk.say(f"{shown(str(source.path))}: this looks like {source.looks}.")
    talk.say(f"Found in {where}: {photos} in {classes} ({listed(names)}).")
    for note in plan.notes:
        talk.say(note)
    talk.say(_parts(options, plan))


def _parts(options: Options, plan: Plan) -> str:
    """ "train: 230 photos; val: 80 photos; no test."."""
    counts: Counter[str] = Counter()
    for (part, _), photos in plan.counts.items():
        counts[part] += photos
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


def summary(made: Prepared) -> str:
    """What became of every file: the rejected ones by name, the numbers, what comes next."""
    where, facts = shown(str(made.folder)), made.set.facts
    lines = _refused(made.rejected, f"{where}/rejected.csv") if made.rejected else []
    if made.not_photos:
        lines.append(f"Not photos: {kinds(Counter(facts['not_photos_by_kind']))}.")
    lines.append(
        f"found {made.found:,} = train {made.train:,} + val {made.val:,} + test {made.test:,} "
        f"+ rejected {len(made.rejected):,} + not photos {made.not_photos:,}"
    )
    lines += [_empty(part) for part in ("val", "test") if _asked(made, part)]
    classes, size = number(len(made.classes), "class", "classes"), made.set.size
    how = f"fitted by {made.set.fit}, scaled by {made.set.filter}"
    lines.append(f"{where}: {classes}, pictures of {size}x{size}, {how}")
    use = "train {} --run RUN" if made.train else "evaluate RUN --data {}"
    lines.append(f"Next: alexnet {use.format(shlex.quote(where))}")
    return "\n".join(lines)


def _asked(made: Prepared, part: str) -> bool:
    """Whether a share was to go to a part that is empty."""
    return part not in made.set.parts and isinstance(made.set.facts["source"].get(part), float)


def _empty(part: str) -> str:
    return f"{part} is empty: no class has enough photos to give one away."


def _refused(rejected: Sequence[Rejected], full: str) -> list[str]:
    """The first rejected files as an aligned table, and where the others are listed."""
    rows = [(_cut(shown(one.file)), shown(one.reason)) for one in rejected[:SHOWN]]
    width = max(len(file) for file, _ in rows)
    lines = [f"Rejected ({number(len(rejected), 'file')}, listed in {full}):"]
    lines += [f"  {file.ljust(width)}  {reason}" for file, reason in rows]
    more = len(rejected) - SHOWN
    return lines + ([f"  and {more:,} more"] if more > 0 else [])


def _cut(name: str) -> str:
    """A long name by its two ends."""
    if len(name) <= WIDEST:
        return name
    return f"{name[: WIDEST // 2 - 2]}...{name[-(WIDEST // 2 - 1) :]}"
