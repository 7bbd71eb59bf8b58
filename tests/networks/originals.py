"""Whole networks in loops, from their definitions and not from our lists; one picture to logits.

The nets of 2012 are written as ``layers-145.cfg`` has them: two towers with arrays of their own,
``a`` and ``b``, each normalised alone. ``w`` holds the weights by the names of our layers.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tests import loops

Array = np.ndarray
Weights = dict[str, Any]
Program = Callable[[Weights, Array], Array]


def relu(x: Array) -> Array:
    return np.maximum(x, 0)


def max_pool(x: Array, window: int = 3, stride: int = 2) -> Array:
    return loops.pool(x, window, stride)[0]


def floor_pool(x: Array, window: int) -> Array:
    return loops.pool(x, window, 2, math.floor)[0]


def lrn(x: Array, size: int, scale: float, k: float) -> Array:
    """cuda-convnet's cmrnorm and Caffe's LRN: over all maps given, scale divided by size."""
    return loops.norm(x, size, scale / size, 0.75, k, 1)[0]


def rnorm(x: Array, size: int, scale: float) -> Array:
    return loops.within(x, size, scale / size**2, 0.75, 1.0)[0]


def conv(w: Weights, name: str, x: Array, stride: int, padding: int, groups: int = 1) -> Array:
    return loops.convolution(x, w[f"{name}.weight"], w[f"{name}.bias"], stride, padding, groups)


def floor_conv(
    w: Weights, name: str, x: Array, stride: int, padding: int, groups: int = 1
) -> Array:
    """Caffe's rule of sizes."""
    weight, bias = w[f"{name}.weight"], w[f"{name}.bias"]
    return loops.convolution(x, weight, bias, stride, padding, groups, math.floor)


def local(w: Weights, name: str, x: Array) -> Array:
    return loops.local(x, w[f"{name}.weight"], w[f"{name}.bias"], 1)


def dense(w: Weights, name: str, x: Array) -> Array:
    return loops.dense(x.ravel(), w[f"{name}.weight"], w[f"{name}.bias"])


def half(w: Weights, name: str, tower: str) -> tuple[Array, Array]:
    """Weights and biases of one tower: of a layer's outputs the first half are a's."""
    held, moved = w[f"{name}.weight"], w[f"{name}.bias"]
    middle = len(moved) // 2
    part = slice(0, middle) if tower == "a" else slice(middle, None)
    return held[part], moved[part]


def from_own(w: Weights, name: str, tower: str, x: Array, stride: int, padding: int) -> Array:
    return loops.convolution(x, *half(w, name, tower), stride, padding, 1)


def from_both(w: Weights, name: str, tower: str, x: dict[str, Array]) -> Array:
    """A convolution with two inputs: the sum of two convolutions, and one bias."""
    held, bias = half(w, name, tower)
    of_a = len(x["a"])
    return loops.convolution(x["a"], held[:, :of_a], bias, 1, 1, 1) + loops.convolution(
        x["b"], held[:, of_a:], 0 * bias, 1, 1, 1
    )


def dense_from_both(w: Weights, name: str, tower: str, x: dict[str, Array]) -> Array:
    held, bias = half(w, name, tower)
    of_a = x["a"].size
    return held[:, :of_a] @ x["a"].ravel() + held[:, of_a:] @ x["b"].ravel() + bias


def paper(w: Weights, picture: Array, groups: int) -> Array:
    """Sections 3.1 to 3.5, line by line; one group for the net of one column."""

    def layer(x: Array, name: str, stride: int, padding: int, groups: int) -> Array:
        return relu(conv(w, name, x, stride, padding, groups))

    def normed(x: Array) -> Array:
        return loops.norm(x, 5, 1e-4, 0.75, 2.0, groups)[0]

    x = max_pool(normed(layer(picture, "conv1", 4, 0, 1)))
    x = max_pool(normed(layer(x, "conv2", 1, 2, groups)))
    x = layer(x, "conv3", 1, 1, 1)
    x = layer(x, "conv4", 1, 1, groups)
    x = max_pool(layer(x, "conv5", 1, 1, groups))
    x = 0.5 * relu(dense(w, "fc6", x))
    x = 0.5 * relu(dense(w, "fc7", x))
    return dense(w, "fc8", x)


