import re
import shutil
from itertools import pairwise

import pytest

from alexnet.errors import AlexNetError
from alexnet.evaluation import evaluate
from alexnet.reporting import report
from tests.reporting.reading import Reading, read
from tests.reporting.runs import AWKWARD, write_run, write_set

SECTIONS = (
    "errors", "curves", "examples", "mistakes", "classes", "kernels", "steps", "data", "settings",
    "provenance",
)  # fmt: skip


def quietly(words: str) -> None:
    """Nothing is said."""


def made(folder, **more) -> str:
    return report(folder, say=quietly, quiet=True, **more).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> tuple[str, Reading]:
    folder = tmp_path_factory.mktemp("report")
    page = made(write_run(folder / "run", write_set(folder / "set")))
    return page, read(page)


@pytest.fixture
def run(tmp_path):
    return write_run(tmp_path / "run", write_set(tmp_path / "set"))


def test_well_formed(whole):
    _, reading = whole
    assert reading.broken == []
    assert reading.open == []


def test_ids_are_unique_and_links_lead_somewhere(whole):
    _, reading = whole
    ids = [e.attributes["id"] for e in reading.elements if "id" in e.attributes]
    assert len(ids) == len(set(ids))
    links = [str(e.attributes["href"]) for e in reading.all("a")]
    assert {link.removeprefix("#") for link in links} <= set(ids)
    assert set(SECTIONS) <= set(ids)


def test_aria_labels_point_at_elements(whole):
    _, reading = whole
    ids = {e.attributes.get("id") for e in reading.elements}
    named = [e.attributes["aria-labelledby"] for e in reading.elements
             if "aria-labelledby" in e.attributes]  # fmt: skip
    assert {name for names in named for name in str(names).split()} <= ids


