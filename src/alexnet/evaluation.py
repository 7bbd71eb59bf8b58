"""Error rates of trained networks on a part of a set: every image once, one pass for all views."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from alexnet import metrics
from alexnet.blocks import Blocks, block_on
from alexnet.data.store import ImageSet, Part, open_set
from alexnet.devices import device_of, settle
from alexnet.doubt import doubt
from alexnet.errors import AlexNetError, UsageError
from alexnet.identity import matched
from alexnet.model import Model, load_model
from alexnet.parallel.placement import ALONE
from alexnet.parallel.world import World, silent
from alexnet.progress import Progress
from alexnet.results import Evaluation, fingerprint, keep, saved_evaluations
from alexnet.run import data_folder, open_run
from alexnet.views import CENTRE

SHOWN = 5  # most probable classes that are kept of each image
LEARNED = 0.9  # of the error of guessing; above it a run may just not have learned yet

__all__ = ["Evaluation", "evaluate", "saved_evaluations"]

Say = Callable[[str], None]
Views = int | Literal["dense"]


def evaluate(
    runs: Sequence[Path | str] | Path | str,
    data: Path | str | None = None,
    part: str | None = None,
    views: Views | None = None,
    say: Say = print,
    quiet: bool = False,
    world: World = ALONE,
    device: str | None = None,
) -> list[Evaluation]:
    """Measure a run, or the ensemble of several, on a set; one Evaluation a number of views.

    ``data``: the set's folder, by default that of the first run's training. ``part``: by default
    test, or val where there is no test. ``views``: 1, 10 or None for both; ten become five, without
    mirrors, where a mirrored picture would show another class; "dense": the network on whole
    pictures (``Model.dense``). The softmax outputs of views, or of positions, and of runs are
    averaged (sections 4.1 and 6 of the paper). ``say`` gets notes on what was chosen. ``device``:
    where the networks run, see ``devices.device_of``; by default a GPU where there is one.

    Of several processes each takes a part of the pictures and gets the whole result, which is that
    of a single process; the first of them speaks and writes.

    The result of one run is kept in its folder, see ``saved_evaluations``. AlexNetError where a
    run or the set is missing, or they do not fit; UsageError for an unknown part or views.
    """
    say, quiet = (say, quiet) if world.first else (silent, True)
    place = device_of(device)
    settle(place)
    folders = [Path(run) for run in ([runs] if isinstance(runs, Path | str) else runs)]
    weights = fingerprint(folders[0])
    models = [load_model(folder).to(place) for folder in folders]
    _check_same_classes(folders, models)
    images = open_set(Path(data) if data is not None else data_folder(open_run(folders[0])))
    labels_of = _check_set(folders, models, images, say)
    chosen = _chosen_part(images, part, say, here=not all(map(_imported, folders)))
    numbers = _numbers_of_views(models, views, say)
    labels = labels_of[chosen.labels]
    blocks = Blocks(world.told(block_on(place.where)), say)  # one size for all processes
    answers = _answers(models, chosen, labels, numbers, world, quiet, blocks)
    head = (" + ".join(map(str, folders)), models[0], str(images.folder))
    results = [_measured(head, chosen, labels, answers[number], number) for number in numbers]
    _doubt_order(folders, results[-1], say)
    if len(folders) == 1 and world.first:
        _kept(folders[0], results, weights, say)
    return results


def _doubt_order(folders: Sequence[Path], found: Evaluation, say: Say) -> None:
    """Say where the answers of runs that have learned are those of labels in another order."""
    guessing = 1 - 1 / len(found.classes)
    if any(_has_learned(folder, guessing) for folder in folders):
        text = doubt(found.labels, found.top[:, 0], found.shown, found.run, found.data)
        if text:
            say(text)


def _kept(folder: Path, results: Sequence[Evaluation], weights: str, say: Say) -> None:
    try:
        keep(folder, results, weights)
    except AlexNetError as error:  # of another user, say: what was measured is still worth showing
        say(f"The result was not kept: {error}")


def _check_same_classes(folders: Sequence[Path], models: Sequence[Model]) -> None:
    for folder, model in zip(folders, models, strict=True):
        if model.classes != models[0].classes:
            raise AlexNetError(
                f"{folders[0]} and {folder} know different classes, or the same ones in another "
                f"order ({_some(models[0].classes)}; {_some(model.classes)}), so that they cannot "
                "be averaged. Train them on the same set."
            )


def _check_set(
    folders: Sequence[Path], models: Sequence[Model], images: ImageSet, say: Say
) -> NDArray[np.int64]:
    """The network's label of each class of the set; they are matched by name."""
    own = _trained_on(folders[0]) == images.fingerprint
    found = matched(models[0], folders[0], images, own)
    for folder, model in zip(folders, models, strict=True):
        way = model.preprocessing
        if (way.size, way.fit) != (images.size, images.fit):
            raise AlexNetError(
                f"{images.folder} holds pictures of {images.size} pixels ({images.fit}), {folder} "
                f"was trained on {way.size} ({way.fit}). Prepare the photos with {way.options}."
            )
        if way.filter != images.filter:
            say(
                f"{images.folder} was scaled by the {images.filter} filter, the pictures of "
                f"{folder} by the {way.filter} one: the error may be a little higher for that."
            )
        if _trained_on(folder) not in (None, images.fingerprint):
            say(
                f"{images.folder} is not the set that {folder} was trained on. Pictures of its "
                "training may be in any part of it."
            )
    for note in found.notes:
        say(note)
    return found.labels


