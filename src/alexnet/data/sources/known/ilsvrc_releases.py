"""What ImageNet's files are called, by year, and where registered users get them."""

import re
from dataclasses import dataclass

CLASS_TAR = re.compile(r"(n\d{8})\.tar")
NUMBERED = re.compile(r"ILSVRC(20\d\d)_(val|test)_(\d{8})(\.\w+)?")
PARTS = ("train", "val", "test")
PATCHES = "patch_images.tar"
DOGS = "ILSVRC2012_img_train_t3.tar"
TEST_TRUTH = "ILSVRC2010_test_ground_truth.txt"
KAGGLE = "ILSVRC/Data/CLS-LOC"
KAGGLE_TRUTH, KAGGLE_NAMES = "LOC_val_solution.csv", "LOC_synset_mapping.txt"


@dataclass(frozen=True)
class Release:
    """A year of ILSVRC: what its archives are called, and where registered users get them."""

    year: str
    archives: dict[str, tuple[str, ...]]  # part -> names
    devkits: tuple[str, ...]
    page: str


RELEASES = (
    Release(
        "2012",
        {
            "train": ("ILSVRC2012_img_train.tar",),
            "val": ("ILSVRC2012_img_val.tar",),
            "test": ("ILSVRC2012_img_test_v10102019.tar", "ILSVRC2012_img_test.tar"),
        },
        ("ILSVRC2012_devkit_t12.tar.gz", "ILSVRC2012_devkit_t12.tar", "ILSVRC2012_devkit_t12"),
        "https://image-net.org/challenges/LSVRC/2012/2012-downloads.php",
    ),
    Release(
        "2010",
        {part: (f"ILSVRC2010_images_{part}.tar",) for part in PARTS},
        (
            *("ILSVRC2010_devkit-1.0.tar.gz", "ILSVRC2010_devkit-1.0.tar", "devkit-1.0.tar.gz"),
            *("ILSVRC2010_devkit-1.0", "devkit-1.0"),
        ),
        "https://image-net.org/data/ILSVRC/2010/",
    ),
)
