"""How training went: loss, error and learning rate by epoch, as curves and as a table."""

from collections.abc import Callable, Sequence

from alexnet.reporting.blocks import details, figure, note, section, table
from alexnet.reporting.charts import Curve, line_chart
from alexnet.reporting.html import Html, el
from alexnet.reporting.material import Material
from alexnet.reporting.numbers import count, percent, short

Epochs = Sequence[dict[str, float]]


def curves(material: Material) -> Html:
    """The section; with no finished epoch, a sentence."""
    epochs = material.epochs
    if not epochs:
        why = "No epoch of this run has been finished yet."
        if material.imported:
            why = "The weights were imported, not trained here."
        return section("curves", "Training", note(why))
    return section(
        "curves",
        "Training",
        el("p", _lowest(epochs)),
        el("div", _loss(epochs), _error(epochs), _rate(epochs), class_="curves"),
        details("The same as a table", _table(epochs)),
    )


def _lowest(epochs: Epochs) -> str:
    known = [epoch for epoch in epochs if epoch["val_error"] == epoch["val_error"]]
    if not known:
        return "There is no validation part, so only the training curves are known."
    best = min(known, key=lambda epoch: epoch["val_error"])
    return (
        f"The validation error was lowest in epoch {count(best['epoch'])}: "
        f"{percent(best['val_error'])}; at the end it is {percent(known[-1]['val_error'])}. "
        "Solid lines with discs: training; dashed lines with squares: validation. Training values "
        "are measured on the way, with dropout and altered pictures, so they may lie above the "
        "validation ones."
    )


def _loss(epochs: Epochs) -> Html:
    return _both(epochs, "loss", "Loss", "Mean cross-entropy of a picture, in nats.", short)


def _error(epochs: Epochs) -> Html:
    return _both(epochs, "error", "Error", "Share of pictures whose first label is wrong.", _whole)


def _both(
    epochs: Epochs, name: str, title: str, caption: str, shown: Callable[[float], str]
) -> Html:
    lines = [
        Curve("training", _points(epochs, f"train_{name}"), "a"),
        Curve("validation", _points(epochs, f"val_{name}"), "b"),
    ]
    words = f"{title} by epoch. " + " ".join(_in_words(line, shown) for line in lines)
    chart = line_chart(f"chart-{name}", title, words, lines, "epoch", shown)
    return figure([el("h3", title), chart], caption)


def _rate(epochs: Epochs) -> Html:
    line = Curve("rate", _points(epochs, "rate"), "a")
    words = f"Learning rate by epoch. {_in_words(line, short)}"
    chart = line_chart("chart-rate", "Learning rate", words, [line], "epoch", short, log=True)
    return figure(
        [el("h3", "Learning rate"), chart], "At the end of each epoch, on a logarithmic scale."
    )


def _points(epochs: Epochs, name: str) -> list[tuple[float, float]]:
    return [(epoch["epoch"], epoch[name]) for epoch in epochs]


def _in_words(line: Curve, shown: Callable[[float], str]) -> str:
    values = [value for _, value in line.points if value == value]
    if not values:
        return f"No values of {line.name}."
    first, last = shown(values[0]), shown(values[-1])
    return f"{line.name.capitalize()}: from {first} to {last}, lowest {shown(min(values))}."


def _whole(share: float) -> str:
    return percent(share, 0 if share == 0 or share >= 0.095 else 1)


def _table(epochs: Epochs) -> Html:
    head = [
        "Epoch", "Steps", "Rate", "Training loss", "Validation loss", "Training error",
        "Validation error", "Validation top-k error", "Pictures a second", "Waiting for data",
    ]  # fmt: skip
    return table("Values after each epoch", head, [_row(e) for e in epochs], range(len(head)))


def _row(epoch: dict[str, float]) -> list[str]:
    losses = [short(epoch[name]) for name in ("rate", "train_loss", "val_loss")]
    errors = [percent(epoch[name]) for name in ("train_error", "val_error", "val_top5_error")]
    speed = [count(epoch["images_per_second"]), percent(epoch["data_wait_share"])]
    return [count(epoch["epoch"]), count(epoch["step"]), *losses, *errors, *speed]