def towers(w: Weights, picture: Array, net: int = 145) -> Array:
    """Nets 145 (as run), 146 (a sixth convolution) and 150 (towers apart)."""
    pool1, pool2, pool3, hs1, hs2 = ({} for _ in range(5))
    for t in "ab":
        rnorm1 = lrn(from_own(w, "conv1", t, picture, 4, 0), 5, 1e-4, 2.0)  # of signed values
        pool1[t] = relu(max_pool(rnorm1))
        conv2 = relu(from_own(w, "conv2", t, pool1[t], 1, 2))
        cnorm2 = rnorm(lrn(conv2, 5, 1e-4, 2.0), 5, 0.001)
        pool2[t] = max_pool(cnorm2)
    for t in "ab":
        if net == 150:
            conv3 = relu(from_own(w, "conv3", t, pool2[t], 1, 1))
        else:
            conv3 = relu(from_both(w, "conv3", t, pool2))
        conv4 = relu(from_own(w, "conv4", t, conv3, 1, 1))
        pool3[t] = relu(max_pool(from_own(w, "conv5", t, conv4, 1, 1)))
    if net == 146:
        pool3 = {t: relu(from_both(w, "conv6", t, pool3)) for t in "ab"}
    for t in "ab":  # 0.5: dropout, tested
        if net == 150:
            hs1[t] = 0.5 * relu(loops.dense(pool3[t].ravel(), *half(w, "fc6", t)))
            hs2[t] = 0.5 * relu(loops.dense(hs1[t], *half(w, "fc7", t)))
        else:
            hs1[t] = 0.5 * relu(dense_from_both(w, "fc6", t, pool3))
    if net != 150:
        hs2 = {t: 0.5 * relu(dense_from_both(w, "fc7", t, hs1)) for t in "ab"}
    return dense(w, "fc8", np.concatenate([hs2["a"], hs2["b"]]))


def one_weird_trick(w: Weights, picture: Array) -> Array:
    """cuda-convnet2, layers-imagenet-1gpu.cfg."""
    x = relu(max_pool(lrn(conv(w, "conv1", picture, 4, 0), 5, 1e-4, 2.0)))
    x = max_pool(lrn(relu(conv(w, "conv2", x, 1, 2)), 5, 1e-4, 2.0))
    x = relu(conv(w, "conv3", x, 1, 1))
    x = relu(conv(w, "conv4", x, 1, 1))
    x = relu(max_pool(conv(w, "conv5", x, 1, 1)))
    x = 0.5 * relu(dense(w, "fc6", x))
    x = 0.5 * relu(dense(w, "fc7", x))
    return dense(w, "fc8", x)


def caffe(w: Weights, picture: Array, pool_first: bool) -> Array:
    """bvlc_reference_caffenet (pool first) and bvlc_alexnet; LRN over all maps, k = 1."""

    def between(x: Array) -> Array:
        if pool_first:
            return lrn(max_pool(x), 5, 1e-4, 1.0)
        return max_pool(lrn(x, 5, 1e-4, 1.0))

    x = between(relu(floor_conv(w, "conv1", picture, 4, 0)))
    x = between(relu(floor_conv(w, "conv2", x, 1, 2, groups=2)))
    x = relu(floor_conv(w, "conv3", x, 1, 1))
    x = relu(floor_conv(w, "conv4", x, 1, 1, groups=2))
    x = max_pool(relu(floor_conv(w, "conv5", x, 1, 1, groups=2)))
    x = relu(dense(w, "fc6", x))  # dropout scales while training: nothing at test
    x = relu(dense(w, "fc7", x))
    return dense(w, "fc8", x)


def cnn_s(w: Weights, picture: Array) -> Array:
    """VGG_CNN_S: one normalisation, pools of 3/3, 2/2 and 3/3 that round up."""
    x = lrn(relu(floor_conv(w, "conv1", picture, 2, 0)), 5, 5e-4, 2.0)
    x = relu(floor_conv(w, "conv2", max_pool(x, 3, 3), 1, 0))
    x = relu(floor_conv(w, "conv3", max_pool(x, 2, 2), 1, 1))
    x = relu(floor_conv(w, "conv4", x, 1, 1))
    x = relu(floor_conv(w, "conv5", x, 1, 1))
    x = relu(dense(w, "fc6", max_pool(x, 3, 3)))
    x = relu(dense(w, "fc7", x))
    return dense(w, "fc8", x)


