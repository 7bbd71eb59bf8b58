"""`alexnet benchmark`: the figures are there and fit together. How large they are is not tested."""

import json

import pytest

from alexnet import cli

WORDS = ["benchmark", "--net", "alexnet+width:0.0625", "--batch", "2", "--classes", "3"]
QUICK = ["--time", "1s", "--threads", "1"]


def test_the_figures_fit_together(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([*WORDS, *QUICK, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["batch"] == 2
    assert (found["precision"], found["threads"]) == ("float32", 1)
    reached = found["images_per_second"] * found["gflop_per_image"]
    assert found["share_of_peak"] == pytest.approx(reached / found["peak_gflops"], rel=0.05)
    assert found["kernels"]


def test_the_table_names_the_layers(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([*WORDS, *QUICK]) == 0
    out = capsys.readouterr().out
    assert all(name in out for name in ("conv1", "fc8", "update", "of that peak"))


def test_a_mistyped_network_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["benchmark", "--net", "alexnut"]) == 2
    assert "did you mean 'alexnet'" in capsys.readouterr().err
