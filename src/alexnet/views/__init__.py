"""What the network sees of a stored picture: crops, mirror, colour noise, and the views of a test.

Pixels stay on the 0 to 255 scale. A crop loses the mean of its own place (section 2), or that of
the centre wherever it lies (as run in 2012); then the colour noise is added; then all is divided by
the preprocessing's scale. ``cutting`` is the definition, in torch, a batch at a time on any device;
``quick`` gives the same bits on a CPU in a fraction of its time, a picture at a time. What varies
is drawn for one picture (``drawing``) or, the same values, for a batch at once (``many``).
"""

from alexnet.views.cutting import cut_views
from alexnet.views.drawing import Augmentation, Draw, colour_shift, draw
from alexnet.views.many import Drawn, colour_shifts, draw_many
from alexnet.views.quick import Means, training_view
from alexnet.views.several import CENTRE, Pictures, brought, offsets, test_views, whole_views

__all__ = [
    "CENTRE",
    "Augmentation",
    "Draw",
    "Drawn",
    "Means",
    "Pictures",
    "brought",
    "colour_shift",
    "colour_shifts",
    "cut_views",
    "draw",
    "draw_many",
    "offsets",
    "test_views",
    "training_view",
    "whole_views",
]
