"""An exhibit in a lesson: its picture, a widget for each of its controls, and what it says.

It knows no kind of exhibit: each is a value that says what is drawn and what can be done.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSignalBlocker, Qt, QTimer
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
)
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from bpstudio.errors import StudioError
from bpstudio.language import _
from bpstudio.lessons.exhibits.exhibit import (
    Button,
    Cell,
    Dot,
    Exhibit,
    Line,
    Plane,
    Shape,
    Slider,
    Words,
)
from bpstudio.playback.palette import Theme, blend
from bpstudio.ui.errands import errands_of
from bpstudio.ui.lecturing import Lecture
from bpstudio.ui.panels.form import Slide
from bpstudio.ui.panels.panel import label
from bpstudio.ui.studio import Studio

PAUSE = 30
"""Milliseconds between two moments of an exhibit that goes on by itself."""
ACROSS = 3
"""So many buttons stand in a row."""
_ARROWS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}
_GO = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space)


class Picture(QWidget):
    """What is drawn of an exhibit, with the pointer and the keyboard at it."""

    def __init__(self, studio: Studio, lecture: Lecture, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._studio, self._lecture = studio, lecture
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(_("Picture to try out"))

    @property
    def _theme(self) -> Theme:
        return self._studio.theme

    def follow(self, exhibit: Exhibit) -> None:
        """Show what it has come to."""
        self.take_room(exhibit)
        hands = _("Arrows and Enter do what the mouse does.")
        self.setAccessibleDescription(f"{exhibit.said()} {hands}")
        self.update()

    def take_room(self, exhibit: Exhibit) -> None:
        """Be as high as the exhibit needs."""
        self.setFixedHeight(round(exhibit.height * self._theme.type))

    @property
    def room(self) -> QRectF:
        """Where it is drawn, in pixels."""
        return QRectF(8, 8, self.width() - 16, self.height() - 16)

    @property
    def scale(self) -> float:
        """How much larger than in the panel its type, its lines and its dots are."""
        return 1.0

    def at(self, x: float, y: float) -> QPointF:
        """Where a place of the exhibit lies, in pixels."""
        room = self.room
        return QPointF(room.x() + x * room.width(), room.y() + y * room.height())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Point at a place."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.setFocus(Qt.FocusReason.MouseFocusReason)
            self._point(event, first=True)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag to a place."""
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._point(event, first=False)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows and Enter."""
        exhibit, key = self._lecture.exhibit, Qt.Key(event.key())
        plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if exhibit is None or not plain or key not in (*_ARROWS, *_GO):
            super().keyPressEvent(event)
        elif key in _ARROWS:
            self._lecture.tried(exhibit.pushed(*_ARROWS[key]))
        else:
            self._lecture.tried(exhibit.entered())

    def focusInEvent(self, event: QFocusEvent) -> None:
        """The keyboard is here."""
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """The keyboard is elsewhere."""
        super().focusOutEvent(event)
        self.update()

    def _point(self, event: QMouseEvent, *, first: bool) -> None:
        exhibit = self._lecture.exhibit
        if exhibit is not None:
            room = self.room
            x = (event.position().x() - room.x()) / max(1.0, room.width())
            y = (event.position().y() - room.y()) / max(1.0, room.height())
            self._lecture.tried(exhibit.pointed(x, y, first=first))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Ground, shapes and frame."""
        super().paintEvent(event)
        exhibit, theme = self._lecture.exhibit, self._theme
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            frame = QRectF(1, 1, self.width() - 2, self.height() - 2)
            painter.setPen(
                QPen(QColor(theme.colours["accent" if self.hasFocus() else "border"]), 2)
            )
            painter.setBrush(QColor(theme.colours["canvas"]))
            painter.drawRoundedRect(frame, 6, 6)
            for shape in exhibit.picture() if exhibit is not None else ():
                self._paint(painter, shape)

    def _paint(self, painter: QPainter, shape: Shape) -> None:
        theme = self._theme
        match shape:
            case Line():
                pen = QPen(
                    QColor(theme.colours[shape.role]), shape.width * self.scale * theme.wire**0.5
                )
                if shape.dashed:
                    pen.setStyle(Qt.PenStyle.DashLine)
                painter.setPen(pen)
                painter.drawPolyline(QPolygonF([self.at(*point) for point in shape.points]))
            case Dot():
                painter.setPen(QPen(QColor(theme.colours["panel"]), 1.5))
                painter.setBrush(QColor(theme.colours[shape.role]))
                radius = shape.radius * self.scale
                painter.drawEllipse(self.at(shape.x, shape.y), radius, radius)
            case Words():
                self._write(painter, self.at(shape.x, shape.y), shape)
            case Cell():
                self._paint_cell(painter, shape)
            case Plane():
                start = self.at(shape.x, shape.y)
                end = self.at(shape.x + shape.width, shape.y + shape.height)
                painter.drawImage(QRectF(start, end), _image(theme, shape))

    def _paint_cell(self, painter: QPainter, cell: Cell) -> None:
        theme = self._theme
        start = self.at(cell.x, cell.y)
        box = QRectF(start, self.at(cell.x + cell.width, cell.y + cell.height))
        if cell.strength:
            mixed = blend(theme.rgb("panel"), theme.rgb(cell.role), min(1.0, cell.strength))
            painter.fillRect(box, QColor(mixed))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if cell.framed:
            painter.setPen(QPen(QColor(theme.colours[cell.role]), 1.4))
            painter.drawRect(box)
        if cell.text:
            middle = box.center()
            words = Words(0, 0, cell.text, cell.ink)
            self._write(painter, middle, words, box.width() - 4)

    def _write(self, painter: QPainter, at: QPointF, words: Words, room: float = 0.0) -> None:
        """A text; where there is little room it is smaller."""
        font = painter.font()
        font.setPixelSize(round(words.size * self._theme.type * self.scale))
        painter.setFont(font)
        wide = painter.fontMetrics().horizontalAdvance(words.text)
        if room and wide > room:
            font.setPixelSize(max(7, int(font.pixelSize() * room / wide)))
            painter.setFont(font)
            wide = painter.fontMetrics().horizontalAdvance(words.text)
        painter.setPen(QColor(self._theme.colours[words.role]))
        left = at.x() - wide * (words.side + 1) / 2
        left = max(4.0, min(left, self.width() - 4.0 - wide))
        box = QRectF(left, at.y() - 20, wide + 2, 40)
        painter.drawText(
            box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, words.text
        )