def conv_local(w: Weights, picture: Array, normed: bool) -> Array:
    """layers-conv-local-13pct.cfg and, normed, -11pct.cfg."""
    x = max_pool(relu(conv(w, "conv1", picture, 1, 2)))
    x = lrn(x, 9, 0.001, 1.0) if normed else x  # after the pooling
    x = relu(conv(w, "conv2", x, 1, 2))
    x = lrn(x, 9, 0.001, 1.0) if normed else x  # before the pooling
    x = relu(local(w, "local3", max_pool(x)))
    x = relu(local(w, "local4", x))
    return dense(w, "fc10", x)


def layers_18pct(w: Weights, picture: Array) -> Array:
    """layers-18pct.cfg: within-map norms, the last two pools take means."""
    x = rnorm(relu(max_pool(conv(w, "conv1", picture, 1, 2))), 3, 5e-5)
    x = rnorm(loops.average(relu(conv(w, "conv2", x, 1, 2)), 3, 2), 3, 5e-5)
    x = loops.average(relu(conv(w, "conv3", x, 1, 2)), 3, 2)
    return dense(w, "fc10", x)


def torchvision(w: Weights, picture: Array) -> Array:
    """torchvision's alexnet in evaluation; everything rounds down."""
    x = floor_pool(relu(floor_conv(w, "conv1", picture, 4, 2)), 3)
    x = floor_pool(relu(floor_conv(w, "conv2", x, 1, 2)), 3)
    x = relu(floor_conv(w, "conv3", x, 1, 1))
    x = relu(floor_conv(w, "conv4", x, 1, 1))
    x = floor_pool(relu(floor_conv(w, "conv5", x, 1, 1)), 3)
    x = relu(dense(w, "fc6", x))
    x = relu(dense(w, "fc7", x))
    return dense(w, "fc8", x)


def vgg16(w: Weights, picture: Array) -> Array:
    """Configuration D: 2, 2, 3, 3 and 3 convolutions, a pool of 2/2 after each."""
    x = picture
    for block, numbers in ((1, "12"), (2, "12"), (3, "123"), (4, "123"), (5, "123")):
        for number in numbers:
            x = relu(floor_conv(w, f"conv{block}_{number}", x, 1, 1))
        x = floor_pool(x, 2)
    x = relu(dense(w, "fc6", x))
    x = relu(dense(w, "fc7", x))
    return dense(w, "fc8", x)


# Name, share of the width and side: windows hang over in every pool (vgg16: are left out in the
# first), and the last pool has more than one place.
PROGRAMS: dict[str, tuple[Program, float, int]] = {
    "alexnet": (lambda w, x: paper(w, x, 2), 1 / 8, 100),
    "alexnet-one-gpu": (lambda w, x: paper(w, x, 1), 1 / 8, 100),
    "alexnet-as-run": (towers, 1 / 8, 100),
    "alexnet-conv6": (lambda w, x: towers(w, x, 146), 1 / 8, 100),
    "alexnet-apart": (lambda w, x: towers(w, x, 150), 1 / 8, 100),
    "one-weird-trick": (one_weird_trick, 1 / 8, 100),
    "torchvision": (torchvision, 1 / 8, 124),
    "vgg16": (vgg16, 1 / 16, 65),
    "caffenet": (lambda w, x: caffe(w, x, pool_first=True), 1 / 8, 105),
    "bvlc-alexnet": (lambda w, x: caffe(w, x, pool_first=False), 1 / 8, 105),
    "cnn-s": (cnn_s, 1 / 8, 80),
    "cifar10-13pct": (lambda w, x: conv_local(w, x, normed=False), 1 / 4, 24),
    "cifar10-11pct": (lambda w, x: conv_local(w, x, normed=True), 1 / 4, 24),
    "cifar10-18pct": (layers_18pct, 1 / 4, 32),
}
