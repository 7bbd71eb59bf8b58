"""Preparing against nothing but decoding: what share of the best decoder's rate the whole reaches.

    python benchmarks/preparing.py PHOTOS FOLDER [--copies 200] [--rounds 5]

PHOTOS are JPEGs of ImageNet's sizes (any number of folders deep). A tar with so many copies of each
is made in FOLDER. In turn: decoding alone, by as many processes as there are cores, of the same
files out of memory to RGB at their native size, with Pillow and with simplejpeg; then `alexnet
prepare` of the tar, from its start to its end: listing, reading, decoding, scaling, hashes,
statistics, writing, index, leaks. The share is of the quicker decoder's rate in the same
round. From it follows how long ILSVRC-2012 would take on this machine.
"""

import argparse
import io
import json
import multiprocessing
import shutil
import statistics
import subprocess
import sys
import tarfile
import time
from pathlib import Path

from PIL import Image

from alexnet import machine

ILSVRC = 1_281_167 + 50_000  # photos of train and val


def make_tar(path: Path, photos: list[Path], copies: int) -> int:
    """Copies of all photos, class after class; returns how many there are."""
    with tarfile.open(path, "w") as tar:
        for photo in photos:
            for copy in range(copies):
                tar.add(photo, f"{photo.parent.name}/{copy:04}_{photo.name}")
    return copies * len(photos)


def pillow(data: bytes) -> object:
    return Image.open(io.BytesIO(data)).convert("RGB")


def quick(data: bytes) -> object:
    import simplejpeg

    return simplejpeg.decode_jpeg(data)


DECODERS = {"Pillow": pillow, "simplejpeg": quick}


def decode_all(job: tuple[str, list[bytes], int]) -> float:
    """Seconds that a process takes for so many rounds through the files."""
    name, files, rounds = job
    decode = DECODERS[name]
    for data in files:
        decode(data)
    started = time.perf_counter()
    for _ in range(rounds):
        for data in files:
            decode(data)
    return time.perf_counter() - started


def decoding(name: str, files: list[bytes], rounds: int) -> float:
    """Photos a second of all cores together."""
    cores = machine.cores()
    context = multiprocessing.get_context("spawn")
    with context.Pool(cores) as pool:
        seconds = pool.map(decode_all, [(name, files, rounds)] * cores, chunksize=1)
    return cores * rounds * len(files) / max(seconds)


def preparing(tar: Path, data: Path, photos: int) -> float:
    """Photos a second, everything counted."""
    shutil.rmtree(data, ignore_errors=True)
    command = [sys.executable, "-m", "alexnet", "prepare", str(tar), str(data)]
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    seconds = time.perf_counter() - started
    shutil.rmtree(data)
    return photos / seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--copies", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path, default=Path("docs/results/preparing.json"))
    options = parser.parse_args()
    photos = sorted(p for p in options.photos.rglob("*") if p.suffix.lower() in (".jpg", ".jpeg"))
    options.folder.mkdir(parents=True, exist_ok=True)
    tar, data = options.folder / "photos.tar", options.folder / "set"
    count = make_tar(tar, photos, options.copies)
    files = [path.read_bytes() for path in photos]
    rounds = []
    for _ in range(options.rounds):
        rates = {name: decoding(name, files, 40) for name in DECODERS}
        rates["prepare"] = preparing(tar, data, count)
        rates["share"] = rates["prepare"] / max(rates[name] for name in DECODERS)
        rounds.append({name: round(rate, 3) for name, rate in rates.items()})
        print(rounds[-1], flush=True)
    tar.unlink()
    shares = [one["share"] for one in rounds]
    median = statistics.median(one["prepare"] for one in rounds)
    facts = {
        "machine": machine.describe(),
        "photos": count,
        "rounds": rounds,
        "share": statistics.median(shares),
        "spread": [min(shares), max(shares)],
        "ilsvrc_minutes": round(ILSVRC / median / 60, 1),
    }
    print({name: facts[name] for name in ("share", "spread", "ilsvrc_minutes")})
    options.out.write_text(json.dumps(facts, indent=2) + "\n")


if __name__ == "__main__":
    main()
