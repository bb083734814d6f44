"""The timeline below everything: its moments on one line, how far a step goes, how fast it plays,
and whether one example is looked at or the whole batch; above it the way of the training."""

from __future__ import annotations

import math
from collections.abc import Mapping

from PySide6.QtCore import QRectF, QSignalBlocker, Qt
from PySide6.QtGui import QAction, QColor, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QSizePolicy,
    QSlider,
    QStyle,
    QStyleOptionSlider,
    QVBoxLayout,
    QWidget,
)

from bpstudio.language import N_, _
from bpstudio.playback.palette import THEMES, Theme
from bpstudio.playback.timeline import GATE, ITERATION, LAYER, PHASE, PHASES, UNITS
from bpstudio.ui.bars import COLOURS, CommandButton, line_of
from bpstudio.ui.readout import example
from bpstudio.ui.showing import Showing, rows_to_choose
from bpstudio.ui.studio import Studio
from bpstudio.ui.training_track import TrackRow

UNIT_WORDS = {
    GATE: N_("by gate"),
    LAYER: N_("by layer"),
    PHASE: N_("by phase"),
    ITERATION: N_("by iteration"),
}
SLOWEST, FASTEST = 0.1, 10.0
_NOTCHES = 100
_NEAR_ONE = 6
"""So many notches to either side of it are speed 1, so that it is easily found again."""
_LEAST = 170
"""The room that the slider needs; what stands beside it gives way."""


class TimelineBar(QFrame):
    """The moments of the iteration on one line, to be walked along."""

    def __init__(self, studio: Studio, actions: Mapping[str, QAction], parent: QWidget) -> None:
        super().__init__(parent)
        self.setProperty("role", "bar")
        self.setObjectName("timeline-bar")
        self._studio = studio
        self._step, self._end = line_of("muted"), line_of("number")
        self.slider = PhaseSlider(self)
        self.slider.setObjectName("step-slider")
        self.slider.valueChanged.connect(self._scrub)
        self.units = QComboBox(self)
        self.units.setObjectName("step-unit")
        self.units.addItems(UNITS)
        self.units.currentIndexChanged.connect(self._choose_unit)
        self.speed = QSlider(Qt.Orientation.Horizontal, self)
        self.speed.setObjectName("speed")
        self.speed.setRange(-_NOTCHES, _NOTCHES)
        self.speed.setPageStep(_NOTCHES // 5)
        self.speed.valueChanged.connect(self._choose_speed)
        self._pace = line_of("number")
        self.before = CommandButton(actions["previous_example"], self)
        self.chip = CommandButton(actions["whole_batch"], self)
        self.after = CommandButton(actions["next_example"], self)
        self.track = TrackRow(studio, actions, self)
        column, row = QVBoxLayout(self), QHBoxLayout()
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.track)
        column.addLayout(row)
        row.setContentsMargins(14, 7, 18, 7)
        row.setSpacing(10)
        row.addWidget(self._step)
        row.addWidget(self.slider, 1)
        row.addWidget(self._end)
        row.addWidget(self.units)
        row.addWidget(self.speed)
        row.addWidget(self._pace)
        row.addSpacing(4)
        for button in (self.before, self.chip, self.after):
            row.addWidget(button)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        studio.moved.connect(self._show)
        self.retitle()

    def retitle(self) -> None:
        """Say everything in the current language and the current colours."""
        theme = self._studio.theme
        self.track.retitle()
        self.slider.setAccessibleName(_("Step"))
        self.slider.setToolTip(_("Walk through the forward pass, the backward pass and the update"))
        self.slider.dress(theme)
        with QSignalBlocker(self.units):
            for place, unit in enumerate(UNITS):
                self.units.setItemText(place, _(UNIT_WORDS[unit]))
        self.units.setAccessibleName(_("How far one step goes"))
        self.units.setToolTip(_("How far one step goes"))
        self.speed.setAccessibleName(_("Speed of playing"))
        self.speed.setToolTip(_("Speed of playing, from a tenth to ten times"))
        self.speed.setFixedWidth(round(78 * theme.type))
        self._pace.setMinimumWidth(self._pace.fontMetrics().horizontalAdvance("10.0×"))
        self.before.say("◂")
        self.after.say("▸")
        for button in (self.before, self.chip, self.after):
            button.tighten(False)
        self._show(self._studio.shown)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """What stands beside the slider gives way to it."""
        super().resizeEvent(event)
        self._fit()

    def _show(self, shown: Showing) -> None:
        number = int(shown.position)
        instant = shown.instant
        going_on = instant.moment.number if instant is not None and instant.moment else 0
        self._step.setText(_("step {number}").format(number=going_on))
        self._end.setText("● " + _("live") if shown.training else f"/ {shown.length}")
        self.slider.setEnabled(shown.length > 0)
        self.slider.mark(
            {phase: shown.timeline.span(phase) for phase in PHASES} if shown.timeline else {}
        )
        with QSignalBlocker(self.slider):
            self.slider.setMaximum(max(shown.length, 1))
            self.slider.setValue(number)
        self.slider.setAccessibleDescription(instant.label if instant else "")
        self._step.setMinimumWidth(self._step.fontMetrics().horizontalAdvance(_widest(shown)))
        with QSignalBlocker(self.units):
            self.units.setCurrentIndex(UNITS.index(shown.unit))
        self._show_speed()
        if self.chip.text().strip() != example(shown):
            self.chip.say(example(shown))
            self.chip.tighten(False)
            self._fit()

    def _fit(self) -> None:
        """Leave away what there is no room for, the least needed first."""
        of_data = bool(rows_to_choose(self._studio.shown.project))
        example = [self.before, self.chip, self.after]
        shown: list[QWidget] = [self.units, self.speed, self._pace, *(example if of_data else ())]
        for giving in ([self.speed, self._pace], [self.units], [self.before, self.after]):
            if self._needed([self._step, self._end, *shown]) + _LEAST <= self.width():
                break
            shown = [widget for widget in shown if widget not in giving]
        for widget in (self.units, self.speed, self._pace, *example):
            if widget.isHidden() == (widget in shown):
                widget.setVisible(widget in shown)

    def _needed(self, parts: list[QWidget]) -> int:
        """How wide these are side by side, with what lies between and around them."""
        return sum(part.sizeHint().width() + 10 for part in parts) + 46

    def _scrub(self, value: int) -> None:
        self._studio.show_position(float(value))

    def _choose_unit(self, place: int) -> None:
        self._studio.step_by(UNITS[place])

    def _choose_speed(self, notch: int) -> None:
        speed = 1.0 if abs(notch) <= _NEAR_ONE else round(FASTEST ** (notch / _NOTCHES), 2)
        self._studio.set_speed(speed)
        self._show_speed()

    def _show_speed(self) -> None:
        speed = min(max(self._studio.preferences.speed, SLOWEST), FASTEST)
        text = f"{speed:.1f}×" if speed >= 1 else f"{speed:.2f}×"
        if text != self._pace.text():
            self._pace.setText(text)
            self.speed.setAccessibleDescription(text)
            with QSignalBlocker(self.speed):
                self.speed.setValue(notch_of(speed))


