"""The canvas: one widget that draws what the studio shows, and asks it for edits."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QEvent, QObject, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QAccessible,
    QAccessibleAnnouncementEvent,
    QHelpEvent,
    QHideEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QToolTip, QWidget

from bpstudio.language import _
from bpstudio.playback.marks import Rect, around
from bpstudio.playback.palette import Theme
from bpstudio.playback.picture import caption_of
from bpstudio.playback.scene import Scene
from bpstudio.playback.timeline import Wire
from bpstudio.project import align
from bpstudio.project.boxes import Boxes
from bpstudio.ui.canvas import overlay, telling
from bpstudio.ui.canvas import view as views
from bpstudio.ui.canvas.drawing import Drawing
from bpstudio.ui.canvas.dropping import Dropping
from bpstudio.ui.canvas.ghost import lifted
from bpstudio.ui.canvas.hit import NEAR, Targets
from bpstudio.ui.canvas.minimap import Minimap
from bpstudio.ui.canvas.tinting import paint_legend, paint_tint
from bpstudio.ui.canvas.troubles import Troubles
from bpstudio.ui.canvas.view import Point, View
from bpstudio.ui.panels.turns import admitted
from bpstudio.ui.preferences import Preferences
from bpstudio.ui.showing import Showing
from bpstudio.ui.studio import Change, Notice, Studio

ROOM = 24.0
"""How much is left free around the network when it is fitted, in canvas units."""
CALM = 120
"""Milliseconds after the last step of zoom until what was drawn roughly is drawn well."""
WAIT = 0.05
"""Seconds between two frames while training goes on: nothing moves, but values change."""
FRAME = 15
"""Milliseconds between two frames while nodes glide, or are drawn piece by piece."""


class Canvas(Dropping):
    """Draws the network and what runs through it; gestures end in edits."""

    looked = Signal()
    """Another part of the network is seen, or at another size."""

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(studio, parent)
        self.drawing = Drawing(studio.project, studio.theme)
        self.view = View()
        self._fitting = True
        self.captioned = True
        self._dressed = studio.theme, studio.preferences.language, studio.preferences.decimals
        self._marked: frozenset[str] = frozenset()
        self._announced: object = None
        self._turns = admitted(self, studio)
        self._zooming = False
        self._calm = QTimer(self)
        self._calm.setSingleShot(True)
        self._calm.setInterval(CALM)
        self._calm.timeout.connect(self.rest)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMinimumSize(QSize(160, 120))
        self.installEventFilter(self)
        self._say_what_it_is()
        studio.changed.connect(self._change)
        studio.moved.connect(self._move)
        studio.selected.connect(self._select)
        studio.noticed.connect(self._notice)
        studio.preferred.connect(self._prefer)
        self.minimap = Minimap(self)
        self.troubles = Troubles(self)

    # -- what is looked at -------------------------------------------------------------------

    @property
    def theme(self) -> Theme:
        """The palette that holds now."""
        return self.drawing.theme

    @property
    def scene(self) -> Scene:
        """Where everything of the project stands."""
        return self.drawing.scene

    @property
    def targets(self) -> Targets:
        """What can be pointed at."""
        return self.drawing.targets

    @property
    def seen(self) -> Rect:
        """The part of the canvas that is seen."""
        return self.view.seen(self.width(), self.height())

    def look(self, view: View) -> None:
        """Look at another part of the canvas, or at another size."""
        self._fitting = False
        self._see(view)

    def fit(self) -> None:
        """Show the whole network."""
        self._fitting = True
        here = self.scene
        if not here.bodies and not here.slips:
            self._see(View(-self.width() / 2, -self.height() / 2))
            return
        parts = [here.extent]
        instant = self.studio.shown.instant
        if instant is not None:
            parts.append(self.drawing.caption.place(here, instant))
        self._see(views.fitted(around(parts).grown(ROOM), self.width(), self.height()))

    def zoom(self, factor: float) -> None:
        """Larger (above 1) or smaller, about the middle of what is seen."""
        self.zoom_about(views.step(self.view.scale, 4 if factor > 1 else -4), self.middle)

    def zoom_to(self, scale: float) -> None:
        """Show one canvas unit as so many pixels."""
        self.zoom_about(scale, self.middle)

    def zoom_about(self, scale: float, at: Point) -> None:
        """Another scale; the place under that pixel of the widget stays there."""
        self._zooming = True
        self.look(self.view.zoomed(scale, at))

    @property
    def middle(self) -> Point:
        """The pixel in the middle of the widget."""
        return self.width() / 2, self.height() / 2

    def rest(self) -> None:
        """Zooming has come to an end: draw everything as it should be."""
        self._zooming = False
        self.update()

    def bring_into_view(self, *ids: str) -> None:
        """Pan just so far that a node is seen, or several with the open ends of their results."""
        parts = [self.scene.bodies[id].rect for id in ids]
        if len(ids) > 1:
            parts += [self.scene.result(id) for id in ids if id in self.scene.stubs]
        rect = self.view.rect_to_widget(around(parts)).grown(16.0)
        dx = max(0.0, -rect.x) - max(0.0, rect.right - self.width())
        dy = max(0.0, -rect.y) - max(0.0, rect.bottom - self.height())
        if dx or dy:
            self.look(self.view.moved(dx, dy))

    def _see(self, view: View) -> None:
        self.view = view.snapped(self.devicePixelRatioF())
        self.leave_editors()
        self.looked.emit()
        self.update()

    # -- what gestures ask for ---------------------------------------------------------------

    def lift(self, ids: Iterable[str], dx: float, dy: float, boxes: Boxes | None = None) -> None:
        """Show these nodes moved by so much, with their wires, and the boxes as they would be."""
        self.drawing.lift(lifted(self.scene, ids, dx, dy, boxes))
        self.update()

    def put_down(self) -> None:
        """Show what was lifted where it stands."""
        self.drawing.lift(None)
        self.update()

    def hide_wire(self, wire: Wire | None) -> None:
        """Leave one wire out, while its end is being taken elsewhere."""
        self.drawing.lift(None, frozenset() if wire is None else frozenset({wire}))
        self.update()

    def places_moved(self, ids: Iterable[str], dx: float, dy: float) -> dict[str, Point]:
        """The places of these nodes and notes, and of what goes with them, moved by so much."""
        here, noted = self.scene, self.studio.project.notes
        chosen = list(ids)
        bodies = [here.bodies[id] for id in chosen if id in here.bodies]
        each = [inner for body in bodies for inner in body.inside or (body,)]
        moved = {
            id: (body.rect.centre[0] + dx, body.rect.centre[1] + dy)
            for body in each
            for id in body.ids
        }
        written = [id for id in (*chosen, *(i for b in bodies for i in b.contents)) if id in noted]
        moved |= {id: (noted[id].place[0] + dx, noted[id].place[1] + dy) for id in written}
        return moved

    def aligned(self, how: str) -> dict[str, Point]:
        """The places of what is selected, aligned or at even distances; see `project/align.py`."""
        bodies = {self.scene.bodies[id] for id in self.studio.selection if id in self.scene.bodies}
        covered: dict[str, align.Covered] = {body.node.id: body.rect for body in bodies}
        slips = (each for each in self.scene.slips if each.note.id in self.studio.noted)
        covered |= {each.note.id: each.rect for each in slips}
        moved: dict[str, Point] = {}
        for id, (dx, dy) in align.shifts(covered, how).items():
            moved |= self.places_moved([id], dx, dy)
        return moved

    # -- what happens in the studio ----------------------------------------------------------

    def _change(self, change: Change) -> None:
        before, after = change.before, change.after
        stood = self.drawing.scene
        self.drawing.take(after)
        if self.studio.history.past and not self.studio.preferences.reduce_motion:
            self.drawing.glide_from(stood)
        if before.graph is not after.graph:
            if self.wire is not None and self.wire not in self.scene.by_wire:
                self.select_wire(None)
            if before.graph.structure != after.graph.structure:
                # What is dragged, searched for or typed may be for a node that is gone.
                self.give_up()
                self.leave_editors()
            self.forget_hover()
        begun = not self.studio.history.past and before is not after
        if begun:
            self.leave_editors()
            self.give_up()
        if begun or self._lost(after.graph.nodes.keys() - before.graph.nodes.keys()):
            self.fit()
        self.update()

    def _take_turn(self) -> None:
        """Paint now, and nothing else with it."""
        self.repaint()

    def _lost(self, new: Iterable[str]) -> bool:
        """Whether any of these new nodes can't be seen."""
        seen = self.seen
        return not all(self.scene.bodies[id].rect.meets(seen) for id in new)

    def _move(self, shown: Showing) -> None:
        self.drawing.take(shown.project)
        if not shown.training:
            self.update()
        elif self.isVisible():
            self._turns.ask(self._take_turn, WAIT)
        self._announce(shown)

    def _select(self, ids: frozenset[str]) -> None:
        if ids:
            self.select_wire(None)
        self._say_what_it_is()
        self.update()

    def _notice(self, notice: Notice | None) -> None:
        self._marked = frozenset(notice.nodes if notice is not None else ())
        self.update()

    def _prefer(self, preferences: Preferences) -> None:
        look = self.studio.theme, preferences.language, preferences.decimals
        if look == self._dressed:
            return
        self._dressed = look
        self.drawing.dress(self.studio.theme)
        self.leave_editors()
        self._say_what_it_is()
        if self._fitting:
            self.fit()
        self.update()

    def _announce(self, shown: Showing) -> None:
        """Say each step to those who do not see it."""
        if shown.training or shown.instant is None:
            return
        if shown.instant.moment is not self._announced:
            self._announced = shown.instant.moment
            if QAccessible.isActive():
                self._speak(telling.spoken(caption_of(shown.instant)))

    def say_where(self) -> None:
        """Say which node the keyboard has come to."""
        if self.cursor_node is not None and QAccessible.isActive():
            self._speak(telling.sentence(self.studio.shown, self.scene, self.cursor_node))

    def _speak(self, words: str) -> None:
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, words))

    def _say_what_it_is(self) -> None:
        self.setAccessibleName(_("Canvas"))
        keys = _("Tab goes from node to node, arrows follow the wires, Space adds a gate.")
        chosen = telling.selected(self.studio.shown, self.scene, self.studio.selection)
        self.setAccessibleDescription(f"{chosen} {keys}")

    # -- painting ----------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        """What stands still from its pixels, everything else on top of it."""
        ratio, shown = self.devicePixelRatioF(), self.studio.shown
        size = self.width(), self.height()
        if self.drawing.follow(shown):
            self._turns.ask(self._take_turn, WAIT)
        with QPainter(self) as painter:
            painter.scale(1 / ratio, 1 / ratio)
            whole = self.drawing.paint(painter, shown, self.view, size, ratio, hurry=self._zooming)
            if not whole or self.drawing.behind:
                self._calm.start(CALM if self._zooming else FRAME)
            if self.drawing.gliding:
                QTimer.singleShot(FRAME, self, self.update)
            self._paint_over(painter)
            if shown.tint is not None:
                paint_tint(painter, self.drawing.standing, shown.tint)
            painter.resetTransform()
            if shown.tint is not None:
                paint_legend(painter, self.width(), shown.tint, self.theme)
            if not self.scene.bodies and not self.scene.slips:
                if self.gesture is None and self.search is None:
                    overlay.paint_hint(painter, *size, self.theme)
            elif self._captions and shown.instant is not None and not shown.training:
                painter.scale(1 / ratio, 1 / ratio)
                beside = self.minimap.x() if self.minimap.isVisible() else self.width()
                self.drawing.caption.paint(
                    painter, self.scene, shown.instant, self.view, (beside, self.height()), ratio
                )
            if self.hasFocus() and self.keyed:
                painter.resetTransform()
                overlay.paint_focus(painter, *size, self.theme)

    @property
    def _captions(self) -> bool:
        """Whether there is room for a caption: it is not shown elsewhere, nor in the way."""
        return self.captioned and self.resting

    def _paint_over(self, painter: QPainter) -> None:
        here, theme = self.drawing.standing, self.theme
        for wire in self.studio.shown.lit:
            overlay.paint_wire(painter, here, wire, theme, 0.6)
        if self.wire is not None:
            overlay.paint_wire(painter, here, self.wire, theme, 0.55)
        over = self.hovered
        if self.gesture is None and over is not None:
            if over.wire is not None and over.wire != self.wire:
                overlay.paint_wire(painter, here, over.wire, theme, 0.25)
            if over.body in here.bodies:
                body = here.bodies[over.body]
                places = [*body.entries.values(), *body.exits.values()]
                overlay.paint_ports(painter, places, theme, lit=False)
            if over.place is not None:
                overlay.paint_ports(painter, [over.place], theme, lit=True)
        overlay.paint_selected(painter, here, self.studio.chosen | self.touched, theme)
        overlay.paint_marked(painter, here, self._marked, theme)
        self.troubles.paint(painter, here)
        if self.hasFocus() and self.keyed:
            overlay.paint_cursor(painter, here, self.cursor_node, theme)
        if self.gesture is not None:
            self.gesture.paint(painter)

    # -- the widget --------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:
        """What was fitted stays fitted; else what was in the middle stays there."""
        super().resizeEvent(event)
        self.looked.emit()
        if self._fitting:
            self.fit()
        elif event.oldSize().isValid():
            grown = event.size() - event.oldSize()
            self._see(self.view.moved(grown.width() / 2, grown.height() / 2))

    def hideEvent(self, event: QHideEvent) -> None:
        """Nobody looks."""
        super().hideEvent(event)
        self._turns.forget(self._take_turn)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Tooltips, with all figures, and what a touchpad does.

        A filter, for with an `event` of our own around the other handlers a fault in one of them
        ends the whole program: PySide can't tell of an exception through two of ours.
        """
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            place = self.view.to_canvas((event.pos().x(), event.pos().y()))
            text = self._told_at(place)
            if text:
                QToolTip.showText(event.globalPos(), text, self)
            else:
                QToolTip.hideText()
            return True
        return self.turning.pinch(event)

    def _told_at(self, place: Point) -> str:
        """What a tooltip says at a place of the canvas: of a problem, a badge, or a value."""
        problem = self.troubles.at(place, self.scene)
        if problem is not None:
            return telling.plain(problem.sentence)
        badge = self.drawing.badge_at(self.studio.shown, place)
        if badge is not None:
            return telling.plain(badge.sentence)
        source = self.targets.value_at(place, NEAR / self.view.scale)
        return "" if source is None else telling.tip(self.studio.shown, source)
