"""What the network answers over the input plane, with the points that it learns from."""

from __future__ import annotations

import operator

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from bpstudio.engine.op import Array
from bpstudio.errors import StudioError
from bpstudio.language import N_, _
from bpstudio.playback.marks import Box, Ink, Mark, Rect
from bpstudio.playback.palette import THEMES, Theme
from bpstudio.playback.planes import over
from bpstudio.playback.views import answer_map, axis_names, data_points, fit_marks
from bpstudio.project.iteration import runnable, within
from bpstudio.project.project import Project, predicting_node
from bpstudio.training.probes import Plane, Unseen, plane_of
from bpstudio.ui.painter import paint_marks
from bpstudio.ui.panels.panel import Panel, label
from bpstudio.ui.showing import Showing
from bpstudio.ui.studio import Studio

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
        column.addWidget(self.why)
        column.addWidget(self.map, 1)
        self._drawn: tuple[object, ...] = ()
        self.retitle()

    def minimumSizeHint(self) -> QSize:
        """It gets by with little room."""
        return QSize(100, 70)

    def retitle(self) -> None:
        """Take the current language and the current colours."""
        self.map.setAccessibleName(_("What the network answers over its inputs"))
        self.map.dress(self.theme)
        self._drawn = ()
        self.refresh()

    def refresh(self) -> None:
        """The answers with the weights that are shown."""
        shown = self.studio.shown
        project = shown.project
        now = (project.graph, project.data, project.given, shown.weights)
        if len(self._drawn) == len(now) and all(map(operator.is_, now, self._drawn)):
            return
        self._drawn = now
        seen = look(shown)
        self.why.setVisible(isinstance(seen, str))
        self.map.setVisible(not isinstance(seen, str))
        if isinstance(seen, str):
            self.why.setText(seen)
        else:
            self.map.show_answers(*seen)


class Map(QWidget):
    """Draws the answers, the points and the names of the inputs."""

    def __init__(self) -> None:
        super().__init__()
        self._project: Project | None = None
        self._answer = ""
        self._outputs: Array | None = None
        self._plane: Plane | None = None
        self._theme: Theme = THEMES["light"]
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def dress(self, theme: Theme) -> None:
        """Take the colours of that theme."""
        self._theme = theme
        self.update()

    def show_answers(self, project: Project, answer: str, outputs: Array, plane: Plane) -> None:
        """Show the outputs of a node at the points of a plane."""
        self._project, self._answer, self._outputs, self._plane = project, answer, outputs, plane
        self.update()

    def marks(self) -> list[Mark]:
        """What is drawn, in pixels."""
        if self._project is None or self._outputs is None or self._plane is None:
            return []
        data, theme = self._project.data, self._theme
        assert data is not None
        below = 21 * theme.type
        if len(self._plane.low) == 1:
            left, low = 42 * theme.type, 40 * theme.type
            rect = Rect(left, 6, self.width() - left - 8, self.height() - low - 6)
            return list(fit_marks(data, self._plane, self._outputs, rect, theme))
        names = 9 * theme.type + 6 * theme.type * max(len(n[:16]) for n in data.feature_names[1:2])
        side = max(20.0, min(self.height() - below, self.width() - names - 2))
        rect = Rect(names, 1, side, side)
        return [
            answer_map(self._project, self._answer, self._outputs, self._plane, rect),
            Box(rect, 10.0, None, Ink("border"), 1.2),
            *data_points(data, self._plane, rect, theme),
            *axis_names(data, rect, theme),
        ]

    def paintEvent(self, event: QPaintEvent) -> None:
        """The marks."""
        with QPainter(self) as painter:
            paint_marks(painter, tuple(self.marks()), self._theme)


Seen = tuple[Project, str, Array, Plane]


def look(shown: Showing) -> Seen | str:
    """The answers over the inputs with the weights that are shown, or why there are none."""
    part, _goal = runnable(shown.project)
    project = within(shown.project, part)
    if project.data is None:
        return _("There is no data set, so there is no plane to look at.")
    flat = project.data.features.shape[1:] == (1,)
    plane = plane_of(project.data.features, CELLS_OF_CURVE if flat else CELLS)
    if isinstance(plane, Unseen):
        return str(plane.reason)
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
