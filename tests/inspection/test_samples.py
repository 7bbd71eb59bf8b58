import numpy as np

from alexnet.inspection.samples import (
    NOISES,
    less_the_mean,
    noise_samples,
    training_views,
    way_of,
)
from alexnet.views import Augmentation, colour_shift, draw

CROP = 56


def test_crops_are_in_the_usual_proportion(found):
    assert way_of(found.images).crop == CROP


def test_pictures_are_at_equal_distances(found):
    views = training_views(found.images, 4)
    assert [view.which.place for view in views] == [2, 6, 11, 15]
    assert len(training_views(found.images)) == len(found.images.parts["train"])


def test_a_view_is_what_training_shows_with_the_mean_added_again(found):
    (view,) = training_views(found.images, 1)
    place, images = view.which.place, found.images
    drawn = draw(0, 0, place, images.size, CROP, Augmentation())
    shift = colour_shift(drawn, images.eigenvalues, images.axes)
    top, left = int(drawn.top), int(drawn.left)
    seen = view.which.pixels(images)[top : top + CROP, left : left + CROP]
    seen = seen[:, ::-1] if drawn.mirrored else seen
    assert np.abs(view.pixels - (seen + shift).clip(0, 255)).max() <= 1
    bare = less_the_mean(images, view).astype(int)
    mean = images.mean[top : top + CROP, left : left + CROP]
    mean = mean[:, ::-1] if drawn.mirrored else mean
    assert np.abs(bare - (128 + (seen + shift - mean) / 2)).max() <= 1


def test_noise_changes_colours_and_nothing_else(found):
    plain, noisy = noise_samples(found.images)
    assert len(noisy) == NOISES
    start = (found.images.size - CROP) // 2
    middle = plain.which.pixels(found.images)[start : start + CROP, start : start + CROP]
    assert (plain.pixels == middle).all()
    assert not plain.shift.any()
    assert len({tuple(view.shift.tolist()) for view in noisy}) == NOISES
    for view in noisy:
        assert np.abs(view.pixels - (middle + view.shift).clip(0, 255)).max() <= 1