def test_headings_go_down_one_step_at_a_time(whole):
    _, reading = whole
    levels = [int(e.tag[1]) for e in reading.all("h1", "h2", "h3", "h4")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_nothing_is_fetched_and_nothing_runs(whole):
    page, reading = whole
    assert not reading.all("script", "link", "iframe", "object", "base", "form")
    assert "http:" not in page
    assert "https:" not in page
    assert "url(" not in page
    assert "@import" not in page
    assert all(str(e.attributes["src"]).startswith("data:image/") for e in reading.all("img"))
    assert not [n for e in reading.elements for n in e.attributes if n.startswith("on")]
    (policy,) = [e for e in reading.all("meta") if "http-equiv" in e.attributes]
    assert "default-src 'none'" in str(policy.attributes["content"])


def test_every_picture_has_words(whole):
    _, reading = whole
    assert all(e.attributes.get("alt") for e in reading.all("img"))
    drawings = [e for e in reading.all("svg") if e.attributes.get("aria-hidden") != "true"]
    assert len(drawings) == 5
    assert all(e.attributes["role"] == "img" for e in drawings)
    inside = [e for e in reading.all("title", "desc") if e.path[-1] == "svg"]
    assert len(inside) == 2 * len(drawings)
    assert all(e.text for e in inside)


def test_tables_have_headers_with_a_scope(whole):
    _, reading = whole
    assert len(reading.all("table")) == len(reading.all("caption")) > 8
    assert {e.attributes.get("scope") for e in reading.all("th")} == {"col", "row"}


def test_language_skip_link_and_landmarks(whole):
    _, reading = whole
    assert reading.all("html")[0].attributes["lang"] == "en"
    assert reading.all("a")[0].attributes["href"] == "#main"
    assert all(len(reading.all(tag)) == 1 for tag in ("header", "nav", "main", "footer"))


def test_names_from_data_are_escaped(whole):
    page, reading = whole
    assert AWKWARD not in page
    assert not reading.all("b")
    assert any(e.text == AWKWARD for e in reading.all("th"))
    assert "test/<0>.jpg" in reading.section("mistakes")


def test_the_first_sentence_holds_the_error(whole):
    _, reading = whole
    (lead,) = [e for e in reading.all("p") if e.attributes.get("class") == "lead"]
    assert re.match(r"12\.5\s% of 24 pictures of the test part are named wrongly", lead.text)
    assert "after 4 epochs on 30 pictures of 3 classes" in lead.text
    assert "mean of 10 views" in lead.text


def test_top_k_is_named_as_it_was_measured(whole):
    _, reading = whole
    assert "Top-2 error" in reading.section("errors")
    assert "Top-5" not in reading.section("errors")


def test_both_numbers_of_views_are_there(whole):
    _, reading = whole
    assert "1 (centre)" in reading.section("errors")
    assert "10 (also mirrored)" in reading.section("errors")


def test_the_settings_say_where_they_came_from(whole):
    _, reading = whole
    settings = reading.section("settings")
    assert "momentum" in settings
    assert "recipe fast" in settings
    assert "section 5" in settings


def test_provenance(whole):
    _, reading = whole
    provenance = reading.section("provenance")
    assert "f" * 64 in provenance
    assert "<cpu>" in provenance
    assert "4 min 4 s" in provenance
    assert "not known" in provenance  # the commit


def test_data_statistics(whole):
    _, reading = whole
    data = reading.section("data")
    assert "could not be read: 2" in data
    assert "90.25" in data
    assert "only its mean colour" in data


def test_the_same_run_gives_the_same_page(run):
    assert made(run) == made(run)


def test_a_saved_evaluation_is_used(run, monkeypatch):
    evaluate(run, views=1, say=quietly, quiet=True)
    monkeypatch.setattr("alexnet.reporting.material.evaluate", None)
    assert "10 (also mirrored)" not in read(made(run)).section("errors")


def test_other_data_are_evaluated_and_named(run, tmp_path):
    made(run)
    other = write_set(tmp_path / "other", wrong=6)
    facts = (other / "set.json").read_text().replace("f" * 64, "e" * 64)
    (other / "set.json").write_text(facts)
    reading = read(made(run, data=other))
    (lead,) = [e for e in reading.all("p") if e.attributes.get("class") == "lead"]
    assert "25.0" in lead.text
    assert "of other, another set," in lead.text
    assert "another set than the one" in reading.section("data")


def test_a_set_that_is_gone(run, tmp_path):
    shutil.rmtree(tmp_path / "set")
    reading = read(made(run))
    assert reading.broken == []
    for name in ("errors", "examples", "mistakes", "classes", "data"):
        assert "is not at" in reading.section(name)
    assert "kernels of 11×11×3" in reading.section("kernels")
    assert "lowest in epoch 4" in reading.section("curves")


def test_a_set_that_is_gone_after_the_evaluation(run, tmp_path):
    evaluate(run, say=quietly, quiet=True)
    shutil.rmtree(tmp_path / "set")
    reading = read(made(run))
    assert "No pictures:" in reading.section("mistakes")
    assert "Top-1 error" in reading.section("errors")
    assert len(reading.all("img")) == 3  # two towers, the mean image


def test_a_run_before_its_first_epoch(run):
    for name in ("metrics.csv", "layers.csv", "model.json", "model.safetensors"):
        (run / name).unlink()
    reading = read(made(run))
    assert reading.broken == []
    assert "No epoch" in reading.section("curves")
    assert "no trained model" in reading.section("kernels")
    assert "No step sizes" in reading.section("steps")


def test_a_run_without_validation(run):
    text = (run / "metrics.csv").read_text().splitlines()
    head = text[0].split(",")
    empty = {head.index(name) for name in ("val_loss", "val_error", "val_top5_error")}
    rows = [",".join("" if n in empty else v for n, v in enumerate(row.split(",")))
            for row in text[1:]]  # fmt: skip
    (run / "metrics.csv").write_text("\n".join([text[0], *rows]) + "\n")
    reading = read(made(run))
    assert "no validation part" in reading.section("curves")


def test_one_epoch(tmp_path):
    run = write_run(tmp_path / "run", write_set(tmp_path / "set"), epochs=1)
    assert "after 1 epoch on" in made(run)


def test_many_classes_get_a_table_instead_of_a_field(tmp_path):
    names = ("red", "green", "blue", *(f"class {n}" for n in range(40)))
    data = write_set(tmp_path / "set", names)
    reading = read(made(write_run(tmp_path / "run", data, names)))
    classes = reading.section("classes")
    assert not [e for e in reading.elements if e.attributes.get("id") == "chart-confusion-title"]
    assert "The most frequent confusions" in classes
    assert "39 classes have no picture" in classes


def test_what_is_no_run_is_told_in_a_sentence(tmp_path):
    with pytest.raises(AlexNetError, match="is no run"):
        report(tmp_path)
