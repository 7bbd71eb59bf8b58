"""Without a GPU the kernels run in Triton's interpreter, which is chosen when they are imported."""

import os
from collections.abc import Iterator

import pytest
import torch

if not torch.cuda.is_available():
    os.environ["TRITON_INTERPRET"] = "1"


@pytest.fixture(scope="session", autouse=True)
def _few_programs() -> Iterator[None]:
    """The interpreter takes as long for a small program as for a large one: so these are few."""
    from alexnet.kernels.gpu import norm_pool

    with pytest.MonkeyPatch.context() as patched:
        if not torch.cuda.is_available():
            patched.setattr(norm_pool, "BLOCK", 2048)
        yield


@pytest.fixture
def plain_norms(monkeypatch: pytest.MonkeyPatch) -> None:
    """Normalisation and pooling in plain torch: in the interpreter they take most of a step.

    For tests of what stands around them; those of whole steps have the kernels.
    """
    from alexnet.kernels.gpu import front

    monkeypatch.setattr(front.fused, "takes", lambda *_: False)
