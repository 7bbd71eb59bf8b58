"""Training photos that are in val or test as well: found when a set is made, dropped when asked."""

import numpy as np
from numpy.typing import NDArray

from alexnet.data.arrays import mapped
from alexnet.data.copies.duplicates import leaks, search
from alexnet.data.explain import number
from alexnet.data.filenames import shown
from alexnet.data.preparing.catalogue import Catalogue, as_text
from alexnet.data.preparing.talk import Talk
from alexnet.data.shards import DIGEST, Shards
from alexnet.data.split import PARTS
from alexnet.kernels.pictures import SMALL, small_grey

MOST = 4_000_000  # pictures; the search holds some hundred bytes for each in memory


def find_leaks(catalogue: Catalogue, store: Shards, drop: bool, talk: Talk) -> dict[str, int]:
    """How many pictures have a copy in a later part, train before val before test.

    With ``drop`` these are taken out of the set, and what is tested stays what it was. Returns what
    is written down: {"leaks": left, "leaks_dropped": taken out}, {} where nothing was looked for.
    """
    addresses, part = _by_address(catalogue)
    if len(addresses) > MOST:
        talk.say(
            f"Photos that are in two parts were not looked for among {len(addresses):,} pictures; "
            "alexnet inspect does it."
        )
        return {}
    found = _pairs(addresses, part, store, talk)
    if found:
        _tell(catalogue, found, drop, talk)
    if drop:
        _drop(catalogue, found)
        return {"leaks": 0, "leaks_dropped": len(found)}
    return {"leaks": len(found), "leaks_dropped": 0}


def _by_address(catalogue: Catalogue) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Addresses of the pictures, and the number of the part of each."""
    count = catalogue.count("picture WHERE part != ''")
    rows = catalogue.db.execute(
        "SELECT address, part FROM picture WHERE part != '' ORDER BY address"
    )
    table = np.fromiter(
        ((address, PARTS.index(part)) for address, part in rows), np.dtype("2i8"), count
    )
    return table[:, 0].copy(), table[:, 1].copy()


def _pairs(
    addresses: NDArray[np.int64], part: NDArray[np.int64], store: Shards, talk: Talk
) -> list[tuple[int, int]]:
    """(address that leaks, address of its copy in a later part)."""
    if len(np.unique(part)) < 2:
        return []
    room = len(store.counts) * store.most
    digests = mapped(store.folder / "digests.npy", np.uint8, (room, DIGEST))[addresses]
    hashes = mapped(store.folder / "hashes.npy", np.uint64, (room,))[addresses]

    def greys(numbers: NDArray[np.int64]) -> NDArray[np.uint8]:
        found = np.empty((len(numbers), SMALL, SMALL), np.uint8)
        for place, address in zip(found, addresses[numbers].tolist(), strict=True):
            place[:] = small_grey(store[address])
        return found

    with talk.progress("comparing like pairs of", 0) as progress:

        def tell(done: int, total: int) -> None:
            progress.total = total
            progress.update(done)

        copies = search(digests, hashes, greys, part, tell=tell)
    return [(int(addresses[one]), int(addresses[other])) for one, other in leaks(copies, part)]


def _tell(catalogue: Catalogue, found: list[tuple[int, int]], drop: bool, talk: Talk) -> None:
    one, other = (_file(catalogue, address)[0] for address in found[0])
    many = number(len(found), "photo is", "photos are")
    talk.say(f"{many} in a part that is tested as well, such as {shown(one)} ({shown(other)}).")
    talk.say(
        "They are left out and listed in rejected.csv."
        if drop
        else "alexnet inspect shows them; --drop-leaks leaves them out."
    )


def _file(catalogue: Catalogue, address: int) -> tuple[str, str]:
    """File and part of a picture."""
    row = catalogue.db.execute("SELECT file, part FROM picture WHERE address = ?", (address,))
    file, part = row.fetchone()
    return as_text(file), part


def _drop(catalogue: Catalogue, found: list[tuple[int, int]]) -> None:
    for address, kept in found:
        (file, _), (other, part) = _file(catalogue, address), _file(catalogue, kept)
        catalogue.reject([(file, f"the same photo as {shown(other)} of {part}, which is kept")])
        catalogue.db.execute("UPDATE picture SET part = '' WHERE address = ?", (address,))
