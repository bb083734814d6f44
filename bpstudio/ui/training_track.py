"""The way of the training on one line: to be walked along, and gone on from anywhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QAction,
    QColor,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
    QResizeEvent,
)
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QToolTip, QWidget

from bpstudio.engine.op import Array
from bpstudio.language import _
from bpstudio.playback.palette import THEMES, Theme
from bpstudio.project.comparing import name_of
from bpstudio.project.events import BRANCH, CHANGE, FAILED, MARK, SPIKE, Event, events
from bpstudio.ui import icons
from bpstudio.ui.actions import table
from bpstudio.ui.bars import CommandButton, line_of
from bpstudio.ui.readout import grouped, loss_text
from bpstudio.ui.showing import Showing
from bpstudio.ui.studio import Studio

HEIGHT = 26
"""The height of the track, before the theme's factor."""
NEAR = 5
"""So many pixels beside an event still are at it."""
NARROW = 1000
"""Below this width, before the theme's factor, buttons have no words."""
COLOURS = {
    FAILED: "gradient",
    SPIKE: "gradient",
    CHANGE: "update",
    BRANCH: "local",
    MARK: "accent",
}
"""The role of the colour of each kind of event; their forms tell them apart as well."""


class TrackRow(QWidget):
    """The track, what step of how many it is at, and what can be done there.

    It has its place as soon as there is something to train, so that nothing moves when the training
    begins, and can be walked along as soon as there is something to go back to.
    """

    def __init__(self, studio: Studio, actions: Mapping[str, QAction], parent: QWidget) -> None:
        super().__init__(parent)
        self._studio = studio
        self._name, self._where = line_of("muted"), line_of("number")
        self.track = Track(self)
        self.track.setObjectName("training-track")
        self.track.asked.connect(studio.past.go_to)
        ids = ("event_before", "event_after", "mark_step", "go_on_here", "to_present")
        self.buttons = {id: CommandButton(actions[id], self) for id in ids}
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 5, 18, 0)
        row.setSpacing(8)
        row.addWidget(self._name)
        row.addWidget(self.track, 1)
        row.addWidget(self._where)
        for button in self.buttons.values():
            row.addWidget(button)
        self._shown_of: object = None
        studio.moved.connect(self._show)
        studio.changed.connect(self._change)
        studio.past.sought.connect(self._seek)
        self.retitle()

    def retitle(self) -> None:
        """Say everything in the current language and the current colours."""
        theme = self._studio.theme
        self.track.dress(theme)
        self.track.setAccessibleName(_("Training so far"))
        self.buttons["event_before"].say("◂")
        self.buttons["event_after"].say("▸")
        self.buttons["mark_step"].say("")
        for id in ("mark_step", "go_on_here", "to_present"):
            self.buttons[id].setIcon(icons.icon(table[id].icon))
        self.buttons["go_on_here"].say(_("Continue here"))
        self.buttons["to_present"].say(_("Now"))
        self._fit()
        self._shown_of = None
        self._show(self._studio.shown)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Make what stands beside the track fit."""
        super().resizeEvent(event)
        self._fit()

    def minimumSizeHint(self) -> QSize:
        """It gets by with any width."""
        return QSize(0, super().minimumSizeHint().height())

    def _change(self, _change: object) -> None:
        self._shown_of = None
        self._show(self._studio.shown)

    def _seek(self, step: int) -> None:
        """The cursor goes where one wants to be; what is shown follows."""
        self.track.point_at(step)
        self._say()

    def _show(self, shown: Showing) -> None:
        studio, going_back = self._studio, self._studio.past
        way = going_back.way
        begin, end = (way[0].begin, way[-1].end) if way and not shown.training else (0, shown.step)
        walked = end > begin and bool(way or shown.training)
        there = walked or studio.can_train
        if there == self.isHidden():
            self.setVisible(there)
        self.track.setEnabled(walked)
        if not there:
            return
        if not walked:
            begin = end = shown.step
        project = studio.project
        key = (project.runs, going_back.run, end, len(shown.losses))
        if key != self._shown_of:
            self._shown_of = key
            known = bool(way) and not shown.training
            self._name.setText(name_of(way[-1].run) if known else _("training"))
            self.track.show_way(begin, end, shown.losses, events(way) if known else ())
        present = None
        if walked and not shown.training and project.trained.run == going_back.run:
            present = project.trained.steps
        self.track.show_present(present)
        self.track.point_at(going_back.step if walked else end)
        self._say()

    def _say(self) -> None:
        track = self.track
        here, end = grouped(track.step), grouped(track.end)
        text = _("step {step} of {end}").format(step=here, end=end)
        if text != self._where.text():
            self._where.setText(text)
            widest = _("step {step} of {end}").format(step=end, end=end)
            self._where.setMinimumWidth(self._where.fontMetrics().horizontalAdvance(widest))
            track.setAccessibleDescription(text)

    def _fit(self) -> None:
        """Words give way to icons in a narrow window."""
        tight = self.width() < NARROW * self._studio.theme.type
        for id, button in self.buttons.items():
            button.tighten(tight and id in ("go_on_here", "to_present"))


class Track(QWidget):
    """The steps from `begin` to `end` as a line with the loss above it; `step` is where one is."""

    asked = Signal(int)
    """A person wants to be at that step."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.begin, self.end, self.step = 0, 0, 0
        self.events: tuple[Event, ...] = ()
        self._present: int | None = None
        self._losses: Array = np.zeros(0)
        self._curve: tuple[tuple[int, int], QPolygonF] = ((0, 0), QPolygonF())
        self._theme = THEMES["light"]
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def dress(self, theme: Theme) -> None:
        """Take the colours of that theme."""
        self._theme = theme
        self.setFixedHeight(round(HEIGHT * theme.type))
        self.update()

    def sizeHint(self) -> QSize:
        """As wide as there is room."""
        return QSize(240, round(HEIGHT * self._theme.type))

    def show_way(self, begin: int, end: int, losses: Array, events: Sequence[Event]) -> None:
        """Show these steps, with the loss of each (from step 0 on) and what happened."""
        self.begin, self.end = begin, end
        self._losses, self.events = losses, tuple(events)
        self._curve = ((0, 0), QPolygonF())
        self.update()

    def show_present(self, step: int | None) -> None:
        """Mark the step at which the project is, if it is on this way."""
        if step != self._present:
            self._present = step
            self.update()

    def point_at(self, step: int) -> None:
        """Put the cursor at that step."""
        if step != self.step:
            self.step = step
            self.update()

    # -- by hand ----------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Go where it is pressed; at an event, to that."""
        if event.button() == Qt.MouseButton.LeftButton:
            near = self._near(event.position().x())
            self._ask(near.step if near else self._step_at(event.position().x()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Go along."""
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._ask(self._step_at(event.position().x()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows go a step, with Shift ten; pages go a twentieth of the way."""
        page = max(1, (self.end - self.begin) // 20)
        arrow = 10 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1
        moves = {
            Qt.Key.Key_Left: -arrow,
            Qt.Key.Key_Right: arrow,
            Qt.Key.Key_Down: -arrow,
            Qt.Key.Key_Up: arrow,
            Qt.Key.Key_PageDown: -page,
            Qt.Key.Key_PageUp: page,
            Qt.Key.Key_Home: self.begin - self.end,
            Qt.Key.Key_End: self.end - self.begin,
        }
        move = moves.get(Qt.Key(event.key()))
        if move is None:
            super().keyPressEvent(event)
        else:
            self._ask(self.step + move)

    def event(self, event: QEvent) -> bool:
        """The tip tells the step under the mouse, its loss, and what happened there."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self._tip(float(event.pos().x())), self)
            return True
        return super().event(event)

    def _ask(self, step: int) -> None:
        step = min(max(step, self.begin), self.end)
        if step != self.step:
            self.asked.emit(step)

    def _tip(self, x: float) -> str:
        near = self._near(x)
        step = near.step if near else self._step_at(x)
        lines = [_("step {number}").format(number=grouped(step))]
        if step < len(self._losses) and np.isfinite(self._losses[step]):
            lines.append(_("loss {value}").format(value=loss_text(float(self._losses[step]))))
        lines += [each.text for each in self.events if near and each.step == step]
        return "\n".join(lines)

    def _near(self, x: float) -> Event | None:
        """The event nearest to a place, if one is near."""
        beside = [each for each in self.events if abs(self._place(each.step) - x) <= NEAR]
        return min(beside, key=lambda each: abs(self._place(each.step) - x), default=None)

    def _step_at(self, x: float) -> int:
        share = (x - NEAR) / max(self.width() - 2 * NEAR, 1)
        return round(self.begin + min(max(share, 0.0), 1.0) * (self.end - self.begin))

    def _place(self, step: int) -> float:
        share = (step - self.begin) / max(self.end - self.begin, 1)
        return NEAR + min(max(share, 0.0), 1.0) * (self.width() - 2 * NEAR)

    # -- painting ---------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        """The line, the loss above it, what happened, and the cursor."""
        colours, height = self._theme.colours, float(self.height())
        ground, here = height - 4.0, self._place(self.step)
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            rest = QColor(colours["border"])
            painter.fillRect(QRectF(NEAR, ground - 1.5, self.width() - 2 * NEAR, 3.0), rest)
            done = QColor(colours["accent"])
            painter.fillRect(QRectF(NEAR, ground - 1.5, here - NEAR, 3.0), done)
            painter.setPen(QPen(QColor(colours["muted"]), 1.0))
            painter.drawPolyline(self._polyline(ground - 4.0))
            for each in self.events:
                self._draw_event(painter, each, ground)
            if self._present is not None:
                at = self._place(self._present)
                painter.fillRect(QRectF(at - 1.0, ground - 5.0, 2.0, 8.0), QColor(colours["text"]))
            cursor = QColor(colours["accent" if self.isEnabled() else "muted"])
            painter.fillRect(QRectF(here - 0.75, 1.0, 1.5, height - 2.0), cursor)
            painter.setPen(QPen(QColor(colours["panel"]), 1.0))
            painter.setBrush(cursor)
            painter.drawEllipse(QPointF(here, ground), 4.5, 4.5)
            if self.hasFocus():
                painter.setPen(QPen(cursor, 1.0, Qt.PenStyle.DotLine))
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.drawRect(QRectF(0.5, 0.5, self.width() - 1.0, height - 1.0))

    def _draw_event(self, painter: QPainter, event: Event, ground: float) -> None:
        """A form for each kind: cross, peak, diamond, fork and flag."""
        colour, x, y = (
            QColor(self._theme.colours[COLOURS[event.kind]]),
            self._place(event.step),
            6.0,
        )
        stem = QColor(colour)
        stem.setAlphaF(0.45)
        painter.fillRect(QRectF(x - 0.5, y, 1.0, ground - y), stem)
        painter.setPen(QPen(colour, 1.6))
        painter.setBrush(colour)
        if event.kind == FAILED:
            painter.drawLine(QPointF(x - 3.5, y - 3.5), QPointF(x + 3.5, y + 3.5))
            painter.drawLine(QPointF(x - 3.5, y + 3.5), QPointF(x + 3.5, y - 3.5))
        elif event.kind == SPIKE:
            painter.drawPolygon([QPointF(x - 3, y + 3), QPointF(x, y - 3.5), QPointF(x + 3, y + 3)])
        elif event.kind == CHANGE:
            diamond = [QPointF(x, y - 4), QPointF(x + 3.5, y), QPointF(x, y + 4)]
            painter.drawPolygon([*diamond, QPointF(x - 3.5, y)])
        elif event.kind == BRANCH:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawEllipse(QPointF(x, y), 3.2, 3.2)
        else:
            flag = [QPointF(x, y - 4.5), QPointF(x + 7, y - 1.5), QPointF(x, y + 1.5)]
            painter.drawPolygon(flag)

    def _polyline(self, ground: float) -> QPolygonF:
        """The loss on a logarithmic scale, the highest of each two pixels."""
        size = (self.width(), self.height())
        if self._curve[0] == size:
            return self._curve[1]
        losses = self._losses[self.begin : self.end]
        points: list[QPointF] = []
        if len(losses) > 1:
            count = min(len(losses), max(2, self.width() // 2))
            starts = np.linspace(0, len(losses), count, endpoint=False).astype(int)
            with np.errstate(all="ignore"):
                heights = np.log10(np.fmax.reduceat(losses, starts))
            finite = np.isfinite(heights)
            if finite.any():
                low, high = heights[finite].min(), heights[finite].max()
                scale = (ground - 3.0) / max(high - low, 1e-9)
                points = [
                    QPointF(self._place(self.begin + int(start)), ground - scale * (value - low))
                    for start, value in zip(starts[finite], heights[finite], strict=True)
                ]
        self._curve = (size, QPolygonF(points))
        return self._curve[1]
