from dataclasses import replace

import pytest

from alexnet.data.tables import write_table
from alexnet.inspection.rejections import rejections_of


@pytest.fixture
def rejected(found, tmp_path):
    def write(*rows):
        write_table(tmp_path / "rejected.csv", ("file", "reason"), rows)
        return rejections_of(replace(found.images, folder=tmp_path))

    return write


def test_reasons_that_differ_in_numbers_or_names_are_one(rejected):
    found = rejected(
        ("a", "cut after 1,200 bytes"), ("b", "no 'x' here"), ("c", "cut after 7 bytes"),
        ("d", "the same photo as val/it's.jpg of val, which is kept"), ("e", "no 'yz' here"),
        ("f", "the same photo as test/9.jpg of test, which is kept"),
        ("g", "cut after 900 bytes"),
    )  # fmt: skip
    assert found.reasons == [
        ("cut after * bytes", 3, "a"), ("no * here", 2, "b"),
        ("the same photo as val/it's.jpg of val, which is kept", 1, "d"),
        ("the same photo as test/9.jpg of test, which is kept", 1, "f"),
    ]  # fmt: skip
    assert found.count == 7


def test_none(rejected):
    assert rejected().reasons == []
