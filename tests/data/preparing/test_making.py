import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alexnet.data.preparing import blocks, making
from alexnet.data.preparing.blocks import Square, make_block, record_path
from alexnet.data.preparing.making import Share, Span, cut, make_all, share_of
from alexnet.data.preparing.options import Options
from alexnet.data.preparing.plan import make_plan
from alexnet.data.preparing.talk import Talk
from alexnet.data.preparing.workers import Order
from alexnet.data.shards import shard_path
from alexnet.errors import AlexNetError, UsageError
from tests.data.trees import two_classes, write_tree


@settings(deadline=None)
@given(st.integers(1, 9), st.integers(0, 99))
def test_every_block_belongs_to_one_share(of, number):
    span = Span(number, 0, 0, 1, 1)
    assert [Share(k, of).holds(span) for k in range(1, of + 1)].count(True) == 1


def test_shares_as_they_are_written():
    assert share_of("2/8") == Share(2, 8)
    assert str(share_of("2/8")) == "2/8"


@pytest.mark.parametrize("text", ["", "2", "2/", "a/3", "-1/3", "1/3/5", "1 /3", "²/3"])
def test_what_is_no_share(text):
    with pytest.raises(UsageError, match="must be like 2/8, the second of eight"):
        share_of(text)


@pytest.mark.parametrize("text", ["0/3", "4/3", "0/0"])
def test_a_share_beyond_the_others(text):
    with pytest.raises(UsageError, match=rf"--job is {text}; of . jobs the numbers are 1 to"):
        share_of(text)


@pytest.fixture
def plan(tmp_path, monkeypatch):
    monkeypatch.setattr(blocks, "LEAST", 4)
    tree = write_tree(tmp_path / "photos", {**two_classes(5), "stray.png": b""})
    val = write_tree(tmp_path / "val", two_classes(1))
    return make_plan(Options(tree, val=val))


def test_blocks_cover_the_plan_and_mix_no_sources(plan):
    spans = cut(plan, 16)
    assert [span.number for span in spans] == [0, 1, 2, 3]
    assert [(span.source, span.photos) for span in spans] == [(0, 4), (0, 4), (0, 2), (1, 2)]
    files = [photo.file for span in spans for photo in plan.photos(span.first, span.end)]
    assert files == [photo.file for photo in plan.photos()]
    assert len(files) == 12


@pytest.fixture
def order(tmp_path):
    for name in ("blocks", "pictures"):
        (tmp_path / name).mkdir()
    return Order(tmp_path, Square(16, "crop", "bicubic", True), 0)


@pytest.fixture
def given_out(monkeypatch):
    """The blocks that would go to workers, none of which is made."""
    out = []

    def make_blocks(blocks, order, workers):
        for block in blocks:
            out.append((block, workers))
            yield len(block.items)

    monkeypatch.setattr(making, "make_blocks", make_blocks)
    return out


def test_only_our_share_is_made_and_what_is_done_is_not_made_again(plan, order, given_out):
    said, spans = [], cut(plan, 16)
    photos = list(plan.photos(spans[2].first, spans[2].end))
    items, counted = [plan.sources[0].path / p.entry.path for p in photos], [True] * len(photos)
    make_block(order.folder, 2, items, counted, order.square, lambda _: None, order.key)
    make_all(plan, spans, order, Share(1, 2), 9, Talk(said.append))
    assert [(block.number, workers) for block, workers in given_out] == [(0, 1)]
    assert said[1] == "2 photos of 6 were done before."
    make_all(plan, spans, order, Share(2, 2), 9, Talk())
    assert [block.number for block, _ in given_out] == [0, 1, 3]


@pytest.mark.parametrize("harm", ["other photos", "short shard", "no shard", "damaged record"])
def test_what_is_not_whole_or_of_other_photos_is_made_again(plan, order, given_out, harm):
    spans = cut(plan, 16)
    for span in spans:
        entries = [photo.entry for photo in plan.photos(span.first, span.end)]
        items, counted = list(plan.sources[0].stream(entries)), [True] * len(entries)
        key = "of others" if harm == "other photos" and span.number == 1 else order.key
        make_block(order.folder, span.number, items, counted, order.square, lambda _: None, key)
    shard, record = shard_path(order.folder, 1), record_path(order.folder, 1)
    if harm == "short shard":
        os.truncate(shard, 1000)
    elif harm == "no shard":
        shard.unlink()
    elif harm == "damaged record":
        os.truncate(record, 100)
    make_all(plan, spans, order, Share(), 1, Talk())
    assert [block.number for block, _ in given_out] == [1]


def test_a_block_has_its_photos_and_knows_which_are_counted(plan, order, given_out):
    make_all(plan, cut(plan, 16), order, Share(), 1, Talk())
    (first, _), *_, (last, _) = given_out
    folder = plan.sources[0].path
    assert first.items == [folder / f"cat/{i}.png" for i in range(4)]
    assert (first.counted, last.counted) == ([True] * 4, [False] * 2)


def test_too_little_disk_is_said_before_work_starts(plan, order, given_out, monkeypatch):
    class Usage:
        free = 10_000_000

    monkeypatch.setattr(making.shutil, "disk_usage", lambda path: Usage)
    with pytest.raises(AlexNetError, match=r"needs 50 MB of disk; 10 MB are free\. Make room"):
        make_all(plan, cut(plan, 16), order, Share(), 1, Talk())
    assert given_out == []


def test_a_source_that_has_become_shorter(plan, order, given_out, monkeypatch):
    monkeypatch.setattr(type(plan.sources[0]), "stream", lambda self, wanted: iter([b""]))
    with pytest.raises(AlexNetError, match=r"photos was changed while it was read\."):
        make_all(plan, cut(plan, 16), order, Share(), 1, Talk())
