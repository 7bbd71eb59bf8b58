import pytest

from alexnet.errors import UsageError
from alexnet.inspection.source import set_of
from tests.data.here import in_this_process
from tests.data.trees import two_classes, write_tar, write_tree


@pytest.fixture(autouse=True)
def here():
    with in_this_process():
        yield


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("v1.0", "v1.0-prepared"),
        ("v1.1", "v1.1-prepared"),
        ("birds.tar", "birds.tar-prepared"),
        (".hidden", ".hidden-prepared"),
    ],
)
def test_photos_are_prepared_into_a_folder_named_like_theirs(tmp_path, name, place):
    said = []
    images = set_of(write_tree(tmp_path / name, two_classes(2)), said.append)
    assert images.folder == tmp_path / place
    assert place in said[0]


@pytest.mark.parametrize("name", ["birds.v2.tar", "birds.v2.TAR", "birds.v2.tar.gz"])
def test_archives_lose_their_endings_only(tmp_path, name):
    archive = write_tar(tmp_path / name, two_classes(2), "w:gz" if name.endswith("gz") else "w")
    assert set_of(archive, lambda _: None).folder == tmp_path / "birds.v2-prepared"


def test_a_set_is_opened_where_it_is(tmp_path):
    made = set_of(write_tree(tmp_path / "photos", two_classes(2)), lambda _: None)
    said = []
    assert set_of(made.folder, said.append).folder == made.folder
    assert said == []


def test_nothing_there(tmp_path):
    with pytest.raises(UsageError, match="Give a prepared set, or photos in class folders"):
        set_of(tmp_path / "none", lambda _: None)
