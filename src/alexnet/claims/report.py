"""One claim from a set to its files: OUT/NAME.csv, NAME.svg, NAME.json."""

import dataclasses
import importlib
from pathlib import Path
from typing import Any

from alexnet import machine
from alexnet.claims import CLAIMS
from alexnet.claims.bench import Bench
from alexnet.claims.claim import Claim
from alexnet.claims.curves import BATCH, MOMENTUM, SCALE
from alexnet.claims.ledger import Ledger
from alexnet.data.store import ImageSet, open_set
from alexnet.errors import UsageError
from alexnet.files import read_json, write_json, write_text
from alexnet.names import nearest
from alexnet.run import locked


def claim_of(name: str) -> Claim:
    """A claim by name; UsageError for an unknown one."""
    if name not in CLAIMS:
        raise UsageError(f"There is no claim {name!r}{nearest(name, CLAIMS)}.")
    claim: Claim = importlib.import_module(f"alexnet.claims.{name}").CLAIM
    return claim


def measured(name: str, data: Path, out: Path) -> str:
    """Measure a claim, or go on where it was stopped; the words to print.

    Interrupted after Ctrl-C, finished curves kept; UsageError where the set does not fit or the
    folder holds curves of another set, other settings or other versions.
    """
    return measure(claim_of(name), open_set(data), out)


def measure(claim: Claim, images: ImageSet, out: Path) -> str:
    """The same for a claim and a set that are open."""
    if images.size != claim.side or "train" not in images.parts:
        raise UsageError(
            f"{claim.name} reads training pictures of {claim.side}x{claim.side}; {images.folder} "
            f"has {images.size}x{images.size}. Prepare it with --size {claim.side}."
        )
    out.mkdir(parents=True, exist_ok=True)
    record, begun = out / f"{claim.name}.json", _begun(claim, images)
    with locked(out):
        ledger = _ledger(record, begun)
        finding = claim.measure(Bench(images, ledger), claim.settings)
        write_text(out / f"{claim.name}.svg", finding.figure + "\n")
        outcome = {"holds": finding.holds, "verdict": finding.verdict, **finding.facts}
        write_json(record, {**begun, **outcome, "machine": machine.describe()})
    return f"{finding.details}\n{finding.verdict}\nFiles: {out}/{claim.name}.svg, .csv, .json"


def _begun(claim: Claim, images: ImageSet) -> dict[str, Any]:
    """What must be the same for curves to belong together."""
    training = {"batch": BATCH, "momentum": MOMENTUM, "scale": SCALE, "decay": 0.0}
    return {
        "claim": claim.says,
        "source": claim.source,
        "settings": {**_plain(claim.settings), **training},
        "data": {
            "fingerprint": images.fingerprint,
            "pictures": len(images.parts["train"]),
            "classes": len(images.classes),
        },
        "versions": machine.versions(),
    }


def _plain(settings: Any) -> dict[str, Any]:
    values = dataclasses.asdict(settings)
    return {name: list(v) if isinstance(v, tuple) else v for name, v in values.items()}


def _ledger(record: Path, begun: dict[str, Any]) -> Ledger:
    """The curves so far; the record says from the beginning what they belong to."""
    path = record.with_suffix(".csv")
    if not path.exists():
        write_json(record, begun)
        return Ledger(path)
    known = read_json(record) if record.exists() else {}
    other = [name for name in ("settings", "data", "versions") if known.get(name) != begun[name]]
    if other:
        raise UsageError(
            f"{path} was measured with other {' and '.join(other)}; give another folder."
        )
    return Ledger(path)
