"""Every number that training was given, and where it came from."""

from alexnet.reporting.blocks import note, section, table
from alexnet.reporting.html import Child, Html, el
from alexnet.reporting.material import Material
from alexnet.reporting.numbers import anything


def settings(material: Material) -> Html:
    """The section, from the plan that was printed before step 1."""
    recipe = material.run.plan.get("recipe") or {}
    if not recipe:
        return section("settings", "Settings", note("The plan of this run names no settings."))
    head = ["Setting", "Value", "Unit or meaning", "Set by", "Source"]
    rows = [_row(name, field) for name, field in recipe.items()]
    return section(
        "settings", "Settings", table("The recipe, as it was used", head, rows, numbers={1})
    )


def _row(name: str, field: object) -> list[Child]:
    if not isinstance(field, dict):
        field = {"value": field}
    words = [anything(field.get(key) or "") for key in ("unit", "origin", "source")]
    return [el("code", name), anything(field.get("value")), *words]
