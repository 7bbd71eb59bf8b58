"""Every hostile zip archive by itself: listed and read, in bounded memory, all accounted for."""

import pytest

from tests.hostile.reading import check
from tests.hostile.zip_members import MEMBERS
from tests.hostile.zip_structure import STRUCTURE


@pytest.mark.parametrize("case", [*MEMBERS, *STRUCTURE], ids=lambda case: case.name)
def test_hostile_zip(case, tmp_path):
    check(case, tmp_path)
