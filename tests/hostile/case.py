"""What all hostile archives share: honest photos beside the attack, and what must come of both."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tests.data.trees import photo

GOOD = {name: photo(seed, 8, 8) for seed, name in enumerate(("cat/1.png", "dog/1.png"), 1)}
LAST = {"dog/2.png": photo(3, 8, 8)}  # behind the attack, where the archive can be read on
HONEST = {**GOOD, **LAST}
PHOTO = photo(4, 8, 8)  # what an attack carries where it needs a photo


@dataclass(frozen=True)
class Hostile:
    """One archive. All its files must be accounted for: honest, harmless or refused."""

    name: str  # with the suffix
    tries: str  # what the attack is, in a sentence
    make: Callable[[], bytes]
    refused: Mapping[str, str] = field(default_factory=dict)  # member -> part of the reason
    harmless: tuple[str, ...] = ()  # members that are taken, beside the honest ones
    error: str = ""  # part of the sentence where the archive as a whole is refused
    note: str = ""  # part of what is said beside
    folders: tuple[str, ...] = ()
    honest: Mapping[str, bytes] = field(default_factory=lambda: HONEST)
