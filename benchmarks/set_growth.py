"""How preparing and opening a set grow with the number of pictures: time, memory, disk.

    python benchmarks/set_growth.py FOLDER [--counts 10000 100000 1000000]

makes tars of generated JPEGs of 32x32 in FOLDER, a hundred classes, and then, for each: prepares
it, opens it, verifies and inspects it, and reads pictures in random order. Peak memory is that of
the process alone (VmHWM), its workers apart. What 15 million photos at 256 pixels would take is
computed from the largest count and from the rate of decoding.py, and marked so.
"""

import argparse
import io
import json
import shutil
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from alexnet import machine

READ = 20_000  # pictures in random order


def make_tar(path: Path, count: int) -> None:
    """JPEGs of smooth noise, all different."""
    random = np.random.default_rng(0)
    with path.open("wb") as file, tarfile.open(fileobj=file, mode="w") as tar:
        for i in range(count):
            coarse = random.integers(0, 256, (4, 4, 3), dtype=np.uint8)
            data = io.BytesIO()
            Image.fromarray(coarse).resize((32, 32)).save(data, "JPEG", quality=80)
            member = tarfile.TarInfo(f"c{i % 100:03}/{i:08}.jpg")
            member.size = data.tell()
            data.seek(0)
            tar.addfile(member, data)
            tar.members.clear()  # type: ignore[attr-defined]


def watched(command: list[str]) -> tuple[float, int, int, str]:
    """Seconds, peak memory of the process and of its largest child in MB, and its output."""
    started, peak, child = time.monotonic(), 0, 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        while process.poll() is None:
            time.sleep(0.2)
            peak = max(peak, high_water(process.pid))
            children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
            ids = children.read_text().split() if children.exists() else []
            child = max([child, *(high_water(int(number)) for number in ids)])
        said = process.stdout.read().decode() if process.stdout else ""
    if process.returncode:
        raise SystemExit(said)
    return time.monotonic() - started, peak, child, said


def high_water(process: int) -> int:
    """Peak resident memory of a process, MB; 0 where it is gone."""
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return 0
    found = [line for line in lines if line.startswith("VmHWM")]
    return int(found[0].split()[1]) // 1024 if found else 0


OPENING = """
import json, sys, time
import numpy as np
started = time.perf_counter()
from alexnet.data.store import open_set
imported = time.perf_counter()
images = open_set(sys.argv[1])
opened = time.perf_counter()
part = images.parts["train"]
order = np.random.default_rng(0).integers(0, len(part), int(sys.argv[2])).tolist()
total = sum(int(part.pictures[i][0, 0, 0]) for i in order)
read = time.perf_counter()
name = part.files[len(part) - 1]
named = time.perf_counter()
high = [line for line in open("/proc/self/status") if line.startswith("VmHWM")][0]
print(json.dumps({
    "open_ms": round(1000 * (opened - imported), 1),
    "random_reads_a_second": round(len(order) / (read - opened)),
    "last_name_ms": round(1000 * (named - read), 2),
    "peak_mb": int(high.split()[1]) // 1024,
}))
"""


def measure(folder: Path, count: int) -> dict[str, object]:
    tar, data = folder / f"{count}.tar", folder / f"set{count}"
    if not tar.exists():
        make_tar(tar, count)
    shutil.rmtree(data, ignore_errors=True)
    alexnet = [sys.executable, "-m", "alexnet"]
    seconds, peak, child, _ = watched([*alexnet, "prepare", str(tar), str(data), "--size", "32"])
    checking, checked, _, _ = watched([*alexnet, "verify", str(data)])
    looking, looked, _, _ = watched([*alexnet, "inspect", str(data)])
    opening = [sys.executable, "-c", OPENING, str(data), str(READ)]
    opened = json.loads(subprocess.run(opening, check=True, capture_output=True).stdout)
    size = sum(path.stat().st_size for path in data.rglob("*") if path.is_file())
    shutil.rmtree(data)
    return {
        "pictures": count,
        "prepare_s": round(seconds, 1),
        "microseconds_a_picture": round(1e6 * seconds / count),
        "prepare_peak_mb": peak,
        "worker_peak_mb": child,
        "verify_s": round(checking, 1),
        "verify_peak_mb": checked,
        "inspect_s": round(looking, 1),
        "inspect_peak_mb": looked,
        "set_bytes_a_picture": round(size / count),
        "opening": opened,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--counts", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--out", type=Path, default=Path("docs/results/set_growth.json"))
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for count in options.counts:
        rows.append(measure(options.folder, count))
        print(json.dumps(rows[-1]), flush=True)
    facts = {"machine": machine.describe(), "rows": rows}
    options.out.write_text(json.dumps(facts, indent=2) + "\n")


if __name__ == "__main__":
    main()
