"""The straight line that one neuron draws through the plane, dragged by hand, with its counter."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from bpstudio.engine.op import Array
from bpstudio.language import _
from bpstudio.playback.palette import Theme, blend
from bpstudio.project import edits
from bpstudio.project.project import Project
from bpstudio.ui.studio import Studio

LOW, HIGH = -0.6, 1.6
"""What is seen of the plane, both ways."""
HEIGHT = 240
NUDGE, TURN = 0.05, math.radians(5)
"""How far an arrow moves the line, and turns it with Shift."""
ARM = 0.45
"""How far from its middle the line has its handle."""
NEAR = 14.0
"""How near to the handle the pointer has to be, in pixels."""
_ARROWS = {
    Qt.Key.Key_Left: (-1.0, 0.0),
    Qt.Key.Key_Right: (1.0, 0.0),
    Qt.Key.Key_Up: (0.0, 1.0),
    Qt.Key.Key_Down: (0.0, -1.0),
}


def with_line(project: Project, node: str, weight: Array, bias: float) -> Project:
    """The project in which that neuron, of two inputs, has this line."""
    project = edits.set_value(project, f"{node}.weight", weight.reshape(2, 1))
    return edits.set_value(project, f"{node}.bias", np.array([bias]))


def counted(project: Project, node: str) -> tuple[int, int]:
    """How many points lie on their side of the neuron's line, and how many there are."""
    points, wanted, weight, bias = _plane(project, node)
    return int((((points @ weight + bias) > 0) == wanted).sum()), len(points)


