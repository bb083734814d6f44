"""What the network answers over the input plane, with the points that it learns from."""

from __future__ import annotations

import operator
from collections.abc import Mapping

import numpy as np
from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from bpstudio.data.dataset import Dataset
from bpstudio.engine.op import Array
from bpstudio.errors import StudioError
from bpstudio.language import N_, _
from bpstudio.playback.marks import Box, Discs, Ink, Mark, Rect
from bpstudio.playback.palette import THEMES, Theme
from bpstudio.playback.planes import over
from bpstudio.playback.plots import answers
from bpstudio.playback.plots.plot import Drawing, Look
from bpstudio.playback.plots.slices import sliced
from bpstudio.playback.views import (
    FEW_POINTS,
    Axes,
    answer_map,
    axis_names,
    data_points,
    fit_axes,
    fit_marks,
)
from bpstudio.project.iteration import runnable, within
from bpstudio.project.project import Project, predicting_node
from bpstudio.training.probes import Plane, Unseen
from bpstudio.ui.painter import paint_marks
from bpstudio.ui.panels.frame import Frame, written
from bpstudio.ui.panels.panel import Panel, label
from bpstudio.ui.panels.point_tools import PointTools
from bpstudio.ui.showing import Showing
from bpstudio.ui.studio import Studio

REACH, RING = 14.0, 13.0
"""How near to a point the pointer has to be, and how large the ring around a chosen one is."""
CELLS, CELLS_OF_CURVE = 96, 240
"""Points along each side of a map, and along a curve."""


class BoundaryPanel(Panel):
    """A map for two inputs, a curve for one, and for others a sentence why there is none."""

    title = N_("Decision boundary")
    pause = 1 / 7

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(studio, parent)
        self.map = Map()
        self.why = label("muted")
        self.why.setWordWrap(True)
        self.why.setAlignment(Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 2, 10, 6)
        column.setSpacing(0)
        self.tools = PointTools(studio, self.map)
        self.frame = Frame(studio, "boundary", self.content)
        self.frame.begin_with(self.tools)
        self.frame.on_choice = self._choose
        column.addWidget(self.frame)
        column.addWidget(self.tools.brushes)
        column.addWidget(self.why)
        column.addWidget(self.map, 1)
        self.map.pointed.connect(self._point)
        self._drawn: tuple[object, ...] = ()
        self.retitle()

    def minimumSizeHint(self) -> QSize:
        """It gets by with little room."""
        return QSize(100, 70)

    def retitle(self) -> None:
        """Take the current language and the current colours."""
        self.map.setAccessibleName(_("What the network answers over its inputs"))
        self.map.dress(self.theme)
        self.tools.retitle(self.theme)
        self.frame.retitle(self.theme, _(answers.TITLE), _(answers.SEES), _(answers.SEEK))
        self._drawn = ()
        self.refresh()

    def refresh(self) -> None:
        """The answers with the weights that are shown."""
        shown = self.studio.shown
        project = shown.project
        self.map.ring(shown.row)
        self.tools.refresh()
        now = (project.graph, project.data, project.given, shown.weights, self.map.held)
        if len(self._drawn) == len(now) and all(map(operator.is_, now, self._drawn)):
            return
        self._drawn = now
        seen = look(shown, self.map.held, self.frame.chosen)
        wanted = Look(project, shown.weights, chosen=self.frame.chosen)
        offered = answers.choices(wanted)
        self.frame.offer(offered if not isinstance(seen, str) else ())
        self.map.show_as(wanted.choice(offered[0]) if offered else answers.ANSWERS)
        self.why.setVisible(isinstance(seen, str))
        self.map.setVisible(not isinstance(seen, str))
        if isinstance(seen, str):
            self.why.setText(seen)
        else:
            self.map.show_answers(*seen)

    def content(self, ending: str) -> bytes:
        """What a file of this ending holds: the map as it is seen, or its numbers."""
        seen = look(self.studio.shown, self.map.held, self.frame.chosen)
        if isinstance(seen, str):
            raise StudioError(seen)
        project, _answer, outputs, plane = seen
        assert project.data is not None
        page = Rect(0, 0, self.map.width(), self.map.height())
        drawing = Drawing(tuple(self.map.marks()), answers.table(project.data, plane, outputs))
        return written(drawing, page, self.theme, _(answers.TITLE), ending)

    def _choose(self) -> None:
        self._drawn = ()
        self.touch()

    def _point(self, row: int) -> None:
        """Look at that example alone; pointed at once more, at the whole batch again."""
        shown = self.studio.shown
        self.studio.show_row(None if row == shown.row else row)


