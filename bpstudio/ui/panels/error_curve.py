"""The error of differences against the nudge, for one number of the network."""

from __future__ import annotations

import time
from collections.abc import Set as AbstractSet

import numpy as np
from PySide6.QtCore import QSize, QTimer
from PySide6.QtGui import QHideEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from bpstudio.engine.differences import Difference, error_curve
from bpstudio.engine.op import Kind
from bpstudio.engine.places import place_of
from bpstudio.engine.reverse_mode import gradients
from bpstudio.engine.run import Recording
from bpstudio.language import _
from bpstudio.playback import digits
from bpstudio.playback.error_chart import NUDGES, best, error_marks, power_of
from bpstudio.playback.marks import Mark, Rect
from bpstudio.playback.palette import THEMES, Theme
from bpstudio.ui.painter import paint_marks
from bpstudio.ui.panels.form import Choice, Form
from bpstudio.ui.panels.panel import label
from bpstudio.ui.showing import Showing
from bpstudio.ui.studio import Studio

SHARE = 0.008
"""Seconds that one turn may take; the curve grows from the right turn by turn."""


class ErrorCurve(QWidget):
    """Which number, the chart, and what it says."""

    def __init__(self, studio: Studio) -> None:
        super().__init__()
        self._studio = studio
        self._of: tuple[object, ...] = ()
        self._recording: Recording | None = None
        self.place: tuple[int, ...] = ()
        self.curve: tuple[Difference, ...] = ()
        self.form = Form()
        self.key = Choice()
        self.form.row("key", self.key)
        self.chart = Chart()
        self.words = label("muted")
        self.words.setWordWrap(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        for widget in (self.form, self.chart, self.words):
            column.addWidget(widget)
        self.key.activated.connect(lambda _index: self._begin())
        self._timer = QTimer(self)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self._go_on)

    def retitle(self, theme: Theme) -> None:
        """Take the current language and the current colours."""
        self.form.dress(theme)
        self.form.say("key", _("gradient of"), _("The number of it with the largest gradient"))
        self.chart.setAccessibleName(_("Error of the numeric gradient against h"))
        self.chart.dress(theme)
        self._say()

    def follow(self, shown: Showing, chosen: AbstractSet[str]) -> None:
        """The same number of what is shown now; one of the selected node if it has any."""
        recording = shown.whole or shown.recording
        now = recording, chosen
        if recording is None or not recording.backward:
            self._timer.stop()
            return
        if len(self._of) == 2 and self._of[0] is recording and self._of[1] == chosen:
            return
        self._of, self._recording = now, recording
        keys = _keys(recording)
        before = self.key.currentData()
        self.key.offer(keys, keys)
        own = [key for key in keys if place_of(key)[0] in chosen]
        wanted = own[0] if own and before not in own else before
        self.key.setCurrentIndex(max(0, self.key.findData(wanted)))
        self._begin()

    def hideEvent(self, event: QHideEvent) -> None:
        """Nobody looks: what is left is done when somebody does."""
        super().hideEvent(event)
        self._timer.stop()
        self._of = ()

    def _begin(self) -> None:
        recording, key = self._recording, self.key.currentData()
        self.curve = ()
        if recording is None or key is None:
            self._timer.stop()
        else:
            slopes = gradients(recording.backward).get(place_of(key), np.zeros(()))
            flat = int(np.abs(np.nan_to_num(slopes)).argmax())
            self.place = tuple(int(i) for i in np.unravel_index(flat, slopes.shape))
            self._timer.start()
        self._say()

    def _go_on(self) -> None:
        """A few more points, from large nudges to small ones."""
        assert self._recording is not None
        until, key = time.monotonic() + SHARE, self.key.currentData()
        while len(self.curve) < len(NUDGES) and time.monotonic() < until:
            h = NUDGES[-1 - len(self.curve)]
            with np.errstate(all="ignore"):
                (found,) = error_curve(self._recording, key, self.place, [h])
            self.curve = (found, *self.curve)
        if len(self.curve) == len(NUDGES):
            self._timer.stop()
        self._say()

    def _say(self) -> None:
        self.chart.show_curve(self.curve)
        found = best(self.curve) if len(self.curve) == len(NUDGES) else None
        if found is None:
            self.words.setText("")
            return
        number = f"{self.key.currentData()}{list(self.place) if self.place else ''}"
        said = _(
            "{number}: nearest at h = {h}, with an error of {error}. Larger steps cut off the bend "
            "of the curve (error ∼ h²); smaller ones lose digits in the subtraction (error ∼ ε/h)."
        ).format(number=number, h=power_of(found.h), error=digits.small(found.central_error))
        self.words.setText(said)
        self.chart.setAccessibleDescription(said)


class Chart(QWidget):
    """Draws the curve."""

    def __init__(self) -> None:
        super().__init__()
        self._curve: tuple[Difference, ...] = ()
        self._theme: Theme = THEMES["light"]
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        """Wide, and not very high."""
        return QSize(round(230 * self._theme.type), round(160 * self._theme.type))

    def minimumSizeHint(self) -> QSize:
        """It gets by with less width."""
        return QSize(120, self.sizeHint().height())

    def dress(self, theme: Theme) -> None:
        """Take the colours of that theme."""
        self._theme = theme
        self.updateGeometry()
        self.update()

    def show_curve(self, curve: tuple[Difference, ...]) -> None:
        """Show this one, or as much of it as is known."""
        self._curve = curve
        self.update()

    def marks(self) -> list[Mark]:
        """What is drawn, in pixels."""
        if len(self._curve) < 2:
            return []
        type = self._theme.type
        rect = Rect(46 * type, 8, self.width() - 76 * type, self.height() - 8 - 22 * type)
        return list(error_marks(self._curve, rect, self._theme))

    def paintEvent(self, event: QPaintEvent) -> None:
        """The marks."""
        with QPainter(self) as painter:
            paint_marks(painter, tuple(self.marks()), self._theme)


def _keys(recording: Recording) -> list[str]:
    """The weights and typed values by which there is a gradient."""
    known = gradients(recording.backward)
    return [
        f"{step.node}.{port.name}"
        for step in recording.forward
        for port in recording.graph[step.node].owned(Kind.GIVEN, Kind.WEIGHT)
        if (step.node, port.name, 0) in known
    ]
