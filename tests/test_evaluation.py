"""Evaluation with models that are small tables, so that every number can be counted by hand."""

import csv
import dataclasses
import itertools
import threading
import types
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from alexnet import evaluation, results
from alexnet.devices import CPU, Device
from alexnet.errors import AlexNetError, UsageError
from alexnet.evaluation import Evaluation, evaluate, saved_evaluations
from alexnet.parallel.world import Processes
from alexnet.preprocessing import Preprocessing
from tests.faults import failing, struck

NAMES = ("ant", "bee", "cat", "dog", "eel", "fox", "gnu")


class FakeModel:
    """Knows each picture by the number in its first pixels; each view has answers of its own."""

    def __init__(self, seed: int, classes: tuple[str, ...] = NAMES, **way: Any) -> None:
        self.classes, self.seed = classes, seed
        self.names, self.shown = (), classes
        self.preprocessing = Preprocessing(**({"size": 4, "crop": 2} | way))
        self.blocks: list[int] = []

    def to(self, device: Device) -> "FakeModel":
        self.device = device
        return self

    def of(self, picture: int, view: int) -> NDArray[np.float32]:
        """View 0 to 9 in the order of ten: 2 is the centre."""
        outputs = np.random.default_rng([self.seed, picture, view]).random(len(self.classes))
        return (outputs / outputs.sum()).astype(np.float32)

    def probabilities(self, pictures: NDArray[np.uint8], views: int = 1) -> NDArray[np.float32]:
        self.blocks.append(len(pictures))
        order = {1: [2], 5: range(5), 10: range(10)}[views]
        numbers = pictures[:, 0, 0, :2].astype(int) @ [256, 1]
        return np.stack([[self.of(number, view) for number in numbers] for view in order])

    dense_views = 4  # views 20 to 23 of all, or of a network with more positions 20 to 27

    def dense(self, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
        self.blocks.append(len(pictures))
        numbers = pictures[:, 0, 0, :2].astype(int) @ [256, 1]
        order = range(20, 20 + self.dense_views)
        return np.stack([[self.of(number, view) for number in numbers] for view in order])


@dataclasses.dataclass
class FakePart:
    name: str
    pictures: NDArray[np.uint8]
    labels: NDArray[np.int64]
    files: list[str]

    def __len__(self) -> int:
        return len(self.labels)


def part(name: str, images: int, classes: int) -> FakePart:
    pictures = np.zeros((images, 4, 4, 3), np.uint8)
    pictures[:, 0, 0, 0], pictures[:, 0, 0, 1] = divmod(np.arange(images), 256)
    labels = np.random.default_rng(images).integers(0, classes, images)
    return FakePart(name, pictures, labels, [f"{name}/{n}.jpg" for n in range(images)])


def image_set(classes: tuple[str, ...] = NAMES, **counts: int) -> types.SimpleNamespace:
    parts = {name: part(name, images, len(classes)) for name, images in counts.items()}
    return types.SimpleNamespace(
        folder=Path("data"), size=4, fit="crop", filter="bicubic", classes=classes, names=(),
        parts=parts, fingerprint="f",
    )  # fmt: skip


class World:
    """Runs and sets by path, in the place of those on disk."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.models: dict[str, FakeModel] = {"run": FakeModel(1)}
        self.sets = {"data": image_set(test=70, val=40, train=30)}
        plan = {"data": {"folder": "data", "fingerprint": "f"}}
        self.said: list[str] = []
        self.metrics: list[dict[str, float]] = []  # of the training of every run
        for name, fake in {
            "load_model": lambda path: self.models[Path(path).name],
            "open_set": lambda path: self.sets[str(path)],
            "open_run": lambda path: types.SimpleNamespace(
                folder=path, plan=plan, metrics=self.metrics
            ),
            "data_folder": lambda run: Path(run.plan["data"]["folder"]),
        }.items():
            monkeypatch.setattr(evaluation, name, fake)

    def evaluate(self, *runs: str | Path, **options: Any) -> list[Evaluation]:
        return evaluate(runs or ["run"], say=self.said.append, quiet=True, **options)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> World:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "plan.json").touch()
    return World(monkeypatch)


def check(found: Evaluation, models: list[FakeModel], images: Any, views: list[int]) -> None:
    """Count everything again, image by image, view by view."""
    wrong = wrong_k = 0
    right_of: dict[int, list[bool]] = {}
    for number, label in enumerate(images.labels):
        shares = np.mean([m.of(number, v).astype(float) for m in models for v in views], axis=0)
        order = sorted(range(len(shares)), key=lambda c: -shares[c])
        wrong += order[0] != label
        wrong_k += label not in order[:5]
        right_of.setdefault(int(label), []).append(order[0] == label)
        np.testing.assert_array_equal(found.top[number], order[:5])
        np.testing.assert_allclose(found.probability[number], shares[order[:5]], rtol=1e-5)
        np.testing.assert_allclose(found.true_probability[number], shares[label], rtol=1e-5)
    assert found.images == len(images.labels)
    assert found.top1_error == wrong / found.images
    assert found.topk_error == wrong_k / found.images
    assert found.mean_class_accuracy == pytest.approx(
        np.mean([np.mean(right) for right in right_of.values()])
    )
    assert found.top1_interval[0] < found.top1_error < found.top1_interval[1]
    assert found.files == tuple(images.files)
    for label, right in right_of.items():
        assert found.class_counts[label] == len(right)
        assert found.class_accuracies[label] == pytest.approx(np.mean(right))


def test_one_and_ten_views_come_from_one_pass(world: World) -> None:
    one, ten = world.evaluate()
    model, images = world.models["run"], world.sets["data"].parts["test"]
    check(one, [model], images, [2])
    check(ten, [model], images, list(range(10)))
    assert (one.views, ten.views, one.k) == (1, 10, 5)
    assert (one.run, one.part, one.data) == ("run", "test", "data")
    assert model.blocks == [32, 32, 6]
    assert world.said == []


class Several(Processes):
    """One of three processes, which are threads here."""

    barrier = threading.Barrier(3)
    slots: ClassVar[dict[int, NDArray[Any]]] = {}

    def __init__(self, rank: int) -> None:
        self.rank, self.size = rank, 3

    def told(self, value: Any) -> Any:
        return value

    def added(self, values: NDArray[Any]) -> NDArray[Any]:
        self.slots[self.rank] = values
        self.barrier.wait(30)
        total = np.asarray(sum(self.slots.values()), values.dtype)
        self.barrier.wait(30)
        return total


def test_three_processes_share_the_pictures_and_count_each_once(world: World) -> None:
    alone = world.evaluate()
    world.models["run"].blocks.clear()
    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(lambda rank: world.evaluate(world=Several(rank)), range(3)))
    assert sorted(world.models["run"].blocks) == [6, 32, 32]
    for theirs, (one, mine) in itertools.product(found, enumerate(alone)):
        assert theirs[one].summary() == mine.summary()
        assert np.array_equal(theirs[one].top, mine.top)
        assert np.array_equal(theirs[one].probability, mine.probability)


def test_where_a_gpu_s_memory_is_short_it_is_said_once_and_fewer_pictures_go_at_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = world.evaluate()
    answer = FakeModel.probabilities

    def short(model: FakeModel, pictures: NDArray[np.uint8], views: int) -> NDArray[np.float32]:
        if len(pictures) > 20:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return answer(model, pictures, views)

    monkeypatch.setattr(FakeModel, "probabilities", short)
    found = world.evaluate()
    assert world.said == [
        "The GPU's memory does not take 32 pictures at once; it goes on with fewer."
    ]
    assert all(same(one, other) for one, other in zip(alone, found, strict=True))
    assert world.models["run"].blocks[-5:] == [16, 16, 16, 16, 6]


def test_networks_go_to_the_device_that_is_asked_for(world: World) -> None:
    world.models["two"] = FakeModel(2)
    world.evaluate("run", "two", device="cpu")
    assert {model.device for model in world.models.values()} == {CPU}
    with pytest.raises(UsageError, match="no device 'tpuu'"):
        world.evaluate(device="tpuu")


def test_runs_are_averaged(world: World) -> None:
    world.models |= {"two": FakeModel(2), "three": FakeModel(3)}
    one, ten = world.evaluate("run", "two", "three")
    models, images = list(world.models.values()), world.sets["data"].parts["test"]
    check(one, models, images, [2])
    check(ten, models, images, list(range(10)))
    assert one.run == "run + two + three"
    assert [path.name for path in Path("run").iterdir()] == ["plan.json"]


@pytest.mark.parametrize(("views", "order"), [(1, [2]), (10, range(10)), (5, range(5))])
def test_a_number_of_views_can_be_asked_for(world: World, views: int, order: list[int]) -> None:
    (found,) = world.evaluate(views=views)
    check(found, [world.models["run"]], world.sets["data"].parts["test"], list(order))
    with pytest.raises(UsageError, match=r'7 views .* 1 or 10, or "dense"'):
        world.evaluate(views=7)


def test_dense_answers_are_averaged_over_positions_and_then_over_runs(world: World) -> None:
    (found,) = world.evaluate(views="dense")
    model, images = world.models["run"], world.sets["data"].parts["test"]
    check(found, [model], images, list(range(20, 24)))
    assert (found.views, found.dense, found.way) == (4, True, "dense")
    assert model.blocks == [32, 32, 6]
    (kept,) = saved_evaluations("run")
    assert same(found, kept)
    world.models["two"] = FakeModel(2)
    world.models["two"].dense_views = 8
    (both,) = world.evaluate("run", "two", views="dense")
    (two,) = world.evaluate("two", views="dense")
    np.testing.assert_allclose(
        both.true_probability, (found.true_probability + two.true_probability) / 2, rtol=1e-5
    )


@pytest.mark.parametrize("views", [None, 10])
def test_where_mirrors_are_off_ten_views_are_five(world: World, views: int | None) -> None:
    world.models["run"] = FakeModel(1, mirror=False)
    found = world.evaluate(views=views)
    assert [e.views for e in found] == ([1, 5] if views is None else [5])
    check(found[-1], [world.models["run"]], world.sets["data"].parts["test"], list(range(5)))
    assert world.said == ["Five views, not ten: here a mirrored picture would show another class."]


@pytest.mark.parametrize("images", [1, 31, 32, 33, 64, 100])
def test_every_image_is_counted_once(world: World, images: int) -> None:
    world.sets["data"] = image_set(test=images)
    found = world.evaluate(views=1)[0]
    assert found.images == found.class_counts.sum() == images
    assert sum(world.models["run"].blocks) == images


def test_val_is_taken_where_there_is_no_test_and_it_says_so(world: World) -> None:
    world.sets["data"] = image_set(test=0, val=40, train=30)
    assert world.evaluate(views=1)[0].part == "val"
    assert "no test part" in world.said[0]
    world.said.clear()
    assert world.evaluate(part="train", views=1)[0].images == 30
    assert "pictures of the training" in world.said[0]
    with pytest.raises(UsageError, match=r"no part 'test'; it has val, train\."):
        world.evaluate(part="test")
    world.sets["data"] = image_set(train=30)
    with pytest.raises(AlexNetError, match="neither test nor validation"):
        world.evaluate()


def test_another_set_is_matched_by_names_of_classes(world: World) -> None:
    few = image_set(("fox", "bee"), test=50)
    few.folder, few.fingerprint = Path("few"), "other"
    world.sets["few"] = few
    (found,) = world.evaluate(data="few", views=1)
    assert "is not the set that run was trained on" in world.said[0]
    assert found.data == "few"
    assert set(found.labels) == {5, 1}
    assert found.classes_without_images == 5
    labels = np.array([5, 1])[few.parts["test"].labels]
    renamed = dataclasses.replace(few.parts["test"], labels=labels)
    check(found, [world.models["run"]], renamed, [2])


def test_what_does_not_fit_is_a_sentence(world: World) -> None:
    world.sets["data"] = image_set(("ant", "yak", "bee"), test=9)
    with pytest.raises(AlexNetError, match=r"1 of 3 classes of data are unknown to run \(yak; it"):
        world.evaluate()
    world.sets["data"] = image_set(test=9)
    world.models["two"] = FakeModel(2, tuple(reversed(NAMES)))
    with pytest.raises(AlexNetError, match="know different classes, or the same ones in another"):
        world.evaluate("run", "two")
    world.models["run"] = FakeModel(1, size=8)
    with pytest.raises(AlexNetError, match=r"pictures of 4 pixels .*--size 8 --fit crop"):
        world.evaluate()


def test_two_classes_have_no_top_k(world: World) -> None:
    world.models["run"] = FakeModel(1, ("ant", "bee"))
    world.sets["data"] = image_set(("ant", "bee"), test=20)
    found = world.evaluate()[0]
    assert found.k == 1
    assert found.topk_error == found.top1_error
    assert found.top.shape == (20, 2)


def same(one: Evaluation, two: Evaluation) -> bool:
    return all(
        np.array_equal(getattr(one, field.name), getattr(two, field.name), equal_nan=True)
        if isinstance(getattr(one, field.name), np.ndarray) and field.name == "class_accuracies"
        else np.array_equal(getattr(one, field.name), getattr(two, field.name))
        for field in dataclasses.fields(Evaluation)
    )


def test_the_result_of_one_run_is_kept_with_it(world: World) -> None:
    world.sets["data"] = image_set(NAMES[:3], test=20)
    assert saved_evaluations("run") == []
    found = world.evaluate()
    kept = saved_evaluations("run")
    assert len(kept) == 2
    assert all(same(one, two) for one, two in zip(found, kept, strict=True))
    first = Path("run/evaluation.safetensors").read_bytes()
    world.evaluate()
    assert Path("run/evaluation.safetensors").read_bytes() == first


def test_what_was_measured_of_other_weights_is_not_given(world: World) -> None:
    Path("run/model.safetensors").write_bytes(b"weights")
    world.evaluate()
    assert len(saved_evaluations("run")) == 2
    Path("run/model.safetensors").write_bytes(b"trained on")
    assert saved_evaluations("run") == []


def test_a_kept_result_that_is_damaged_is_none(world: World) -> None:
    world.evaluate()
    path = Path("run/evaluation.safetensors")
    good = path.read_bytes()
    for length in range(0, len(good), 501):
        path.write_bytes(good[:length])
        assert saved_evaluations("run") == []


def test_a_folder_that_takes_no_files_costs_no_result(world: World) -> None:
    for at in itertools.count():
        world.said.clear()
        with struck([results.files], failing(at)) as fault:
            assert len(world.evaluate()) == 2
        if not fault.reached:
            break
        assert all("was not kept" in text for text in world.said)
        assert len(saved_evaluations("run")) in (0, 2)
    assert at > 15


def test_the_table_has_a_row_for_each_image_and_number_of_views(world: World) -> None:
    found = world.evaluate()
    results.write_predictions(Path("table.csv"), found)
    with Path("table.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 140
    for row, (e, n) in zip(rows, [(e, n) for e in found for n in range(70)], strict=True):
        assert row["views"] == str(e.views)
        assert row["file"] == f"test/{n}.jpg"
        assert row["class"] == NAMES[e.labels[n]]
        assert float(row["probability"]) == pytest.approx(e.true_probability[n], rel=1e-5)
        assert [row[f"class_{p}"] for p in range(1, 6)] == [NAMES[c] for c in e.top[n]]
        assert float(row["probability_5"]) == pytest.approx(e.probability[n, 4], rel=1e-5)


def test_a_run_that_has_learned_and_only_guesses_is_doubted(world: World) -> None:
    world.sets["data"] = image_set(test=200)
    world.evaluate(views=1)
    world.metrics.append({"train_error": 0.84})  # guessing is wrong 0.857 of the time
    world.evaluate(views=1)
    assert world.said == []
    world.metrics.append({"train_error": 0.3})
    world.evaluate(views=1)
    (said,) = world.said
    assert "guessing among 7 classes can give as many" in said
