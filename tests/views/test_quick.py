"""Views as a CPU makes them are those of the definition, bit for bit, with C and without."""

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alexnet.kernels import native
from alexnet.views import quick as quick_module
from tests.views import MEAN, PICTURE, SHIFT, at, cut, quick

COMBINATIONS = list(
    itertools.product(
        (False, True), ("crop", "centre"), (1.0, 57.0, (58.4, 57.1, 57.4)), ("RGB", "BGR"),
        (1.0, 1.1),
    )
)  # fmt: skip


@pytest.mark.parametrize("c", [True, False], ids=["C", "numpy"])
@pytest.mark.parametrize(("mirrored", "mean_at", "scale", "channels", "divisor"), COMBINATIONS)
def test_the_same_bits_in_every_combination(
    mirrored: bool, mean_at: str, scale: Any, channels: str, divisor: float, c: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    if not c:
        monkeypatch.setattr(native, "library", lambda: None)
        monkeypatch.setattr(quick_module, "scale_square", lambda *_: None)
    way = {"mean_at": mean_at, "scale": scale, "channels": channels}
    for made in (at(5, 27, mirrored), at(10.5, 20.25, mirrored, side=180.3)):
        found = quick(made, SHIFT, divisor, **way)
        np.testing.assert_array_equal(found, cut(made, SHIFT, divisor, **way))


@settings(max_examples=30, deadline=None)
@given(
    st.integers(0, 32), st.integers(0, 32), st.booleans(), st.sampled_from(("crop", "centre")),
    st.tuples(*[st.floats(-60, 60, width=32)] * 3), st.floats(0.01, 255),
)  # fmt: skip
def test_the_same_bits_for_any_crop_shift_and_scale(
    left: int, top: int, mirrored: bool, mean_at: str, shift: tuple[float, ...], scale: float
) -> None:
    given = at(left, top, mirrored), np.array(shift, np.float32)
    found = quick(*given, mean_at=mean_at, scale=scale)
    np.testing.assert_array_equal(found, cut(*given, mean_at=mean_at, scale=scale))


def test_a_picture_that_is_mapped_read_only_will_do() -> None:
    picture = PICTURE.copy()
    picture.flags.writeable = False
    np.testing.assert_array_equal(quick(at(3, 4, True), picture=picture), quick(at(3, 4, True)))


def test_a_mean_that_does_not_fit_is_not_read_in_c() -> None:
    out = np.empty((8, 8, 3), np.float32)
    window, one = PICTURE[:8, :8], np.ones(3, np.float32)
    assert not native.cut_view(window, MEAN[:7, :8], SHIFT, one, out, False)
    whole = MEAN[:8, :8].astype(np.int32)
    assert not native.cut_view(window, whole, SHIFT, one, out, False)  # type: ignore[arg-type]
