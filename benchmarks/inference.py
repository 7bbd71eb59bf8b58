"""Answers a second, one view and ten: our network, plain torch and ONNX Runtime, in turn.

    python benchmarks/inference.py SET [--batches 1,32] [--pictures 64] [--rounds 5]

One network with drawn weights is saved, and exported by `alexnet export`'s own code; three
processes read it: ours (`load_model`), plain torch modules with the same weights, and ONNX Runtime
with our export. They answer the same stored pictures of SET (of 256 pixels), out of which each cuts
the views by itself, with our code; and they work in turn, each first as often as the others. The
greatest difference of any probability from ours is printed too.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from plain import CLASSES, for_answers
from torch import Tensor
from workers import Worker, serve

from alexnet import machine
from alexnet.benchmarking.load import Load
from alexnet.data.store import ImageSet, open_set
from alexnet.formats.onnx_graph import LOGITS, PIXELS, write_onnx
from alexnet.model import Model, load_model, save_model
from alexnet.networks.build import Network
from alexnet.networks.zoo import named
from alexnet.training.start import draw_weights, unit_variance
from alexnet.views import test_views

SIDES = ("ours", "plain torch", "ONNX Runtime")
ONNX = "model.onnx"
Logits = Callable[[Tensor], Tensor]


def prepared(images: ImageSet, folder: Path) -> None:
    """A network whose layers and answers are spread as those of a trained one are, saved twice."""
    known = named("alexnet")
    network = Network(known.layers(CLASSES))
    names = tuple(f"class {n}" for n in range(CLASSES))
    model = Model(network, known.name, known.preprocessing, images.mean, names)
    draw_weights(network, 0)
    (views,) = test_views(stored(images, 32), model.mean, model.preprocessing, 1)
    unit_variance(network, views)
    with torch.no_grad():
        network.get_parameter("fc8.weight").mul_(50)  # logits spread by 5, so that answers are sure
    save_model(model, folder)
    write_onnx(model, folder / ONNX)


def stored(images: ImageSet, count: int) -> NDArray[np.uint8]:
    """The first pictures of the test part, or of the training part where there is none."""
    part = images.parts.get("test", images.parts["train"])
    return np.array(part.pictures[:count])


def network_of(side: str, model: Model, folder: Path) -> Logits:
    """What gives a side's logits; its own settings are those that it is best known with."""
    if side == "ours":
        machine.use()
        return model.network.eval()
    torch.set_num_threads(machine.cores())
    if side == "plain torch":
        network = for_answers()
        with torch.no_grad():
            for own, given in zip(network.parameters(), model.network.parameters(), strict=True):
                own.copy_(given)
        return lambda view: network(view.contiguous())
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = machine.cores()
    session = onnxruntime.InferenceSession(folder / ONNX, options, ["CPUExecutionProvider"])
    return lambda view: torch.from_numpy(
        session.run([LOGITS], {PIXELS: view.contiguous().numpy()})[0]
    )


def work(side: str, data: Path, folder: Path, pictures: int, cases: list[str]) -> None:
    """The worker: all pictures, with so many views and at a time, when asked."""
    model, taken = load_model(folder), stored(open_set(data), pictures)
    logits = network_of(side, model, folder)

    def answer(views: int, batch: int) -> dict[str, Any]:
        load, started = Load(), time.perf_counter()
        found = []
        with torch.inference_mode():
            for block in np.split(taken, range(batch, len(taken), batch)):
                cut = test_views(block, model.mean, model.preprocessing, views)
                found.append(torch.stack([logits(view).softmax(-1) for view in cut]).mean(0))
        seconds = time.perf_counter() - started
        np.save(folder / f"{side}.npy", torch.cat(found).numpy())
        return {"seconds": seconds, "others": load.others()}

    serve({case: partial(answer, *map(int, case.split())) for case in cases})


def measure(
    sides: dict[str, Worker], case: str, options: argparse.Namespace, folder: Path
) -> dict[str, Any]:
    """A case, in turn: seconds of each round by side, and differences from ours."""
    for worker in sides.values():
        worker.ask(case)  # to warm up
    rounds = []
    for number in range(options.rounds):
        first = number % len(SIDES)
        order = SIDES[first:] + SIDES[:first]
        rounds.append({side: sides[side].ask(case) for side in order})
    answers = {side: np.load(folder / f"{side}.npy") for side in SIDES}
    apart = {side: float(np.abs(answers[side] - answers["ours"]).max()) for side in SIDES}
    return {"case": case, "rounds": rounds, "differences": apart}


def text(found: dict[str, Any], pictures: int) -> list[str]:
    """Medians, spread, ratios and differences of a case."""
    views, batch = found["case"].split()
    busy = max(one["others"] or 0.0 for each in found["rounds"] for one in each.values())
    lines = [f"{views} view(s), {batch} at a time; others kept at most {busy:.1f} processors busy"]
    for side in SIDES:
        rates = [pictures / each[side]["seconds"] for each in found["rounds"]]
        ratios = [each[side]["seconds"] / each["ours"]["seconds"] for each in found["rounds"]]
        line = f"  {side:13}{median(rates):7.1f} images/s ({min(rates):.1f} to {max(rates):.1f})"
        if side != "ours":
            line += (
                f"; ours is {median(ratios):.2f} times as fast ({min(ratios):.2f} to "
                f"{max(ratios):.2f}); probabilities differ by at most "
                f"{found['differences'][side]:.1e}"
            )
        lines.append(line)
    return lines


def main() -> None:
    """Measure all cases, print, and keep what was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("set", type=Path, metavar="SET", help="a prepared set of 256 pixels")
    parser.add_argument("--batches", default="1,32", help="pictures at a time")
    parser.add_argument("--pictures", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--worker", choices=SIDES, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    cases = [f"{views} {batch}" for views in (1, 10) for batch in options.batches.split(",")]
    if options.worker:
        work(options.worker, options.set, options.folder, options.pictures, cases)
        return
    images = open_set(options.set)
    pictures = len(stored(images, options.pictures))
    print(json.dumps({"machine": machine.describe(), "versions": machine.versions()}, indent=1))
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        prepared(images, folder)
        shared = [str(options.set), "--folder", temporary, "--batches", options.batches]
        shared += ["--pictures", str(options.pictures)]
        sides = {side: Worker(__file__, *shared, "--worker", side) for side in SIDES}
        found = []
        for case in cases:
            found.append(measure(sides, case, options, folder))
            print("\n".join(text(found[-1], pictures)), flush=True)
        for worker in sides.values():
            worker.close()
    if options.json:
        described = {
            "date": date.today().isoformat(), "machine": machine.describe(),
            "versions": machine.versions(), "pictures": pictures, "results": found,
        }  # fmt: skip
        options.json.write_text(json.dumps(described, indent=1) + "\n")


if __name__ == "__main__":
    main()
