"""What it was trained on: pictures by part and class, mean image, colours."""

import numpy as np

from alexnet.data.preparing.naming import called
from alexnet.data.store import ImageSet
from alexnet.reporting.blocks import details, figure, note, section, table
from alexnet.reporting.html import Child, Html, el
from alexnet.reporting.material import Material
from alexnet.reporting.numbers import count, short
from alexnet.reporting.pictures import photo
from alexnet.reporting.sections.summary import PARTS

MOST_ROWS = 30


def dataset(material: Material) -> Html:
    """The section; what the set's folder would tell is left out, with the reason, if it is gone."""
    images = material.images
    if images is None:
        known: list[Child] = [note(material.why("data")), _planned(material), _mean(material)]
    else:
        left = el("div", _by_part(images), _mean(material))
        both = el("div", left, _by_class(material, images), class_="pair")
        known = [el("p", _left_out(images)), _another(material, images), both]
    return section("data", "Data", known, _colours(material))


def _planned(material: Material) -> Child:
    data = material.run.plan.get("data", {})
    rows = [[PARTS[part].capitalize(), count(data[part])] for part in PARTS if part in data]
    return table("Pictures by part", ["Part", "Pictures"], rows, {1}) if rows else None


def _another(material: Material, images: ImageSet) -> Html | None:
    trained = material.run.plan.get("data", {}).get("fingerprint")
    if trained in (None, images.fingerprint):
        return None
    return note("This is another set than the one that the network was trained on.")


def _left_out(images: ImageSet) -> str:
    rejected, others = (int(images.facts.get(name) or 0) for name in ("rejected", "not_photos"))
    kept = {"crop": "central square kept", "warp": "both sides scaled"}.get(images.fit, images.fit)
    return (
        f"{images.size}×{images.size} pixels, {kept}. Photos left out because they could not be "
        f"read: {count(rejected)}; files that are no photos: {count(others)}."
    )


def _by_part(images: ImageSet) -> Html:
    rows = [
        [PARTS.get(name, name).capitalize(), count(len(part.labels))]
        for name, part in images.parts.items()
    ]
    total = sum(len(part.labels) for part in images.parts.values())
    rows.append(["All", count(total)])
    return table("Pictures by part", ["Part", "Pictures"], rows, {1})


def _by_class(material: Material, images: ImageSet) -> Html:
    size = len(images.classes)
    parts = {name: np.bincount(part.labels, minlength=size) for name, part in images.parts.items()}
    head = ["Class", *(PARTS.get(name, name).capitalize() for name in parts)]
    names = [called(one, material.called(one)) for one in images.classes]
    rows = [[names[n], *(count(counts[n]) for counts in parts.values())] for n in range(size)]
    words = f"Pictures of each of the {size} classes"
    counted = table(words, head, rows, range(1, len(head)))
    return details(words, counted) if size > MOST_ROWS else counted


def _mean(material: Material) -> Child:
    mean = material.mean
    if mean is None:
        return None
    pixels = np.clip(np.rint(mean), 0, 255).astype(np.uint8)
    picture = photo(pixels, "The mean image: a soft blur in the mean colours of the photos.",
                    class_="mean")  # fmt: skip
    words = f"The mean of all training pictures. {_use(material)}"
    if material.imported:
        words = f"What is subtracted from every picture ({material.imported['mean']})."
    return [el("h3", "Mean image"), figure(picture, words)]


def _use(material: Material) -> str:
    used = material.run.plan.get("recipe", {}).get("mean", {}).get("value")
    uses = {
        "image": "It is subtracted from every picture.",
        "channel": "This run subtracts only its mean colour from every picture.",
    }
    return uses.get(used, "")


def _colours(material: Material) -> Child:
    facts = material.colours()
    if facts is None:
        return None
    means, eigenvalues = facts
    channels = zip(("Red", "Green", "Blue"), means, strict=True)
    rows = [[name, f"{value:.2f}"] for name, value in channels]
    components: list[list[Child]] = [
        [str(n + 1), short(float(value)), f"{255 * float(np.sqrt(max(value, 0))):.2f}"]
        for n, value in enumerate(eigenvalues)
    ]
    head = ["Component", "Eigenvalue (pixels in 0 to 1)", "Standard deviation (0 to 255)"]
    plain = ["Channel", "Mean (0 to 255)"]
    return [
        el("h3", "Colours"),
        el("div", table("Mean of each channel", plain, rows, {1}),
           table("Principal components (section 4.1 of the paper)", head,
                 components, {1, 2}), class_="pair"),
    ]  # fmt: skip
