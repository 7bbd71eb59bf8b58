"""The networks' own recipes as logged, and with other numbers of epochs."""

import pytest

from alexnet.networks import zoo
from alexnet.training.optimizer import Rates
from alexnet.training.recipe import Given, resolve
from alexnet.training.schedule import bias_rate_at, rate_at, share_of_slow


def phases(name: str, *epochs: float) -> list[tuple[float, ...]]:
    """Rates of weights and biases, and those of the layers of `freeze`, at some epochs."""
    recipe = resolve("own", 10**6, net=zoo.NETWORKS[name]).recipe
    found = []
    for epoch in epochs:
        rate = rate_at(recipe, 10**6, epoch, 0, [])
        biases = bias_rate_at(recipe, 10**6, epoch, rate)
        rates = Rates(rate, biases, share_of_slow(recipe, epoch))
        kinds = ("weights", "biases", "slow weights", "slow biases")
        found.append(tuple(rates.of(kind) for kind in kinds))
    return found


def test_alexnet_as_run_is_net_145_as_logged() -> None:
    """The log of net 145; rates of biases and of a slow conv1 as run4.sh records them."""
    recipe = resolve("own", 10**6, net=zoo.NETWORKS["alexnet-as-run"]).recipe
    assert (recipe.epochs, recipe.batch, recipe.momentum, recipe.freeze) == (
        91,
        128,
        0.9,
        ("conv1",),
    )
    assert (recipe.decay, recipe.bias_decay, recipe.dropout) == (0.0005, 0, 0.5)
    found = phases("alexnet-as-run", 0, 24.9, 25, 50.9, 51, 66.9, 67, 71.9, 72, 78.9, 79, 90.9)
    expected = [
        *[(1e-2, 2e-2, 1e-2, 2e-2)] * 2,
        *[(1e-3, 2e-3, 1e-3, 2e-3)] * 2,
        *[(1e-4, 2e-3, 1e-4, 2e-3)] * 2,  # the biases' rate fell once and never again
        *[(1e-4, 2e-3, 1e-5, 2e-3)] * 2,
        *[(1e-4, 2e-3, 0, 0)] * 2,
        *[(1e-5, 2e-3, 0, 0)] * 2,
    ]
    assert found == [pytest.approx(rates, rel=1e-12) for rates in expected]
    assert (recipe.colour_unit, recipe.colour_noise) == ("deviation", 0.1)
    assert (recipe.noise_until, recipe.noise_divides, recipe.mean_at) == (67, True, "centre")
    assert recipe.block == 1  # 32 as run; an option


def test_net_150_has_reductions_of_its_own() -> None:
    found = phases("alexnet-apart", 24.9, 25, 48.9, 49, 65.9, 66, 72, 79)
    assert [rates[0] for rates in found] == pytest.approx([1e-2, 1e-3, 1e-3, *[1e-4] * 4, 1e-5])
    assert [rates[2] for rates in found[4:]] == pytest.approx([1e-4, 1e-5, 0, 0])


def test_one_weird_trick_falls_by_the_cube_root_of_250() -> None:
    found = phases("one-weird-trick", 0, 22.5, 45, 67.5)
    weights = [0.01, 0.0015874, 0.00025198, 0.00004]
    assert [rates[0] for rates in found] == pytest.approx(weights, rel=1e-4)
    assert [rates[1] for rates in found] == pytest.approx([0.02, 0.02, 0.002, 0.002])
    assert resolve("own", 10**6, net=zoo.NETWORKS["one-weird-trick"]).recipe.epochs == 90


