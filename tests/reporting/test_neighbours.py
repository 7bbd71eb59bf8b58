import json
import math
import shutil

import numpy as np
import pytest
import torch

from alexnet.data.store import open_set
from alexnet.errors import AlexNetError
from alexnet.evaluation import evaluate
from alexnet.model import Model, load_model
from alexnet.networks.build import Network
from alexnet.networks.layers import Convolution, Layers, Linear, MaxPool, ReLU, Tanh
from alexnet.networks.zoo import layers_of
from alexnet.preprocessing import Preprocessing
from alexnet.reporting import nearest as module
from alexnet.reporting import report
from alexnet.reporting.choice import evenly_spaced
from alexnet.reporting.nearest import Nearest, last_hidden, nearest
from alexnet.reporting.page import CONTENTS
from tests.reporting.reading import Reading, read
from tests.reporting.runs import AWKWARD, write_run, write_set

RANDOM = np.random.default_rng(11)
PICTURES = RANDOM.integers(0, 256, (50, 32, 32, 3), dtype=np.uint8)
ASKED = RANDOM.integers(0, 256, (5, 32, 32, 3), dtype=np.uint8)

DENSE: Layers = (
    Convolution("conv1", 4, 5, stride=4), ReLU("relu1"), Linear("fc2", 9), Tanh("tanh2"),
    Linear("fc3", 7), ReLU("relu3"), Linear("fc4", 3),
)  # fmt: skip
MAPS: Layers = (
    Convolution("conv1", 4, 5, stride=4), ReLU("relu1"), Convolution("conv2", 6, 3), ReLU("relu2"),
    MaxPool("pool2"), Linear("fc3", 3),
)  # fmt: skip


def model_of(layers: Layers) -> Model:
    network = Network(layers, side=24)
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for value in network.parameters():
            value.copy_(torch.randn(value.shape, generator=generator) * 0.1)
    way = Preprocessing(size=32, crop=24, scale=50.0)
    return Model(network, "small", way, np.full((32, 32, 3), 100, np.float32), ("a", "b", "c"))


def found(model: Model, asked=ASKED, pictures=PICTURES, **more) -> Nearest:
    numbers = list(range(len(asked)))
    return nearest(model, asked, numbers, pictures, quiet=True, **more)


def by_hand(model: Model, layer: str, asked, pictures) -> list[list[float]]:
    """Euclidean distances of pictures, number by number, in Python's own floats."""
    ours, theirs = (
        model.features(some, layer).reshape(len(some), -1).tolist() for some in (asked, pictures)
    )
    return [
        [math.sqrt(sum((a - b) ** 2 for a, b in zip(one, other, strict=True))) for other in theirs]
        for one in ours
    ]


@pytest.mark.parametrize(("layers", "layer"), [(DENSE, "relu3"), (MAPS, "relu2")])
def test_distances_and_order_are_those_of_a_plain_loop(layers, layer):
    model = model_of(layers)
    near = found(model)
    plain = by_hand(model, layer, ASKED, PICTURES)
    for distances, matches in zip(plain, near.matches, strict=True):
        expected = sorted(range(50), key=lambda number: distances[number])[:6]
        assert [match.number for match in matches] == expected
        for match in matches:
            assert match.distance == pytest.approx(distances[match.number], rel=1e-5)
    assert (near.output_of, near.looked_at, near.total) == (layer, 50, 50)


def test_what_is_near_does_not_depend_on_the_blocks(monkeypatch):
    model = model_of(DENSE)
    whole = found(model)
    monkeypatch.setattr(module, "BLOCK", 7)
    for ours, theirs in zip(whole.matches, found(model).matches, strict=True):
        assert [match.number for match in ours] == [match.number for match in theirs]
        assert [m.distance for m in ours] == pytest.approx([m.distance for m in theirs], rel=1e-5)


def test_a_picture_s_twin_is_the_nearest():
    pictures = PICTURES.copy()
    pictures[33] = ASKED[2]
    matches = found(model_of(DENSE), pictures=pictures).matches[2]
    assert matches[0].number == 33
    assert matches[0].distance == pytest.approx(0, abs=1e-5)


