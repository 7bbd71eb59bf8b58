import pytest

from alexnet.inspection import inspect_set
from tests.inspection.sets import made


@pytest.fixture(scope="package")
def found(tmp_path_factory):
    return inspect_set(made(tmp_path_factory.mktemp("inspected")), quiet=True)
