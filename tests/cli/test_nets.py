"""`alexnet nets` as its users see it: the list, one network, two; text and JSON; wrong calls."""

import json
import re
import subprocess
import sys
from itertools import combinations
from pathlib import Path

import pytest

from alexnet.cli import main
from alexnet.networks import tables
from alexnet.networks.variants import CHANGES, CHANGES_WITH
from alexnet.networks.zoo import NETWORKS, Named, named

PAGE = Path(__file__).resolve().parents[2] / "docs" / "networks.md"
PAIRS = [
    ("alexnet", "alexnet-as-run"),
    ("alexnet", "alexnet+no-norm"),
    ("caffenet", "bvlc-alexnet"),
    ("torchvision", "one-weird-trick"),
    ("cifar10-13pct", "cifar10-11pct"),
    ("alexnet", "vgg16"),
    ("alexnet-apart+tanh+width:0.5+without:conv4", "cnn-s"),
]


@pytest.fixture(autouse=True)
def eighty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


def printed(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["nets", *words]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out


def on_one_line(text: str) -> str:
    return " ".join(text.split())


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["nets", *words]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    (line,) = err.splitlines()
    return line


def counts(net: Named, classes: int | None = None) -> tuple[int, int]:
    layers = net.layers(classes)
    return tables.parameters(layers, net.input), tables.multiply_adds(layers, net.input)


def test_the_list_has_a_row_for_each_network_and_change(capsys: pytest.CaptureFixture[str]) -> None:
    out = printed(capsys)
    for net in NETWORKS.values():
        numbers = rf"{counts(net)[0]:,} +{counts(net)[1]:,} +{net.input[-1]} "
        assert re.search(rf"^{re.escape(net.name)} +{numbers}", out, re.MULTILINE)
    for change, (_, text) in (CHANGES | CHANGES_WITH).items():
        assert re.search(rf"^  \+{change}.* {re.escape(text)}$", out, re.MULTILINE)


def test_a_wide_terminal_has_each_network_on_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    lines = printed(capsys).splitlines()
    for net, line in zip(NETWORKS.values(), lines[1:], strict=False):
        assert line.startswith(f"{net.name} ")
        assert line.endswith(net.what)


@pytest.mark.parametrize("columns", [60, 80, 200])
@pytest.mark.parametrize("words", [(), *((name,) for name in NETWORKS), *PAIRS])
def test_no_line_is_wider_than_the_terminal(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    columns: int,
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    lines = printed(capsys, *words).splitlines()
    if columns >= 80:
        assert max(map(len, lines)) <= columns
    assert all(line == line.rstrip() for line in lines)
    assert "".join(lines).isascii()


@pytest.mark.parametrize("name", NETWORKS)
def test_one_network_shows_every_layer_and_the_totals(
    capsys: pytest.CaptureFixture[str], name: str
) -> None:
    out = printed(capsys, name)
    net = NETWORKS[name]
    for row in tables.table(net.layers(), net.input):
        shape = "x".join(map(str, row.output))
        assert re.search(rf"^{row.layer.name} .* {shape}$", out, re.MULTILINE)
        if row.weights:
            numbers = rf"{row.weights:,} +{row.biases:,} +{row.multiply_adds:,} "
            assert re.search(rf"^{row.layer.name} +{numbers}", out, re.MULTILINE)
    total, operations = counts(net)
    assert out.endswith(f"\n{total:,} parameters, {operations:,} multiply-adds a picture\n")


def test_one_network_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    out = on_one_line(printed(capsys, "alexnet-as-run"))
    assert "layers-145.cfg" in out
    assert "minus the mean image (its centre, wherever the crop lies)" in out
    assert "but epochs 91 (90); schedule steps (plateau); reduce_at 25, 51, 79 (none)" in out
    assert "norm1 LRN 5 maps, alpha 1e-4/5, beta 0.75, k 2, 2 groups 96x55x55" in out
    assert "within2 norm within a map 5x5, alpha 0.001/25, beta 0.75, k 1 256x27x27" in out
    assert "conv4 663,552 384 112,140,288 0.03, 1" in out
    assert "40.664 / 18.210 % top-1 / top-5, ILSVRC-2012 validation, ten views" in out


def test_a_network_with_changes_says_what_they_do(capsys: pytest.CaptureFixture[str]) -> None:
    out = printed(capsys, "alexnet+tanh+without:conv4")
    assert "changed   +tanh: tanh for each ReLU (section 3.1)\n" in out
    assert "changed   +without:conv4: without these layers" in out
    assert re.search(r"^relu1 +tanh ", out, re.MULTILINE)
    assert not re.search(r"^conv4 ", out, re.MULTILINE)
    assert "errors" not in out  # nobody measured this one


def test_the_wide_table_has_kinds_and_counts_in_one(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    out = on_one_line(printed(capsys, "caffenet"))
    assert "conv1 conv 96 of 11x11x3, stride 4 96x55x55 34,848 96 105,415,200 0.01, 0" in out


def test_two_networks_side_by_side(capsys: pytest.CaptureFixture[str]) -> None:
    out = printed(capsys, "alexnet", "alexnet-as-run")
    flat = on_one_line(out)
    assert "relu1: place after conv1, before norm1 after pool1, before conv2" in flat
    assert "norm1, norm2: alpha 1e-4: 1e-4 a square (section 1e-4/5: 2e-5 a square" in flat
    assert "known: No difference: ReLU and max pooling may change places" in flat
    assert re.search(r"^epochs +90 \(section 5\) +91 \(layer-params-145.cfg\)$", out, re.MULTILINE)
    assert re.search(r"^parameters +60,965,224 +60,965,224$", out, re.MULTILINE)


def test_a_known_cost_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    flat = on_one_line(printed(capsys, "alexnet-as-run", "alexnet-as-run+no-norm"))
    assert flat.count("Logged: 1.370 / 1.152") == 1


def test_layers_that_read_alike_share_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    flat = on_one_line(printed(capsys, "alexnet", "vgg16"))
    assert "relu1_1 to relu5_3 (13 - (section 3.5) ReLU" in flat
    assert len(flat.split("known:")) < 8


@pytest.mark.parametrize("other", ["alexnet", "alexnet+width:0.5+width:2"])
def test_no_difference_is_said(capsys: pytest.CaptureFixture[str], other: str) -> None:
    assert printed(capsys, "alexnet", other) == f"alexnet and {other} do not differ.\n"
    assert json.loads(printed(capsys, "alexnet", other, "--json"))["differences"] == []


def test_json_of_all(capsys: pytest.CaptureFixture[str]) -> None:
    entries = json.loads(printed(capsys, "--json"))
    assert [one["name"] for one in entries] == list(NETWORKS)
    for one in entries:
        assert (one["parameters"], one["multiply_adds"]) == counts(NETWORKS[one["name"]])
        assert one["input"] == list(NETWORKS[one["name"]].input)


def test_json_of_one(capsys: pytest.CaptureFixture[str]) -> None:
    one = json.loads(printed(capsys, "caffenet", "--json"))
    assert one["preprocessing"]["channels"] == "BGR"
    assert (one["preprocessing"]["mean"], one["preprocessing"]["crop"]) == ("image", 227)
    assert one["recipe"]["reduce_at"] == [20, 40, 60, 80]
    assert one["layers"][0] == {
        "kind": "Convolution", "name": "conv1", "kernels": 96, "window": 11, "stride": 4,
        "padding": 0, "groups": 1, "rounding": "floor", "std": 0.01, "bias": 0.0, "decay": None,
        "output": [96, 55, 55], "weights": 34_848, "biases": 96, "multiply_adds": 105_415_200,
    }  # fmt: skip
    for key in ("weights", "multiply_adds"):
        assert sum(layer[key] for layer in one["layers"]) == {
            "weights": 60_954_656, "multiply_adds": one["multiply_adds"],
        }[key]  # fmt: skip


def test_what_a_network_needs_on_a_small_set(capsys: pytest.CaptureFixture[str]) -> None:
    flat = on_one_line(printed(capsys, "vgg16"))
    assert "small sets recipe fast, but rate 0.003 (0.01) errors" in flat
    assert "small sets" not in printed(capsys, "alexnet")
    assert json.loads(printed(capsys, "vgg16", "--json"))["fast"] == {"rate": 0.003}
    assert json.loads(printed(capsys, "alexnet", "--json"))["fast"] == {}


@pytest.mark.parametrize("pair", PAIRS)
def test_json_of_two(capsys: pytest.CaptureFixture[str], pair: tuple[str, str]) -> None:
    both = json.loads(printed(capsys, *pair, "--json"))
    assert (both["a"]["name"], both["b"]["name"]) == pair
    assert both["a"] == json.loads(printed(capsys, pair[0], "--json"))
    assert both["differences"]
    totals = {one["what"]: one for one in both["differences"] if one["part"] == "totals"}
    for what in ("parameters", "multiply_adds"):
        if both["a"][what] != both["b"][what]:
            assert (totals[what]["a"], totals[what]["b"]) == (both["a"][what], both["b"][what])
        else:
            assert what not in totals


@pytest.mark.parametrize("pair", [*combinations(list(NETWORKS)[::3], 2)])
def test_every_layer_of_a_difference_stands_in_the_text(
    capsys: pytest.CaptureFixture[str], pair: tuple[str, str]
) -> None:
    flat = on_one_line(printed(capsys, *pair))
    for one in json.loads(printed(capsys, *pair, "--json"))["differences"]:
        shown = one["what"].replace("_", "-") if one["part"] == "totals" else one["what"]
        assert shown in ("layer", "kind") or shown in flat
        if one["layer"] and not one["layer"].startswith("relu"):  # many: the first and the last
            assert re.search(rf"\b{one['layer']}\b| to ", flat)


def test_classes(capsys: pytest.CaptureFixture[str]) -> None:
    assert "fc8    dense 10 of 4,096 inputs" in printed(capsys, "alexnet", "--classes", "10")
    entries = json.loads(printed(capsys, "--classes", "7", "--json"))
    for one in entries:
        assert one["layers"][-1]["output"] == [one["classes"]] == [7]
        assert (one["parameters"], one["multiply_adds"]) == counts(named(one["name"]), 7)
    flat = on_one_line(printed(capsys, "alexnet", "torchvision", "--classes", "10"))
    assert f"parameters {counts(named('alexnet'), 10)[0]:,}" in flat


def test_wrong_calls(capsys: pytest.CaptureFixture[str]) -> None:
    assert "no network 'alexnt' (did you mean 'alexnet'?)" in refused(capsys, "alexnt")
    assert "(did you mean 'caffenet'?)" in refused(capsys, "alexnet", "caffnet")
    assert "no change 'tan' (did you mean 'tanh'?)" in refused(capsys, "alexnet+tan")
    assert "no layer 'conv9'" in refused(capsys, "alexnet+without:conv9")
    assert refused(capsys, "a", "b", "c").endswith("Two networks can be compared, not 3.")
    assert "--classes is 0; a network has 1 output or more." in refused(capsys, "--classes", "0")
    assert "no network 'x'" in refused(capsys, "x", "--json")


def test_nothing_heavy_is_imported() -> None:
    program = (
        "import sys\nfrom alexnet.cli import main\n"
        "code = main(['nets', 'alexnet', 'vgg16'])\n"
        "sys.exit(code or 'torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr


def test_an_ascii_terminal() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "alexnet", "nets", "alexnet", "torchvision"],
        capture_output=True, timeout=60, check=False,
        env={"PYTHONIOENCODING": "ascii", "PATH": ""},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert b"\\x" not in done.stdout


def blocks() -> list[tuple[tuple[str, ...], str]]:
    """The command of each block of output in docs/networks.md, and what the page says it prints."""
    found = re.findall(
        r"```\n\$ alexnet nets ?([^\n]*)\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL
    )
    return [(tuple(words.split()), text) for words, text in found]


@pytest.mark.parametrize(("words", "text"), blocks())
def test_the_page_shows_what_the_program_prints(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], text: str
) -> None:
    assert printed(capsys, *words) == text


def test_the_page_has_the_list_and_a_comparison() -> None:
    assert [words for words, _ in blocks()] == [(), ("caffenet", "bvlc-alexnet")]


def test_the_page_says_how_pictures_are_made_ready() -> None:
    page = PAGE.read_text("utf-8")
    for net in NETWORKS.values():
        assert _picture_row(net) in page


def _picture_row(net: Named) -> str:
    way = net.preprocessing
    fit = {"crop": "shorter side, central square", "warp": "both sides"}[way.fit]
    place = {"crop": "image, at the crop's place", "centre": "image, its centre"}[way.mean_at]
    whole = way.crop == way.size
    mean = "three numbers" if net.mean == "channel" else "image" if whole else place
    scale = way.scale if isinstance(way.scale, tuple) else (way.scale,)
    cells = (
        f"`{net.name}`", f"{way.crop} of {way.size}", fit, way.channels, mean,
        "/".join(f"{one:g}" for one in scale), "yes" if way.mirror else "no",
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"


def test_the_page_s_python_runs() -> None:
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert blocks
    for block in blocks:
        program = "\n".join(line for line in block.splitlines() if "alexnet.train(" not in line)
        exec(compile(program, str(PAGE), "exec"), {})
