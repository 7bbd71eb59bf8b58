"""`import alexnet`: the verbs and their types, imported when they are first used."""

import inspect
import subprocess
import sys
from importlib.metadata import version

import pytest

import alexnet

VERBS = ("prepare", "train", "resume", "evaluate", "predict", "report")


@pytest.mark.parametrize("name", alexnet.__all__)
def test_every_name_can_be_got_and_says_what_it_is(name: str) -> None:
    found = getattr(alexnet, name)
    if name != "__version__":
        assert inspect.getdoc(found)
        assert found.__module__.startswith("alexnet.")


def test_the_list_is_sorted_and_complete() -> None:
    assert list(alexnet.__all__) == sorted(alexnet.__all__)
    assert len(set(alexnet.__all__)) == len(alexnet.__all__)
    assert set(alexnet.__all__) == {*alexnet._PLACES, "__version__"}
    assert set(VERBS) <= set(alexnet.__all__)
    assert dir(alexnet) == sorted(alexnet.__all__)


def test_a_star_brings_them_all() -> None:
    names: dict[str, object] = {}
    exec("from alexnet import *", names)
    assert set(alexnet.__all__) <= set(names)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'alexnet' has no attribute 'trian'"):
        alexnet.trian  # noqa: B018
    assert not hasattr(alexnet, "__wrapped__")
    with pytest.raises(ImportError):
        exec("from alexnet import trian")


def test_verbs_stay_functions_when_every_module_is_imported() -> None:
    # A module alexnet.VERB would take the place of the function as soon as it is imported.
    script = (
        "import alexnet, importlib, pkgutil\n"
        "for module in pkgutil.iter_modules(alexnet.__path__, 'alexnet.'):\n"
        "    if module.name != 'alexnet.__main__':\n"
        "        importlib.import_module(module.name)\n"
        f"assert all(callable(getattr(alexnet, name)) for name in {VERBS})"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("verb", VERBS)
def test_verbs_are_annotated_throughout(verb: str) -> None:
    signature = inspect.signature(getattr(alexnet, verb))
    assert signature.return_annotation is not inspect.Signature.empty
    for parameter in signature.parameters.values():
        assert parameter.annotation is not inspect.Parameter.empty, parameter


def test_errors_can_all_be_caught_as_one() -> None:
    assert issubclass(alexnet.UsageError, alexnet.AlexNetError)
    assert issubclass(alexnet.Interrupted, alexnet.AlexNetError)


def test_the_version_is_that_of_the_package() -> None:
    assert alexnet.__version__ == version("alexnet")
