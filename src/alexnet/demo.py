"""The main job from photos to report, on data that comes with scikit-learn: `make demo`.

    python -m alexnet.demo FOLDER [--seed N]

1,797 handwritten digits of 8x8 pixels are enlarged and written out as image files, so that the
ordinary way from files is what runs: prepare, train, evaluate, predict, report. The network is the
whole one, all of its 61 million parameters.
"""

import argparse
import shlex
import shutil
import sys
import time
from pathlib import Path

from alexnet import cli
from alexnet.errors import AlexNetError
from alexnet.progress import duration

SIDE = 256
TEST_EVERY = 5  # each fifth digit is for the test: 360 of 1,797


def main(arguments: list[str] | None = None) -> int:
    """Run the demonstration in a folder of its own; the exit code of the step that failed, or 0."""
    parser = argparse.ArgumentParser(prog="python -m alexnet.demo")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    started = time.monotonic()
    folder, photos = options.folder, options.folder / "photos"
    if folder.exists() and any(folder.iterdir()) and not (photos / "train/0").is_dir():
        raise AlexNetError(f"{folder} holds other things; give a new folder for the demonstration.")
    shutil.rmtree(folder, ignore_errors=True)
    print(f"Writing scikit-learn's handwritten digits as image files into {photos}", flush=True)
    write_digits(photos)
    for words in commands(folder, photos, options.seed):
        print(f"\n$ alexnet {shlex.join(words)}", flush=True)
        code = cli.main(words)
        if code:
            return code
    print(
        f"\nAll of it took {duration(time.monotonic() - started)}. Look at {folder}/run/report.html"
    )
    return 0


def commands(folder: Path, photos: Path, seed: int) -> list[list[str]]:
    """The words after ``alexnet`` of each step; digits may not be mirrored."""
    data, run = str(folder / "data"), str(folder / "run")
    some = [str(path) for path in sorted((photos / "test").glob("*/0*.png"))[::40]]
    recipe = ["--no-mirror", "--epochs", "5", "--dropout", "0.3", "--seed", str(seed)]
    return [
        ["prepare", str(photos), data, "--val", "0.05"],
        ["train", data, "--run", run, *recipe],
        ["evaluate", run],
        ["predict", run, *some],
        ["report", run],
    ]


def write_digits(photos: Path) -> None:
    """Grey PNG files of 256x256 as train/DIGIT/NUMBER.png and test/DIGIT/NUMBER.png."""
    from PIL import Image

    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise AlexNetError(
            "The demonstration needs scikit-learn's digits: pip install 'alexnet[demo]'."
        ) from None
    digits = load_digits()
    for number, (pixels, label) in enumerate(zip(digits.images, digits.target, strict=True)):
        part = "test" if number % TEST_EVERY == 0 else "train"
        folder = photos / part / str(label)
        folder.mkdir(parents=True, exist_ok=True)
        picture = Image.fromarray((pixels * (255 / 16)).round().astype("uint8"))
        enlarged = picture.resize((SIDE, SIDE), Image.Resampling.BICUBIC)
        enlarged.save(folder / f"{number:04}.png", compress_level=1)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except AlexNetError as error:
        sys.exit(f"alexnet demo: {error}")