def _trained_on(folder: Path) -> str | None:
    """The fingerprint of the set of the training; None for a model that comes without a plan."""
    fingerprint: str | None = _plan(folder).get("data", {}).get("fingerprint")
    return fingerprint


def _has_learned(folder: Path, guessing: float) -> bool:
    """Whether weights came from elsewhere, or were clearly better than guessing in training."""
    if "data" not in _plan(folder) or _imported(folder):
        return True
    epochs = open_run(folder).metrics
    return bool(epochs) and epochs[-1].get("train_error", 1.0) < LEARNED * guessing


def _imported(folder: Path) -> bool:
    return "imported" in _plan(folder)


def _plan(folder: Path) -> dict[str, Any]:
    return open_run(folder).plan if (folder / "plan.json").is_file() else {}


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _chosen_part(images: ImageSet, wanted: str | None, say: Say, here: bool) -> Part:
    """The part that is measured; ``here`` is whether the runs were trained here."""
    filled = [name for name in ("test", "val", "train") if len(images.parts.get(name, ()))]
    if wanted is not None and wanted not in filled:
        raise UsageError(f"{images.folder} has no part {wanted!r}; it has {', '.join(filled)}.")
    name = wanted or next((name for name in ("test", "val") if name in filled), None)
    if name is None:
        raise AlexNetError(
            f"{images.folder} has neither test nor validation pictures. Prepare it again with "
            "--test or --val, or give --data."
        )
    if name == "val" and wanted is None:
        steered = ", which may have steered the training" if here else ""
        say(f"There is no test part: measured on val{steered}.")
    if not here:
        say("It is not known which pictures imported weights learned from, perhaps some of these.")
    elif name == "train":
        say("Measured on the pictures of the training: the error on new ones is higher.")
    return images.parts[name]


def _numbers_of_views(models: Sequence[Model], wanted: Views | None, say: Say) -> list[Views]:
    if wanted not in (None, 1, 5, 10, "dense"):
        raise UsageError(f'{wanted} views were asked for; there can be 1 or 10, or "dense".')
    if wanted in (1, 5, "dense"):
        return [wanted]
    if all(model.preprocessing.mirror for model in models):
        return [1, 10] if wanted is None else [10]
    say("Five views, not ten: here a mirrored picture would show another class.")
    return [1, 5] if wanted is None else [5]


