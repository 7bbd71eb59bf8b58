"""One step on 2 to 4 processes is that of one device; what travels is what the list says."""

import re

import pytest

from alexnet.parallel import traffic
from alexnet.parallel.placement import Placement, shared_out
from alexnet.parallel.split import share_of, streams_of
from alexnet.parallel.traffic import Traffic, Widths
from alexnet.training.validation import validate
from tests.parallel.cases import (
    BF16,
    CASES,
    VALIDATED,
    Case,
    job_of,
    layers_of,
    on_one_device,
    refusals,
)
from tests.parallel.conftest import Party, off

ALL = [(size, name) for size, cases in CASES.items() for name in cases]
EXACT = [(size, name) for size, name in ALL if "bf16" not in name]
MOVING = [(size, name) for size, name in ALL if not re.search("frozen|only fc8 moves|rate 0", name)]
HALVED = [(size, name) for size, name in ALL if name.endswith("exchange in bf16")]
IN_BF16 = [(size, name) for size, name in ALL if name.endswith("training in bf16")]


@pytest.mark.parametrize(("size", "name"), EXACT)
def test_loss_gradients_and_velocities_are_those_of_one_device(
    party: Party, size: int, name: str
) -> None:
    """Dropout on; 1e-5 is what the order of float32 sums does to the gradients."""
    case, found = CASES[size][name], party.step(size, name)
    expected = on_one_device(case.alone)
    outcome = found[0]["outcome"]
    assert outcome == {**expected.outcome, "loss": pytest.approx(expected.outcome["loss"], 1e-6)}
    assert outcome["pictures"] == case.batch
    for what, wanted in (("gradient ", expected.gradients), ("velocity ", expected.velocities)):
        assert max(off(party.tensors(size, name, what), wanted).values(), default=0.0) < 1e-5


@pytest.mark.parametrize(("size", "name"), ALL)
def test_processes_agree_to_the_last_bit(party: Party, size: int, name: str) -> None:
    found = party.step(size, name)
    assert len(found) == size
    assert all(one["digest"] == found[0]["digest"] for one in found)
    assert all(one["outcome"] == found[0]["outcome"] for one in found)


@pytest.mark.parametrize(("size", "name"), HALVED)
def test_exchange_in_bf16_is_close_in_half_the_bytes(party: Party, size: int, name: str) -> None:
    case, found = CASES[size][name], party.step(size, name)
    expected = on_one_device(case.alone)
    assert found[0]["outcome"]["loss"] == pytest.approx(expected.outcome["loss"], abs=1e-3)
    assert max(off(party.tensors(size, name, "gradient "), expected.gradients).values()) < 1e-2
    for rank, one in enumerate(found):
        whole = sent(case, size, rank, Widths())
        assert one["traffic"] == {"values": whole.values / 2, "gradients": whole.gradients / 2}


@pytest.mark.parametrize(("size", "name"), IN_BF16)
def test_training_in_bf16_is_as_close_as_its_rounding(party: Party, size: int, name: str) -> None:
    """Which of two values is a window's largest is often a matter of rounding there."""
    expected = on_one_device(CASES[size][name].alone)
    loss = party.step(size, name)[0]["outcome"]["loss"]
    assert loss == pytest.approx(expected.outcome["loss"], abs=1e-3)
    for key, value in party.tensors(size, name, "gradient ").items():
        wanted = expected.gradients[key]
        assert (value - wanted).norm() < 0.1 * wanted.norm()


def sent(case: Case, size: int, rank: int, widths: Widths) -> Traffic:
    """By the formula, for a process with its own number of pictures."""
    layers, side = layers_of(case.net), job_of(case, Placement).network.side
    parts = share_of(layers, case.mode, size, rank, case.local).parts
    streams = streams_of(case.mode, size, parts)
    stream = rank if case.mode == "hybrid" else rank // parts
    batch = len(shared_out(range(case.batch), streams)[stream]) * streams
    return traffic.of_step(
        layers, (3, side, side), case.mode, size, rank, batch, widths, case.local
    )


@pytest.mark.parametrize(("size", "name"), MOVING)
def test_what_is_sent_is_what_the_list_says(party: Party, size: int, name: str) -> None:
    """Gradients are summed in some pieces, of which each may leave a fraction of a byte away."""
    case = CASES[size][name]
    half = case.exchange == "bf16"
    inside = 2 if half or case.settings == BF16 else 4
    widths = Widths(inside, 2 if half else 4, 2 if half else 4)
    for rank, one in enumerate(party.step(size, name)):
        expected = sent(case, size, rank, widths)
        assert one["traffic"]["values"] == expected.values
        assert one["traffic"]["gradients"] == pytest.approx(expected.gradients, abs=2)
        assert one["line"].endswith("as computed from the list of layers")


@pytest.mark.parametrize("size", CASES)
def test_validation_shared_out_gives_the_numbers_of_one_process(party: Party, size: int) -> None:
    """70 pictures are 3 blocks: of 4 processes one has none."""
    job = job_of(VALIDATED, Placement)
    alone = validate(job.model, job.images)
    assert alone["val_loss"] > 0.1
    for one in party.found[size]:
        assert one["validated"] == alone


@pytest.mark.parametrize("size", CASES)
def test_what_cannot_be_shared_out_is_refused_by_all(party: Party, size: int) -> None:
    among = f"among {size} processes; give another --batch or start another number of them."
    said = {
        "fewer pictures than processes":
            f"A batch of {size - 1} pictures cannot be shared out {among}",
        "hybrid of uneven parts":
            f"A batch of {4 * size + 1} pictures cannot be shared out evenly {among}",
        "towers on three":
            "A network of 2 towers cannot be spread over 3 processes; start a multiple of 2: "
            "torchrun --nproc-per-node 2 ...",
    }  # fmt: skip
    expected = {name: said[name] for name in refusals(size)}
    assert [one["refused"] for one in party.found[size]] == [expected] * size
