"""Mutated files of a prepared set: is each refused, or found by verify?

    python benchmarks/fuzz_store.py [--count 1000000] [--only NUMBER]

A small set is made; each trial changes one of its files (set.json and tables by their structure
too, arrays mostly in their headers), opens it, reads it, and asks verify. Trial n is a function of
the seed and n alone. Counts go to docs/results/fuzz-store.json, and a run that was stopped goes on
from what stands there. Exits with 1 where anything but a complaint comes, or where a change is not
found.
"""

import argparse
import json
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from counting import go
from fuzzing import put
from mutations import mutated
from PIL import Image

from alexnet.data.prepare import prepare
from alexnet.data.store import ImageSet, open_set
from alexnet.data.verify import verify
from alexnet.errors import AlexNetError

OUT = Path(__file__).resolve().parents[1] / "docs" / "results" / "fuzz-store.json"
SEED, SIZE, EACH = 2012, 8, 8
HEADER = 128  # bytes of an array's file before its numbers
LONGEST = 1000  # characters of a complaint
VALUES: tuple[Any, ...] = (
    None, True, -1, 0, 1, 2**31, 2**63, 10**400, 1e308, float("nan"), float("inf"), "", "x" * 99,
    "\ud800", "\0", [], [[]], {}, {"a": 1}, [None], [-1, "x"], "../../etc/passwd", "/etc/passwd",
)  # fmt: skip
TYPES = ("|u1", "<f4", "<i8", ">i4", "|O", "|V8", "<U9", "<m8[ns]", "", "x", "<f4,<f4", "|u0")
SHAPES = ("()", "(0,)", "(-1,)", "(1,)", "(10**9,)", "(2**63,)", "(1, 2, 3)", "(None,)", "None",
          "(1e3,)", "(True,)", f"({'1,' * 64})", "9" * 4000, "(" * 900)  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=1_000_000, help="trials in all")
    parser.add_argument("--out", type=Path, default=OUT, help="where the counts go")
    parser.add_argument("--only", type=int, help="do one trial here, and show what it changes")
    options = parser.parse_args()
    os.nice(10)
    with tempfile.TemporaryDirectory(prefix="fuzz-") as place:
        fuzz = Fuzz(Path(place))
        if options.only is not None:
            name, done, data = fuzz.input(options.only)
            print(name, done, data[:2000], fuzz.trial(options.only), sep="\n")
            return 0
        begun = {"seed": SEED, "files": {name: len(data) for name, data in fuzz.files.items()}}
        return go(fuzz.trial, options.count, options.out, begun)


class Fuzz:
    """A set, and the trials made of its files."""

    def __init__(self, place: Path) -> None:
        self.place, self.set = place, small_set(place)
        paths = sorted(path for path in self.set.rglob("*") if path.is_file())
        self.files = {str(path.relative_to(self.set)): path.read_bytes() for path in paths}

    def input(self, number: int) -> tuple[str, str, bytes]:
        """(file, what was done to it, its bytes)."""
        random = Random(f"{SEED}/{number}")
        name = random.choice(list(self.files))
        data, other = self.files[name], random.choice(list(self.files.values()))
        if name.endswith(".json") and random.random() < 0.6:
            return name, "value", other_value(random, data)
        if name.endswith(".npy") and random.random() < 0.3:
            return name, "header", other_header(random) + data[HEADER:]
        if name.endswith(".npy") and random.random() < 0.8:
            done, head = mutated(random, data[:HEADER], other[:HEADER])
            return name, done, head + data[HEADER:]
        return name, *mutated(random, data, other)

    def trial(self, number: int) -> str:
        """ "kind TAB mutations TAB outcome"."""
        name, done, data = self.input(number)
        copy = self.place / f"copy-{os.getpid()}"
        if not copy.exists():
            shutil.copytree(self.set, copy)
        put(copy / name, data)
        kind = re.sub(r"(train|val|test)-|\d+", "", name)
        try:
            outcome = outcome_of(copy, data == self.files[name])
        finally:
            put(copy / name, self.files[name])
        return f"{kind}\t{done}\t{outcome}"


def outcome_of(copy: Path, same: bool) -> str:
    """What becomes of a set in which one file is changed, or the same as before."""
    try:
        use(open_set(copy))
    except AlexNetError as error:
        long = len(str(error)) > LONGEST
        return f"wrong: a sentence of {len(str(error)):,} characters" if long else "refused"
    try:
        found = bool(verify(copy))
    except AlexNetError:
        return "wrong: verify cannot open what opens"
    if same:
        return "wrong: verify complains of nothing" if found else "no change"
    return "found by verify" if found else "wrong: verify does not find it"


def use(images: ImageSet) -> None:
    """Read all that a user of the set would."""
    _ = images.shards(), images.mean.tobytes(), images.names, images.fingerprint
    _ = images.digests.tobytes(), images.hashes.tobytes()
    for part in images.parts.values():
        _ = part.pictures[0], part.pictures[-1], part.labels.tobytes()
        _ = list(part.files), part.files[0], part.files[-1]


def small_set(place: Path) -> Path:
    random = np.random.default_rng(SEED)
    for name in ("cat", "dog"):
        (place / "photos" / name).mkdir(parents=True)
        for number in range(EACH):
            pixels = random.integers(0, 256, (SIZE, SIZE, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(place / "photos" / name / f"{number}.png")
    (place / "photos" / "cat" / "broken.png").write_bytes(b"")
    prepare(place / "photos", place / "set", size=SIZE, val=0.25, test=0.25, workers=1)
    return place / "set"


def other_value(random: Random, data: bytes) -> bytes:
    """JSON with one value changed, gone, or in a place where another was."""
    facts = json.loads(data)
    at, key = random.choice(list(places(facts)))
    match random.randrange(4):
        case 0 | 1:
            at[key] = random.choice(VALUES)
        case 2:
            del at[key]
        case 3:
            other, name = random.choice(list(places(facts)))
            at[key] = json.loads(json.dumps(other[name]))
    text = json.dumps(facts, indent=random.choice((None, 1, 2)), ensure_ascii=random.random() < 0.5)
    if random.random() < 0.02:
        text = "[" * 100_000
    return text.encode("utf-8", "surrogatepass")


def places(value: Any) -> list[tuple[Any, Any]]:
    """(object or list, key) of every value below."""
    keys = list(value) if isinstance(value, dict) else range(len(value))
    found = []
    for key in keys:
        found.append((value, key))
        if isinstance(value[key], dict | list):
            found += places(value[key])
    return found


def other_header(random: Random) -> bytes:
    """The header of an array as numpy writes it, with something in it that numpy does not write."""
    kind = random.choice(TYPES)
    order = random.choice(("False", "True", "None", "0"))
    fields = [f"'descr': '{kind}'", f"'fortran_order': {order}",
              f"'shape': {random.choice(SHAPES)}"]  # fmt: skip
    if random.random() < 0.2:
        fields[random.randrange(3)] = random.choice(
            ("'x': 1", "", "**{}", "'descr': [('a', '|u1')]")
        )
    text = ("{" + ", ".join(fields) + ", }").encode().ljust(117) + b"\n"
    version = random.choice((b"\1\0", b"\2\0", b"\3\0", b"\0\0", b"\xff\xff"))
    length = random.choice((len(text), len(text), len(text), 0, 0xFFFF))
    size = 2 if version < b"\2" else 4
    return b"\x93NUMPY" + version + length.to_bytes(size, "little") + text


if __name__ == "__main__":
    sys.exit(main())
