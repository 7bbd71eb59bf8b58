"""Where the run came from: enough to find it again and to make it again."""

from alexnet.reporting.blocks import section, table
from alexnet.reporting.html import Child, Html, el
from alexnet.reporting.material import Material
from alexnet.reporting.numbers import anything, count


def provenance(material: Material) -> Html:
    """The section, from the plan; what the plan does not know is left out."""
    plan = material.run.plan
    rows = [*_made_of(material), *_circumstances(plan), *_named("Version of ", plan, "versions")]
    known = [[name, value] for name, value in rows if value not in (None, "")]
    words = "What the run was made of, and where it ran"
    return section("provenance", "Provenance", table(words, ["Fact", "Value"], known))


def _made_of(material: Material) -> list[tuple[str, Child]]:
    plan, data = material.run.plan, material.run.plan.get("data", {})
    return [
        ("Network", plan.get("network")),
        ("Parameters", count(plan["parameters"]) if "parameters" in plan else None),
        ("Recipe", material.recipe),
        ("Commit", el("code", plan["commit"]) if plan.get("commit") else "not known"),
        ("Data", data.get("folder")),
        ("Fingerprint of the data", _code(data.get("fingerprint"))),
        ("Seed", _shown(plan.get("recipe", {}).get("seed", {}).get("value"))),
        ("Imported from", material.imported.get("file")),
        ("SHA-256 of that file", _code(material.imported.get("sha256"))),
        ("Training time", None if material.imported else material.training_time),
    ]


def _circumstances(plan: dict[str, object]) -> list[tuple[str, Child]]:
    names = ("Threads", "Kernels", "Precision", "Device", "Steps planned", "Epochs planned")
    keys = ("threads", "kernels", "precision", "device", "steps", "epochs")
    facts = [(name, _shown(plan.get(key))) for name, key in zip(names, keys, strict=True)]
    return [*facts, *_named("Machine: ", plan, "machine")]


def _named(before: str, plan: dict[str, object], key: str) -> list[tuple[str, Child]]:
    values = plan.get(key)
    if not isinstance(values, dict):
        return []
    return [(before + str(name).replace("_", " "), _shown(value)) for name, value in values.items()]


def _code(value: object) -> Child:
    return el("code", str(value)) if value else None


def _shown(value: object) -> str | None:
    return None if value is None else anything(value)
