"""What a model is and what its pictures must look like, for those who use it without us."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from alexnet.model import Model
from alexnet.networks import layers


def facts(model: Model) -> dict[str, Any]:
    """The model without its numbers, as plain values for JSON."""
    return {
        "network": model.name,
        "classes": list(model.classes),
        "names": labels(model),
        "pictures": f"{square_in_words(model)}; {pixels_in_words(model)}",
        "preprocessing": asdict(model.preprocessing),
        "mean": channel_mean(model) or "image",
        "layers": layers.to_json(model.layers),
    }


def labels(model: Model) -> list[str]:
    """The names of the classes, each one once: where two are called alike, with what they are."""
    counts = Counter(model.shown)
    pairs = zip(model.shown, model.classes, strict=True)
    return [name if counts[name] == 1 else f"{name} ({own})" for name, own in pairs]


def channel_mean(model: Model) -> tuple[float, float, float] | None:
    """What R, G and B lose, where it is the same everywhere; None for a mean image."""
    if (model.mean != model.mean[0, 0]).any():
        return None
    red, green, blue = map(float, model.mean[0, 0])
    return red, green, blue


def square_in_words(model: Model) -> str:
    """How a photo becomes the stored square that the preprocessing begins with."""
    way = model.preprocessing
    part = "central square of the photo" if way.fit == "crop" else "whole photo, sides not kept"
    return (
        f"the {part}, scaled to {way.size}x{way.size} pixels (Pillow's {way.filter}, which is "
        "antialiased), RGB, 0 to 255"
    )


def pixels_in_words(model: Model) -> str:
    """How the stored square becomes what the network reads."""
    way, mean = model.preprocessing, channel_mean(model)
    less = f"less {_shown(mean)}" if mean else "less the central part of the mean image"
    divided = f", divided by {_shown(way.divisor)}" if (way.divisor != 1).any() else ""
    return (
        f"of it the central {way.crop}x{way.crop} pixels, {less}{divided}; planes in the order "
        f"{', '.join(way.channels)}"
    )


def _shown(numbers: Iterable[float]) -> str:
    shown = [f"{number:.6g}" for number in numbers]
    return shown[0] if len(set(shown)) == 1 else f"({', '.join(shown)}) for R, G, B"
