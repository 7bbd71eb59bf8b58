"""Is every byte of a set what it was when the set was made?

Each picture has a digest, each other file a SHA-256 in ``set.json``, and that has one of itself.
"""

import json
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alexnet import files
from alexnet.data.arrays import mapped
from alexnet.data.shards import DIGEST, Shards, header_of, shard_path
from alexnet.data.store import FORMAT, SET, looks_prepared, open_set
from alexnet.errors import AlexNetError
from alexnet.machine import cores

Seen = Callable[[int], None]


@dataclass(frozen=True)
class Damage:
    """A place where a set is not what it was."""

    file: str  # inside the set
    what: str  # a sentence without its end


def verify(data: Path, seen: Seen | None = None) -> list[Damage]:
    """Read the whole set; an empty list means that every byte is as it was made.

    ``seen`` is told the bytes of pictures read so far. AlexNetError where there is no set, or one
    of another format.
    """
    found = list(_facts(data))
    if found:
        return found
    facts = files.read_json(data / SET)
    for name, wanted in facts["checksums"].items():
        found += _other_file(data / name, name, wanted)
    if {"shards.npy", "digests.npy"} & {one.file for one in found}:
        return found  # nothing is left by which pictures could be judged
    counts = mapped(data / "shards.npy", np.int32, (facts["shards"],))
    store = Shards(data, counts, facts["shard"], facts["size"])
    digests = mapped(data / "digests.npy", np.uint8, (len(counts) * store.most, DIGEST))
    found += _strangers(store, facts)
    return [*found, *_pictures(store, digests, seen or (lambda _: None))]


def bytes_there(data: Path) -> int:
    """Bytes of the pictures' files, whichever of them are there."""
    return sum(path.stat().st_size for path in (data / "pictures").glob("*.npy") if path.is_file())


def checksum_of(facts: dict[str, Any]) -> str:
    """The SHA-256 of ``set.json`` without its own checksum."""
    rest = {name: value for name, value in facts.items() if name != "checksum"}
    return sha256(json.dumps(rest).encode("ascii")).hexdigest()


def _facts(data: Path) -> Iterator[Damage]:
    """Damage of set.json itself, whose text must be just what is written for what it says."""
    try:
        facts = files.read_json(data / SET) if looks_prepared(data) else None
    except AlexNetError as error:
        yield Damage(SET, str(error).removesuffix("."))
        return
    if not isinstance(facts, dict) or _is_of_another_format(facts):
        facts = open_set(data).facts  # or rather the sentence about what it is instead
    if facts.get("checksum") != checksum_of(facts):
        yield Damage(SET, "its content is not what its checksum says")
    elif (data / SET).read_bytes() != files.as_json(facts):
        yield Damage(SET, "it was written by another hand, or a bit in it was flipped")


def _is_of_another_format(facts: dict[str, Any]) -> bool:
    """And not only by a bit that was flipped."""
    as_made = facts.get("checksum") in (None, checksum_of(facts))
    return as_made and facts.get("format") != FORMAT


def _other_file(path: Path, name: str, wanted: str) -> Iterator[Damage]:
    try:
        if files.sha256(path) != wanted:
            yield Damage(name, "its content is not what its checksum says")
    except OSError as error:
        yield Damage(name, f"it cannot be read: {error.strerror or error}")


def _strangers(store: Shards, facts: dict[str, Any]) -> Iterator[Damage]:
    data = store.folder
    known = {data / name for name in (SET, "pictures", *facts["checksums"])}
    known |= {path for _, path in store.paths()}
    for path in sorted((*data.iterdir(), *(data / "pictures").glob("*"))):
        if path not in known:
            yield Damage(str(path.relative_to(data)), "it does not belong to the set")


def _pictures(store: Shards, digests: NDArray[np.uint8], seen: Seen) -> Iterator[Damage]:
    """Damage of shards: read by threads ahead, told in their order."""
    threads, done = cores(), 0
    waiting: deque[Future[tuple[int, list[Damage]]]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        for number, _ in store.paths():
            waiting.append(pool.submit(_shard, store, digests, number))
            if len(waiting) > 2 * threads:
                size, damages = waiting.popleft().result()
                seen(done := done + size)
                yield from damages
        for future in waiting:
            size, damages = future.result()
            seen(done := done + size)
            yield from damages


def _shard(store: Shards, digests: NDArray[np.uint8], number: int) -> tuple[int, list[Damage]]:
    """The bytes of a shard, and what is wrong with it."""
    name, count = f"pictures/{number:07}.npy", int(store.counts[number])
    header = header_of(count, store.size)
    picture = bytearray(3 * store.size**2)
    damages: list[Damage] = []
    try:
        with shard_path(store.folder, number).open("rb", buffering=0) as file:
            if file.read(len(header)) != header:
                damages.append(Damage(name, "its header is damaged"))
            for place, digest in enumerate(digests[number * store.most :][:count]):
                if file.readinto(picture) != len(picture):
                    damages.append(Damage(name, f"it is cut short in picture {place}"))
                    break
                if sha256(picture).digest()[:DIGEST] != digest.tobytes():
                    damages.append(Damage(name, f"picture {place} is not what its digest says"))
            if file.read(1):
                damages.append(Damage(name, "there is more in it than its pictures"))
    except OSError as error:
        damages.append(Damage(name, f"it cannot be read: {error.strerror or error}"))
    return len(header) + count * len(picture), damages
