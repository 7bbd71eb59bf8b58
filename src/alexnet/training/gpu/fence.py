"""A place in the device's work that can be waited for; where there is no GPU all work is done."""

import torch


class Fence:
    """Everything asked of the device's current stream until ``set`` was last called."""

    def __init__(self, where: torch.device) -> None:
        self.event = torch.cuda.Event() if where.type == "cuda" else None  # type: ignore[no-untyped-call]

    def set(self) -> None:
        """Put the fence behind what was asked for so far."""
        if self.event:
            self.event.record()

    def wait(self) -> None:
        """Let the processor wait until all before the fence is done; at once where none was set."""
        if self.event:
            self.event.synchronize()
