import pytest

from alexnet.data.filenames import kind, must_look_inside, shown
from tests.data.trees import photo


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("cat/1.jpg", ""),
        ("cat/1.JpEg", ""),
        ("cat/a.b.HEIC", ""),
        ("cat/.hidden.jpg", "hidden"),
        ("cat/._1.jpg", "hidden"),
        ("cat/.DS_Store", ".DS_Store"),
        ("cat/Thumbs.db", "Thumbs.db"),
        ("cat/THUMBS.DB", "THUMBS.DB"),
        ("cat/desktop.ini", "desktop.ini"),
        ("__MACOSX/cat/1.jpg", "inside __MACOSX"),
        ("cat/.thumbs/1.jpg", "inside .thumbs"),
        ("cat/@eaDir/1.jpg", "inside @eaDir"),
        ("cat/notes.TXT", ".txt"),
        ("cat/README", "without suffix"),
    ],
)
def test_kinds(path, expected):
    assert kind(path, b"some text") == expected


def test_an_unknown_suffix_is_judged_by_content():
    assert must_look_inside("cat/photo.jpg.part")
    assert kind("cat/photo.jpg.part", photo()) == ""
    assert kind("cat/noextension", b"\xff\xd8\xff\xe0" + bytes(40)) == ""


def test_weak_signs_do_not_make_a_text_a_photo():
    assert kind("cat/notes.txt", b"BM is how this text begins") == ".txt"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("사진 with spaces.jpg", "사진 with spaces.jpg"),
        ("new\nline\tand\x1b[31m", "new\\nline\\tand\\x1b[31m"),
        ("back\\slash", "back\\\\slash"),
        ("\udcff\udc80.jpg", "\\xff\\x80.jpg"),
        ("left\u202eright", "left\\u202eright"),
    ],
)
def test_shown(name, expected):
    assert shown(name) == expected
