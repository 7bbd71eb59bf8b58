"""Processes that open what comes from outside: how the end of one is told."""

import signal


def cause_of_end(code: int, words: str) -> str:
    """Why a reading process ended with ``code`` and no answer; ``words`` are what it said last."""
    reader = "the process that reads it"
    if code == -signal.SIGXCPU:
        return f"{reader} took more processor time than a file of its size can need"
    if code == -signal.SIGKILL:
        return f"{reader} was killed (too little memory?)"
    if code < 0:
        return f"{reader} crashed ({(signal.strsignal(-code) or f'signal {-code}').lower()})"
    return f"{reader} ended with code {code} ({words})"
