"""Published sizes and MD5 sums of archives: looked at when wished, never required.

Sources: torchvision (datasets/imagenet.py, cifar.py, mnist.py, imagenette.py), the pages of the
data sets, and, where these say nothing, two or more public sources that agree. Some pages give
the sums of ILSVRC2012_img_train.tar and of ILSVRC2012_img_train_t3.tar the wrong way round.
"""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

from alexnet.data.explain import listed
from alexnet.data.filenames import shown

CHUNK = 4 << 20  # bytes

SIZES = {
    "ILSVRC2012_img_train.tar": 147_897_477_120,
    "ILSVRC2012_img_val.tar": 6_744_924_160,
    "cifar-10-python.tar.gz": 170_498_071,
    "cifar-10-binary.tar.gz": 170_052_171,
    "cifar-100-python.tar.gz": 169_001_437,
}  # bytes

SUMS = {
    "ILSVRC2012_img_train.tar": ("1d675b47d978889d74fa0da5fadfb00e",),
    "ILSVRC2012_img_val.tar": ("29b22e2961454d5413ddabcf34fc5622",),
    "ILSVRC2012_devkit_t12.tar.gz": ("fa75699e90414af021442c21a62c3abf",),
    "ILSVRC2012_img_test.tar": ("fe64ceb247e473635708aed23ab6d839",),
    "ILSVRC2012_img_test_v10102019.tar": ("e1b8681fff3d63731c599df9b4b6fc02",),
    "ILSVRC2012_img_train_t3.tar": ("ccaf1013018ac1037801578038d370da",),
    "ILSVRC2012_bbox_train_v2.tar.gz": ("9271167e2176350e65cfe4e546f14b17",),
    "ILSVRC2012_bbox_val_v3.tgz": ("f4cd18b5ea29fe6bbea62ec9c20d80f0",),
    "cifar-10-python.tar.gz": ("c58f30108f718f92721af3b95e74349a",),
    "cifar-10-binary.tar.gz": ("c32a1d4ab5d03f1284b67883e8d87530",),
    "cifar-10-matlab.tar.gz": ("70270af85842c9e89bb428ec9976c926",),
    "cifar-100-python.tar.gz": ("eb9058c3a382ffc7106e4002c42a8d85",),
    "cifar-100-binary.tar.gz": ("03b5dce01913d631647c71ecec9e9cb8",),
    # MNIST's, then Fashion-MNIST's, which has the same names.
    "train-images-idx3-ubyte.gz": (
        "f68b3c2dcbeaaa9fbdd348bbdeb94873",
        "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
    ),
    "train-labels-idx1-ubyte.gz": (
        "d53e105ee54ea40749a09fcbcd1e9432",
        "25c81989df183df01b3e8a0aad5dffbe",
    ),
    "t10k-images-idx3-ubyte.gz": (
        "9fb629c4189551a2d022fa330f9573f3",
        "bef4ecab320f06d8554ea6380940ec79",
    ),
    "t10k-labels-idx1-ubyte.gz": (
        "ec29112dd5afa0611ce80d1b7f02629c",
        "bb300cfdad3c16e7a12a480ee83cd310",
    ),
    # Replaced under the same name: today's, then that of 2021.
    "imagenette2.tgz": ("fe2fc210e6bb7c5664d602c3cd71e612", "43b0d8047b7501984c47ae3c08110b62"),
    "imagenette2-320.tgz": ("3df6f0d01a2c9592104656642f5e78a3", "3d9f4d75d012a679600ef8ac0c200d28"),
    "imagenette2-160.tgz": ("e793b78cc4c9e9a4ccc0c1155377a412", "0edfc972b5c9817ac36517c0057f3869"),
}
SWAPPED = {"ILSVRC2012_img_train.tar", "ILSVRC2012_img_train_t3.tar"}


def wrong_size(path: Path) -> str:
    """A sentence where a published archive has another size than it should; "" else. Reads nothing.

    Raises OSError where the file is not there.
    """
    published, size = SIZES.get(path.name), path.stat().st_size
    if published is None or size == published:
        return ""
    where = shown(path.name)
    if size > published:
        return f"{where} has {size:,} bytes, more than the {published:,} that were published."
    return f"{where} has {size:,} of {published:,} bytes: it looks partly downloaded."


def verified(path: Path, tell: Callable[[int], None] | None = None) -> Iterator[str]:
    """A sentence for each published archive in a folder, or for a file: right, or what is wrong.

    Each is read whole; ``tell`` is told the bytes read so far, of ``bytes_to_read``. Another one
    names the archives of which no sum was published. Raises OSError where reading fails.
    """
    done = 0
    for file in _published(path):
        if wrong := wrong_size(file):
            yield wrong
            continue
        digest = hashlib.md5(usedforsecurity=False)
        with file.open("rb") as stream:
            while data := stream.read(CHUNK):
                digest.update(data)
                done += len(data)
                if tell:
                    tell(done)
        yield _compared(file.name, digest.hexdigest())
    if others := [file.name for file in _files(path) if _is_unpublished(file)]:
        yield f"No check sum was published of {listed(others)}."


def bytes_to_read(path: Path) -> int:
    """How many bytes ``verified`` will read."""
    return sum(file.stat().st_size for file in _published(path) if not wrong_size(file))


def _published(path: Path) -> list[Path]:
    return [file for file in _files(path) if file.name in SUMS]


def _is_unpublished(file: Path) -> bool:
    return file.name not in SUMS and file.suffix in (".tar", ".gz", ".tgz", ".xz", ".zip")


def _files(path: Path) -> list[Path]:
    return sorted(file for file in path.iterdir() if file.is_file()) if path.is_dir() else [path]


def _compared(name: str, found: str) -> str:
    if found in SUMS[name]:
        return f"{name} is as published (MD5 {found})."
    other = next((other for other, sums in SUMS.items() if found in sums), "")
    swapped = (
        " Some pages give the sums of it and of the archive of task 3 the wrong way round."
        if name in SWAPPED
        else ""
    )
    if other:
        return f"{name} is {other} under another name (MD5 {found}).{swapped}"
    return (
        f"{name} differs from what was published (MD5 {found}, published "
        f"{' or '.join(SUMS[name])}): damaged, or another edition. Download it again.{swapped}"
    )
