"""Loss and errors on the validation part after an epoch: the central view, as in section 5."""

from typing import Any

import numpy as np

from alexnet.data.store import ImageSet
from alexnet.metrics import k_of, top_k_error
from alexnet.model import Model

BLOCK = 32  # pictures


def validate(model: Model, images: ImageSet) -> dict[str, Any]:
    """Mean loss, top-1 and top-5 error as shares; None where there is no validation part."""
    part = images.parts.get("val")
    if part is None or len(part) == 0:
        return {"val_loss": None, "val_error": None, "val_top5_error": None}
    blocks = [
        model.probabilities(part.pictures[first : first + BLOCK])[0]
        for first in range(0, len(part), BLOCK)
    ]
    model.network.train()
    probabilities = np.concatenate(blocks)
    of_label = probabilities[np.arange(len(part)), part.labels].astype(np.float64)
    return {
        "val_loss": float(-np.log(np.maximum(of_label, 1e-30)).mean()),
        "val_error": float(top_k_error(probabilities, part.labels, 1)),
        "val_top5_error": float(top_k_error(probabilities, part.labels, k_of(len(model.classes)))),
    }