def test_equal_distances_keep_the_order_of_the_part():
    model = model_of(DENSE)
    for value in model.network.parameters():
        value.data.zero_()
    for matches in found(model).matches:
        assert [match.number for match in matches] == [0, 1, 2, 3, 4, 5]


def test_no_picture_is_its_own_neighbour():
    numbers = [3, 20, 49]
    near = nearest(
        model_of(DENSE), PICTURES[numbers], numbers, PICTURES, inside=True, quiet=True
    )  # fmt: skip
    free = nearest(model_of(DENSE), PICTURES[numbers], numbers, PICTURES, quiet=True)
    for number, matches, others in zip(numbers, near.matches, free.matches, strict=True):
        assert others[0].number == number
        assert [match.number for match in matches[:5]] == [match.number for match in others[1:]]
        assert len(matches) == 6


def test_fewer_pictures_than_six():
    near = found(model_of(DENSE), pictures=PICTURES[:4])
    assert [len(matches) for matches in near.matches] == [4] * 5
    assert [
        len(m) for m in found(model_of(DENSE), ASKED[:1], PICTURES[:1], inside=True).matches
    ] == [0]


def test_at_most_so_many_are_looked_at_evenly_drawn(monkeypatch):
    monkeypatch.setattr(module, "MOST", 10)
    near = found(model_of(DENSE))
    assert (near.looked_at, near.total) == (10, 50)
    looked = set(evenly_spaced(50, 10))
    assert looked == {2, 7, 12, 17, 22, 27, 32, 37, 42, 47}
    assert all(match.number in looked for matches in near.matches for match in matches)


def test_two_thousand_is_the_limit():
    assert module.MOST == 2000
    drawn = evenly_spaced(1_281_167, module.MOST)
    assert len(set(drawn)) == 2000
    steps = np.diff(drawn)
    assert steps.max() - steps.min() <= 1
    assert 0 <= drawn[0] < 1000
    assert 1_281_167 - 1000 < drawn[-1] < 1_281_167


def test_the_last_hidden_layer_follows_from_the_list():
    full = Model(Network(layers_of("alexnet", 5), 224), "alexnet", Preprocessing(), np.zeros(0), ())  # type: ignore[arg-type]
    layer, row = last_hidden(full)
    assert (layer, row.layer.name, row.output) == ("fc7", "relu7", (4096,))
    for layers, expected in (
        (DENSE, ("fc3", "relu3")),
        (DENSE[:4] + DENSE[-1:], ("fc2", "tanh2")),
        (MAPS, ("conv2", "relu2")),
        (MAPS[:3] + MAPS[-1:], ("conv2", "conv2")),
    ):
        layer, row = last_hidden(model_of(layers))
        assert (layer, row.layer.name) == expected


def test_a_network_without_a_hidden_layer():
    with pytest.raises(AlexNetError, match="has no hidden layer"):
        found(model_of((Linear("fc1", 3),)))


def test_activations_that_are_no_numbers():
    model = model_of(DENSE)
    with torch.no_grad():
        model.network.get_submodule("fc2").weight[0, 0] = math.nan  # type: ignore[index]
    with pytest.raises(AlexNetError, match="not all finite"):
        found(model)


# The section on the page.


def made(folder, **more) -> Reading:
    page = report(folder, say=lambda words: None, quiet=True, **more)
    return read(page.read_text(encoding="utf-8"))


@pytest.fixture
def run(tmp_path):
    return write_run(tmp_path / "run", write_set(tmp_path / "set"))


def pictures_in(reading: Reading, alt: str) -> list[str]:
    words = [str(e.attributes.get("alt")) for e in reading.all("img")]
    return [one for one in words if one.startswith(alt)]


def test_a_row_for_each_picture_of_the_examples(run):
    reading = made(run)
    text = reading.section("neighbours")
    assert "six training pictures whose activations in conv2 are at the smallest" in text
    assert "All 30 pictures of the training part of set were looked at." in text
    neighbours = pictures_in(reading, "Training picture of class")
    assert len(neighbours) == 8 * 6
    same = [one for one in neighbours if ", the same class, distance " in one]
    assert 30 < len(same) < 48  # the network knows the colours; a few labels are wrong
    assert len(same) + sum(", another class, distance " in one for one in neighbours) == 48
    assert f"those of the same class as the picture: {len(same)} of 48." in text
    assert text.count("✓ ") == text.count("same class: ") == len(same)
    framed = [e for e in reading.all("li") if e.attributes.get("class") == "same"]
    assert len(framed) == len(same)
    assert any(AWKWARD in one for one in neighbours)
    assert reading.broken == []


