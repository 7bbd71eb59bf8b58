"""Whether a file that others open answers as the network does: on pictures, how far off at most."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from alexnet.errors import AlexNetError
from alexnet.model import Model
from alexnet.views import test_views

# Limits: of the probabilities; of the logits, as a share of the greatest.
PROBABILITIES, LOGITS = 1e-5, 1e-4
COARSE = 8  # random squares on each side of a picture: noise of pixels is far from any photo

Answer = Callable[[NDArray[Any]], NDArray[np.float32]]


@dataclass(frozen=True)
class Difference:
    """The greatest differences found; ``logits`` as a share of the greatest one, if there are."""

    probabilities: float
    logits: float | None = None

    def __str__(self) -> str:
        shares = f"{self.probabilities:.1e} in probabilities"
        return shares if self.logits is None else f"{shares}, {self.logits:.1e} in logits"


NONE = Difference(0.0, 0.0)


def compared(model: Model, answer: Answer, whole: bool = False) -> Difference:
    """How far the answers to random pictures are from the network's; AlexNetError past a limit.

    ``answer`` gets pixels, float32 (N, 3, side, side), and gives logits (N, classes); with
    ``whole`` it gets stored pictures, uint8 (N, size, size, 3), and gives probabilities. It is
    called with two pictures and with one, for N must be free.
    """
    pictures = random_pictures(model.preprocessing.size, 3)
    pixels, logits = _own(model, pictures)
    given = pictures if whole else pixels
    found = np.concatenate([answer(given[:2]), answer(given[2:])])
    if found.shape != logits.shape:
        raise AlexNetError(f"The file gives {found.shape} numbers where {logits.shape} are right.")
    shares = found if whole else _softmax(found)
    result = Difference(
        float(np.abs(shares - _softmax(logits)).max()),
        None if whole else float(np.abs(found - logits).max() / max(np.abs(logits).max(), 1e-30)),
    )
    # Written so that NaN fails.
    if not (result.probabilities <= PROBABILITIES and (result.logits or 0.0) <= LOGITS):
        raise AlexNetError(
            f"The file was not written: its answers to random pictures differ by {result}; at most "
            f"{PROBABILITIES:.0e} and {LOGITS:.0e} of the greatest are allowed."
        )
    return result


def random_pictures(size: int, count: int) -> NDArray[np.uint8]:
    """Stored pictures of soft random colours, always the same: uint8 (count, size, size, 3)."""
    coarse = np.random.default_rng(0).integers(0, 256, (count, COARSE, COARSE, 3), dtype=np.uint8)
    soft = [Image.fromarray(one).resize((size, size), Image.Resampling.BICUBIC) for one in coarse]
    return np.stack([np.asarray(one) for one in soft])


def _own(
    model: Model, pictures: NDArray[np.uint8]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The central views as the network reads them, and its logits."""
    (view,) = test_views(pictures, model.mean, model.preprocessing, 1)
    with torch.inference_mode():
        logits = model.network.eval()(view).numpy()
    if not np.isfinite(logits).all():
        raise AlexNetError("The network answers with numbers that are not finite: it diverged.")
    return view.contiguous().numpy(), logits


def _softmax(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    powers = np.exp(logits.astype(np.float64) - logits.max(-1, keepdims=True))
    return np.asarray(powers / powers.sum(-1, keepdims=True))
