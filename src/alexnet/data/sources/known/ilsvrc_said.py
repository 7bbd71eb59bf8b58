"""What is said about files of ImageNet: what they look like, what is missing, what is left out."""

from collections.abc import Iterator, Sequence

from alexnet.data.filenames import shown
from alexnet.data.sources.known.checksums import wrong_size
from alexnet.data.sources.known.devkit import Devkit
from alexnet.data.sources.known.ilsvrc_answers import (
    Answers,
    kaggle_answers,
    kit_answers,
    text_answers,
)
from alexnet.data.sources.known.ilsvrc_files import Found, Part
from alexnet.data.sources.known.ilsvrc_releases import DOGS, RELEASES, TEST_TRUTH
from alexnet.errors import UsageError

NOT_TURNED = "EXIF rotation is ignored, as reference results have it."
LEFT_OUT = f"{DOGS} is left out: it holds the dogs of task 3 and is not the training set."


def answers_of(found: Found, kit: Devkit | None) -> dict[str, Answers]:
    """Who tells the classes of numbered photos, by part; UsageError where nobody does for val."""
    answers = {}
    truth = found.folder / TEST_TRUTH
    for part in found.parts:
        if part.name == "val" and part.numbered:
            answers["val"] = _of_val(found, part, kit)
        elif part.numbered and kit and found.year == "2010" and truth.is_file():
            answers["test"] = text_answers(truth, kit, found.year)
    return answers


def _of_val(found: Found, part: Part, kit: Devkit | None) -> Answers:
    if kit:
        return kit_answers(kit, found.year)
    if found.tables:
        return kaggle_answers(found.tables)
    release = found.release or RELEASES[0]
    place = shown(str(found.path / part.place))
    otherwise = f", or move {place} away to prepare without it" if part.place else ""
    raise UsageError(
        f"{place} holds validation photos, but {release.devkits[0]}, which tells their classes, is "
        f"not in {shown(str(found.folder))}. Registered users get it at {release.page}. Put it "
        f"there{otherwise}."
    )


def check_some(found: Found, parts: Sequence[Part]) -> bool:
    """Whether there are photos to be used; UsageError where there are only others of ImageNet."""
    where, train = shown(str(found.path)), RELEASES[0].archives["train"][0]
    if found.path.name == DOGS or (not found.parts and (found.path / DOGS).is_file()):
        raise UsageError(f"{where} holds no training photos. {LEFT_OUT} Get {train}.")
    if parts:
        return True
    if found.parts:
        raise UsageError(f"{where} holds nothing to learn from. {_left_out(found, found.parts[0])}")
    return False


def looks(found: Found, parts: Sequence[Part]) -> str:
    """What the files are: "the archives of ILSVRC-2012 (train, val, devkit)"."""
    held = ", ".join([*(part.name for part in parts), *(["devkit"] if found.devkit else [])])
    if found.release is None:
        how = "a tar of tars" if parts[0].form == "tar of tars" else "a tar for each class"
        return f"ImageNet by classes ({how})"
    if found.tables:
        return f"ILSVRC-{found.year} as Kaggle packs it ({held})"
    if any(part.form.startswith("tar") for part in parts):
        return f"the archives of ILSVRC-{found.year} ({held})"
    return f"ILSVRC-{found.year}, unpacked ({held})"


def notes_on(found: Found, parts: Sequence[Part]) -> tuple[str, ...]:
    """What is to be said before anything is read."""
    return tuple(_notes(found, parts))


def _notes(found: Found, parts: Sequence[Part]) -> Iterator[str]:
    yield NOT_TURNED
    for part in found.parts:
        file = found.path / part.place
        if part not in parts:
            yield _left_out(found, part)
        elif part.name in found.twice:
            yield f"{part.name}/ is not read: {part.place} beside it holds the same."
        if file.is_file() and (wrong := wrong_size(file)):
            yield wrong
    if (found.path / DOGS).is_file():
        yield LEFT_OUT


def _left_out(found: Found, part: Part) -> str:
    place = shown(part.place or found.path.name)
    if found.year == "2010":
        return (
            f"{place} is left out: {TEST_TRUTH} and the development kit, which tell the classes "
            "of the test photos, are not both beside it."
        )
    return f"{place} is left out: the classes of the test photos were never released."
