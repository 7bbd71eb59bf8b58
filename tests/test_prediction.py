import dataclasses
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from alexnet.errors import AlexNetError, UsageError
from alexnet.model import save_model
from alexnet.prediction import Prediction, allowed_views, predict, predictions
from tests.tiny import COLOURS, tiny_model, write_photo


def first(answer: Prediction) -> str:
    return answer.predictions[0][0]


def test_each_photo_is_named_in_the_order_given(tmp_path):
    photos = [write_photo(tmp_path / f"{name}.png", COLOURS[name]) for name in COLOURS]
    answers = predict(tiny_model(), photos)
    assert [answer.file for answer in answers] == [str(photo) for photo in photos]
    assert [first(answer) for answer in answers] == list(COLOURS)


def test_probabilities_are_sorted_and_sum_to_one(tmp_path):
    (answer,) = predict(tiny_model(), [write_photo(tmp_path / "a.png", COLOURS["red"])])
    shares = [share for _, share in answer.predictions]
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) == pytest.approx(1)
    assert len(shares) == 3


def test_a_run_folder_serves_as_well_as_a_model(tmp_path):
    save_model(tiny_model(), tmp_path)
    photo = write_photo(tmp_path / "a.png", COLOURS["blue"])
    assert predict(tmp_path, [photo]) == predict(str(tmp_path), [str(photo)])
    assert predict(tmp_path, [photo]) == predict(tiny_model(), [photo])


def test_a_folder_without_a_model_is_told_in_a_sentence(tmp_path):
    with pytest.raises(AlexNetError, match="no trained model"):
        predict(tmp_path, [])


def test_bad_files_are_answered_and_the_others_still_named(tmp_path):
    good = write_photo(tmp_path / "good.png", COLOURS["green"])
    text = tmp_path / "notes.jpg"
    text.write_text("Buy milk.")
    answers = predict(tiny_model(), [text, tmp_path / "gone.jpg", tmp_path, good])
    assert [answer.error for answer in answers] == [
        "a text file, not a photo", "No such file or directory", "Is a directory", None,
    ]  # fmt: skip
    assert first(answers[3]) == "green"
    assert answers[0].predictions == ()


def test_only_bad_files(tmp_path):
    (answer,) = predict(tiny_model(), [tmp_path / "gone.jpg"])
    assert answer.error


def test_pictures_in_memory_of_any_kind_give_the_same_answer():
    red = Image.new("RGB", (50, 40), COLOURS["red"])
    given = [red, np.asarray(red), np.asarray(red)[::2], red.convert("RGBA"), red.convert("P")]
    answers = predict(tiny_model(), given)
    assert {first(answer) for answer in answers} == {"red"}
    assert answers[0].predictions == answers[1].predictions
    assert [answer.file for answer in answers] == [f"picture {n}" for n in range(1, 6)]


def test_grey_arrays_are_pictures():
    (answer,) = predict(tiny_model(), [np.full((9, 7), 100, np.uint8)])
    assert [share for _, share in answer.predictions] == pytest.approx([1 / 3] * 3)


def test_an_image_in_memory_is_turned_as_its_orientation_says(tmp_path):
    picture = Image.new("RGB", (60, 40), COLOURS["red"])
    picture.paste(COLOURS["blue"], (0, 0, 60, 20))
    exif = Image.Exif()
    exif[0x0112] = 6
    picture.save(tmp_path / "turned.jpg", exif=exif, quality=95)
    with Image.open(tmp_path / "turned.jpg") as opened:
        from_memory, from_file = predict(tiny_model(), [opened, tmp_path / "turned.jpg"], views=1)
    assert from_memory.predictions == from_file.predictions


@pytest.mark.parametrize(
    "array",
    [np.zeros((5, 5, 3)), np.zeros((5, 5, 4), np.uint8), np.zeros((5,), np.uint8)],
)
def test_arrays_that_are_no_pictures_are_refused(array):
    with pytest.raises(UsageError, match="is no picture; it must be uint8"):
        predict(tiny_model(), [array])


def test_top_and_views_out_of_range_are_refused():
    with pytest.raises(UsageError, match="at least 1"):
        predict(tiny_model(), [], top=0)
    with pytest.raises(UsageError, match="1, 5 or 10"):
        predict(tiny_model(), [], views=3)


def test_top_may_exceed_the_number_of_classes(tmp_path):
    photo = write_photo(tmp_path / "a.png", COLOURS["red"])
    assert len(predict(tiny_model(), [photo], top=2)[0].predictions) == 2
    assert len(predict(tiny_model(), [photo], top=99)[0].predictions) == 3


def test_views_are_all_that_the_model_allows():
    assert allowed_views(tiny_model(), None) == 10
    assert allowed_views(tiny_model(mirror=False), None) == 5
    assert allowed_views(tiny_model(mirror=False), 10) == 5
    assert allowed_views(tiny_model(), 1) == 1


def test_the_views_are_averaged():
    photo = np.zeros((32, 32, 3), np.uint8)
    photo[:16] = COLOURS["red"]
    model = tiny_model()
    (answer,) = predict(model, [photo], views=5)
    expected = model.probabilities(photo[None], 5).mean(axis=(0, 1))
    assert dict(answer.predictions)["red"] == pytest.approx(float(expected[0]))


def test_many_photos_are_taken_one_batch_at_a_time():
    taken = 0

    def photos():
        nonlocal taken
        for _ in range(100):
            taken += 1
            yield np.zeros((8, 8, 3), np.uint8)

    answers = predictions(tiny_model(), photos(), views=1)
    next(answers)
    assert taken < 40
    assert len(list(answers)) == 99


def test_a_bad_file_changes_nothing_for_its_neighbours(tmp_path):
    photos: list[Path] = [write_photo(tmp_path / f"{n}.png", (n, 99, 2 * n)) for n in range(20)]
    alone = predict(tiny_model(), photos)
    mixed = predict(tiny_model(), [p for photo in photos for p in (photo, tmp_path / "gone")])
    assert [a for a in mixed if a.error is None] == alone


def test_predictions_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Prediction("a").file = "b"  # type: ignore[misc]


def test_one_photo_need_not_be_in_a_list(tmp_path):
    photo = write_photo(tmp_path / "red.png", COLOURS["red"])
    assert predict(tiny_model(), photo) == predict(tiny_model(), [photo])
    assert predict(tiny_model(), str(photo)) == predict(tiny_model(), [photo])


def test_a_damaged_network_is_told_and_names_nothing() -> None:
    model = tiny_model()
    damaged = dataclasses.replace(model, mean=np.full_like(model.mean, np.nan))
    side = model.preprocessing.size
    with pytest.raises(AlexNetError, match="no number"):
        predict(damaged, [np.zeros((side, side, 3), np.uint8)])
