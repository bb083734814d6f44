"""How runs are told apart: by dash and number, and by colour as well."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyqtgraph
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPen, QPixmap

from bpstudio.playback.palette import Theme
from bpstudio.training.line import Run
from bpstudio.ui.studio import Studio
from bpstudio.ui.style import code_font

DASHES = ((6.0, 3.0), (2.0, 2.0), (9.0, 3.0, 2.0, 3.0), (4.0, 2.0, 1.0, 2.0, 1.0, 2.0), (12.0, 3.0))
COLOURS = ("accent", "update", "clear", "local")
SAMPLE = QSize(34, 12)


def pen_of(run: Run, theme: Theme, width: float = 1.5) -> QPen:
    """The line of a run: its number chooses the dash and the colour."""
    number = int(run.id.removeprefix("run")) - 1 if run.id[3:].isdecimal() else 0
    pen = QPen(QColor(theme.colours[COLOURS[number % len(COLOURS)]]), width)
    pen.setDashPattern(DASHES[number % len(DASHES)])
    pen.setCosmetic(True)
    pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    return pen


def sample(run: Run, theme: Theme, solid: bool) -> QIcon:
    """A piece of its line; of the one that is looked at, the line that is drawn without dashes."""
    pixmap = QPixmap(SAMPLE * 2)
    pixmap.setDevicePixelRatio(2.0)
    pixmap.fill(Qt.GlobalColor.transparent)
    with QPainter(pixmap) as painter:
        pen = QPen(QColor(theme.colours["text"]), 2.0) if solid else pen_of(run, theme, 2.0)
        pen.setCosmetic(False)
        painter.setPen(pen)
        painter.drawLine(1, SAMPLE.height() // 2, SAMPLE.width() - 1, SAMPLE.height() // 2)
    return QIcon(pixmap)


def beside(studio: Studio) -> tuple[Run, ...]:
    """The runs that are compared with the one that is looked at."""
    here, unseen = studio.past.run, studio.past.unseen
    return tuple(
        run for run in studio.project.runs.values() if run.id != here and run.id not in unseen
    )


class RunCurves:
    """The losses of other runs in a plot, each with its number at its end.

    `longest` is how many steps the longest of them has, `low` and `high` are their lowest and
    highest positive loss.
    """

    def __init__(self, plot: pyqtgraph.PlotWidget) -> None:
        self._plot = plot
        self._drawn: dict[str, tuple[Run, pyqtgraph.PlotDataItem, pyqtgraph.TextItem]] = {}
        self._key: object = None
        self.longest, self.low, self.high = 0, np.inf, 0.0

    def show(self, runs: Sequence[Run], theme: Theme, log: bool) -> None:
        """Show these runs and no others."""
        key = (tuple(runs), theme, log)
        if key == self._key:
            return
        self._key = key
        for id in self._drawn.keys() - {run.id for run in runs}:
            _, curve, number = self._drawn.pop(id)
            self._plot.removeItem(curve)
            self._plot.removeItem(number)
        for run in runs:
            known = self._drawn.get(run.id)
            curve, number = self._items() if known is None else known[1:]
            curve.setPen(pen_of(run, theme))
            number.setColor(pen_of(run, theme).color())
            number.setFont(code_font(10.0 * theme.type))
            if known is None or known[0] is not run:
                finite = np.flatnonzero(np.isfinite(run.losses))
                curve.setData(finite + 1, run.losses[finite], skipFiniteCheck=True)
                number.setText(run.id.removeprefix("run"))
            self._drawn[run.id] = run, curve, number
            self._put(number, run, log)
        self._measure(runs)

    def _items(self) -> tuple[pyqtgraph.PlotDataItem, pyqtgraph.TextItem]:
        curve = self._plot.plot([], [], antialias=True)
        curve.opts["autoDownsampleFactor"] = 1.0
        curve.setZValue(-1)
        number = pyqtgraph.TextItem("", anchor=(1.0, 1.0))
        self._plot.addItem(number, ignoreBounds=True)
        return curve, number

    def _put(self, number: pyqtgraph.TextItem, run: Run, log: bool) -> None:
        """The number at the end of its curve."""
        finite = np.flatnonzero(np.isfinite(run.losses))
        last = float(run.losses[finite[-1]]) if len(finite) else 0.0
        number.setVisible(bool(len(finite)) and (last > 0 or not log))
        if number.isVisible():
            number.setPos(float(finite[-1] + 1), np.log10(last) if log else last)

    def _measure(self, runs: Sequence[Run]) -> None:
        self.longest = max((len(run.losses) for run in runs), default=0)
        self.low, self.high = np.inf, 0.0
        for run in runs:
            good = run.losses[np.isfinite(run.losses) & (run.losses > 0)]
            if len(good):
                self.low = min(self.low, float(good.min()))
                self.high = max(self.high, float(good.max()))
