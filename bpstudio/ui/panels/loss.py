"""The loss of every training step, as a curve that grows while training goes on."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pyqtgraph
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QResizeEvent
from PySide6.QtWidgets import QGraphicsItem, QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from bpstudio.engine.op import Array
from bpstudio.language import N_, _
from bpstudio.playback import views
from bpstudio.ui.panels.finite import Finite
from bpstudio.ui.panels.panel import Panel, label
from bpstudio.ui.panels.run_lines import RunCurves, beside
from bpstudio.ui.readout import grouped, loss_text
from bpstudio.ui.studio import Studio
from bpstudio.ui.style import code_font

MOST_MEANT = 200_000
"""Of longer runs no mean is drawn, and the curve is thin."""
WIDE = 260
"""From this width on, before the theme's factor, the step of the last loss is said too."""


class LossPanel(Panel):
    """The curve, where on it one is, and a switch to a logarithmic scale."""

    title = N_("Loss")
    pause = 1 / 6

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(studio, parent)
        self.series = Finite()
        self._rough = self._zoomed = False
        self.plot = pyqtgraph.PlotWidget(self)
        # On the widget and before there is a curve: as arguments of `plot` neither works.
        self.plot.setDownsampling(auto=True, mode="peak")
        self.plot.setClipToView(True)
        self.plot.setMenuEnabled(False)
        self.plot.hideButtons()
        self.plot.setMouseEnabled(x=True, y=False)
        self.plot.setFrameShape(self.plot.Shape.NoFrame)
        self.plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.plot.getViewBox().sigRangeChangedManually.connect(self._zoom)
        for side in ("left", "bottom"):
            # Kept as pixels: their texts and lines take longer than a curve, and seldom change.
            self.plot.getAxis(side).setCacheMode(QGraphicsItem.CacheMode.DeviceCoordinateCache)
        self.curve = self.plot.plot([], [], antialias=True)
        # One piece of the curve for each pixel: a path of thousands of points takes long to stroke.
        self.curve.opts["autoDownsampleFactor"] = 1.0
        self.mean = self.plot.plot([], [], antialias=True)
        self.mean.opts["autoDownsampleFactor"] = 1.0
        self.plot.getViewBox().sigResized.connect(self._draw)
        self.others = RunCurves(self.plot)
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
            self._draw()
        if empty:
            self.now.hide()
            self.whole.hide()
            return
        self.now.show()
        at = max(int(np.searchsorted(steps, shown.step, side="right")) - 1, 0)
        last = float(losses[at])
        words = _("{loss} at step {step}") if self.width() > WIDE * self.theme.type else "{loss}"
        self.now.setText(words.format(loss=loss_text(last), step=grouped(int(steps[at]))))
        self.here.setValue(float(shown.step))
        height = np.log10(last) if self.log.isChecked() and last > 0 else last
        self.dot.setData([float(steps[at])], [height])
        self.others.show(beside(self.studio), self.theme, self.log.isChecked())
        self.whole.setVisible(self._zoomed)
        if not self._zoomed:
            self._frame(steps, losses)
        # Else the plot notices while it paints that its axes have moved, and paints once more.
        self.plot.scene().prepareForPaint()

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

    def _draw(self, _view: object = None) -> None:
        """The curves, as many pieces of them as there are pixels now."""
        steps, losses = self.series.steps, self.series.losses
        self.curve.setData(steps, losses, skipFiniteCheck=True)
        self._show_mean(steps, losses)

    def _frame(self, steps: Array, losses: Array) -> None:
        """Show all steps, between round numbers, so that the axes seldom change."""
        log = self.log.isChecked()
        seen = losses[losses > 0] if log else losses
        if not len(seen):
            return
        low, high = float(seen.min()), max(float(seen.max()), self.others.high)
        low, end = min(low, self.others.low), max(float(steps[-1]), float(self.others.longest))
        if log:
            low, high = math.floor(2 * math.log10(low)) / 2, math.ceil(2 * math.log10(high)) / 2
        else:
            low, high = -_rounded_up(-low) if low < 0 else 0.0, _rounded_up(high)
        self.plot.setRange(
            xRange=(0.0, _rounded_up(end)),
            yRange=(low, high if high > low else low + 1.0),
            padding=0.03,
        )

    def _zoom(self, _axes: object = None) -> None:
        self._zoomed = True
        self.whole.show()

    def _show_all(self, _checked: bool = False) -> None:
        self._zoomed = False
        self.refresh()

    def _set_log(self, on: bool) -> None:
        self.plot.setLogMode(x=False, y=on)
        self._show_all()

    def _show_mean(self, steps: Array, losses: Array) -> None:
        """Where single batches make the curve noisy, the mean of some of them lies over it."""
        rough = len(losses) <= MOST_MEANT and views.noisy(losses)
        window = max(2, len(losses) // 40) if rough else 0
        means = views.running_mean(losses, window) if rough else losses[:0]
        self.mean.setData(steps[window - 1 :] if rough else steps[:0], means)
        self._rough = rough
        self._dress_curves()

    def _dress_curves(self) -> None:
        self.mean.setPen(self._pen())
        pen = self._pen()
        if self._rough or len(self.series.steps) > MOST_MEANT:
            pen.setWidthF(1.0)  # to stroke a jagged line of two pixels takes a tenth of a second
        if self._rough:
            faint = QColor(self.theme.colours["text"])
            faint.setAlphaF(0.28)
            pen.setColor(faint)
        self.curve.setPen(pen)

    def _pen(self) -> Any:
        return pyqtgraph.mkPen(self.theme.colours["text"], width=1.8 * self.theme.wire**0.5)

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


def _rounded_up(number: float) -> float:
    """The next number of two figures: 1000 for 983, 0.7 for 0.693."""
    if number <= 0:
        return 0.0
    unit: float = 10.0 ** (math.floor(math.log10(number)) - 1)
    return math.ceil(number / unit - 1e-9) * unit
