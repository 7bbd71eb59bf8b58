"""What the tests of whole preparations share."""

import pytest

from tests.data.here import in_this_process
from tests.data.trees import two_classes, write_tree


@pytest.fixture
def tree(tmp_path):
    """Twelve photos of two classes."""
    return write_tree(tmp_path / "photos", two_classes(6))


@pytest.fixture
def here():
    """No worker processes: photos are decoded in this one."""
    with in_this_process():
        yield
