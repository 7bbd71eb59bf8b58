"""docs/train.md against the code that it describes."""

import dataclasses
import re
from pathlib import Path
from typing import Any

from alexnet.networks.variants import CHANGES, CHANGES_WITH
from alexnet.networks.zoo import NETWORKS
from alexnet.training.recipe import Recipe, resolve

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "train.md").read_text(encoding="utf-8")


def rows(head: str) -> list[list[str]]:
    """The cells of the table that begins with this head."""
    lines = PAGE[PAGE.index(head) :].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ",".join(map(shown, value)) or "none"
    return value if isinstance(value, str) else f"{value:g}"


def test_every_setting_is_there_with_the_values_of_both_recipes() -> None:
    paper, fast = (resolve(name, 10).recipe for name in ("paper", "fast"))
    names = [field.name for field in dataclasses.fields(Recipe)]
    expected = [[n, shown(getattr(paper, n)), shown(getattr(fast, n))] for n in names]
    assert [row[:3] for row in rows("| setting | paper | fast |")] == expected


def test_every_network_with_a_recipe_of_its_own_is_there() -> None:
    text = "".join(row[0] for row in rows("| network | own recipe |"))
    assert set(re.findall(r"`([^`]+)`", text)) == {
        name for name, net in NETWORKS.items() if net.recipe
    }


def test_every_change_is_there() -> None:
    found = [re.split(r"[`+:]+", row[0])[1] for row in rows("| change |")]
    assert found == [*CHANGES, *CHANGES_WITH]
