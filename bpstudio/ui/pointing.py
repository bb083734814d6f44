"""What lies over the whole window while presenting: a dark screen, a bright dot, a spotlight.

Where it has nothing to show it lets everything through, unless the controls are locked.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPainterPath, QPaintEvent, QRadialGradient
from PySide6.QtWidgets import QWidget

from bpstudio.language import _

NOTHING, BLANK, LASER, SPOTLIGHT = "", "blank", "laser", "spotlight"
DOT = 9.0
"""The dot's radius in pixels at 720 lines."""
LIGHT = 0.2
"""The spotlight's radius as a share of the window's height."""
DIM = 0.68
"""How dark it is around the spotlight."""


class Pointing(QWidget):
    """The sheet over a window; `mode` is what is on it, `locked` whether it holds the mouse off."""

    def __init__(self, over: QWidget) -> None:
        super().__init__(over)
        self.mode, self.locked = NOTHING, False
        self.at = QPointF(over.rect().center())
        self.setObjectName("pointing")
        self.setMouseTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_NoSystemBackground)
        self.setAccessibleName(_("Screen"))
        self._over = over
        over.installEventFilter(self)
        self.setGeometry(over.rect())
        self.show_mode(NOTHING)

    def show_mode(self, mode: str) -> None:
        """Show that; shown already, nothing."""
        self.mode = NOTHING if mode == self.mode else mode
        self.at = QPointF(self.mapFromGlobal(self.cursor().pos()))
        if not self.rect().contains(self.at.toPoint()):
            self.at = QPointF(self.rect().center())
        hidden = self.mode in (BLANK, LASER)
        self.setCursor(Qt.CursorShape.BlankCursor if hidden else Qt.CursorShape.ArrowCursor)
        self._settle()

    def lock(self, locked: bool) -> None:
        """Keep the mouse away from what lies below, or let it through."""
        self.locked = locked
        self._settle()

    def _settle(self) -> None:
        holds = bool(self.mode) or self.locked
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents, not holds)
        self.setVisible(holds)
        self.raise_()
        self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """The light follows the pointer."""
        self.at = event.position()
        if self.mode in (LASER, SPOTLIGHT):
            self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Nothing of a click gets through."""
        event.accept()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """As large as the window."""
        if watched is self._over and event.type() == QEvent.Type.Resize:
            self.setGeometry(self._over.rect())
        return False

    def paintEvent(self, event: QPaintEvent) -> None:
        """The dark, the dot, or the light."""
        unit = self.height() / 720
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            if self.mode == BLANK:
                painter.fillRect(self.rect(), Qt.GlobalColor.black)
            elif self.mode == LASER:
                glow = QRadialGradient(self.at, 2.2 * DOT * unit)
                glow.setColorAt(0.0, QColor(255, 30, 30))
                glow.setColorAt(0.4, QColor(255, 30, 30))
                glow.setColorAt(1.0, QColor(255, 30, 30, 0))
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(glow)
                painter.drawEllipse(self.at, 2.2 * DOT * unit, 2.2 * DOT * unit)
            elif self.mode == SPOTLIGHT:
                dark = QPainterPath()
                dark.addRect(QRectF(self.rect()))
                lit = QPainterPath()
                lit.addEllipse(self.at, LIGHT * self.height(), LIGHT * self.height())
                painter.fillPath(dark - lit, QColor(0, 0, 0, round(255 * DIM)))
