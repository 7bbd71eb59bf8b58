"""Make an image set from photos: find the classes, decode, scale and crop each photo, measure.

SOURCE is a folder of class folders, or of train/, val/ and test/ with class folders, or a .tar or
.zip of either; or ImageNet's archives as downloaded; a list (CSV, TSV, JSON lines) of photos and
labels; or the files of CIFAR or MNIST. It is recognised by its content, and nothing is unpacked to
disk. DATA is the folder to be made; the work is done in DATA.part, can be stopped at any moment and
is taken up again by the same command. Photos that are broken are named, counted and left out.

Where SOURCE holds no training photos (ImageNet's val alone, say), networks can be evaluated on DATA
but not trained.

Exit code 0: done; 3: done, but files were rejected (with --strict; those of --drop-leaks do not
count); 130: stopped, can go on.
"""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from alexnet.data.prepared import Prepared

EXAMPLE = "alexnet prepare photos/ data/"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``alexnet prepare``."""
    add = parser.add_argument
    add("source", metavar="SOURCE", help="where the photos are")
    add("data", metavar="DATA", help="the folder to be made")
    usual = {"val": "0.1 where SOURCE has no val/; none with --split", "test": "none"}
    for part, default in usual.items():
        add(
            f"--{part}",
            metavar="SOURCE|SHARE",
            help=f"photos for {part}, or the share of them to split off (default: {default})",
        )
    add("--split", metavar="FILE", help="take the parts from FILE, a split.csv of another set")
    add("--size", type=int, default=256, metavar="N", help="side in pixels (default: 256)")
    add(
        "--fit",
        choices=("crop", "warp"),
        default="crop",
        help="crop: shorter side to size, central square (default); warp: both sides to size",
    )
    add(
        "--filter",
        choices=("bicubic", "bilinear"),
        default="bicubic",
        help="what scales a photo (default: bicubic; bilinear for imported networks that say so)",
    )
    add(
        "--exif",
        choices=("follow", "ignore"),
        help="turn photos as their EXIF block says, or not (default: follow, but not ImageNet's)",
    )
    add(
        "--drop-leaks",
        action="store_true",
        help="take training photos out that are in val or test as well",
    )
    add("--seed", type=int, default=0, metavar="N", help="which photos are split off (default: 0)")
    add("--workers", type=int, metavar="N", help="processes (default: one for each core)")
    add(
        "--checksums",
        action="store_true",
        help="first compare archives with the published MD5 sums, where there are any",
    )
    add("--job", metavar="K/N", help="make the K-th of N shares only, and no set yet")
    add("--strict", action="store_true", help="exit with 3 when files were rejected")
    add("--json", action="store_true", help="print one JSON value on standard output")


def run(options: argparse.Namespace) -> int:
    """Prepare; say what became of every file."""
    import json
    import sys

    from alexnet.data.prepare import prepare_share, prepared
    from alexnet.data.preparing.options import Options, source_or_share
    from alexnet.data.preparing.talk import summary

    def say(sentence: str) -> None:
        print(sentence, file=sys.stderr if options.json else sys.stdout, flush=True)

    wanted = Options(
        source=Path(options.source),
        val=source_or_share("val", options.val),
        test=source_or_share("test", options.test),
        split=None if options.split is None else Path(options.split),
        size=options.size,
        fit=options.fit,
        filter=options.filter,
        exif=options.exif,
        drop_leaks=options.drop_leaks,
        seed=options.seed,
    )
    data = Path(options.data)
    if options.checksums:
        for path in wanted.sources().values():
            _compare(path, say)
    if options.job is not None:
        prepare_share(wanted, data, options.job, options.workers, say)
        if options.json:
            print(json.dumps({"job": options.job, "folder": str(data)}, indent=2))
        return 0
    result = prepared(wanted, data, options.workers, say)
    say(summary(result))
    if options.json:
        print(json.dumps(_as_json(result), indent=2))
    return 3 if options.strict and _refused(result) else 0


def _refused(result: "Prepared") -> int:
    """How many files were rejected, without the leaks that were to be dropped."""
    return len(result.rejected) - int(result.set.facts.get("leaks_dropped", 0))


def _compare(path: Path, say: "Callable[[str], None]") -> None:
    """Say of each archive at ``path`` whether it is as published."""
    from alexnet.data.sources.known.checksums import bytes_to_read, verified
    from alexnet.progress import Progress

    progress = Progress("checking MB", bytes_to_read(path) // 1_000_000, unit="")
    for sentence in verified(path, lambda done: progress.update(done // 1_000_000)):
        progress.close()
        say(sentence)


def _as_json(result: "Prepared") -> dict[str, object]:
    return {
        "images": result.images,
        "train": result.train,
        "val": result.val,
        "test": result.test,
        "classes": len(result.classes),
        "rejected": [{"file": one.file, "reason": one.reason} for one in result.rejected],
        "class_names": result.classes,
        "found": result.found,
        "not_photos": result.not_photos,
        "folder": str(result.folder),
        "fingerprint": result.set.fingerprint,
    }