class ExhibitView(QWidget):
    """The picture of a lesson's exhibit over its controls and its sentence."""

    def __init__(self, studio: Studio, lecture: Lecture) -> None:
        super().__init__()
        self._lecture = lecture
        self.picture = Picture(studio, lecture)
        self.said = label("number")
        self.said.setWordWrap(True)
        self.said.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.buttons: dict[str, QPushButton] = {}
        self.sliders: dict[str, QSlider] = {}
        self._beside: dict[str, QLabel] = {}
        self._clock = QTimer(self)
        self._clock.setSingleShot(True)
        self._clock.timeout.connect(self._tick)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 2, 0, 2)
        column.setSpacing(5)
        column.addWidget(self.picture)
        column.addLayout(self._make_controls())
        column.addWidget(self.said)
        lecture.showed.connect(self.follow)
        errands_of(lecture)
        self.follow()

    def _make_controls(self) -> QGridLayout:
        grid, row, place = QGridLayout(), 0, 0
        grid.setSpacing(4)
        exhibit = self._lecture.exhibit
        for control in exhibit.controls() if exhibit is not None else ():
            if isinstance(control, Button):
                made = QPushButton(control.text)
                made.setCheckable(control.down is not None)
                made.setMinimumWidth(40)
                made.clicked.connect(partial(self._press, control.id))
                self.buttons[control.id] = made
                grid.addWidget(made, row, place)
                place += 1
                if place == ACROSS:
                    row, place = row + 1, 0
                continue
            row, place = (row + 1, 0) if place else (row, 0)
            grid.addLayout(self._make_slider(control), row, 0, 1, ACROSS)
            row += 1
        return grid

    def _make_slider(self, control: Slider) -> QHBoxLayout:
        slider, shown = Slide(), label("number")
        slider.setRange(0, control.count - 1)
        slider.setPageStep(1)
        slider.setAccessibleName(control.text)
        slider.setMinimumWidth(50)
        slider.valueChanged.connect(partial(self._slide, control.id))
        self.sliders[control.id], self._beside[control.id] = slider, shown
        line = QHBoxLayout()
        line.addWidget(label("", control.text))
        line.addWidget(slider, 1)
        line.addWidget(shown)
        return line

    def follow(self) -> None:
        """Show what the exhibit has come to."""
        exhibit = self._lecture.exhibit
        if exhibit is None:
            return
        for control in exhibit.controls():
            if isinstance(control, Slider):
                slider = self.sliders[control.id]
                with QSignalBlocker(slider):
                    slider.setValue(control.place)
                self._beside[control.id].setText(control.shown)
            else:
                button = self.buttons[control.id]
                button.setText(control.text)
                button.setEnabled(control.enabled)
                button.setChecked(bool(control.down))
        self.said.setText(exhibit.said())
        self.picture.follow(exhibit)
        self.picture.setVisible(not self._lecture.alone)
        if not self._clock.isActive():
            self._clock.start(PAUSE)

    def _press(self, id: str, _checked: bool = False) -> None:
        exhibit = self._lecture.exhibit
        if exhibit is not None:
            self._lecture.tried(exhibit.acted(id))

    def _slide(self, id: str, place: int) -> None:
        exhibit = self._lecture.exhibit
        if exhibit is not None:
            self._lecture.tried(exhibit.acted(id, place))

    def _tick(self) -> None:
        exhibit = self._lecture.exhibit
        if exhibit is None or not self.isVisible():
            return
        try:
            after = exhibit.ticked()
        except StudioError as error:
            self.said.setText(str(error))
            return
        if after is not None:
            self._lecture.tried(after)


def _image(theme: Theme, plane: Plane) -> QImage:
    """A decision in the colours of the two classes."""
    low, high = (np.array(theme.rgb(role), dtype=float) for role in ("class0", "class1"))
    panel = np.array(theme.rgb("panel"), dtype=float)
    share = np.clip(plane.chances, 0.0, 1.0)[..., None]
    mixed = panel + 0.55 * ((1 - share) * low + share * high - panel)
    pixels = np.ascontiguousarray(mixed.round().astype(np.uint8))
    high_, wide = share.shape[:2]
    image = QImage(pixels.data, wide, high_, 3 * wide, QImage.Format.Format_RGB888)
    return image.copy()
