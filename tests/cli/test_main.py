"""The front of the command line: help without heavy imports, exit codes, one line for an error."""

import subprocess
import sys
import types

import pytest

from alexnet import cli
from alexnet._version import __version__
from alexnet.errors import AlexNetError, Interrupted, UsageError

HEAVY = ("torch", "triton", "numpy", "PIL", "safetensors", "sklearn")

PROGRAM = """
import sys
{statement}
print([name for name in {heavy} if name in sys.modules], file=sys.stderr)
sys.exit(code)
"""


def run(statement: str) -> subprocess.CompletedProcess[str]:
    program = PROGRAM.format(statement=statement, heavy=HEAVY)
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )


def helped(*words: str) -> subprocess.CompletedProcess[str]:
    return run(
        "from alexnet.cli import main\n"
        f"try:\n    code = main({list(words)})\nexcept SystemExit as end:\n    code = end.code"
    )


def test_importing_the_package_loads_nothing_heavy() -> None:
    done = run("import alexnet; code = 0")
    assert done.stderr.splitlines() == ["[]"]


def test_help_lists_the_verbs_and_loads_nothing_heavy() -> None:
    done = helped("--help")
    assert done.returncode == 0
    assert done.stderr.splitlines() == ["[]"]
    for verb in cli.VERBS:
        assert f"\n  {verb} " in done.stdout


@pytest.mark.parametrize("verb", cli.VERBS)
def test_help_of_a_verb_explains_it_with_an_example_and_loads_nothing_heavy(verb: str) -> None:
    done = helped(verb, "--help")
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines() == ["[]"]
    assert done.stdout.startswith(f"usage: alexnet {verb}")
    assert f"Example:\n  alexnet {verb} " in done.stdout


def test_an_unknown_verb_is_a_wrong_call() -> None:
    done = helped("trian")
    assert done.returncode == 2
    assert "invalid choice: 'trian'" in done.stderr
    assert "Traceback" not in done.stderr


def test_no_arguments_print_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([]) == 2
    assert "usage: alexnet VERB" in capsys.readouterr().out


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        cli.main(["--version"])
    assert end.value.code == 0
    assert capsys.readouterr().out == f"alexnet {__version__}\n"


def test_python_m_alexnet_is_the_same_program() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "alexnet", "--version"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, f"alexnet {__version__}\n")


def ends_with(monkeypatch: pytest.MonkeyPatch, error: BaseException | None, code: int = 0) -> int:
    """The exit code of a verb that raises or returns this."""

    def work(_options: object) -> int:
        if error:
            raise error
        return code

    verb = types.SimpleNamespace(
        __doc__="A verb.", EXAMPLE="alexnet report x", arguments=lambda _: None, run=work
    )
    monkeypatch.setattr(cli.importlib, "import_module", lambda _: verb)
    return cli.main(["report"])


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (AlexNetError("The disk is full."), 1),
        (UsageError("There is no network 'alexnt'."), 2),
        (Interrupted("stopped after step 3"), 130),
    ],
)
def test_errors_are_one_line_and_an_exit_code(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: AlexNetError,
    code: int,
) -> None:
    assert ends_with(monkeypatch, error) == code
    out, err = capsys.readouterr()
    assert (out, err) == ("", f"alexnet report: {error}\n")


@pytest.mark.parametrize("code", [0, 3])
def test_a_verb_s_own_exit_code(monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    assert ends_with(monkeypatch, None, code) == code


def test_ctrl_c_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ends_with(monkeypatch, KeyboardInterrupt()) == 130
    assert capsys.readouterr().err == "alexnet report: interrupted\n"


def test_errors_of_ours_that_are_bugs_keep_their_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ZeroDivisionError):
        ends_with(monkeypatch, ZeroDivisionError())
