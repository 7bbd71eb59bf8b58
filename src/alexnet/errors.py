"""What can go wrong, as sentences: what was found, where, what was expected, what to do."""

from pathlib import Path


class AlexNetError(Exception):
    """A failure that the user can act on; its text is shown without a traceback (exit code 1)."""


class UsageError(AlexNetError):
    """A wrong call: unknown name, value out of range, contradiction (exit code 2)."""


class Interrupted(AlexNetError):
    """Work was stopped by Ctrl-C or SIGTERM and can be taken up again (exit code 130)."""


class Told(AlexNetError):
    """The end of a process of several, where another one has said why; nothing is printed."""

    def __init__(self, cause: BaseException | None = None) -> None:
        super().__init__(str(cause or ""))
        self.cause = cause


def no_run(path: Path, otherwise: str) -> AlexNetError:
    """What to say where a run was wanted: nothing is there, or a hub's folder, or ``otherwise``."""
    if not path.exists():
        return AlexNetError(f"There is no {path}; give the folder of a run.")
    if (path / "config.json").is_file():
        return AlexNetError(
            f"{path} is a folder for a model hub, not a run; make one of it: "
            f"alexnet import {path} RUN"
        )
    return AlexNetError(otherwise)
