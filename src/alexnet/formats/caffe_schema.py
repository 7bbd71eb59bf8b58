"""Caffe's messages as a table of facts: which field has which number and which type.

Source: the field numbers of caffe.proto (proto2). Only what is read here is in the table; whatever
else a file holds has another number and is skipped. Two things are declared as other types of the
same encoding: text is bytes, since not all names are UTF-8, and the numbers of a blob are bytes,
since a packed run of floats is one piece of bytes, which numpy takes as it is.
"""

from functools import lru_cache
from typing import Any, NamedTuple


class Field(NamedTuple):
    """A field of a message."""

    number: int
    kind: str  # a scalar type of protocol buffers, or a message of this table
    default: float | None = None
    many: bool = False


def many(number: int, kind: str) -> Field:
    """A repeated field."""
    return Field(number, kind, many=True)


MESSAGES: dict[str, dict[str, Field]] = {
    "Net": {
        "name": Field(1, "bytes"),
        "layers": many(2, "V1Layer"),
        "layer": many(100, "Layer"),
    },
    "Layer": {
        "name": Field(1, "bytes"),
        "type": Field(2, "bytes"),
        "bottom": many(3, "bytes"),
        "top": many(4, "bytes"),
        "blobs": many(7, "Blob"),
        "transform_param": Field(100, "Transformation"),
        "convolution_param": Field(106, "Convolution"),
        "dropout_param": Field(108, "Dropout"),
        "inner_product_param": Field(117, "InnerProduct"),
        "lrn_param": Field(118, "LRN"),
        "pooling_param": Field(121, "Pooling"),
        "relu_param": Field(123, "ReLU"),
    },
    "V1Layer": {
        "layer": Field(1, "bytes"),  # a V0LayerParameter: the generation before
        "bottom": many(2, "bytes"),
        "top": many(3, "bytes"),
        "name": Field(4, "bytes"),
        "type": Field(5, "int32"),  # an enum; V1_TYPES
        "blobs": many(6, "Blob"),
        "convolution_param": Field(10, "Convolution"),
        "dropout_param": Field(12, "Dropout"),
        "inner_product_param": Field(17, "InnerProduct"),
        "lrn_param": Field(18, "LRN"),
        "pooling_param": Field(19, "Pooling"),
        "relu_param": Field(30, "ReLU"),
        "transform_param": Field(36, "Transformation"),
    },
    "Blob": {
        "num": Field(1, "int32"),
        "channels": Field(2, "int32"),
        "height": Field(3, "int32"),
        "width": Field(4, "int32"),
        "data": many(5, "bytes"),  # runs of packed floats
        "shape": Field(7, "Shape"),
        "double_data": many(8, "bytes"),  # runs of packed doubles
    },
    # A blob whose numbers are not packed: each has a key of its own.
    "LooseBlob": {"data": many(5, "float"), "double_data": many(8, "double")},
    "Shape": {"dim": many(1, "int64")},
    "Convolution": {
        "num_output": Field(1, "uint32"),
        "bias_term": Field(2, "bool", default=True),
        "pad": many(3, "uint32"),
        "kernel_size": many(4, "uint32"),
        "group": Field(5, "uint32", default=1),
        "stride": many(6, "uint32"),
        "pad_h": Field(9, "uint32"),
        "pad_w": Field(10, "uint32"),
        "kernel_h": Field(11, "uint32"),
        "kernel_w": Field(12, "uint32"),
        "stride_h": Field(13, "uint32"),
        "stride_w": Field(14, "uint32"),
        "dilation": many(18, "uint32"),
    },
    "InnerProduct": {
        "num_output": Field(1, "uint32"),
        "bias_term": Field(2, "bool", default=True),
        "axis": Field(5, "int32", default=1),
        "transpose": Field(6, "bool", default=False),
    },
    "LRN": {
        "local_size": Field(1, "uint32", default=5),
        "alpha": Field(2, "float", default=1),
        "beta": Field(3, "float", default=0.75),
        "norm_region": Field(4, "int32"),  # an enum; NORM_REGIONS
        "k": Field(5, "float", default=1),
    },
    "Pooling": {
        "pool": Field(1, "int32"),  # an enum; POOLS
        "kernel_size": many(2, "uint32"),  # not repeated in Caffe; so both kinds of layer
        "stride": many(3, "uint32"),  # are read the same way
        "pad": many(4, "uint32"),
        "kernel_h": Field(5, "uint32"),
        "kernel_w": Field(6, "uint32"),
        "stride_h": Field(7, "uint32"),
        "stride_w": Field(8, "uint32"),
        "pad_h": Field(9, "uint32"),
        "pad_w": Field(10, "uint32"),
        "global_pooling": Field(12, "bool", default=False),
        "round_mode": Field(13, "int32"),  # an enum; ROUND_MODES
    },
    "Dropout": {"dropout_ratio": Field(1, "float", default=0.5)},
    "ReLU": {"negative_slope": Field(1, "float", default=0)},
    "Transformation": {
        "scale": Field(1, "float", default=1),
        "crop_size": Field(3, "uint32", default=0),
        "mean_value": many(5, "float"),  # one, or one for each channel: B, G, R
    },
}

NORM_REGIONS = ("across", "within")
POOLS = ("max", "average", "stochastic")
ROUND_MODES = ("ceil", "floor")

# The names that the new generation has for the old one's numbers 0, 1, 2 ...
V1_TYPES = (
    "", "Accuracy", "BNLL", "Concat", "Convolution", "Data", "Dropout", "EuclideanLoss", "Flatten",
    "HDF5Data", "HDF5Output", "Im2col", "ImageData", "InfogainLoss", "InnerProduct", "LRN",
    "MultinomialLogisticLoss", "Pooling", "ReLU", "Sigmoid", "Softmax", "SoftmaxWithLoss", "Split",
    "TanH", "WindowData", "Eltwise", "Power", "SigmoidCrossEntropyLoss", "HingeLoss", "MemoryData",
    "ArgMax", "Threshold", "DummyData", "Slice", "MVN", "AbsVal", "Silence", "ContrastiveLoss",
    "Exp", "Deconvolution",
)  # fmt: skip


@lru_cache(maxsize=1)
def message_classes() -> dict[str, Any]:
    """The classes of protobuf for MESSAGES, by name; ImportError where there is no protobuf."""
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

    file = descriptor_pb2.FileDescriptorProto(name="caffe", package="caffe", syntax="proto2")
    for name, fields in MESSAGES.items():
        message = file.message_type.add(name=name)
        for field_name, field in fields.items():
            _declare(message.field.add(name=field_name, number=field.number), field)
    # A pool of its own: caffe's real descriptors may be loaded in the same process.
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    found = {name: pool.FindMessageTypeByName(f"caffe.{name}") for name in MESSAGES}
    return {name: message_factory.GetMessageClass(one) for name, one in found.items()}


def _declare(declared: Any, field: Field) -> None:
    declared.label = declared.LABEL_REPEATED if field.many else declared.LABEL_OPTIONAL
    if field.kind in MESSAGES:
        declared.type, declared.type_name = declared.TYPE_MESSAGE, f".caffe.{field.kind}"
    else:
        declared.type = getattr(declared, f"TYPE_{field.kind.upper()}")
    if field.default is not None:
        declared.default_value = str(field.default).lower()
