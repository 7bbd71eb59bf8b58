"""What is drawn for many pictures at once is what is drawn for each alone, to the last bit."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alexnet.views import Augmentation, colour_shift, draw
from alexnet.views.many import Drawn, colour_shifts, draw_many

EIGENVALUES = np.array([0.2175, 0.0188, 0.0045])
AXES = np.linalg.qr(np.random.default_rng(4).normal(size=(3, 3)))[0]
WAYS = st.fixed_dictionaries(
    {
        "mirror": st.booleans(),
        "area": st.sampled_from((1.0, 0.08, 0.999)),
        "noise_until": st.sampled_from((np.inf, 2.5, 0.0)),
        "block": st.sampled_from((1, 7)),
        "colour_noise": st.sampled_from((0.1, 0.0)),
    }
)


def many(seed: int, count: int, size: int, crop: int, ways: Augmentation, first: int = 0) -> Drawn:
    """Draws of pictures 5, 6, ... of epochs 0 to 4, and each compared with its own."""
    images = np.arange(count) + 5
    epochs, places = images % 5, images + first
    found = draw_many(seed, epochs, images, size, crop, ways, places)
    for row, (epoch, image, place) in enumerate(zip(epochs, images, places, strict=True)):
        one = draw(seed, int(epoch), int(image), size, crop, ways, int(place))
        for name, value in vars(one).items():
            # Bytes, not numbers: 0.0 and -0.0 are two.
            own = getattr(found, name)[row]
            assert own.tobytes() == np.asarray(value, own.dtype).tobytes(), (name, image)
    return found


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**31),
    st.sampled_from(((256, 224), (224, 224), (16, 12), (300, 1))),
    WAYS,
    st.integers(0, 2**40),
)
def test_many_are_drawn_as_each_alone(
    seed: int, sides: tuple[int, int], ways: dict[str, Any], first: int
) -> None:
    many(seed, 40, *sides, Augmentation(**ways), first)


def test_draws_where_numpy_takes_another_number_are_among_those_compared() -> None:
    """About one normal in a hundred, and of three quarters of 2^32 offsets one in four."""
    many(0, 4000, 256, 224, Augmentation())
    many(0, 500, 3 * 2**30, 1, Augmentation())
    many(0, 500, 3 * 2**30, 1, Augmentation(block=3))


@pytest.mark.parametrize("unit", ["eigenvalue", "deviation"])
def test_shifts_of_many_are_those_of_each(unit: str) -> None:
    ways = Augmentation()
    images = np.arange(200)
    drawn = draw_many(1, images * 0, images, 256, 224, ways, images)
    found = colour_shifts(drawn, EIGENVALUES, AXES, unit)
    for image, shift in enumerate(found):
        own = colour_shift(draw(1, 0, image, 256, 224, ways), EIGENVALUES, AXES, unit)
        assert shift.dtype == np.float32
        assert shift.tobytes() == own.tobytes()


def test_of_no_pictures_nothing_is_drawn() -> None:
    none = np.zeros(0, int)
    drawn = draw_many(0, none, none, 256, 224, Augmentation(), none)
    assert len(drawn.left) == len(drawn.factors) == 0