class DividingLine(QWidget):
    """The four points, the line, and on which side they lie."""

    def __init__(self, studio: Studio) -> None:
        super().__init__()
        self._studio = studio
        self.node = ""
        self._grip: str = ""
        self._from = QPointF()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(HEIGHT)
        self.setAccessibleName(_("The line that the neuron draws"))

    def show_neuron(self, node: str) -> None:
        """Show the line of that neuron."""
        self.node = node
        self.setVisible(self._there)
        if self._there:
            right, count = counted(self._studio.project, node)
            said = _("{right} of {count} points right").format(right=right, count=count)
            self.setAccessibleDescription(
                _("{counter}. Arrows move the line, Shift with arrows turns it.").format(
                    counter=said
                )
            )
        self.update()

    @property
    def _there(self) -> bool:
        project = self._studio.project
        weight = project.weights.get(f"{self.node}.weight")
        data = project.data
        return (
            weight is not None
            and weight.shape == (2, 1)
            and data is not None
            and data.features.shape[1] == 2
            and len(data.classes) == 2
        )

    # -- places -----------------------------------------------------------------------------

    @property
    def _square(self) -> QRectF:
        side = min(self.width(), self.height()) - 2.0
        return QRectF((self.width() - side) / 2, (self.height() - side) / 2, side, side)

    def _at(self, x: float, y: float) -> QPointF:
        square, span = self._square, HIGH - LOW
        return QPointF(
            square.left() + (x - LOW) / span * square.width(),
            square.bottom() - (y - LOW) / span * square.height(),
        )

    def _place(self, at: QPointF) -> Array:
        square, span = self._square, HIGH - LOW
        return np.array(
            [
                LOW + (at.x() - square.left()) / square.width() * span,
                LOW + (square.bottom() - at.y()) / square.height() * span,
            ]
        )

    def _line(self) -> tuple[Array, Array, float]:
        """The middle of the line that is seen, its direction, and its weights' length."""
        _points, _wanted, weight, bias = _plane(self._studio.project, self.node)
        length = float(np.hypot(*weight))
        if length == 0.0:
            return np.array([0.5, 0.5]), np.array([1.0, 0.0]), 0.0
        normal = weight / length
        centre = np.array([0.5, 0.5])
        middle = centre - (centre @ normal + bias / length) * normal
        return middle, np.array([-normal[1], normal[0]]), length

    def handle(self) -> QPointF:
        """Where the line is taken to turn it."""
        middle, along, _length = self._line()
        return self._at(*(middle + ARM * along))

    # -- hands ------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take the handle, or else the line."""
        if event.button() != Qt.MouseButton.LeftButton or not self._there:
            return
        apart = event.position() - self.handle()
        self._grip = "turn" if math.hypot(apart.x(), apart.y()) <= NEAR else "move"
        self._from = event.position()
        self.setFocus(Qt.FocusReason.MouseFocusReason)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """The line follows."""
        if not self._grip or not self._there:
            apart = event.position() - self.handle() if self._there else QPointF(99, 99)
            over = math.hypot(apart.x(), apart.y()) <= NEAR
            shape = Qt.CursorShape.PointingHandCursor if over else Qt.CursorShape.SizeAllCursor
            self.setCursor(shape)
            return
        here = self._place(event.position())
        if self._grip == "turn":
            middle, _along, _length = self._line()
            toward = here - middle
            if np.hypot(*toward) > 0.05:
                self._set_angle(math.atan2(toward[1], toward[0]))
        else:
            self._move(here - self._place(self._from))
            self._from = event.position()

    def mouseReleaseEvent(self, _event: QMouseEvent) -> None:
        """It is let go."""
        if self._grip:
            self._grip = ""
            self._studio.settle()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows move the line, with Shift they turn it."""
        arrow = _ARROWS.get(Qt.Key(event.key()))
        if arrow is None or not self._there:
            super().keyPressEvent(event)
        elif event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            _middle, along, _length = self._line()
            sign = 1.0 if arrow in ((-1.0, 0.0), (0.0, 1.0)) else -1.0
            self._set_angle(math.atan2(along[1], along[0]) + sign * TURN)
        else:
            self._move(NUDGE * np.array(arrow))

    def focusInEvent(self, event: QFocusEvent) -> None:
        """The keyboard is here."""
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """The keyboard is elsewhere."""
        super().focusOutEvent(event)
        self._studio.settle()
        self.update()

    def _move(self, by: Array) -> None:
        _points, _wanted, weight, bias = _plane(self._studio.project, self.node)
        self._put(weight, bias - float(weight @ by))

    def _set_angle(self, angle: float) -> None:
        """Turn the line about its middle so that its handle lies in that direction."""
        middle, _along, length = self._line()
        length = length or 0.7
        weight = length * np.array([math.sin(angle), -math.cos(angle)])
        self._put(weight, -float(weight @ middle))

    def _put(self, weight: Array, bias: float) -> None:
        rounded = np.round(weight, 4)
        key = f"line {self.node}"
        self._studio.do_merged(
            _("Move the line"), key, with_line, self.node, rounded, round(bias, 4)
        )

    # -- painting ---------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        """Both sides, the points, the line with its handle, and the counter."""
        super().paintEvent(event)
        if not self._there:
            return
        theme = self._studio.theme
        square = self._square
        points, wanted, weight, bias = _plane(self._studio.project, self.node)
        middle, along, _length = self._line()
        start, end = (self._at(*(middle + far * along)) for far in (-6.0, 6.0))
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setClipRect(square)
            painter.fillRect(square, _pale(theme, "class0"))
            across = np.array([along[1], -along[0]])
            corners = [middle + 6 * along, middle - 6 * along]
            corners += [middle - 6 * along + 6 * across, middle + 6 * along + 6 * across]
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(_pale(theme, "class1"))
            painter.drawPolygon(QPolygonF([self._at(*corner) for corner in corners]))
            painter.setPen(QPen(QColor(theme.colours["strong"]), 2.4 * theme.wire**0.5))
            painter.drawLine(start, end)
            self._paint_points(painter, points, wanted, weight, bias)
            painter.setPen(QPen(QColor(theme.colours["accent"]), 2.4))
            painter.setBrush(QColor(theme.colours["panel"]))
            painter.drawEllipse(self.handle(), 7.0, 7.0)
            self._paint_counter(painter)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            role = "accent" if self.hasFocus() else "border"
            painter.setPen(QPen(QColor(theme.colours[role]), 2.0))
            painter.drawRect(square)

    def _paint_points(
        self, painter: QPainter, points: Array, wanted: Array, weight: Array, bias: float
    ) -> None:
        """Each point by its class; a cross over those on the wrong side."""
        theme = self._studio.theme
        font = painter.font()
        font.setPixelSize(round(12 * theme.type))
        painter.setFont(font)
        for (x, y), one in zip(points.tolist(), wanted.tolist(), strict=True):
            at = self._at(x, y)
            role = "class1" if one else "class0"
            painter.setPen(QPen(QColor(theme.colours["panel"]), 2.0))
            painter.setBrush(QColor(theme.colours[role]))
            painter.drawEllipse(at, 9.0, 9.0)
            painter.setPen(QColor(theme.colours["panel"]))
            box = QRectF(at.x() - 10, at.y() - 10, 20, 20)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, "1" if one else "0")
            if ((weight @ np.array([x, y]) + bias) > 0) != one:
                painter.setPen(QPen(QColor(theme.colours["gradient"]), 2.6))
                for slope in (1, -1):
                    step = QPointF(13, 13 * slope)
                    painter.drawLine(at - step, at + step)

    def _paint_counter(self, painter: QPainter) -> None:
        theme = self._studio.theme
        right, count = counted(self._studio.project, self.node)
        font = painter.font()
        font.setPixelSize(round(15 * theme.type))
        font.setBold(True)
        painter.setFont(font)
        painter.setPen(QColor(theme.colours["text"]))
        text = _("{right} of {count} right").format(right=right, count=count)
        box = self._square.adjusted(10, 8, -10, -8)
        painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop, text)


def _plane(project: Project, node: str) -> tuple[Array, Array, Array, float]:
    """The points, which of them should be 1, the weights and the bias of the neuron."""
    data = project.data
    assert data is not None
    weight = project.weights[f"{node}.weight"].ravel()
    bias = project.weights.get(f"{node}.bias")
    wanted = np.ravel(data.targets(1)) > 0.5
    return data.features, wanted, weight, 0.0 if bias is None else float(bias.item())


def _pale(theme: Theme, role: str) -> QColor:
    return QColor(blend(theme.rgb("panel"), theme.rgb(role), 0.26))
