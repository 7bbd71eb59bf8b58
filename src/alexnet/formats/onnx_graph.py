"""Models as ONNX, built from the list of layers: pixels to logits, or pictures to probabilities.

Opset 13 and IR version 7 are old enough for runtimes of years ago (tried: ONNX Runtime 1.15).
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, ValueInfoProto, helper, numpy_helper

from alexnet import files
from alexnet._version import __version__
from alexnet.errors import AlexNetError
from alexnet.formats.comparing import Difference, compared
from alexnet.formats.describing import facts, square_in_words
from alexnet.formats.onnx_nodes import Nodes, add_layer
from alexnet.model import Model
from alexnet.networks.tables import Shape, table

OPSET, IR_VERSION = 13, 7
LARGEST = (1 << 31) - 1  # bytes; a message of protocol buffers is no larger
PIXELS, LOGITS = "pixels", "logits"
PICTURE, PROBABILITIES = "picture", "probabilities"


def write_onnx(model: Model, path: Path, preprocessing: bool = False) -> Difference | None:
    """Write and check an ``.onnx`` file; how far it is from the network, where that can be told.

    ``preprocessing``: see ``onnx_model``. onnx checks the file; with onnxruntime installed, its
    answers are compared with the network's. AlexNetError where anything is wrong, and then
    nothing is left.
    """
    found: list[Difference | None] = []
    with files.replacing(path, lambda one: found.append(_proved(model, one)), new=True) as file:
        # Kept by nobody: the proof needs the memory.
        file.write(onnx_model(model, preprocessing).SerializeToString())
    return found[0]


def onnx_model(model: Model, preprocessing: bool = False) -> ModelProto:
    """The model as an ONNX graph, for any number N of pictures.

    "pixels", float32 (N, 3, side, side), to "logits" (N, classes). With ``preprocessing``
    "picture", the stored square as uint8 (N, size, size, 3) RGB, to "probabilities". AlexNetError
    where it would be too large for a file of ONNX.
    """
    if (size := sum(4 * value.numel() for value in model.network.parameters())) > LARGEST - (
        1 << 20
    ):
        raise AlexNetError(f"{size:,} bytes of weights are more than a file of ONNX can hold.")
    values = model.network.state_dict().items()
    graph = Nodes(
        {name: value.contiguous().numpy() for name, value in values},
        {PIXELS, LOGITS, PICTURE, PROBABILITIES},
    )
    x = _pixels(graph, model) if preprocessing else PIXELS
    for row in table(model.layers, model.network.input):
        x = add_layer(graph, row, x)
    graph.nodes[-1].output[0] = LOGITS
    if preprocessing:
        graph.nodes.append(
            helper.make_node("Softmax", [LOGITS], [PROBABILITIES], PROBABILITIES, axis=-1)
        )
    ends = _input(model, preprocessing), _output(model, preprocessing)
    return _described(model, graph, ends)


def _pixels(graph: Nodes, model: Model) -> str:
    """The central view of the stored square, as ``views.test_views`` makes it."""
    way = model.preprocessing
    start, end = (way.size - way.crop) // 2, (way.size - way.crop) // 2 + way.crop
    places = [
        graph.constant(np.array(values, np.int64), f"crop/{name}")
        for name, values in (("starts", [start] * 2), ("ends", [end] * 2), ("axes", [1, 2]))
    ]
    x = graph.add("Slice", [PICTURE, *places], "crop")
    x = graph.add("Cast", [x], "crop/float", to=TensorProto.FLOAT)
    mean = graph.constant(model.mean[start:end, start:end], "mean")
    x = graph.add("Sub", [x, mean], "centred")
    if (way.divisor != 1).any():
        x = graph.add("Div", [x, graph.constant(way.divisor, "scale")], "scaled")
    if way.channels == "BGR":
        order = graph.constant(np.array([2, 1, 0], np.int64), "bgr/order")
        x = graph.add("Gather", [x, order], "bgr", axis=3)
    return graph.add("Transpose", [x], "planes", perm=[0, 3, 1, 2])


def _input(model: Model, preprocessing: bool) -> ValueInfoProto:
    if preprocessing:
        size = model.preprocessing.size
        return _value(PICTURE, TensorProto.UINT8, (size, size, 3), square_in_words(model))
    return _value(PIXELS, TensorProto.FLOAT, model.network.input, facts(model)["pictures"])


def _output(model: Model, preprocessing: bool) -> ValueInfoProto:
    name = PROBABILITIES if preprocessing else LOGITS
    words = "in the order of classes and names in the metadata"
    return _value(name, TensorProto.FLOAT, (len(model.classes),), words)


def _value(name: str, kind: int, shape: Shape, words: str) -> ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, ["N", *shape], words)


def _described(
    model: Model, graph: Nodes, ends: tuple[ValueInfoProto, ValueInfoProto]
) -> ModelProto:
    """The file: nodes, constants, words for people, and as metadata the facts in JSON."""
    constants = [numpy_helper.from_array(value, name) for name, value in graph.constants.items()]
    words = f"{model.name}, {len(model.classes)} classes. Reads: {ends[0].doc_string}."
    made = helper.make_model(
        helper.make_graph(graph.nodes, "alexnet", [ends[0]], [ends[1]], constants, words),
        opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION,
        producer_name="alexnet", producer_version=__version__, doc_string=words,
    )  # fmt: skip
    # ASCII, because a name of a class may come from a file name that is no UTF-8.
    helper.set_model_props(made, {key: json.dumps(value) for key, value in facts(model).items()})
    return made


def _proved(model: Model, path: Path) -> Difference | None:
    """AlexNetError where the file is no good; None where there is no runtime to compare with."""
    try:
        onnx.checker.check_model(str(path), full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        raise AlexNetError(f"The file was not written: it is no valid ONNX: {error}.") from error
    try:
        import onnxruntime
    except ImportError:
        return None
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors
    try:
        session = onnxruntime.InferenceSession(str(path), options, ["CPUExecutionProvider"])
    except Exception as error:  # a class of its own for each kind of failure
        raise AlexNetError(
            f"The file was not written: ONNX Runtime {onnxruntime.__version__} does not open it: "
            f"{error}."
        ) from error
    (read,) = session.get_inputs()

    def answer(values: NDArray[Any]) -> NDArray[np.float32]:
        (found,) = session.run(None, {read.name: values})
        return np.asarray(found)

    return compared(model, answer, whole=read.name == PICTURE)
