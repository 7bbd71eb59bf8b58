"""Where the real photos lie that some tests want; without them those tests skip and say so."""

from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "data"


def shared_data(name: str) -> Path:
    """The folder of that name beside the checkout, in ``../shared/data``; skips where absent."""
    folder = FOLDER / name
    if not folder.exists():
        pytest.skip(f"needs real photos that are not part of the repository: ../shared/data/{name}")
    return folder
