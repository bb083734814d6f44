"""The loss of every training step, as a curve that grows while training goes on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from bpstudio.engine.op import Array
from bpstudio.language import N_, _
from bpstudio.playback import views
from bpstudio.ui.panels.panel import Panel, label
from bpstudio.ui.readout import grouped, loss_text
from bpstudio.ui.studio import Studio
from bpstudio.ui.style import code_font

MOST_MEANT = 200_000
"""Of longer runs no mean is drawn."""
THIN = 20_000
"""Up to so many steps the curve is drawn smooth and a little thicker."""

WIDE = 260
"""From this width on, before the theme's factor, the step of the last loss is said too."""


class LossPanel(Panel):
    """The curve, where on it one is, and a switch to a logarithmic scale."""

    title = N_("Loss")
    pause = 1 / 20

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(studio, parent)
        self.series = Finite()
        self._rough = False
        self.plot = pyqtgraph.PlotWidget(self)
        # On the widget and before there is a curve: as arguments of `plot` neither works.
        self.plot.setDownsampling(auto=True, mode="peak")
        self.plot.setClipToView(True)
        self.plot.setMenuEnabled(False)
        self.plot.hideButtons()
        self.plot.setMouseEnabled(x=True, y=False)
        self.plot.setFrameShape(self.plot.Shape.NoFrame)
        self.plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.plot.getPlotItem().setDefaultPadding(0.03)
        self.curve = self.plot.plot([], [], antialias=True)
        self.mean = self.plot.plot([], [], antialias=True)
        self.here = pyqtgraph.InfiniteLine(angle=90, movable=False)
        self.dot = pyqtgraph.ScatterPlotItem(size=8, pxMode=True)
        self.plot.addItem(self.here, ignoreBounds=True)
        self.plot.addItem(self.dot, ignoreBounds=True)
        self.now = label("number")
        self.log = QToolButton()
        self.log.setObjectName("loss-log")
        self.log.setProperty("role", "button")
        self.log.setCheckable(True)
        self.log.toggled.connect(self._set_log)
        self.whole = QToolButton()
        self.whole.setProperty("role", "button")
        self.whole.clicked.connect(self._show_all)
        self.nothing = label("muted")
        self.nothing.setWordWrap(True)
        self.nothing.setAlignment(Qt.AlignmentFlag.AlignTop)
        row = QHBoxLayout()
        row.setSpacing(6)
        row.addWidget(self.now, 1)
        row.addWidget(self.whole)
        row.addWidget(self.log)
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 0, 10, 6)
        column.setSpacing(2)
        column.addLayout(row)
        column.addWidget(self.nothing, 1)
        column.addWidget(self.plot, 1)
        self.retitle()

    def minimumSizeHint(self) -> QSize:
        """It gets by with little room."""
        return QSize(120, 70)

    def retitle(self) -> None:
        """Say everything in the current language and the current colours."""
        self.log.setText(_("log"))
        self.log.setToolTip(_("Show the loss on a logarithmic scale"))
        self.log.setAccessibleName(_("Logarithmic scale"))
        self.whole.setText(_("all"))
        self.whole.setToolTip(_("Show all steps again"))
        self.whole.setAccessibleName(_("Show all steps"))
        self.nothing.setText(_("This network has not been trained yet, so it has no loss curve."))
        self.plot.setAccessibleName(_("Loss of each training step"))
        self._dress()
        self.refresh()

    def refresh(self) -> None:
        """The losses so far; the curve is drawn anew only where there are others."""
        shown = self.studio.shown
        grew = self.series.follow(shown.losses)
        steps, losses = self.series.steps, self.series.losses
        empty = not len(steps)
        self.nothing.setVisible(empty)
        self.plot.setVisible(not empty)
        self.log.setVisible(not empty)
        if grew:
            self.curve.setData(steps, losses, skipFiniteCheck=True)
            self._show_mean(steps, losses)
        if empty:
            self.now.setText("")
            self.whole.hide()
            return
        last = float(losses[-1])
        words = _("{loss} at step {step}") if self.width() > WIDE * self.theme.type else "{loss}"
        self.now.setText(words.format(loss=loss_text(last), step=grouped(int(steps[-1]))))
        self.here.setValue(float(shown.step))
        height = np.log10(last) if self.log.isChecked() and last > 0 else last
        self.dot.setData([float(steps[-1])], [height])
        self.whole.setVisible(not self.plot.getViewBox().state["autoRange"][0])

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The axis has its name where there is room for it."""
        super().resizeEvent(event)
        self._name_axis()

    def _name_axis(self) -> None:
        axis, type = self.plot.getAxis("bottom"), self.theme.type
        named = self.height() > 170 * type
        size = f"{round(10.5 * type)}px"
        axis.setLabel(_("step"), **{"color": self.theme.colours["muted"], "font-size": size})
        axis.showLabel(named)
        axis.setHeight(round((36 if named else 20) * type))

    def _show_all(self, _checked: bool = False) -> None:
        self.plot.enableAutoRange()
        self.whole.hide()

    def _set_log(self, on: bool) -> None:
        self.plot.setLogMode(x=False, y=on)
        self.plot.enableAutoRange()
        self.refresh()

    def _show_mean(self, steps: Array, losses: Array) -> None:
        """Where single batches make the curve noisy, the mean of some of them lies over it."""
        rough = len(losses) <= MOST_MEANT and views.noisy(losses)
        window = max(2, len(losses) // 40) if rough else 0
        means = views.running_mean(losses, window) if rough else losses[:0]
        self.mean.setData(steps[window - 1 :] if rough else steps[:0], means)
        self._rough = rough
        self._dress_curves()

    def _dress_curves(self) -> None:
        thin = len(self.series.steps) > THIN
        self.mean.setPen(self._pen(thin=False))
        pen = self._pen(thin=thin or self._rough)
        if self._rough:
            faint = QColor(self.theme.colours["text"])
            faint.setAlphaF(0.28)
            pen.setColor(faint)
        self.curve.setPen(pen)

    def _pen(self, *, thin: bool) -> Any:
        # A line of two pixels takes four times as long, which matters for long runs alone.
        width = 1.0 if thin else 1.8 * self.theme.wire**0.5
        return pyqtgraph.mkPen(self.theme.colours["text"], width=width)

    def _dress(self) -> None:
        colours, type = self.theme.colours, self.theme.type
        self.plot.setBackground(colours["panel"])
        grid = QColor(colours["border"])
        for side in ("left", "bottom"):
            axis = self.plot.getAxis(side)
            axis.setTickFont(code_font(10.5 * type))
            axis.setTextPen(colours["muted"])
            axis.setPen(pyqtgraph.mkPen(None) if side == "left" else pyqtgraph.mkPen(grid))
            axis.setTickPen(pyqtgraph.mkPen(grid))
            axis.setStyle(
                tickLength=0, tickTextOffset=5, hideOverlappingLabels=True, maxTickLevel=0
            )
        self.plot.showGrid(x=False, y=True, alpha=0.6)
        self._name_axis()
        small = f"padding: 0 7px; min-height: {round(18 * type)}px; font-size: {round(11 * type)}px"
        for button in (self.log, self.whole):
            button.setStyleSheet(f"QToolButton {{ {small}; }}")
        self._dress_curves()
        self.here.setPen(pyqtgraph.mkPen(colours["accent"], width=1, style=Qt.PenStyle.DotLine))
        self.dot.setBrush(pyqtgraph.mkBrush(colours["forward"]))
        self.dot.setPen(pyqtgraph.mkPen(colours["panel"], width=1))


class Finite:
    """Losses with the steps that they belong to; those that are not finite are left out.

    A series that goes on where the last one stopped costs only what is new.
    """

    def __init__(self) -> None:
        self._steps, self._losses = np.empty(1024), np.empty(1024)
        self._count = 0
        self._seen = 0
        self._first = self._last = np.nan

    @property
    def steps(self) -> Array:
        """The numbers of the steps, from 1."""
        return self._steps[: self._count]

    @property
    def losses(self) -> Array:
        """The loss of each of these steps."""
        return self._losses[: self._count]

    def follow(self, losses: Array) -> bool:
        """Take over a series; whether it is another one than before."""
        if not self._goes_on(losses):
            self._count = self._seen = 0
        elif len(losses) == self._seen:
            return False
        fresh = losses[self._seen :]
        finite = np.flatnonzero(np.isfinite(fresh))
        self._make_room(self._count + len(finite))
        new = slice(self._count, self._count + len(finite))
        self._steps[new] = finite + self._seen + 1
        self._losses[new] = fresh[finite]
        self._count, self._seen = new.stop, len(losses)
        self._first = losses[0] if len(losses) else np.nan
        self._last = losses[-1] if len(losses) else np.nan
        return True

    def _goes_on(self, losses: Array) -> bool:
        """Whether it begins and goes on as the one that was seen."""
        if not self._seen or len(losses) < self._seen:
            return self._seen == 0 and not len(losses)
        ends = np.array([losses[0], losses[self._seen - 1]])
        return np.array_equal(ends, [self._first, self._last], equal_nan=True)

    def _make_room(self, count: int) -> None:
        if count > len(self._steps):
            for name in ("_steps", "_losses"):
                grown = np.empty(2 * count)
                grown[: self._count] = getattr(self, name)[: self._count]
                setattr(self, name, grown)