@dataclass
class _Answers:
    """What is kept of the probabilities (N, K) of all images, filled block by block."""

    seen: NDArray[np.int64]  # how often each image was counted
    place: NDArray[np.int64]
    top: NDArray[np.int64]
    probability: NDArray[np.float32]
    true_probability: NDArray[np.float32]

    @classmethod
    def empty(cls, images: int, shown: int) -> "_Answers":
        shape = (images, shown)
        return cls(
            np.zeros(images, np.int64), np.zeros(images, np.int64), np.zeros(shape, np.int64),
            np.zeros(shape, np.float32), np.zeros(images, np.float32),
        )  # fmt: skip

    def fill(self, block: slice, shares: NDArray[np.float32], labels: NDArray[np.int64]) -> None:
        self.seen[block] += 1
        self.place[block] = metrics.places(shares, labels)
        self.top[block] = np.argsort(-shares, axis=1, kind="stable")[:, : self.top.shape[1]]
        self.probability[block] = np.take_along_axis(shares, self.top[block], axis=1)
        self.true_probability[block] = shares[np.arange(len(labels)), labels]

    def added(self, world: World) -> "_Answers":
        """Those of all processes together."""
        found = _Answers(*(world.added(getattr(self, one.name)) for one in fields(self)))
        assert (found.seen == 1).all(), "an image was left out or counted twice"
        return found


def _answers(
    models: Sequence[Model], part: Part, labels: NDArray[np.int64], numbers: Sequence[Views],
    world: World, quiet: bool, blocks: Blocks,
) -> dict[Views, _Answers]:  # fmt: skip
    shown, size = min(SHOWN, len(models[0].classes)), blocks.size
    answers = {number: _Answers.empty(len(part), shown) for number in numbers}
    progress = Progress("evaluate", len(part), quiet=quiet)
    for start in range(world.rank * size, len(part), world.size * size):
        block = slice(start, min(start + size, len(part)))
        pictures = np.array(part.pictures[block])  # read from disk once, for all runs
        for number, shares in _shares(models, pictures, numbers, blocks):
            answers[number].fill(block, shares, labels[block])
        progress.update(block.stop)
    progress.close()
    return {number: answer.added(world) for number, answer in answers.items()}


def _shares(
    models: Sequence[Model], pictures: NDArray[np.uint8], numbers: Sequence[Views], blocks: Blocks
) -> Iterator[tuple[Views, NDArray[np.float32]]]:
    """For each number of views the probabilities (N, K), mean over views and runs."""
    if "dense" in numbers:  # networks may differ in their positions, so these first
        outputs = [blocks.answers(model.dense, pictures, 1).mean(axis=0) for model in models]
        yield "dense", np.asarray(np.mean(outputs, axis=0, dtype=np.float32))
        return
    most = max(number for number in numbers if number != "dense")
    views = [  # (runs, views, N, K)
        blocks.answers(partial(model.probabilities, views=most), pictures, 1) for model in models
    ]
    shares = np.asarray(np.mean(views, axis=0, dtype=np.float32))
    for number in numbers:
        some = shares if number == len(shares) else shares[CENTRE : CENTRE + 1]
        yield number, some.mean(axis=0)


def _measured(
    head: tuple[str, Model, str], part: Part, labels: NDArray[np.int64],
    answers: _Answers, views: Views,
) -> Evaluation:  # fmt: skip
    run, model, data = head
    classes = model.classes
    k, images = metrics.k_of(len(classes)), len(part)
    wrong, wrong_k = int((answers.place >= 1).sum()), int((answers.place >= k).sum())
    accuracies, counts = metrics.class_accuracies(labels, answers.place == 0, len(classes))
    return Evaluation(
        run=run, part=part.name, images=images, classes=classes, k=k,
        views=model.dense_views if views == "dense" else views, dense=views == "dense",
        top1_error=wrong / images,
        topk_error=wrong_k / images,
        mean_class_accuracy=metrics.mean_class_accuracy(accuracies)[0],
        top1_interval=metrics.wilson_interval(wrong, images),
        topk_interval=metrics.wilson_interval(wrong_k, images),
        mean_class_interval=metrics.mean_class_interval(accuracies, counts),
        class_counts=counts, class_accuracies=accuracies, labels=labels, top=answers.top,
        probability=answers.probability, true_probability=answers.true_probability,
        files=tuple(part.files), data=data, names=model.names,
    )  # fmt: skip
