"""patch_images.tar of ILSVRC-2010: photos in the place of some that were blank or unavailable."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from alexnet.data.explain import listed, number
from alexnet.data.sources.entries import Entry
from alexnet.data.sources.known.ilsvrc_releases import PARTS, PATCHES
from alexnet.data.sources.tars import Tar
from alexnet.errors import AlexNetError

MOST = 100_000  # photos; they are held in memory


@dataclass(frozen=True)
class Patches:
    """The photos that replace others of the same name, by PART/NAME."""

    photos: dict[str, Entry]

    def applied(self, entries: Iterator[Entry]) -> Iterator[Entry]:
        """The entries, with the bytes of the patch where there is one; each patch is used once."""
        for one in entries:
            part, name = one.path.partition("/")[0], one.path.rpartition("/")[2]
            patch = None if one.problem else self.photos.pop(f"{part}/{name}", None)
            if patch:
                one = replace(
                    one, file=PATCHES, offset=patch.offset, size=patch.size, stamp=patch.stamp
                )
            yield one

    def unused(self, parts: list[str]) -> Iterator[str]:
        """A sentence on patches for these parts that replaced nothing."""
        left = [name for name in self.photos if name.partition("/")[0] in parts]
        if left:
            yield (
                f"{number(len(left), 'photo')} of {PATCHES} would replace what is not there: "
                f"{listed(left)}."
            )


def read_patches(folder: Path, notes: list[str]) -> Patches:
    """Those in a folder; the last folder in the name of a member, train, val or test, is its part.

    AlexNetError where the archive is damaged, packed, or holds more than MOST.
    """
    patches = Patches({})
    if not (folder / PATCHES).is_file():
        return patches
    tar = Tar(folder / PATCHES)
    for one in tar.entries():
        part, _, name = "/".join(one.path.split("/")[-2:]).partition("/")
        if one.folder or one.problem or part not in PARTS:
            continue
        if one.offset < 0 or len(patches.photos) == MOST:
            raise AlexNetError(
                f"{tar.path} is not the {PATCHES} of ILSVRC-2010, an archive that is not "
                f"compressed, with fewer than {MOST:,} photos. Download it again."
            )
        patches.photos[f"{part}/{name}"] = one
    many = number(len(patches.photos), "photo")
    notes.extend([*tar.notes, f"{PATCHES} replaces the {many} that it names."])
    return patches