def test_the_numbers_are_there_as_a_table_with_the_files(run):
    reading = made(run)
    tables = [e for e in reading.all("table") if "Nearest training pictures" in e.text]
    (table,) = tables
    assert table.text.count("train/<") == table.text.count("test/<") == 48
    distances = [
        float(words.rpartition("distance ")[2])
        for words in pictures_in(reading, "Training picture")
    ]
    model, folder = load_model(run), run.parent / "set"
    parts = open_set(folder).parts
    tested, training = np.array(parts["test"].pictures), np.array(parts["train"].pictures)
    plain = by_hand(model, "conv2", tested[evenly_spaced(24)], training)
    assert distances == pytest.approx([d for row in plain for d in sorted(row)[:6]], rel=1e-3)


def test_how_many_of_how_many_were_looked_at(run, monkeypatch):
    monkeypatch.setattr(module, "MOST", 10)
    assert "10 of the 30 pictures of the training part of set were looked at" in made(run).section(
        "neighbours"
    )


def test_its_place_on_the_page():
    names = list(CONTENTS)
    assert names.index("neighbours") == names.index("examples") + 1


def test_the_same_page_twice(run):
    made(run)
    first = (run / "report.html").read_bytes()
    made(run)
    assert (run / "report.html").read_bytes() == first


def test_pictures_of_the_training_itself(run):
    evaluate(run, part="train", say=lambda words: None, quiet=True)
    reading = made(run)
    distances = [w.rpartition(" ")[2] for w in pictures_in(reading, "Training picture")]
    assert len(distances) == 48
    assert all(float(distance) > 0.1 for distance in distances)


def test_another_set_is_named(run, tmp_path):
    other = write_set(tmp_path / "other", wrong=6)
    facts = (other / "set.json").read_text().replace("f" * 64, "e" * 64)
    (other / "set.json").write_text(facts)
    text = made(run, data=other).section("neighbours")
    assert "All 30 pictures of the training part of other" in text
    assert "The network was not trained on other, but on another set." in text


def changed(folder, **facts) -> None:
    known = json.loads((folder / "set.json").read_text())
    (folder / "set.json").write_text(json.dumps({**known, **facts}))


def test_a_set_that_is_gone(run, tmp_path):
    evaluate(run, say=lambda words: None, quiet=True)
    shutil.rmtree(tmp_path / "set")
    reading = made(run)
    assert "is no prepared set" in reading.section("neighbours")
    assert pictures_in(reading, "Training picture") == []


def test_a_set_that_was_never_there(run, tmp_path):
    shutil.rmtree(tmp_path / "set")
    assert "is not at" in made(run).section("neighbours")


def test_a_set_that_was_prepared_again_in_another_way(run, tmp_path):
    evaluate(run, say=lambda words: None, quiet=True)
    changed(tmp_path / "set", fit="warp")
    assert "now holds pictures of 32 pixels (warp)" in made(run).section("neighbours")


def test_a_set_with_other_pictures_now(run, tmp_path):
    evaluate(run, say=lambda words: None, quiet=True)
    table = tmp_path / "set" / "test.csv"
    table.write_text(table.read_text().replace("test/<5>", "test/<x>"))
    assert "no longer the one that was evaluated" in made(run).section("neighbours")


def test_a_set_without_training_pictures(run, tmp_path):
    changed(tmp_path / "set", parts={"train": 0, "val": 12, "test": 24})
    assert "has no training pictures" in made(run).section("neighbours")


def test_a_run_without_a_model(run):
    evaluate(run, say=lambda words: None, quiet=True)
    for name in ("model.json", "model.safetensors"):
        (run / name).unlink()
    assert "no trained model" in made(run).section("neighbours")
