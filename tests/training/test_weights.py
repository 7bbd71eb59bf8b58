"""`--weights RUN`: another run's weights, network and way of a picture; layers that stand still."""

import json
import shutil
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from alexnet import files
from alexnet.data.prepare import prepare
from alexnet.data.store import open_set
from alexnet.errors import AlexNetError, Interrupted, UsageError
from alexnet.evaluation import evaluate
from alexnet.model import load_model, save_model
from alexnet.run import Run
from alexnet.training import loop, session
from alexnet.training.choice import choose
from alexnet.training.recipe import Given
from tests.data.trees import photos, write_tree
from tests.system import save_at_every_step, short_run, small_set, stop_after

WAY = {"scale": 32, "channels": "BGR", "mean": "image", "mean_at": "centre", "crop": 52}
NAMES = ("conv1", "conv2", "conv3", "conv4", "conv5", "fc6", "fc7", "fc8")
NET = "caffenet+width:0.0625"


@pytest.fixture(scope="module")
def top(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two sets, of the classes a, b, c and of p, q, r, s, and a run on the first."""
    top = tmp_path_factory.mktemp("weights")
    small_set(top / "abc")
    prepare(pqrs(top / "photos"), top / "pqrs", size=64, workers=1)
    short_run(top / "abc", top / "big", layers=None, net=NET, settings={"epochs": 1, **WAY})
    return top


def pqrs(folder: Path) -> Path:
    """Four class folders of small photos."""
    return write_tree(folder, photos(f"{name}/{n}.png" for name in "pqrs" for n in range(8)))


def started(top: Path, data: str, run: Path, said: list[str] | None = None, **options: Any) -> Run:
    """A short run from the weights of `big`; the step before the first one is kept."""
    options = {"layers": None, "weights": top / "big", **options}
    return short_run(top / data, run, said, **options)


def at_step(run: Path, step: int) -> dict[str, torch.Tensor]:
    """The weights of a checkpoint."""
    found = load_file(run / "checkpoints" / f"step-{step:08}.safetensors")
    return {name: value for name, value in found.items() if name.startswith(NAMES)}


def weights(run: Path) -> dict[str, torch.Tensor]:
    return load_file(run / "model.safetensors")


def test_the_same_classes_keep_every_layer(top: Path, tmp_path: Path) -> None:
    run = started(top, "abc", tmp_path / "run")
    before, big = at_step(run.folder, 0), weights(top / "big")
    assert set(before) == set(big) - {"mean"}
    assert all(torch.equal(value, big[name]) for name, value in before.items())
    assert (run.plan["weights"]["taken"], run.plan["weights"]["new"]) == (list(NAMES), [])
    after = weights(run.folder)
    assert not any(torch.equal(before[name], after[name]) for name in before)


def test_other_classes_get_a_new_last_layer(top: Path, tmp_path: Path) -> None:
    said: list[str] = []
    run = started(top, "pqrs", tmp_path / "run", said)
    before, big = at_step(run.folder, 0), weights(top / "big")
    for name, value in before.items():
        if name.startswith("fc8"):
            assert len(value) == 4
        else:
            assert torch.equal(value, big[name]), name
    assert run.plan["weights"] == {
        "folder": str(top / "big"), "network": NET, "taken": list(NAMES[:-1]), "new": ["fc8"],
    }  # fmt: skip
    plan = "\n".join(said)
    assert f"Weights    from {top / 'big'}: {', '.join(NAMES[:-1])}; new: fc8\n" in plan
    assert f"Network    {NET}, " in plan
    assert "BGR  order of the colours (weights big)" in plan
    assert "from scratch" not in plan
    assert evaluate(run.folder, views=1, quiet=True, say=lambda _: None)[0].images == 3


def test_as_many_classes_of_other_names_get_a_new_last_layer_too(top: Path, tmp_path: Path) -> None:
    names = write_tree(tmp_path / "xyz", photos(f"{n}/{i}.png" for n in "xyz" for i in range(9)))
    prepare(names, tmp_path / "set", size=64, workers=1)
    run = started(tmp_path, "set", tmp_path / "run", weights=top / "big")
    big, before = weights(top / "big"), at_step(run.folder, 0)
    assert before["fc8.weight"].shape == big["fc8.weight"].shape
    assert not torch.equal(before["fc8.weight"], big["fc8.weight"])
    assert torch.equal(before["fc7.weight"], big["fc7.weight"])


def test_pictures_go_the_way_of_the_other_run(top: Path, tmp_path: Path) -> None:
    """Mean, scale, channel order and crop are those that the weights have learnt with."""
    run = started(top, "pqrs", tmp_path / "run")
    ours, theirs = load_model(run.folder), load_model(top / "big")
    assert ours.preprocessing == theirs.preprocessing
    assert (ours.preprocessing.scale, ours.preprocessing.channels) == (32.0, "BGR")
    assert (ours.preprocessing.crop, ours.preprocessing.mean_at) == (52, "centre")
    assert weights(run.folder)["mean"].equal(weights(top / "big")["mean"])
    assert not np.array_equal(ours.mean, open_set(top / "pqrs").mean)
    recipe = run.plan["recipe"]
    for name in ("scale", "channels", "crop", "mean_at", "mean"):
        assert recipe[name]["origin"] == "weights big"
    assert (recipe["mean"]["value"], recipe["batch"]["origin"]) == ("image", "caller")


def test_the_network_s_own_recipe_is_that_of_the_other_run_s_network(
    top: Path, tmp_path: Path
) -> None:
    settings = {"epochs": 0, "batch": 6}
    run = started(top, "abc", tmp_path / "run", recipe="own", settings=settings)
    assert run.plan["network"] == NET
    assert run.plan["recipe"]["bias_rate"]["value"] == 2
    assert run.plan["recipe"]["bias_rate"]["origin"] == f"net {NET}"


def test_names_of_classes_stay_with_the_classes(top: Path, tmp_path: Path) -> None:
    big = load_model(top / "big")
    named = replace(big, names=("tench", "goldfish", "shark"))
    (tmp_path / "named").mkdir()
    save_model(named, tmp_path / "named")
    for data, names in (("abc", named.names), ("pqrs", ())):
        run = started(top, data, tmp_path / data, weights=tmp_path / "named")
        assert load_model(run.folder).names == names


def test_layers_that_are_frozen_stay_bit_for_bit(top: Path, tmp_path: Path) -> None:
    said: list[str] = []
    settings = {"freeze": NAMES[:-1]}
    run = started(top, "pqrs", tmp_path / "run", said, settings=settings)
    after, big = weights(run.folder), weights(top / "big")
    for name in big:
        if not name.startswith("fc8"):
            assert torch.equal(after[name], big[name]), name
    assert not torch.equal(at_step(run.folder, 0)["fc8.weight"], after["fc8.weight"])
    assert f"{','.join(NAMES[:-1])}  layers that stand still (caller)" in "\n".join(said)
    steps = (run.folder / "layers.csv").read_text().splitlines()
    assert len(steps) == 1 + 2 * 2 * len(NAMES)
    moved = {line.split(",")[1] for line in steps[1:] if line.split(",")[4] != "0.0"}
    assert moved == {"fc8"}


def test_all_layers_may_stand_still(top: Path, tmp_path: Path) -> None:
    run = started(top, "abc", tmp_path / "run", settings={"freeze": ",".join(NAMES)})
    after, big = weights(run.folder), weights(top / "big")
    assert all(torch.equal(after[name], big[name]) for name in big)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (
            {"net": "alexnet"},
            r"big holds the network caffenet\+width:0.0625, which its weights fit",
        ),
        ({"net": "caffenet"}, "another one cannot be asked for with --weights"),
        ({"layers": ()}, "another one cannot be asked for with --weights"),
        (
            {"settings": {"scale": 64}},
            r"scale cannot be 64 \(caller\): the weights of .*big are for 32",
        ),
        ({"settings": {"channels": "RGB"}}, "channels cannot be RGB .* are for BGR"),
        ({"settings": {"mean": "channel"}}, "mean cannot be channel .* are for image"),
        ({"settings": {"crop": "56"}}, "crop cannot be 56 .* are for 52"),
        ({"settings": {"freeze": "con2"}}, r"no layer 'con2' to freeze \(did you mean 'conv2'\?\)"),
        ({"settings": {"freeze": "fc9,conv1"}}, r"no layer 'fc9' to freeze \(did you mean 'fc"),
    ],
)
def test_contradictions_are_told_before_photos_are_prepared(
    top: Path, tmp_path: Path, options: dict[str, Any], sentence: str
) -> None:
    pqrs(tmp_path / "photos")
    with pytest.raises(UsageError, match=sentence):
        session.train(
            tmp_path / "photos", tmp_path / "run", weights=top / "big", say=pytest.fail, **options
        )
    assert [path.name for path in tmp_path.iterdir()] == ["photos"]


def test_the_same_again_is_no_contradiction(top: Path, tmp_path: Path) -> None:
    given = {"epochs": 0, "scale": "32", "channels": "BGR", "crop": 52}
    run = started(top, "abc", tmp_path / "run", net=NET, settings=given)
    taken = load_model(run.folder).preprocessing
    assert (taken.scale, taken.channels, taken.crop) == (32, "BGR", 52)


def test_whether_pictures_may_be_mirrored_is_taken_over_and_can_be_changed(
    top: Path, tmp_path: Path
) -> None:
    model = load_model(top / "big")
    save_model(replace(model, preprocessing=replace(model.preprocessing, mirror=False)), tmp_path)
    taken = choose("fast", {}, weights=tmp_path).resolved(10)
    assert (taken.recipe.mirror, taken.origins["mirror"]) == (False, f"weights {tmp_path.name}")
    given = {"mirror": Given("yes", "--set")}
    assert choose("fast", given, weights=tmp_path).resolved(10).recipe.mirror
    given = {"mirror": Given(False, "--no-mirror")}
    assert not choose("fast", given, weights=top / "big").resolved(10).recipe.mirror


def test_a_folder_without_weights(top: Path, tmp_path: Path) -> None:
    with pytest.raises(AlexNetError, match="holds no trained model"):
        started(top, "abc", tmp_path / "run", weights=tmp_path)


def test_pictures_of_another_size_are_refused(top: Path, tmp_path: Path) -> None:
    prepare(top / "abc-photos", tmp_path / "large", size=96, workers=1)
    sentence = r"pictures of 96 pixels, the weights of .*big are for 64.*--size 64 --fit crop"
    with pytest.raises(AlexNetError, match=sentence):
        started(tmp_path, "large", tmp_path / "run", weights=top / "big")
    assert not (tmp_path / "run").exists()


def test_pictures_of_another_fit_are_remarked_upon(top: Path, tmp_path: Path) -> None:
    prepare(top / "abc-photos", tmp_path / "warped", size=64, fit="warp", workers=1)
    said: list[str] = []
    run = started(tmp_path, "warped", tmp_path / "run", said, weights=top / "big")
    assert said[0].startswith("Note: ")
    assert "prepared with --fit warp" in said[0]
    assert load_model(run.folder).preprocessing.fit == "warp"


def test_pictures_of_another_filter_are_remarked_upon(top: Path, tmp_path: Path) -> None:
    prepare(top / "abc-photos", tmp_path / "set", size=64, filter="bilinear", workers=1)
    said: list[str] = []
    run = started(tmp_path, "set", tmp_path / "run", said, weights=top / "big")
    assert "prepared with --filter bilinear, the pictures" in said[0]
    assert load_model(run.folder).preprocessing.filter == "bilinear"


def test_photos_are_prepared_as_the_other_run_s_were(top: Path, tmp_path: Path) -> None:
    photos = pqrs(tmp_path / "photos")
    run = started(tmp_path, "photos", tmp_path / "run", weights=top / "big")
    prepared = tmp_path / "photos-prepared-64"
    assert (run.plan["data"]["folder"], run.plan["data"]["size"]) == (str(prepared), 64)
    with pytest.raises(UsageError, match=r"`alexnet prepare .*photos DATA --size 64`"):
        session.train(photos, tmp_path / "dry", weights=top / "big", dry_run=True)


def stopped(top: Path, run: Path, after: int, weights: Path, **settings: Any) -> Path:
    """A run that SIGTERM stopped after so many steps."""
    with pytest.MonkeyPatch.context() as patched:
        stop_after(patched, after, signal.SIGTERM)
        with pytest.raises(Interrupted):
            started(top, "pqrs", run, weights=weights, settings=settings)
    return run


def test_a_run_goes_on_after_the_other_one_is_gone(top: Path, tmp_path: Path) -> None:
    settings = {"freeze": "conv1,conv2"}
    whole = started(top, "pqrs", tmp_path / "whole", settings=settings)
    shutil.copytree(top / "big", tmp_path / "big")
    run = stopped(top, tmp_path / "run", 4, tmp_path / "big", **settings)
    shutil.rmtree(tmp_path / "big")
    session.resume(run, say=lambda _: None, quiet=True)
    for name in ("model.safetensors", "model.json"):
        assert (run / name).read_bytes() == (whole.folder / name).read_bytes()


def test_killed_before_its_first_step_it_goes_on_too(
    top: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = started(top, "pqrs", tmp_path / "whole")

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(loop, "run", killed)
        with pytest.raises(KeyboardInterrupt):
            started(top, "pqrs", tmp_path / "run")
    said: list[str] = []
    session.resume(tmp_path / "run", say=said.append, quiet=True)
    assert said[0] == "Going on at step 1 of 10."
    assert weights(tmp_path / "run")["fc8.weight"].equal(weights(whole.folder)["fc8.weight"])


def test_killed_before_there_is_a_plan_the_same_call_begins_again(
    top: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = files.write_json

    def killed(path: Path, value: Any) -> None:
        if path.name == "plan.json":
            raise KeyboardInterrupt
        written(path, value)

    with monkeypatch.context() as patched:
        patched.setattr(files, "write_json", killed)
        with pytest.raises(KeyboardInterrupt):
            started(top, "pqrs", tmp_path / "run")
    run = started(top, "pqrs", tmp_path / "run")
    assert len(run.metrics) == 2


def test_without_its_checkpoints_it_does_not_begin_with_other_weights(
    top: Path, tmp_path: Path
) -> None:
    run = stopped(top, tmp_path / "run", 2, top / "big")
    shutil.rmtree(run / "checkpoints")
    with pytest.raises(AlexNetError, match=r"lost its checkpoints.*--weights .*big"):
        session.resume(run, say=lambda _: None, quiet=True)


@pytest.mark.parametrize("after", [2, 5, 8])
def test_stopped_in_the_slow_or_the_still_phase_it_ends_with_the_same_weights(
    top: Path, tmp_path: Path, after: int
) -> None:
    """Of ten steps conv1 is slow from step 4 on (epoch 0.6), and still from step 7 on (1.2)."""
    settings = {
        "freeze": "conv1", "slow_at": 0.6, "freeze_at": 1.2, "schedule": "steps",
        "reduce_at": 0.9, "bias_rate": 2, "bias_reduce_at": 0.4, "noise_until": 1, "block": 4,
    }  # fmt: skip
    whole = started(top, "pqrs", tmp_path / "whole", settings=settings)
    with pytest.MonkeyPatch.context() as patched:
        save_at_every_step(patched)
        run = stopped(top, tmp_path / "run", after, top / "big", **settings)
    session.resume(run, workers=2, say=lambda _: None, quiet=True)
    ours, theirs = ((one / "model.safetensors").read_bytes() for one in (run, whole.folder))
    assert ours == theirs


def test_a_run_that_was_imported_cannot_go_on(top: Path, tmp_path: Path) -> None:
    save_model(load_model(top / "big"), tmp_path)
    (tmp_path / "plan.json").write_text(json.dumps({"format": 1, "recipe_name": "imported"}))
    with pytest.raises(AlexNetError, match=r"was imported.*--weights"):
        session.resume(tmp_path)
