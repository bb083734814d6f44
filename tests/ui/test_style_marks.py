"""Marks of widgets that tell what they are: the arrow of a list, the box of a check box."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QRect
from PySide6.QtGui import QColor, QFont, QTextLayout
from PySide6.QtWidgets import (
    QApplication,
    QCheckBox,
    QComboBox,
    QLabel,
    QListWidget,
    QStyle,
    QStyleOptionButton,
    QWidget,
)
from pytestqt.qtbot import QtBot

from bpstudio.playback import metrics
from bpstudio.playback.palette import THEMES
from bpstudio.ui import painter, style

LEAST = 3.0
"""The contrast that marks of controls have at least (WCAG 2.2, 1.4.11)."""


@pytest.fixture
def undressed(dressed: QApplication) -> Iterator[QApplication]:
    """The application, dressed as before when the test is over."""
    yield dressed
    style.apply(dressed, THEMES["light"])


def luminance(colour: QColor) -> float:
    """The relative luminance of WCAG 2.2."""
    parts = (colour.redF(), colour.greenF(), colour.blueF())
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def strongest(widget: QWidget, part: QRect) -> float:
    """The largest contrast between two pixels of a part of a widget."""
    picture = widget.grab(part).toImage()
    seen = [
        luminance(picture.pixelColor(x, y))
        for x in range(picture.width())
        for y in range(picture.height())
    ]
    return (max(seen) + 0.05) / (min(seen) + 0.05)


@pytest.mark.parametrize("theme", THEMES)
def test_a_list_has_an_arrow(undressed: QApplication, qtbot: QtBot, theme: str) -> None:
    style.apply(undressed, THEMES[theme])
    made = QComboBox()
    qtbot.addWidget(made)
    made.addItem("")
    made.resize(160, made.sizeHint().height())
    made.show()
    inside = made.rect().adjusted(made.width() - 26, 6, -6, -6)
    assert strongest(made, inside) >= LEAST


@pytest.mark.parametrize("theme", THEMES)
def test_an_empty_check_box_is_seen(undressed: QApplication, qtbot: QtBot, theme: str) -> None:
    style.apply(undressed, THEMES[theme])
    made = QCheckBox("")
    qtbot.addWidget(made)
    made.show()
    option = QStyleOptionButton()
    option.initFrom(made)
    box = made.style().subElementRect(QStyle.SubElement.SE_CheckBoxIndicator, option, made)
    assert strongest(made, box) >= LEAST


def glyphs(font: QFont, text: str) -> list[int]:
    """The numbers of the shapes that a font has for a text."""
    layout = QTextLayout(text, font)
    layout.beginLayout()
    layout.createLine()
    layout.endLayout()
    return [number for run in layout.glyphRuns() for number in run.glyphIndexes()]


def test_names_in_a_formula_are_drawn_as_they_are_written(
    qtbot: QtBot, undressed: QApplication
) -> None:
    painter.load_fonts()
    undressed.setStyleSheet("")
    style.apply(undressed, THEMES["light"])
    words = QListWidget(), QLabel("x0")
    for widget in words:
        qtbot.addWidget(widget)
        widget.ensurePolished()
    fonts = [widget.font() for widget in words]
    fonts += [style.prose_font(14), painter.font(metrics.PROSE, 400)]
    for font in fonts:
        for text in ("w0  x0  w1", "2->4", "2 x 3"):
            alone = [number for character in text for number in glyphs(font, character)]
            assert glyphs(font, text) == alone, (font.family(), text)
