"""Every hostile zip archive by itself: listed and read, in bounded memory, all accounted for."""

import pytest

from alexnet.data.sources.opening import open_source
from alexnet.errors import AlexNetError
from tests.hostile.raw_zip import zipped
from tests.hostile.reading import check, read
from tests.hostile.zip_members import MEMBERS
from tests.hostile.zip_structure import STRUCTURE


@pytest.mark.parametrize("case", [*MEMBERS, *STRUCTURE], ids=lambda case: case.name)
def test_hostile_zip(case, tmp_path):
    check(case, tmp_path)


def test_cut_anywhere_it_is_refused(tmp_path):
    whole, path = zipped(), tmp_path / "cut.zip"
    for at in range(len(whole)):
        path.write_bytes(whole[:at])
        with pytest.raises(AlexNetError):
            read(open_source(path))
