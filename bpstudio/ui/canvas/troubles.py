"""What is wrong with the network, marked where it is, with its sentence and what mends it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, QSize, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QToolButton

from bpstudio.language import _, ngettext
from bpstudio.playback.bodies import Body
from bpstudio.playback.ground import outline
from bpstudio.playback.marks import Box, Curves, Discs, Ink, Mark, Rect, Span, Text
from bpstudio.playback.metrics import CAP_HEIGHT, PROSE
from bpstudio.playback.scene import Scene
from bpstudio.project import remedies
from bpstudio.project.project import Project
from bpstudio.project.remedies import Problem
from bpstudio.ui import icons
from bpstudio.ui.canvas.remedy_card import RemedyCard
from bpstudio.ui.canvas.view import Point
from bpstudio.ui.painter import paint_marks
from bpstudio.ui.studio import Change
from bpstudio.ui.style import set_property

if TYPE_CHECKING:
    from bpstudio.ui.canvas.canvas import Canvas

SIGN, PORT = 9.0, 6.5
"""The radius of the sign at a node, and at a port."""
WARNING = "gradient"
GAP = 12


class Troubles(QObject):
    """The problems of the project that is shown, and which of them is being told.

    `told` is the node whose problems stand on the card; `refused` is a wire that could not be.
    """

    def __init__(self, canvas: Canvas) -> None:
        super().__init__(canvas)
        self._canvas = canvas
        self.problems: tuple[Problem, ...] = ()
        self.refused: Problem | None = None
        self.told = ""
        self._fresh: frozenset[str] = frozenset()
        self.card = RemedyCard(canvas)
        self.count = QToolButton(canvas)
        self.count.setProperty("role", "problems")
        self.count.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.count.setIconSize(QSize(15, 15))
        self.count.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.count.hide()
        self.count.clicked.connect(partial(self._next))
        canvas.studio.changed.connect(self._change)
        canvas.studio.selected.connect(self._select)
        canvas.studio.preferred.connect(self._dress)
        canvas.looked.connect(self.place)
        self._take(canvas.studio.project)

    # -- which there are ---------------------------------------------------------------------

    def of(self, node: str) -> tuple[Problem, ...]:
        """The problems at a node, with the wire that it just refused."""
        refused = (self.refused,) if self.refused is not None else ()
        return tuple(p for p in (*refused, *self.problems) if p.node == node)

    def at(self, place: Point, scene: Scene) -> Problem | None:
        """The problem whose sign is at a place of the canvas."""
        x, y = place
        for problem in self.problems:
            if problem.node in scene.bodies:
                sign_x, sign_y = _sign_at(scene.bodies[problem.node], problem)
                if np.hypot(x - sign_x, y - sign_y) <= SIGN + 2:
                    return problem
        return None

    def refuse(self, problem: Problem | None) -> None:
        """Show why a wire could not be, until the next edit or selection."""
        self.refused = problem
        self._tell(problem.node if problem is not None else "")

    def tell(self, node: str) -> None:
        """Put the problems of a node on the card."""
        self._tell(node)

    def mend(self) -> None:
        """Do what the card offers first; without one, go to the next problem."""
        told = self.of(self.told)
        if told and self.card.isVisible() and told[0].fixes:
            self.apply(told[0], 0)
        else:
            self._next()

    def apply(self, problem: Problem, index: int) -> None:
        """Make one of the fixes."""
        fix = problem.fixes[index]
        if self._canvas.studio.do(fix.label, fix.edit):
            self._canvas.setFocus(Qt.FocusReason.OtherFocusReason)

    def _next(self, _checked: bool = False) -> None:
        """Tell of the problem after the one that is told of."""
        nodes = list(dict.fromkeys(p.node for p in self.problems))
        if not nodes:
            return
        here = nodes.index(self.told) if self.told in nodes else -1
        node = nodes[(here + 1) % len(nodes)]
        self._canvas.studio.select([node])
        self._canvas.bring_into_view(node)
        self._tell(node)

    def _change(self, change: Change) -> None:
        before, after = change.before, change.after
        if before is after:
            return
        old = {problem.key for problem in self.problems}
        self.refused = None
        self._fresh = frozenset(after.graph.nodes.keys() - before.graph.nodes.keys())
        self._take(after)
        # What clashes is told at once; an open port can wait until it is asked for.
        clashes = [p for p in self.problems if not p.port and p.key not in old]
        if clashes and self._canvas.studio.history.past:
            self._tell(clashes[-1].node)
        else:
            self._tell(self.told if self.of(self.told) else "")

    def _take(self, project: Project) -> None:
        self.problems = remedies.problems(project)
        self.count.setVisible(bool(self.problems))
        self._dress()

    def _select(self, ids: frozenset[str]) -> None:
        self.refused = None
        if len(ids) == 1 and not ids <= self._fresh:
            (id,) = ids
            self._tell(id if self.of(id) else "")
        elif self.told not in ids:
            self._tell("")

    def _tell(self, node: str) -> None:
        self.told = node
        found = self.of(node)
        self.card.show_problems(found, self.apply)
        self.place()
        self._canvas.update()

    # -- how it looks ------------------------------------------------------------------------

    def place(self) -> None:
        """Put the card beside its node, and the count into its corner."""
        canvas = self._canvas
        self.count.adjustSize()
        self.count.move(GAP, GAP)
        body = canvas.scene.bodies.get(self.told)
        if not self.card.wanted or body is None:
            self.card.hide()
            return
        rect = canvas.view.rect_to_widget(body.rect)
        seen = Rect(0, 0, canvas.width(), canvas.height())
        if not rect.meets(seen):
            self.card.hide()
            return
        self.card.stand_beside(rect, canvas.width(), canvas.height())

    def paint(self, painter: QPainter, scene: Scene) -> None:
        """Marks at nodes, ports and wires, in canvas units."""
        paint_marks(painter, tuple(self._marks(scene)), scene.theme)

    def _marks(self, scene: Scene) -> Iterable[Mark]:
        refused = (self.refused,) if self.refused is not None else ()
        for problem in (*refused, *self.problems):
            body = scene.bodies.get(problem.node)
            if body is None:
                continue
            line = scene.theme.wire**0.5
            for wire in problem.wires:
                path = scene.by_wire.get(wire)
                if path is not None:
                    widths = np.full(len(path.controls), 3.0 * line)
                    yield Curves(path.controls, Ink(WARNING, 0.85), widths, (6.0, 5.0))
            if not problem.port:
                rect = body.rect.grown(3.5)
                yield Box(rect, outline(body) + 3.5, None, Ink(WARNING), 2.0 * line, (6.0, 4.0))
            x, y = _sign_at(body, problem)
            radius = (PORT if problem.port else SIGN) * body.type
            yield Discs(np.array([[x, y]]), radius, Ink(WARNING), Ink("canvas"), 1.4)
            size = 1.45 * radius
            span = Span("!", "canvas", PROSE, 700)
            yield Text(x, y + CAP_HEIGHT * size / 2, (span,), size, "middle")

    def _dress(self, _preferences: object = None) -> None:
        theme = self._canvas.theme
        self.count.setIcon(icons.icon("alert-triangle", theme.colours[WARNING]))
        set_property(self.count, "theme", theme.name)
        count = len(self.problems)
        words = ngettext("{count} problem", "{count} problems", count)
        self.count.setText(words.format(count=count))
        self.count.setToolTip(_("Go to the next problem"))
        self.card.dress(theme)
        self._tell(self.told)


def _sign_at(body: Body, problem: Problem) -> Point:
    """Where the sign of a problem stands: on its port, or at the left upper corner of its node."""
    if problem.port:
        place = body.inputs().get((problem.port, problem.slot))
        if place is not None:
            return place
    inset = 5.0 if body.round else 1.0
    return body.rect.x + inset, body.rect.y + inset
