"""The page's colours, light and dark. A test computes the contrast of every pair that is used."""

LIGHT = {
    "page": "#ffffff",
    "panel": "#f5f6f8",
    "text": "#1b1f24",
    "muted": "#57606a",
    "line": "#818a94",
    "grid": "#e3e6ea",
    "accent": "#0a58ca",
    "second": "#b3410e",
    "plain": "#7a838e",
}
DARK = {
    "page": "#14171c",
    "panel": "#1d2128",
    "text": "#e6e9ee",
    "muted": "#a3acb8",
    "line": "#7b8592",
    "grid": "#2c323b",
    "accent": "#8ab4f8",
    "second": "#f6a56b",
    "plain": "#7b8592",
}

# Steps of a heat map from nothing to everything; each pair is (ground, text on it).
LIGHT_STEPS = (
    ("#ffffff", "#57606a"),
    ("#dbe9fd", "#1b1f24"),
    ("#b9d4fb", "#1b1f24"),
    ("#8fb9f6", "#1b1f24"),
    ("#2f6fd0", "#ffffff"),
    ("#0a4aa8", "#ffffff"),
    ("#062f6e", "#ffffff"),
)
DARK_STEPS = (
    ("#14171c", "#a3acb8"),
    ("#1b2a42", "#e6e9ee"),
    ("#213a63", "#e6e9ee"),
    ("#2a4c86", "#e6e9ee"),
    ("#7ba5e6", "#0c0f13"),
    ("#a3c4f8", "#0c0f13"),
    ("#d3e3fd", "#0c0f13"),
)


def step(share: float) -> int:
    """Which step of the heat map stands for a share in 0 to 1; nothing at all has its own."""
    return 0 if share <= 0 else min(1 + int(share * (len(LIGHT_STEPS) - 1)), len(LIGHT_STEPS) - 1)


def variables(colours: dict[str, str], steps: tuple[tuple[str, str], ...]) -> str:
    """The colours as CSS custom properties."""
    named = [f"--{name}:{value}" for name, value in colours.items()]
    for number, (ground, text) in enumerate(steps):
        named += [f"--step{number}:{ground}", f"--on-step{number}:{text}"]
    return ";".join(named)
