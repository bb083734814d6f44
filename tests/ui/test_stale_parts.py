"""Only what is stale and has pixels is drawn again."""

from __future__ import annotations

import math

import pytest
from PySide6.QtGui import QPainter, QPixmap
from PySide6.QtWidgets import QApplication

from bpstudio.playback.marks import Rect
from bpstudio.ui.canvas import static
from bpstudio.ui.canvas.static import MOST, Layer
from bpstudio.ui.canvas.view import View

SIZE = 300, 200


def test_stale_parts_far_away_do_not_have_everything_drawn_again(
    dressed: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(static, "SLOW", math.inf)  # nothing is left for later
    drawn: list[Rect] = []

    def paint(_painter: QPainter, parts: list[Rect], _rough: bool) -> None:
        drawn.extend(parts)

    def shown() -> list[Rect]:
        drawn.clear()
        with QPainter(screen) as painter:
            layer.show(painter, View(), SIZE, 1.0)
        return list(drawn)

    screen, layer = QPixmap(*SIZE), Layer(paint)
    assert shown() and not layer.behind
    away = [Rect(5000.0 + 10 * place, 0.0, 5.0, 5.0) for place in range(2 * MOST)]
    layer.spoil(away)
    assert shown() == []
    layer.spoil([*away, Rect(20.0, 30.0, 10.0, 10.0)])
    (part,) = shown()
    assert part.width < 30 and part.height < 30
    layer.spoil([Rect(20.0, 30.0, 10.0, 10.0), Rect(200.0, 90.0, 10.0, 10.0)])
    assert len(shown()) == 2
