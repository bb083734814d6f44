"""Colours that can be read, and widths that are the font's."""

from __future__ import annotations

import numpy as np
import pytest
import ziafont.font

from bpstudio import resources
from bpstudio.playback import metrics
from bpstudio.playback.palette import (
    CLASS_ROLES,
    LIGHT,
    THEMES,
    Theme,
    blend,
    class_colours,
    sign_colours,
)

TEXT = ("text", "muted", "forward", "gradient", "local", "clear", "update", "accent")


def luminance(rgb: tuple[int, int, int]) -> float:
    """WCAG 2.2, relative luminance."""
    share = np.divide(rgb, 255)
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))


def contrast(theme: Theme, one: str, other: str) -> float:
    """WCAG 2.2, contrast ratio."""
    light, dark = sorted((luminance(theme.rgb(one)), luminance(theme.rgb(other))), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", THEMES.values(), ids=list(THEMES))
def test_text_can_be_read(theme: Theme) -> None:
    for ground in ("canvas", "panel", "node", "layer"):
        for role in TEXT:
            assert contrast(theme, role, ground) >= 4.5, (theme.name, role, ground)
    least = 7.0 if theme.name == "projector" else 4.5
    assert min(contrast(theme, role, "canvas") for role in TEXT) >= least


@pytest.mark.parametrize("theme", THEMES.values(), ids=list(THEMES))
def test_every_theme_knows_every_role(theme: Theme) -> None:
    assert theme.colours.keys() == LIGHT.colours.keys()
    assert {*CLASS_ROLES} <= theme.colours.keys()
    assert len({theme.colours[role] for role in CLASS_ROLES}) == len(CLASS_ROLES)


def test_sign_is_blue_and_orange_about_the_middle() -> None:
    colours = sign_colours(LIGHT, np.array([-1.0, 0.0, 1.0, -7.0, np.nan]))
    roles = ["negative", "middle", "positive", "negative", "middle"]
    assert [tuple(c) for c in colours.tolist()] == [LIGHT.rgb(role) for role in roles]
    half = sign_colours(LIGHT, np.array([-0.5]))[0]
    assert LIGHT.rgb("negative")[0] < half[0] < LIGHT.rgb("middle")[0]
    certain = class_colours(LIGHT, np.array([2, 2]), np.array([1.0, 0.0]))
    assert [tuple(c) for c in certain.tolist()] == [LIGHT.rgb("class2"), LIGHT.rgb("middle")]
    assert blend((0, 0, 0), (255, 255, 255), 0.5) == "#808080"


@pytest.mark.parametrize(
    ("family", "weight", "file"),
    [
        ("Pretendard", 600, "Pretendard-SemiBold.ttf"),
        ("JetBrains Mono", 400, "JetBrainsMono-Regular.ttf"),
    ],
)
def test_advances_are_those_of_the_font(family: str, weight: int, file: str) -> None:
    font = ziafont.font.Font(str(resources.path("fonts", file)))
    units = font.info.layout.unitsperem
    face = metrics.face(family, weight)
    for character in "AWil.0189+−×→σ∂€ é":
        expected = font.glyph(character).advance() / units
        assert face.advances[ord(character)] == pytest.approx(expected)


def test_widths() -> None:
    digit = metrics.width("0", 10, metrics.MONO)
    assert metrics.width("−12.34", 10, metrics.MONO) == pytest.approx(6 * digit)
    assert metrics.width("가나", 10) > metrics.width("ab", 10)
    assert metrics.width("⟩", 10) == metrics.width("⟩", 10, metrics.MONO), "from the other font"
    assert metrics.width("\U0001f600", 10) == 6.5
    assert not metrics.has_glyph("⟋")
