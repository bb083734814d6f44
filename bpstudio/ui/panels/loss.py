"""The loss of every training step, as a curve that grows while training goes on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyqtgraph
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QGraphicsItem, QToolButton, QVBoxLayout, QWidget

from bpstudio.engine.op import Array
from bpstudio.errors import StudioError
from bpstudio.language import N_, _
from bpstudio.playback import views
from bpstudio.ui.panels.finite import Finite
from bpstudio.ui.panels.frame import CSV, PNG, SVG, Frame, no_such_file
from bpstudio.ui.panels.loss_reading import Curve, Reading, drawn, grabbed, table
from bpstudio.ui.panels.panel import Panel, label
from bpstudio.ui.panels.run_lines import RunCurves, beside
from bpstudio.ui.readout import grouped, loss_text
from bpstudio.ui.studio import Studio
from bpstudio.ui.style import code_font
from bpstudio.ui.tracing import tracing_of

SEES = N_(
    "The loss of every training step, each before its update; where single batches make it jump, "
    "the thick line is the mean of some of them."
)
SEEK = N_(
    "Look whether it still falls, and whether the test loss turns up again while the other falls: "
    "from there on the network learns its rows by heart."
)
MOST_MEANT = 200_000
"""Of longer runs no mean is drawn, and the curve is thin."""


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
        self.plot.getAxis("bottom").tickStrings = step_words
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
        self.test = QToolButton()
        self.test.setProperty("role", "button")
        self.test.setCheckable(True)
        self.test.toggled.connect(self._set_test)
        self.tested = self.plot.plot([], [], antialias=True)
        self.reading = Reading(self.plot, self.curves)
        self.tracing = tracing_of(studio)
        self.tracing.moved.connect(self._trace)
        self.frame = Frame(studio, "loss", self.content)
        self.frame.begin_with(self.now)
        for button in (self.whole, self.test, self.log):
            self.frame.end_with(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 0, 10, 6)
        column.setSpacing(2)
        column.addWidget(self.frame)
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
        self.test.setText(_("test"))
        self.test.setToolTip(_("Show the loss on the rows kept for testing"))
        self.test.setAccessibleName(_("Test loss"))
        self.nothing.setText(_("This network has not been trained yet, so it has no loss curve."))
        self.plot.setAccessibleName(_("Loss of each training step"))
        self.frame.retitle(self.theme, _(self.title), _(SEES), _(SEEK))
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
        data = shown.project.data
        self.test.setVisible(not empty and data is not None and bool(len(data.test_rows)))
        if grew:
            self._draw()
        if empty:
            self.now.hide()
            self.whole.hide()
            return
        self.now.show()
        at = max(int(np.searchsorted(steps, shown.step, side="right")) - 1, 0)
        last = float(losses[at])
        self._say(last, int(steps[at]))
        self.here.setValue(float(shown.step))
        height = np.log10(last) if self.log.isChecked() and last > 0 else last
        self.dot.setData([float(steps[at])], [height])
        self.others.show(beside(self.studio), self.theme, self.log.isChecked())
        self.whole.setVisible(self._zoomed)
        if not self._zoomed:
            self._frame(steps, losses)
        # Else the plot notices while it paints that its axes have moved, and paints once more.
        self.plot.scene().prepareForPaint()

    def tell(self) -> None:
        """The newest loss of the moment that is shown: at the same step as everywhere else."""
        shown = self.studio.shown
        losses = shown.losses[: shown.step]
        if shown.training and len(losses) and math.isfinite(losses[-1]):
            self._say(float(losses[-1]), len(losses))

    def _say(self, loss: float, step: int) -> None:
        number = loss_text(loss)
        whole = _("{loss} at step {step}").format(loss=number, step=grouped(step))
        # What is left of a million of steps cut off would be another number.
        wide = self.now.fontMetrics().horizontalAdvance
        fits = wide(whole) <= self.frame.room
        self.now.setText(whole if fits else number)
        self.now.setMinimumWidth(wide(number))

    def curves(self) -> list[Curve]:
        """All that is drawn, to be read: the losses, those on the test rows, and other runs."""
        found = [Curve(_("train"), self.series.steps, self.series.losses)]
        steps, losses = self._test_losses()
        if self.test.isChecked() and len(steps):
            found.append(Curve(_("test"), steps, losses))
        for run in beside(self.studio):
            finite = np.flatnonzero(np.isfinite(run.losses))
            found.append(Curve(run.id, finite + 1.0, run.losses[finite]))
        return [curve for curve in found if len(curve.steps)]

    def content(self, ending: str) -> bytes:
        """What a file of this ending holds: the plot as it is seen, or its numbers."""
        if not len(self.series.steps):
            raise StudioError(N_("This network has not been trained yet, so it has no loss curve."))
        self.reading.read(None)
        if ending == CSV:
            return table(self.curves()).csv().encode("utf-8-sig")
        if ending == SVG:
            return drawn(self.plot, self.theme, _(self.title))
        if ending == PNG:
            return grabbed(self.plot, self.theme)
        raise no_such_file(ending)

    def showEvent(self, event: QShowEvent) -> None:
        """What is looked back at is looked for while it can be seen."""
        super().showEvent(event)
        if self.test.isChecked():
            self.tracing.want(self)
            self._trace()

    def hideEvent(self, event: QHideEvent) -> None:
        """Nobody looks."""
        super().hideEvent(event)
        self.tracing.let_go(self)

    def _test_losses(self) -> tuple[Array, Array]:
        """The steps at which the loss on the test rows is known, and what it was."""
        found = [(g.step, g.metrics.test_loss) for g in self.tracing.trail.glances if g.metrics]
        known = np.array([pair for pair in found if pair[1] is not None], dtype=float)
        return (known[:, 0], known[:, 1]) if len(known) else (np.zeros(0), np.zeros(0))

    def _set_test(self, on: bool) -> None:
        if on:
            self.tracing.want(self)
        else:
            self.tracing.let_go(self)
        self._trace()

    def _trace(self) -> None:
        """The way is known better: so is the loss on the test rows."""
        if self.isVisible():
            steps, losses = self._test_losses()
            on = self.test.isChecked()
            self.tested.setData(steps if on else steps[:0], losses if on else losses[:0])

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The axis has its name where there is room for it, and so has the step of the loss."""
        super().resizeEvent(event)
        self._name_axis()
        self.touch()

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
        for button in (self.log, self.whole, self.test):
            button.setStyleSheet(f"QToolButton {{ {small}; }}")
        self._dress_curves()
        self.tested.setPen(
            pyqtgraph.mkPen(
                colours["update"], width=1.6 * self.theme.wire**0.5, style=Qt.PenStyle.DashLine
            )
        )
        self.reading.dress(self.theme)
        self.here.setPen(pyqtgraph.mkPen(colours["accent"], width=1, style=Qt.PenStyle.DotLine))
        self.dot.setBrush(pyqtgraph.mkBrush(colours["forward"]))
        self.dot.setPen(pyqtgraph.mkPen(colours["panel"], width=1))


def step_words(steps: Sequence[float], scale: float, spacing: float) -> list[str]:
    """Steps on an axis; thousands and millions only where none of them is rounded by it."""
    for unit, sign in ((1_000_000, "M"), (1000, "k")):
        if spacing * scale % unit == 0:
            return [f"{step * scale / unit:.0f}{sign}" if step else "0" for step in steps]
    return [f"{step * scale:.10g}" for step in steps]


def _rounded_up(number: float) -> float:
    """The next number of two figures: 1000 for 983, 0.7 for 0.693."""
    if number <= 0:
        return 0.0
    unit: float = 10.0 ** (math.floor(math.log10(number)) - 1)
    return math.ceil(number / unit - 1e-9) * unit
