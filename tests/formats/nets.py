"""Two small nets of Caffe, one of each generation, and the numbers in them."""

import numpy as np

from tests.formats import wire


def numbers(*shape: int) -> np.ndarray:
    """Different float32 numbers, each exact."""
    return np.arange(np.prod(shape), dtype=np.float32).reshape(shape) / 8 - 1


WEIGHTS, BIAS, DENSE = numbers(6, 2, 3, 3), numbers(6), numbers(4, 5)

OLD = wire.joined(
    wire.piece(1, "Old"), wire.piece(3, "data"), wire.integer(4, 10), wire.integer(5, 0),
    wire.old_layer("data", 5, wire.piece(11, wire.piece(1, "/path/to/lmdb"))),
    wire.old_layer(
        "conv", 4,
        wire.piece(10, wire.joined(
            wire.integer(1, 6), wire.integer(3, 2), wire.integer(4, 3), wire.integer(5, 2),
            wire.integer(6, 4), wire.piece(7, wire.piece(1, "gaussian")),
        )),
        blobs=[
            wire.joined(wire.legacy(6, 2, 3, 3), wire.floats(WEIGHTS.flat)),
            wire.joined(wire.floats(BIAS), wire.floats(BIAS, number=6), wire.legacy(6)),
        ],
    ),
    wire.old_layer("relu", 18),
    wire.old_layer("norm", 15, wire.piece(18, wire.joined(
        wire.integer(1, 3), wire.real(2, 1e-4), wire.real(3, 0.5), wire.real(5, 2.0),
    ))),
    wire.old_layer("pool", 17, wire.piece(19, wire.joined(
        wire.integer(1, 1), wire.integer(2, 3), wire.integer(3, 2), wire.integer(4, 1),
    ))),
    wire.old_layer("fc", 14, wire.piece(17, wire.integer(1, 4)), blobs=[
        wire.joined(wire.legacy(4, 5), wire.floats(DENSE.flat)),
    ]),
    wire.old_layer("drop", 6, wire.piece(12, wire.real(1, 0.3))),
    wire.old_layer("loss", 21), wire.old_layer("odd", 77), wire.UNKNOWN,
)  # fmt: skip

NEW = wire.joined(
    wire.piece(1, "New"), wire.UNKNOWN,
    wire.new_layer("data", "Data", wire.piece(107, wire.piece(1, "/path"))),
    wire.new_layer(
        "conv", "Convolution",
        wire.piece(106, wire.joined(
            wire.integer(1, 6), wire.integer(2, 0), wire.piece(3, wire.varint(1)),
            wire.integer(11, 3), wire.integer(12, 5), wire.integer(6, 2), wire.integer(6, 1),
        )),
        wire.UNKNOWN,
        blobs=[wire.joined(wire.shape(6, 2, 3, 3), wire.floats(WEIGHTS.flat), wire.UNKNOWN)],
    ),
    wire.new_layer("norm", "LRN", wire.piece(118, wire.integer(4, 1))),
    wire.new_layer("pool", "Pooling", wire.piece(121, wire.integer(13, 1))),
    wire.new_layer("drop", "Dropout"),
    wire.new_layer("fc", "InnerProduct", wire.piece(117, wire.integer(1, 4)), blobs=[
        wire.joined(wire.shape(4, 5, packed=False), wire.floats(DENSE.flat)),
        wire.joined(wire.shape(), wire.floats([2.5])),
    ]),
    wire.new_layer("prob", "Softmax"), wire.new_layer("own", "MyLayer"),
)  # fmt: skip
