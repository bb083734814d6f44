"""Text can be read on what it stands on: 4.5 to 1 in every theme, 7 to 1 on a projector."""

from __future__ import annotations

import pytest

from bpstudio.playback.palette import THEMES, Theme

TEXTS = ("text", "muted", "forward", "gradient", "local", "update", "clear", "accent")
GROUNDS = ("canvas", "panel", "node", "layer")


def luminance(colour: str) -> float:
    """As WCAG 2.2 defines it."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_black_on_white_is_21_to_1() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)


@pytest.mark.parametrize("theme", THEMES.values(), ids=list(THEMES))
def test_every_text_stands_out_from_every_ground(theme: Theme) -> None:
    least = 7.0 if theme.name == "projector" else 4.5
    weak = {
        (text, ground): round(ratio, 2)
        for text in TEXTS
        for ground in GROUNDS
        if (ratio := contrast(theme.colours[text], theme.colours[ground])) < least
    }
    assert weak == {}


@pytest.mark.parametrize("theme", THEMES.values(), ids=list(THEMES))
def test_words_on_the_accent_can_be_read(theme: Theme) -> None:
    on_accent = "#12151b" if theme.dark else "#ffffff"
    assert contrast(on_accent, theme.colours["accent"]) >= 4.5
