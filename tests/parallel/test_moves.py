"""A run moves between one device and 2 to 4 processes, within epochs too, and ends alike."""

import csv
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from alexnet.training import checkpoint
from tests.parallel.conftest import Party, all_journeys, off
from tests.parallel.moves import JOURNEYS, STEPS, Seen

ALL = [(size, name) for size, name, _ in all_journeys()]
BEGUN_ALONE = [(size, name) for size, name, journey in all_journeys() if journey.alone]
CLOCKED = {"images_per_second", "data_wait_share", "seconds"}
ALIKE = {"towers": 2, "replicas": 1, "hybrid": 1}  # processes that see the same pictures


def sittings(party: Party, size: int, name: str) -> list[tuple[int, list[Seen]]]:
    """How many see the same pictures in each sitting, and what its processes saw."""
    found: list[tuple[int, list[Seen]]] = []
    if (size, name) in party.began:
        found.append((1, [party.began[size, name]]))
    for number, move in enumerate(JOURNEYS[size][name].moves):
        each = [Seen(**one["journeys"][name][number]) for one in party.found[size]]
        found.append((ALIKE[move.mode], each))
    if (size, name) in party.ended:
        found.append((1, [party.ended[size, name]]))
    return found


@pytest.mark.parametrize(("size", "name"), ALL)
def test_weights_and_velocities_are_those_of_one_device(party: Party, size: int, name: str) -> None:
    """A single step moves the weights a hundred times farther than the tolerance."""
    found, wanted = (
        checkpoint.load(run / "checkpoints", pytest.fail)
        for run in (party.run(size, name), party.whole)
    )
    assert found is not None
    assert wanted is not None
    assert found.step == wanted.step == STEPS
    assert max(off(found.tensors, wanted.tensors).values()) < 1e-5


def test_an_epoch_on_one_device_has_27_pictures(party: Party) -> None:
    stream = [one for step in party.alone.views.values() for one in step.values()]
    assert len(set(stream[:27])) == 27


@pytest.mark.parametrize(("size", "name"), ALL)
def test_every_step_once_and_every_picture_of_it_once(party: Party, size: int, name: str) -> None:
    """The views are those of one device to the last bit; a tower's processes see the same."""
    steps = []
    for alike, processes in sittings(party, size, name):
        for step in processes[0].views:
            seen = Counter(view for one in processes for view in one.views[step].items())
            assert seen == Counter(dict.fromkeys(party.alone.views[step].items(), alike))
            steps.append(step)
    assert steps == [str(step) for step in range(STEPS)]


def table(path: Path) -> list[dict[str, Any]]:
    with path.open(newline="") as file:
        rows = csv.DictReader(file)
        return [{k: _value(v) for k, v in row.items() if k not in CLOCKED} for row in rows]


def _value(text: str) -> Any:
    try:
        return pytest.approx(float(text), rel=1e-4)
    except ValueError:
        return text


@pytest.mark.parametrize(("size", "name"), ALL)
def test_the_tables_are_those_of_one_device(party: Party, size: int, name: str) -> None:
    run = party.run(size, name)
    for file in ("metrics.csv", "layers.csv"):
        assert table(run / file) == table(party.whole / file)
    assert [row["images"] for row in table(run / "metrics.csv")] == [32, 24]


@pytest.mark.parametrize(("size", "name"), ALL)
def test_one_process_writes_and_speaks(party: Party, size: int, name: str) -> None:
    for _, (first, *others) in sittings(party, size, name):
        if others:
            assert f"{party.run(size, name)}/model.safetensors" in first.wrote
        assert first.said
        assert not any(one.wrote or one.said for one in others)


@pytest.mark.parametrize(("size", "name"), ALL)
def test_the_exchange_is_said_to_be_as_computed(party: Party, size: int, name: str) -> None:
    for _, processes in sittings(party, size, name):
        lines = [one for one in processes[0].said if one.startswith("Exchange")]
        assert len(lines) == (len(processes) > 1)
        assert all(line.endswith("a step, all processes together, as computed from the list of "
                                 "layers") for line in lines)  # fmt: skip


@pytest.mark.parametrize(("size", "name"), BEGUN_ALONE)
def test_another_number_of_processes_is_told(party: Party, size: int, name: str) -> None:
    journey = JOURNEYS[size][name]
    _, (first, *_) = sittings(party, size, name)[1]
    changed, going_on = first.said[:2]
    assert f"processes 1 -> {size} as {journey.moves[0].mode}" in changed
    assert going_on.splitlines()[0] == f"Going on at step {journey.alone + 1} of {STEPS}."
