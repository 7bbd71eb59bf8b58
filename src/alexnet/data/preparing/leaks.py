"""Training photos that are in val or test as well: found when a set is made, dropped when asked."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from alexnet.data.arrays import mapped
from alexnet.data.copies.duplicates import Copies, greys_of, leaks, search, search_exact
from alexnet.data.explain import number
from alexnet.data.filenames import shown
from alexnet.data.preparing.catalogue import Catalogue, as_text
from alexnet.data.preparing.talk import Talk
from alexnet.data.shards import DIGEST, Shards
from alexnet.data.split import PARTS
from alexnet.errors import UsageError

MOST = 2_000_000  # pictures; the search for near copies holds some hundred bytes for each in memory
SHARE = 0.05  # of the training part; beyond, near copies are doubted
FEW = 20  # near copies that are not doubted, however small the training part

Numbers = NDArray[np.int64]
Parts = NDArray[np.uint8]


def find_leaks(catalogue: Catalogue, store: Shards, drop: bool, talk: Talk) -> dict[str, int]:
    """How many pictures have a copy in a later part, train before val before test.

    With ``drop`` these are taken out of the set, but for one of each class that would have none to
    train on; so what is tested stays what it was. Returns what is written down:
    {"leaks": left, "leaks_dropped": taken out}. UsageError where so many would be dropped for their
    likeness that they are hardly copies.
    """
    addresses, part = _by_address(catalogue)
    copies = _copies(addresses, part, store, talk)
    for words in copies.notes:
        talk.say(words)
    found = leaks(copies, part)
    if not found:
        return {"leaks": 0, "leaks_dropped": 0}
    _write_down(catalogue, [(addresses[one], addresses[other]) for one, other in found])
    doubt = _doubt(len(found) - len(leaks(copies.exact, part)), part)
    if doubt and drop:
        raise UsageError(
            f"--drop-leaks would leave out {doubt} Prepare without --drop-leaks and look at them "
            "with alexnet inspect; then leave those that are copies out of SOURCE yourself."
        )
    _tell(catalogue, len(found), drop, doubt, talk)
    if drop:
        _drop(catalogue, talk)
    left = catalogue.count("leak WHERE NOT dropped")
    return {"leaks": left, "leaks_dropped": len(found) - left}


def _by_address(catalogue: Catalogue) -> tuple[Numbers, Parts]:
    """Addresses of the pictures, and the number of the part of each."""
    count = catalogue.count("picture WHERE part != ''")
    rows = catalogue.db.execute(
        "SELECT address, part FROM picture WHERE part != '' ORDER BY address"
    )
    kinds = np.dtype([("address", np.int64), ("part", np.uint8)])
    table = np.fromiter(((address, PARTS.index(part)) for address, part in rows), kinds, count)
    return table["address"].copy(), table["part"].copy()


def _copies(addresses: Numbers, part: Parts, store: Shards, talk: Talk) -> Copies:
    """Copies among the pictures, by their place in ``addresses``."""
    room = len(store.counts) * store.most
    digests = mapped(store.folder / "digests.npy", np.uint8, (room, DIGEST))
    if len(np.unique(part)) < 2:
        return search_exact(digests[:0])
    if len(addresses) > MOST:
        talk.say(
            f"Of {len(addresses):,} pictures only those with the same pixels were looked for in "
            "two parts; alexnet inspect looks for resized and recompressed ones too."
        )
        return search_exact(digests[addresses])
    hashes = mapped(store.folder / "hashes.npy", np.uint64, (room,))[addresses]
    greys = greys_of(lambda place: store[int(addresses[place])])
    with talk.progress("comparing like pairs of", 0) as progress:

        def tell(done: int, total: int) -> None:
            progress.total = total
            progress.update(done)

        return search(digests[addresses], hashes, greys, part.astype(np.int64), tell=tell)


def _write_down(catalogue: Catalogue, found: list[tuple[np.int64, np.int64]]) -> None:
    """Addresses that leak, and of each the copy that is never dropped, as the table ``leak``."""
    catalogue.db.execute(
        "CREATE TABLE leak (address INTEGER PRIMARY KEY, copy INT, dropped INT DEFAULT 0)"
    )
    rows = ((int(one), int(other)) for one, other in found)
    catalogue.db.executemany("INSERT INTO leak (address, copy) VALUES (?,?)", rows)


def _doubt(near: int, part: Parts) -> str:
    """A sentence without its beginning, where so many are hardly copies; "" where they may be."""
    among = np.count_nonzero(part == PARTS.index("train")) or len(part)
    if near <= max(FEW, SHARE * among):
        return ""
    return (
        f"{near:,} photos that are like others in a later part, but not the same pixel for pixel: "
        f"{near / among:.0%} of {among:,}. So many are likely pictures of one kind, not copies."
    )


def _tell(catalogue: Catalogue, count: int, drop: bool, doubt: str, talk: Talk) -> None:
    file, copy, _ = next(_named(catalogue, "leak"))
    many = number(count, "photo is", "photos are")
    talk.say(f"{many} in a part that is tested as well, such as {shown(file)} ({shown(copy)}).")
    if doubt:
        talk.say(f"Among these are {doubt} Look at them with alexnet inspect first.")
    elif not drop:
        talk.say("alexnet inspect shows them; --drop-leaks leaves them out.")


def _drop(catalogue: Catalogue, talk: Talk) -> None:
    """Reject what leaks, but for the first file of each class whose training photos all do."""
    catalogue.db.execute("UPDATE leak SET dropped = 1")
    # SQLite takes the address from the row that has the least file.
    last = catalogue.db.execute(
        "SELECT address, min(file) FROM picture LEFT JOIN leak USING (address) "
        "WHERE part = 'train' GROUP BY class HAVING count(*) = count(copy)"
    ).fetchall()
    catalogue.db.executemany(
        "UPDATE leak SET dropped = 0 WHERE address = ?", ((address,) for address, _ in last)
    )
    talk.say("They are left out and listed in rejected.csv.")
    if last:
        stay = "stays" if len(last) == 1 else "stay"
        talk.say(
            f"But {number(len(last), 'photo')} {stay}, such as {shown(as_text(last[0][1]))}: its "
            "class would have none to train on."
        )
    catalogue.reject(
        (file, f"the same photo as {shown(copy)} of {part}, which is kept")
        for file, copy, part in _named(catalogue, "leak WHERE dropped")
    )
    # Not before, so that all reasons name the parts as they were.
    catalogue.db.execute(
        "UPDATE picture SET part = '' WHERE address IN (SELECT address FROM leak WHERE dropped)"
    )


def _named(catalogue: Catalogue, leaks: str) -> Iterator[tuple[str, str, str]]:
    """(file, file of its copy, part of that) of leaks."""
    rows = catalogue.db.execute(
        f"SELECT one.file, other.file, other.part FROM (SELECT * FROM {leaks}) AS found "
        "JOIN picture AS one ON one.address = found.address "
        "JOIN picture AS other ON other.address = found.copy ORDER BY found.address"
    )
    for file, copy, part in rows:
        yield as_text(file), as_text(copy), part
