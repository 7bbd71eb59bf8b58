"""What torchrun, or whoever starts processes as it does, says to each in its environment."""

import os

from alexnet import machine


def started() -> bool:
    """Whether torchrun started this process, be it the only one."""
    return {"RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"} <= os.environ.keys()


def launched() -> bool:
    """Whether torchrun started several processes."""
    return started() and _number("WORLD_SIZE", 1) > 1


def rank() -> int:
    """This process's number; 0 where it is alone."""
    return _number("RANK", 0) if launched() else 0


def local_size() -> int:
    """How many processes of the run share this machine."""
    return max(1, _number("LOCAL_WORLD_SIZE", 1)) if launched() else 1


def local_rank() -> int:
    """This process's number on its machine, by which it takes a card; 0 where it is alone."""
    return _number("LOCAL_RANK", rank() % local_size()) if launched() else 0


def threads() -> int:
    """As many as the cores, which the processes on this machine share."""
    return max(1, machine.cores() // local_size())


def _number(name: str, otherwise: int) -> int:
    text = os.environ.get(name, "")
    return int(text) if text.isdecimal() else otherwise
