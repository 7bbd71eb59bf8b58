from pathlib import Path

import pytest

from alexnet.data.preparing.options import Options, source_or_share
from alexnet.errors import UsageError


def test_a_number_is_a_share_and_all_else_a_source(tmp_path):
    assert source_or_share("val", "0.25") == 0.25
    assert source_or_share("val", "photos.tar") == Path("photos.tar")
    assert source_or_share("val", tmp_path) == tmp_path
    assert source_or_share("val", None) is None


@pytest.mark.parametrize("share", [0, 1, 1.5, "-0.1", "nan", "inf"])
def test_a_share_lies_between_0_and_1(share):
    with pytest.raises(UsageError, match=rf"--test is {share}; a share lies between 0 and 1"):
        source_or_share("test", share)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"fit": "pad"}, "--fit is 'pad'; it can be crop or warp"),
        ({"filter": "nearest"}, "--filter is 'nearest'; it can be bicubic or bilinear"),
        ({"exif": "turn"}, "--exif is 'turn'; it can be follow or ignore"),
        ({"size": 0}, "--size is 0; it can be 1 to 4096 pixels"),
        ({"size": 5000}, "--size is 5000"),
        ({"val": 0.5, "test": 0.5}, "--val and --test together leave nothing to train on"),
    ],
)
def test_what_makes_no_sense(options, complaint):
    with pytest.raises(UsageError, match=complaint):
        Options(Path("photos"), **options)


def test_sources_and_shares_by_part():
    options = Options(Path("photos"), val=Path("val.tar"), test=0.1)
    assert options.sources() == {"train": Path("photos"), "val": Path("val.tar")}
    assert options.shares() == {"test": 0.1}
    assert [options.asked(part) for part in ("train", "val", "test")] == [
        Path("photos"), Path("val.tar"), 0.1,
    ]  # fmt: skip