@pytest.mark.parametrize("name", ["caffenet", "bvlc-alexnet"])
def test_caffe_s_recipe(name: str) -> None:
    recipe = resolve("own", 10**6, net=zoo.NETWORKS[name]).recipe
    assert (recipe.batch, recipe.epochs, recipe.colour_noise) == (256, 90, 0)
    assert (recipe.decay, recipe.bias_decay, recipe.momentum) == (0.0005, 0, 0.9)
    assert (recipe.crop, recipe.channels, recipe.mean, recipe.mean_at) == (
        227, "BGR", "image", "crop",
    )  # fmt: skip
    found = phases(name, 0, 20, 40, 60, 80)
    assert [rates[0] for rates in found] == pytest.approx([1e-2, 1e-3, 1e-4, 1e-5, 1e-6])
    assert [rates[1] for rates in found] == pytest.approx([2e-2, 2e-3, 2e-4, 2e-5, 2e-6])


@pytest.mark.parametrize(
    ("name", "first", "end"),
    [("cifar10-13pct", 120, 140), ("cifar10-11pct", 500, 520), ("cifar10-18pct", 120, 140)],
)
def test_the_recipes_of_cuda_convnet_on_cifar10(name: str, first: float, end: float) -> None:
    """Weights 0.001 and twice divided by 10; biases 0.002 to the end where local layers are."""
    recipe = resolve("own", 50_000, net=zoo.NETWORKS[name]).recipe
    assert (recipe.epochs, recipe.batch, recipe.colour_noise) == (end, 128, 0)
    found = phases(name, 0, first - 0.1, first, first + 9.9, first + 10, end - 0.1)
    assert [rates[0] for rates in found] == pytest.approx([1e-3, 1e-3, 1e-4, 1e-4, 1e-5, 1e-5])
    biases = [0.002] * 6 if name != "cifar10-18pct" else [2 * rates[0] for rates in found]
    assert [rates[1] for rates in found] == pytest.approx(biases)


def test_what_happens_at_an_epoch_moves_with_the_number_of_epochs() -> None:
    net = zoo.NETWORKS["alexnet-as-run"]
    found = resolve("own", 10, {"epochs": Given("9.1", "--epochs")}, net)
    recipe, origins = found.recipe, found.origins
    assert recipe.reduce_at == pytest.approx((2.5, 5.1, 7.9))
    assert recipe.bias_reduce_at == pytest.approx((2.5,))
    assert (recipe.slow_at, recipe.freeze_at, recipe.noise_until) == pytest.approx((6.7, 7.2, 6.7))
    assert origins["reduce_at"] == "net alexnet-as-run, moved with epochs"
    assert (origins["epochs"], origins["freeze"]) == ("--epochs", "net alexnet-as-run")


def test_what_a_person_gave_does_not_move() -> None:
    given = {"epochs": Given(10, "--epochs"), "reduce_at": Given("8,9", "--set")}
    found = resolve("own", 10, given, zoo.NETWORKS["alexnet-as-run"])
    assert (found.recipe.reduce_at, found.origins["reduce_at"]) == ((8.0, 9.0), "--set")
    assert found.recipe.freeze_at == pytest.approx(72 * 10 / 91)


@pytest.mark.parametrize("epochs", [0, 91])
def test_nothing_moves_without_other_epochs(epochs: float) -> None:
    """At no epochs at all, "from epoch 72 on" must not become "from the start"."""
    net = zoo.NETWORKS["alexnet-as-run"]
    found = resolve("own", 10, {"epochs": Given(epochs, "--epochs")}, net)
    assert (found.recipe.freeze_at, found.recipe.noise_until) == (72, 67)
    assert found.origins["freeze_at"] == "net alexnet-as-run"


@pytest.mark.parametrize("name", ["cifar10-13pct", "cifar10-11pct"])
@pytest.mark.parametrize("epochs", [4 / 27, 0.3, 7, 33, 1000])
def test_biases_that_keep_their_rate_to_the_end_do_so_with_other_epochs(
    name: str, epochs: float
) -> None:
    recipe = resolve("own", 10, {"epochs": Given(epochs, "x")}, zoo.NETWORKS[name]).recipe
    last = epochs * (1 - 1e-9)
    rate = rate_at(recipe, 10**6, last, 1, [])
    assert rate == pytest.approx(1e-5)
    assert bias_rate_at(recipe, 10**6, last, rate) == pytest.approx(0.002)