def notch_of(speed: float) -> int:
    """Where the control of speed stands for that speed."""
    return round(_NOTCHES * math.log(speed, FASTEST))


class PhaseSlider(QSlider):
    """A slider under which the phases are marked in their colours."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.setPageStep(1)
        self._spans: Mapping[str, tuple[int, int]] = {}
        self._theme = THEMES["light"]

    def dress(self, theme: Theme) -> None:
        """Take the colours of that theme."""
        self._theme = theme
        self.update()

    def mark(self, spans: Mapping[str, tuple[int, int]]) -> None:
        """Where each phase begins and ends, in values of the slider."""
        if spans != self._spans:
            self._spans = spans
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """The slider itself, and a thin line for each phase."""
        super().paintEvent(event)
        option = QStyleOptionSlider()
        self.initStyleOption(option)
        handle = self.style().subControlRect(
            QStyle.ComplexControl.CC_Slider, option, QStyle.SubControl.SC_SliderHandle, self
        )
        half, room = handle.width() / 2, self.width() - handle.width()
        with QPainter(self) as painter:
            for phase, (begin, end) in self._spans.items():
                left = half + room * begin / max(self.maximum(), 1) + 1
                right = half + room * end / max(self.maximum(), 1) - 1
                if right > left:
                    colour = QColor(self._theme.colours[COLOURS[phase]])
                    line = QRectF(left, self.height() - 3.0, right - left, 2.0)
                    painter.fillRect(line, colour)


def _widest(shown: Showing) -> str:
    """The widest text of the step's label, so that the slider does not move."""
    return _("step {number}").format(number="0" * len(str(shown.length)))
