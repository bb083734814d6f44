"""Marks of widgets that tell what they are: the arrow of a list, the box of a check box."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QRect
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QApplication,
    QCheckBox,
    QComboBox,
    QStyle,
    QStyleOptionButton,
    QWidget,
)
from pytestqt.qtbot import QtBot

from bpstudio.playback.palette import THEMES
from bpstudio.ui import style

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
