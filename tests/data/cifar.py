"""CIFAR-10 and CIFAR-100 in all their forms, with a few pictures of noise."""

import pickle

import numpy as np

from alexnet.data.sources.known.cifar_forms import TEN
from tests.data.trees import Files

HUNDRED = tuple(f"fine {number:02}" for number in range(100))
BATCHES = (*(f"data_batch_{number}" for number in range(1, 6)), "test_batch")


def pictures(n, seed=0):
    """uint8 (n, 32, 32, 3)."""
    return np.random.default_rng(seed).integers(0, 256, (n, 32, 32, 3), dtype=np.uint8)


def labels(n, seed=0):
    return np.random.default_rng(seed).integers(0, 10, n).tolist()


def planes(n, seed=0):
    """The same pictures as they stand in the files: uint8 (n, 3072)."""
    return pictures(n, seed).transpose(0, 3, 1, 2).reshape(n, 3072)


def binary(n, seed=0, coarse=b""):
    rows = zip(labels(n, seed), planes(n, seed), strict=True)
    return b"".join(coarse + bytes([label]) + row.tobytes() for label, row in rows)


def pickled(n, seed=0, key="labels", columns=False, protocol=2, **more):
    """As Python 2 wrote them: texts are bytes."""
    data = planes(n, seed)
    values = {
        b"batch_label": b"a batch",
        key.encode(): labels(n, seed),
        b"filenames": [b"a.png"] * n,
    }
    values |= {b"data": np.ascontiguousarray(data.T) if columns else data}
    return pickle.dumps(values | more, protocol=protocol)


def cifar10_binary(n=3) -> Files:
    files = {f"{name}.bin": binary(n, seed) for seed, name in enumerate(BATCHES)}
    return files | {"batches.meta.txt": "".join(f"{name}\n" for name in (*TEN, "")).encode()}


def cifar10_python(n=3) -> Files:
    meta = {b"num_cases_per_batch": n, b"label_names": [name.encode() for name in TEN]}
    files = {name: pickled(n, seed) for seed, name in enumerate(BATCHES)}
    return files | {"batches.meta": pickle.dumps(meta, 2), "readme.html": b"<a>"}


def cifar10_columns(n=3) -> Files:
    meta = {b"data_mean": np.zeros((3072, 1), "f4"), b"label_names": list(TEN)}
    names = (*BATCHES[:5], "data_batch_6")
    files = {name: pickled(n, seed, columns=True) for seed, name in enumerate(names)}
    return files | {"batches.meta": pickle.dumps(meta, 2)}


def cifar100_binary(n=3) -> Files:
    files = {"train.bin": binary(n, 0, b"\7"), "test.bin": binary(n, 1, b"\7")}
    return files | {"fine_label_names.txt": "\n".join(HUNDRED).encode()}


def cifar100_python(n=3) -> Files:
    meta = {b"fine_label_names": [name.encode() for name in HUNDRED]}
    files = {"file.txt~": b"", "train": pickled(n, 0, "fine_labels")}
    return files | {"test": pickled(n, 1, "fine_labels"), "meta": pickle.dumps(meta, 2)}
