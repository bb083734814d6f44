"""What one reads off the loss plot: the losses at the step under the pointer, of every curve."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import pyqtgraph
from PySide6.QtCore import QBuffer, QEvent, QObject, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPaintDevice, QPainter
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QLabel

from bpstudio.engine.op import Array
from bpstudio.language import _
from bpstudio.playback.palette import Theme
from bpstudio.playback.plots.plot import Table
from bpstudio.ui.panels.frame import SCALE
from bpstudio.ui.panels.panel import label
from bpstudio.ui.readout import grouped, loss_text


class Curve(NamedTuple):
    """A curve that can be read: its name, its steps in their order, and the loss at each."""

    name: str
    steps: Array
    losses: Array

    def at(self, step: float) -> float | None:
        """The loss at the last of its steps up to that one; None beyond its ends."""
        place = int(np.searchsorted(self.steps, step, side="right")) - 1
        if place < 0 or step > self.steps[-1] + 0.5:
            return None
        return float(self.losses[place])


class Reading(QObject):
    """A line under the pointer, with what every curve has there."""

    def __init__(self, plot: pyqtgraph.PlotWidget, curves: Callable[[], Sequence[Curve]]) -> None:
        super().__init__(plot)
        self._plot, self._curves = plot, curves
        self._line = pyqtgraph.InfiniteLine(angle=90, movable=False)
        self._line.hide()
        plot.addItem(self._line, ignoreBounds=True)
        self.words: QLabel = label("number")
        self.words.setParent(plot)
        self.words.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.words.hide()
        plot.scene().sigMouseMoved.connect(self._move)
        plot.viewport().installEventFilter(self)

    def dress(self, theme: Theme) -> None:
        """Take the colours of that theme."""
        self._line.setPen(pyqtgraph.mkPen(theme.colours["muted"], width=1))
        back, edge = theme.colours["node"], theme.colours["border"]
        self.words.setStyleSheet(
            f"background: {back}; border: 1px solid {edge}; border-radius: 5px; padding: 2px 6px; "
            f"font-size: {round(11 * theme.type)}px;"
        )

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """Nothing is read when the pointer has left."""
        if event.type() == QEvent.Type.Leave:
            self.read(None)
        return False

    def read(self, step: int | None) -> None:
        """Say what the curves have at that step; None says nothing."""
        found = [] if step is None else [(c.name, c.at(step)) for c in self._curves()]
        there = [(name, loss) for name, loss in found if loss is not None]
        self._line.setVisible(bool(there))
        self.words.setVisible(bool(there))
        if step is None or not there:
            return
        lines = [_("step {number}").format(number=grouped(step))]
        lines += [f"{name}  {loss_text(loss)}" for name, loss in there]
        self.words.setText("\n".join(lines))
        self.words.adjustSize()
        self._line.setValue(step)
        self._place(step)

    def _move(self, place: QPointF) -> None:
        box = self._plot.getViewBox()
        if not box.sceneBoundingRect().contains(place):
            self.read(None)
            return
        self.read(max(1, round(box.mapSceneToView(place).x())))

    def _place(self, step: int) -> None:
        """Beside the line, where it covers nothing that lies near the pointer."""
        box = self._plot.getViewBox()
        x = box.mapViewToScene(QPointF(step, 0)).x()
        right = x + 10 + self.words.width() <= self._plot.width()
        left = x + 10 if right else max(0.0, x - 10 - self.words.width())
        self.words.move(round(left), 4)


def table(curves: Sequence[Curve]) -> Table:
    """All curves over all steps that any of them has; empty where one has none."""
    steps = np.unique(np.concatenate([np.zeros(0), *(curve.steps for curve in curves)]))
    columns = []
    for curve in curves:
        column = np.full(len(steps), np.nan)
        column[np.searchsorted(steps, curve.steps)] = curve.losses
        columns.append(["" if np.isnan(loss) else loss for loss in column.tolist()])
    names = ["step", *(curve.name for curve in curves)]
    return Table(names, zip(steps.astype(int).tolist(), *columns, strict=True))


def drawn(plot: pyqtgraph.PlotWidget, theme: Theme, title: str) -> bytes:
    """The plot as it is seen, as SVG: pyqtgraph's own exporter can't read what Qt writes now."""
    size: QSize = plot.size()
    buffer = QBuffer()
    buffer.open(QBuffer.OpenModeFlag.WriteOnly)
    page = QSvgGenerator()
    page.setOutputDevice(buffer)
    page.setTitle(title)
    page.setSize(size)
    page.setViewBox(QRectF(0, 0, size.width(), size.height()))
    _paint(plot, page, size, theme)
    return bytes(buffer.data().data())


def grabbed(plot: pyqtgraph.PlotWidget, theme: Theme) -> bytes:
    """The plot as it is seen, as PNG."""
    from bpstudio.ui import film  # seldom wanted, and much to import

    size: QSize = plot.size() * SCALE
    image = QImage(size, QImage.Format.Format_RGB32)
    _paint(plot, image, size, theme)
    return film.png(image)


def _paint(plot: pyqtgraph.PlotWidget, page: QPaintDevice, size: QSize, theme: Theme) -> None:
    with QPainter(page) as painter:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        whole = QRectF(0, 0, size.width(), size.height())
        painter.fillRect(whole, QColor(theme.colours["panel"]))
        plot.scene().render(painter, whole, plot.sceneRect())
