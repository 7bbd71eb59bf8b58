"""What can go wrong, as sentences: what was found, where, what was expected, what to do."""


class AlexNetError(Exception):
    """A failure that the user can act on; its text is shown without a traceback (exit code 1)."""


class UsageError(AlexNetError):
    """A wrong call: unknown name, value out of range, contradiction (exit code 2)."""


class Interrupted(AlexNetError):
    """Work was stopped by Ctrl-C or SIGTERM and can be taken up again (exit code 130)."""
