"""Whatever happened to a file of Caffe: a net or a sentence. And what reading one costs."""

import subprocess
import sys
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alexnet.errors import AlexNetError
from alexnet.formats.caffe import read_caffemodel, read_mean
from tests.formats import wire
from tests.formats.nets import NEW, OLD

DAMAGE = settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@DAMAGE
@given(data=st.sampled_from([OLD, NEW]), cut=st.floats(0, 1))
def test_any_beginning_of_a_file(tmp_path, data, cut):
    survives(tmp_path, data[: int(cut * len(data))])


@DAMAGE
@given(
    data=st.sampled_from([OLD, NEW]),
    flips=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(1, 255)), max_size=5),
)
def test_any_flipped_bytes(tmp_path, data, flips):
    changed = bytearray(data)
    for place, mask in flips:
        changed[int(place * len(changed))] ^= mask
    survives(tmp_path, bytes(changed))


@DAMAGE
@given(data=st.binary(min_size=1, max_size=60))
def test_any_bytes(tmp_path, data):
    survives(tmp_path, data)
    survives(tmp_path, wire.new_layer("a", "Pooling", blobs=[data]))


def survives(folder: Path, data: bytes) -> None:
    (folder / "net").write_bytes(data)
    for reader in read_caffemodel, read_mean:
        sentence = str(folder / "net")
        try:
            reader(folder / "net")
        except AlexNetError as error:
            sentence = str(error)
        assert str(folder / "net") in sentence
        assert sentence.isprintable()


MEASURED = """
import resource, sys
from alexnet.formats.caffe import read_caffemodel
from alexnet.formats.caffe_schema import message_classes

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

message_classes()
before = peak()
net = read_caffemodel(sys.argv[1])
assert net.layers[0].blobs[0].shape == (10 << 20,)
print(peak() - before)
"""


def test_reading_takes_twice_the_file_of_memory(tmp_path):
    blob = wire.joined(wire.shape(10 << 20), wire.piece(5, bytes(40 << 20)))
    (path := tmp_path / "net").write_bytes(wire.new_layer("fc", "InnerProduct", blobs=[blob]))
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, path], check=True, capture_output=True, text=True
    )
    assert int(done.stdout) < 2.3 * path.stat().st_size
