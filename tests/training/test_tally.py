"""The numbers of a run between two checkpoints."""

import csv
import json
from pathlib import Path

import pytest

from alexnet.training.tally import Tally, advice_on_waiting, as_csv


def worked() -> Tally:
    tally = Tally()
    tally.add(pictures=4, loss=2.0, wrong=3, waited=0.5, busy=2.0)
    tally.add(pictures=12, loss=1.0, wrong=5, waited=0.25, busy=3.0)
    return tally


def test_an_epoch_is_the_mean_over_its_pictures() -> None:
    assert worked().training_row() == {
        "images": 16,
        "train_loss": pytest.approx((4 * 2.0 + 12 * 1.0) / 16),
        "train_error": pytest.approx(8 / 16),
        "images_per_second": pytest.approx(16 / 5),
        "data_wait_share": pytest.approx(0.75 / 5),
    }


def test_a_new_epoch_keeps_steps_and_seconds() -> None:
    tally = worked()
    tally.next_epoch()
    assert (tally.step, tally.seconds) == (2, 5.0)
    assert tally.training_row()["images"] == 0
    assert tally.training_row()["train_loss"] == 0


def test_errors_are_those_of_epochs_that_were_validated() -> None:
    tally = Tally(rows=[{"val_error": 0.5}, {"val_error": None}, {"val_error": 0.4}])
    assert tally.errors == [0.5, 0.4]


def test_there_and_back_through_json_bit_for_bit() -> None:
    tally = worked()
    tally.add(pictures=3, loss=1 / 3, wrong=1, waited=0.1, busy=0.7)
    tally.rows.append({"epoch": 1, "val_error": 0.1 + 0.2, "val_loss": None})
    tally.layer_rows.append({"epoch": 1, "layer": "conv1", "ratio": 1e-300})
    again = Tally.of(json.loads(json.dumps(tally.state())))
    assert again == tally


def test_the_state_is_a_copy() -> None:
    tally = worked()
    state = tally.state()
    tally.rows.append({"val_error": 0.1})
    tally.add(1, 1.0, 1, 0, 1)
    assert (state["rows"], state["step"]) == ([], 2)


def test_csv_has_a_header_and_empty_fields_for_none() -> None:
    text = as_csv([{"epoch": 1, "val_error": None}, {"epoch": 2, "val_error": 0.25}])
    assert text == "epoch,val_error\n1,\n2,0.25\n"
    assert as_csv([]) == ""


def test_the_tables_of_a_run(tmp_path: Path) -> None:
    tally = worked()
    tally.rows.append({"epoch": 1, **tally.training_row()})
    tally.layer_rows.append({"epoch": 1, "layer": "conv1", "ratio": 0.001})
    tally.write(tmp_path)
    with (tmp_path / "metrics.csv").open() as file:
        (row,) = csv.DictReader(file)
    assert (row["epoch"], float(row["train_error"])) == ("1", 0.5)
    assert (tmp_path / "layers.csv").read_text() == "epoch,layer,ratio\n1,conv1,0.001\n"


@pytest.mark.parametrize(
    ("share", "workers", "cores", "missing", "advice"),
    [
        (0.25, 1, 8, 0, "--workers 2 (now 1) may shorten that."),
        (0.9, 1, 8, 0, "--workers 8 (now 1) may shorten that."),
        (0.5, 3, 16, 0, "--workers 6 (now 3) may shorten that."),
        (0.04, 7, 8, 0, "--workers 8 (now 7) may shorten that."),
        (1.0, 0, 2, 0, "--workers 1 (now 0) may shorten that."),
        (0.5, 8, 8, 0, "more cores would shorten that."),
        (
            0.25, 1, 8, 10**9, "--workers 2 (now 1) may shorten that; so may a faster disk or more "
            "memory, into which the set does not fit.",
        ),
        (
            0.25, 8, 8, 10**9, "more cores would shorten that; so may a faster disk or more "
            "memory, into which the set does not fit.",
        ),
    ],
)  # fmt: skip
def test_what_to_change_where_data_is_waited_for(
    share: float, workers: int, cores: int, missing: int, advice: str
) -> None:
    said = advice_on_waiting(share, workers, cores, missing)
    assert said == f"{share:.0%} of the epoch went by waiting for data: {advice}"


@pytest.mark.parametrize(
    ("waited", "busy", "worth"),
    [
        (3.0, 100.0, False),
        (3.1, 100.0, True),
        (0.9, 1.0, False),
        (1.1, 2.0, True),
        (0.0, 0.0, False),
    ],
)
def test_little_waiting_is_no_matter(waited: float, busy: float, worth: bool) -> None:
    tally = Tally()
    tally.add(pictures=4, loss=2.0, wrong=3, waited=waited, busy=busy)
    assert tally.waits == worth
    tally.next_epoch()
    assert not tally.waits
