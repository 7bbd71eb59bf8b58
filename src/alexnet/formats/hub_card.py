"""The card of a model in a hub: what it is, how to use it, what was measured."""

import re
from collections.abc import Sequence
from pathlib import Path

from alexnet.formats.describing import labels, pixels_in_words, square_in_words
from alexnet.model import Model
from alexnet.results import Evaluation

LISTED = 50  # names of classes; the rest are in config.json
HEAD = """---
library_name: alexnet
pipeline_tag: image-classification
tags:
- alexnet
- image-classification
# license: yours to choose; hubs ask for a line such as "license: mit" here
---
"""
USE = """```python
import alexnet
from alexnet.formats.hub import read_hub

for answer in alexnet.predict(read_hub("{folder}"), ["photo.jpg"]):
    print(answer.error or answer.predictions)
```"""


def card(model: Model, folder: str, evaluations: Sequence[Evaluation] = ()) -> str:
    """The card as Markdown; ``folder`` is where the example finds the model."""
    size = sum(value.numel() for value in model.network.parameters())
    use = USE.format(folder=folder.replace("\\", "\\\\").replace('"', '\\"'))
    return "\n\n".join(
        [
            f"{HEAD}\n# {_plain(model.name)}, {len(model.classes):,} classes",
            f"An AlexNet of {size:,} parameters that names what a photo shows, written by "
            "`alexnet export`. `model.safetensors` holds the weights by layer and the mean image, "
            "`config.json` the layers, the names of the classes and the preprocessing.",
            f"## Use\n\n{use}",
            f"## Pictures\n\nThe network reads {square_in_words(model)}; {pixels_in_words(model)}.",
            f"## Measured\n\n{_measured(evaluations)}",
            f"## Classes\n\n{_classes(labels(model))}\n",
        ]
    )


def _measured(evaluations: Sequence[Evaluation]) -> str:
    if not evaluations:
        return "This model has not been evaluated."
    first = evaluations[0]
    head = f"| views | top-1 error | top-{first.k} error |\n| --- | --- | --- |"
    rows = [
        f"| {e.way} | {_percent(e.top1_error, e.top1_interval)} "
        f"| {_percent(e.topk_error, e.topk_interval)} |"
        for e in evaluations
    ]
    return "\n".join(
        [
            f"On the {first.images:,} {first.part} pictures of {_plain(Path(first.data).name)}, "
            "in brackets intervals of 95 %:\n",
            *(head, *rows),
        ]
    )


def _percent(share: float, interval: tuple[float, float]) -> str:
    low, high = (100 * end for end in interval)
    return f"{100 * share:.2f} % ({low:.2f} to {high:.2f})"


def _classes(names: Sequence[str]) -> str:
    more = f" and {len(names) - LISTED:,} more, see config.json" if len(names) > LISTED else ""
    return f"{', '.join(map(_plain, names[:LISTED]))}{more}."


def _plain(text: str) -> str:
    """Text that Markdown shows as it is, on one line."""
    printable = "".join(c if c.isprintable() else " " for c in text)
    return re.sub(r"([\\`*_{}\[\]<>#|&~$])", r"\\\1", printable)