class Map(QWidget):
    """Draws the answers, the points and the names of the inputs."""

    pointed = Signal(int)
    """A point was clicked: its row of the data."""

    def __init__(self) -> None:
        super().__init__()
        self._project: Project | None = None
        self._answer = ""
        self._outputs: Array | None = None
        self._plane: Plane | None = None
        self._theme: Theme = THEMES["light"]
        self._row: int | None = None
        self._held: Axes | None = None
        self._way = answers.ANSWERS
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def dress(self, theme: Theme) -> None:
        """Take the colours of that theme."""
        self._theme = theme
        self.update()

    def show_answers(self, project: Project, answer: str, outputs: Array, plane: Plane) -> None:
        """Show the outputs of a node at the points of a plane."""
        self._project, self._answer, self._outputs, self._plane = project, answer, outputs, plane
        self.update()

    def show_as(self, way: str) -> None:
        """Show a map of two inputs in one of the ways of `plots.answers`."""
        self._way = way
        self.update()

    def ring(self, row: int | None) -> None:
        """Draw a ring around the point of that row, or around none."""
        if row != self._row:
            self._row = row
            self.update()

    @property
    def axes(self) -> Axes | None:
        """What the places of the map stand for; None while there is none."""
        if self._project is None or self._outputs is None or self._plane is None:
            return None
        data, plane, rect = self._project.data, self._plane, self._rect()
        assert data is not None
        if len(plane.low) == 1:
            return self._held or fit_axes(data, plane, self._outputs, rect)
        return Axes(rect, (plane.low[0], plane.high[0]), (plane.low[1], plane.high[1]))

    @property
    def held(self) -> Plane | None:
        """The part of the inputs that stays as it is while `hold` holds it."""
        return self._plane if self._held else None

    def hold(self, still: bool) -> None:
        """Keep what the places stand for as it is, whatever the data become."""
        self._held = self.axes if still else None

    def row_at(self, x: float, y: float) -> int | None:
        """The row whose point is at that pixel, the nearest of several."""
        axes = self.axes
        if axes is None or self._project is None or self._project.data is None:
            return None
        places = self._places(self._project.data, axes)
        far = np.hypot(places[:, 0] - x, places[:, 1] - y)
        nearest = int(far.argmin())
        return nearest if far[nearest] <= REACH else None

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A point is chosen."""
        row = self.row_at(event.position().x(), event.position().y())
        if row is None or event.button() != Qt.MouseButton.LeftButton:
            super().mousePressEvent(event)
        else:
            self.pointed.emit(row)

    def _rect(self) -> Rect:
        """Where the map of two inputs is, or the chart of one, in pixels."""
        assert self._project is not None and self._project.data is not None
        type, data = self._theme.type, self._project.data
        if self._plane is not None and len(self._plane.low) == 1:
            left, low = 42 * type, 40 * type
            return Rect(left, 6, self.width() - left - 8, self.height() - low - 6)
        up = self._plane.axes[1] if self._plane is not None else 1
        names = 9 * type + 6 * type * len(data.feature_names[up][:16])
        side = max(20.0, min(self.height() - 21 * type, self.width() - names - 2))
        return Rect(names, 1, side, side)

    def _places(self, data: Dataset, axes: Axes) -> Array:
        """Where the rows of the data lie, in pixels, (rows, 2)."""
        assert self._plane is not None
        if len(self._plane.low) == 2:
            return axes.places(*self._plane.of(data.features).T)
        return axes.places(data.features[:, 0], data.answers.reshape(len(data), -1)[:, 0])

    def marks(self) -> list[Mark]:
        """What is drawn, in pixels."""
        axes = self.axes
        if axes is None or self._project is None or self._outputs is None or self._plane is None:
            return []
        data, theme, rect = self._project.data, self._theme, axes.rect
        assert data is not None
        if len(self._plane.low) == 1:
            marks = list(fit_marks(data, self._plane, self._outputs, rect, theme, axes))
        else:
            marks = [
                *answers.looked_at(
                    answer_map(self._project, self._answer, self._outputs, self._plane, rect),
                    self._way,
                    theme,
                ),
                Box(rect, 10.0, None, Ink("border"), 1.2),
                *data_points(data, self._plane, rect, theme),
                *axis_names(data, rect, theme, self._plane.axes),
            ]
        if self._row is not None and self._row < len(data):
            place = self._places(data, axes)[self._row : self._row + 1]
            radius = RING if len(data) <= FEW_POINTS else RING / 2
            marks.append(Discs(place, radius, None, Ink("canvas"), 5.0))
            marks.append(Discs(place, radius, None, Ink("accent"), 2.6))
        return marks

    def paintEvent(self, event: QPaintEvent) -> None:
        """The marks."""
        with QPainter(self) as painter:
            paint_marks(painter, tuple(self.marks()), self._theme)


Seen = tuple[Project, str, Array, Plane]


def look(
    shown: Showing, plane: Plane | None = None, chosen: Mapping[str, str] | None = None
) -> Seen | str:
    """The answers over the inputs with the weights that are shown, or why there are none.

    They are over this part of the inputs, or over that where the data lie; of more than two
    inputs over those that are chosen.
    """
    part, _goal = runnable(shown.project)
    project = within(shown.project, part)
    if project.data is None:
        return _("There is no data set, so there is no plane to look at.")
    flat = project.data.features.shape[1:] == (1,)
    seen = Look(project, shown.weights, chosen=chosen or {})
    found = plane or sliced(seen, CELLS_OF_CURVE if flat else CELLS)
    if isinstance(found, Unseen):
        return str(found.reason)
    plane = found
    try:
        answer = predicting_node(shown.project)
        known = answer in part.nodes and part[answer].op.category != "source"
        nodes = [answer] if known else []
        outputs = over(project, plane, nodes, shown.weights, once=not shown.training).get(answer)
    except StudioError as error:
        return str(error)
    if outputs is None:
        return _("Nothing leads from the data to an answer yet.")
    return project, answer, outputs, plane
