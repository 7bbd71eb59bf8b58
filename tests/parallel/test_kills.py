"""Whichever process is killed, the run goes on by itself and no picture is lost or seen twice."""

import json
import os
import subprocess
import sys
from pathlib import Path

KILL = Path(__file__).parents[2] / "benchmarks/kill_ranks.py"


def test_torchrun_starts_all_again_and_the_run_ends_as_if_never_killed() -> None:
    words = [sys.executable, str(KILL), "--moments", "3", "--seed", "4", "--json"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    assert sum(found["kills"].values()) >= 3
    assert found["bit_identical"] == found["every_picture_once_an_epoch"] == found["runs"]
    assert found["steps_taken_over_again"] > 0
