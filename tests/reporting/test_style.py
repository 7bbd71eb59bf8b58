"""Contrast by the formula of WCAG 2.2: 4.5 for text, 3 for lines and marks that carry meaning."""

import re

import pytest

from alexnet.reporting.palette import DARK, DARK_STEPS, LIGHT, LIGHT_STEPS, step
from alexnet.reporting.style import RULES, style_sheet

SCHEMES = [LIGHT, DARK]


def luminance(colour: str) -> float:
    shares = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_the_formula():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("text", ["text", "muted", "accent", "second"])
@pytest.mark.parametrize("ground", ["page", "panel"])
def test_text(scheme, text, ground):
    assert contrast(scheme[text], scheme[ground]) >= 4.5


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("mark", ["plain", "accent", "line"])
@pytest.mark.parametrize("ground", ["page", "panel"])
def test_marks(scheme, mark, ground):
    assert contrast(scheme[mark], scheme[ground]) >= 3


@pytest.mark.parametrize(("ground", "text"), [*LIGHT_STEPS, *DARK_STEPS])
def test_numbers_in_the_heat_map(ground, text):
    assert contrast(ground, text) >= 4.5


@pytest.mark.parametrize("steps", [LIGHT_STEPS, DARK_STEPS])
def test_shades_go_one_way(steps):
    shades = [luminance(ground) for ground, _ in steps]
    assert shades in (sorted(shades), sorted(shades, reverse=True))


def test_shares_and_steps():
    assert (step(0), step(1e-9), step(1)) == (0, 1, len(LIGHT_STEPS) - 1)
    assert [step(n / 100) for n in range(101)] == sorted(step(n / 100) for n in range(101))


def test_every_colour_that_is_used_is_defined():
    sheet = style_sheet()
    used = set(re.findall(r"var\(--([a-z0-9-]+)\)", sheet))
    for scheme, steps in ((LIGHT, LIGHT_STEPS), (DARK, DARK_STEPS)):
        defined = set(scheme) | {
            f"{name}step{n}" for n in range(len(steps)) for name in ("", "on-")
        }
        assert used <= defined
        assert set(scheme) <= used


def test_dark_narrow_and_paper():
    sheet = style_sheet()
    assert "prefers-color-scheme:dark" in sheet
    assert "@media print" in sheet
    assert "@media(max-width:30em)" in sheet
    assert RULES.count("{") == RULES.count("}")
