"""What the user of prepare asked for."""

from dataclasses import dataclass
from pathlib import Path

from alexnet.data.split import PARTS
from alexnet.errors import UsageError
from alexnet.preprocessing import FILTERS, FITS


@dataclass(frozen=True)
class Options:
    """``val`` and ``test`` are a source, a share or nothing."""

    source: Path
    val: Path | float | None = None
    test: Path | float | None = None
    split: Path | None = None
    size: int = 256
    fit: str = "crop"
    filter: str = "bicubic"
    exif: str | None = None  # follow or ignore; None: as the source has it
    drop_leaks: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        if self.fit not in FITS:
            raise UsageError(f"--fit is {self.fit!r}; it can be {' or '.join(FITS)}.")
        if self.filter not in FILTERS:
            raise UsageError(f"--filter is {self.filter!r}; it can be {' or '.join(FILTERS)}.")
        if self.exif not in (None, "follow", "ignore"):
            raise UsageError(f"--exif is {self.exif!r}; it can be follow or ignore.")
        if not 1 <= self.size <= 4096:
            raise UsageError(f"--size is {self.size}; it can be 1 to 4096 pixels.")
        if sum(self.shares().values()) >= 1:
            raise UsageError("--val and --test together leave nothing to train on.")

    def asked(self, part: str) -> Path | float | None:
        """Where the photos of a part come from; those of train from SOURCE itself."""
        return {"train": self.source, "val": self.val, "test": self.test}[part]

    def shares(self) -> dict[str, float]:
        """The shares that were asked for, by part."""
        return {p: asked for p in PARTS if isinstance(asked := self.asked(p), float)}

    def sources(self) -> dict[str, Path]:
        """The sources by part, SOURCE itself first."""
        return {p: asked for p in PARTS if isinstance(asked := self.asked(p), Path)}


def source_or_share(name: str, value: str | Path | float | None) -> Path | float | None:
    """The value of --val or --test: a number between 0 and 1 is a share, else it is a path."""
    if value is None or isinstance(value, Path):
        return value
    try:
        share = float(value)
    except ValueError:
        return Path(str(value))
    if not 0 < share < 1:
        raise UsageError(f"--{name} is {value}; a share lies between 0 and 1, such as 0.1.")
    return share
