"""What a Caffe layer was told to do, Caffe's defaults filled in."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from alexnet.errors import AlexNetError
from alexnet.formats import caffe_schema as schema


def settings_of(record: Any, kind: str, where: str) -> dict[str, Any]:
    """The numbers of a layer of this kind; ``where`` names it in the sentences of AlexNetError."""
    if kind == "Convolution":
        return _convolution(record.convolution_param)
    if kind == "InnerProduct":
        return _plain(record.inner_product_param, "num_output", "bias_term", "axis", "transpose")
    if kind == "LRN":
        lrn = record.lrn_param
        region = _choice(schema.NORM_REGIONS, lrn.norm_region, "norm_region", where)
        return {**_plain(lrn, "local_size", "alpha", "beta", "k"), "norm_region": region}
    if kind == "Pooling":
        return _pooling(record.pooling_param, where)
    if kind == "Dropout":
        return _plain(record.dropout_param, "dropout_ratio")
    if kind == "ReLU":
        return _plain(record.relu_param, "negative_slope")
    return _transformation(record.transform_param) if record.HasField("transform_param") else {}


def _transformation(numbers: Any) -> dict[str, Any]:
    """How the layer that reads pictures makes them ready."""
    means = tuple(_short(value) for value in numbers.mean_value)
    return {**_plain(numbers, "scale", "crop_size"), "mean_value": means}


def _convolution(numbers: Any) -> dict[str, Any]:
    return {
        **_plain(numbers, "num_output", "bias_term", "group"),
        "kernel_size": _sides(numbers, "kernel_size", 0),
        "stride": _sides(numbers, "stride", 1),
        "pad": _sides(numbers, "pad", 0),
        "dilation": _one_or_all(tuple(numbers.dilation) or (1,)),
    }


def _pooling(numbers: Any, where: str) -> dict[str, Any]:
    return {
        "pool": _choice(schema.POOLS, numbers.pool, "pool", where),
        "kernel_size": _sides(numbers, "kernel_size", 0),
        "stride": _sides(numbers, "stride", 1),
        "pad": _sides(numbers, "pad", 0),
        "global_pooling": numbers.global_pooling,
        "round_mode": _choice(schema.ROUND_MODES, numbers.round_mode, "round_mode", where),
    }


def _sides(numbers: Any, name: str, default: int) -> int | tuple[int, ...]:
    """One number where all sides are equal, else (rows, columns)."""
    rows, columns = (f"{name.removesuffix('_size')}_{side}" for side in "hw")
    if numbers.HasField(rows) or numbers.HasField(columns):
        return _one_or_all((getattr(numbers, rows), getattr(numbers, columns)))
    return _one_or_all(tuple(getattr(numbers, name)) or (default,))


def _one_or_all(sizes: tuple[int, ...]) -> int | tuple[int, ...]:
    return sizes[0] if len(set(sizes)) == 1 else sizes


def _plain(message: Any, *names: str) -> dict[str, Any]:
    return {name: _short(getattr(message, name)) for name in names}


def _short(value: Any) -> Any:
    """A float32 as a person wrote it: 0.0001, not 9.999999747378752e-05."""
    return float(str(np.float32(value))) if isinstance(value, float) else value


def _choice(names: Sequence[str], number: int, what: str, where: str) -> str:
    if 0 <= number < len(names):
        return names[number]
    raise AlexNetError(
        f"In {where}, {what} is {number}; known are 0 to {len(names) - 1} ({', '.join(names)})."
    )
