"""The finished curves of a claim in a CSV file: what an interrupted measurement goes on from."""

from itertools import groupby
from pathlib import Path

from alexnet.claims.curves import Curve, Key
from alexnet.data.tables import read_table, write_table
from alexnet.errors import AlexNetError

HEADER = ("network", "rate", "seed", "epochs", "training_error", "training_loss")


class Ledger:
    """Curves by (network, rate, seed); the file is whole after each one that is added."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.curves: dict[Key, Curve] = _read(path) if path.exists() else {}

    def add(self, curve: Curve) -> None:
        """Keep a curve, in the file too, whose rows do not depend on the order of adding."""
        self.curves[curve.key] = curve
        write_table(
            self.path, HEADER, [row for key in sorted(self.curves) for row in self._rows(key)]
        )

    def _rows(self, key: Key) -> list[tuple[object, ...]]:
        curve = self.curves[key]
        return [
            (*key, epochs, error, loss)
            for (epochs, error), loss in zip(curve.points, curve.losses, strict=True)
        ]


def _read(path: Path) -> dict[Key, Curve]:
    try:
        rows = [
            ((network, float(rate), int(seed)), float(error), float(loss))
            for network, rate, seed, _, error, loss in read_table(path, HEADER)
        ]
    except ValueError as error:
        raise AlexNetError(f"{path} is damaged: {error}. Remove it to measure anew.") from error
    found = {}
    for key, group in groupby(rows, key=lambda row: row[0]):
        values = [(error, loss) for _, error, loss in group]
        errors, losses = zip(*values, strict=True)
        network, rate, seed = key
        found[key] = Curve(network, rate, seed, errors, losses)
    return found
