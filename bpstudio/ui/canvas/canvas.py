"""The canvas: one widget that draws what the studio shows, and asks it for edits."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from bpstudio.engine.op import Array
from bpstudio.language import _
from bpstudio.playback import flow
from bpstudio.playback.flow import Moving
from bpstudio.playback.ground import ground, outline
from bpstudio.playback.marks import Rect
from bpstudio.playback.palette import THEMES, Theme
from bpstudio.playback.picture import caption_marks, caption_of, caption_place
from bpstudio.playback.planes import planes
from bpstudio.playback.scene import Scene, scene
from bpstudio.playback.timeline import Wire
from bpstudio.ui.canvas import view as views
from bpstudio.ui.canvas.gestures.band import Band
from bpstudio.ui.canvas.gestures.gesture import Gesture, Pointer
from bpstudio.ui.canvas.gestures.move import Move
from bpstudio.ui.canvas.gestures.pan import Pan
from bpstudio.ui.canvas.ghost import Lifted, lifted
from bpstudio.ui.canvas.hit import Targets
from bpstudio.ui.canvas.static import Layer
from bpstudio.ui.canvas.view import Point, View
from bpstudio.ui.painter import paint_marks
from bpstudio.ui.preferences import Preferences
from bpstudio.ui.showing import Showing
from bpstudio.ui.studio import Change, Notice, Studio

GRID = 24.0
ROOM = 30.0
"""How much is left free around the network when it is fitted, in canvas units."""


class Canvas(QWidget):
    """Draws the network and what runs through it; gestures end in edits."""

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.studio = studio
        self.theme: Theme = THEMES[studio.preferences.theme]
        self.view = View()
        self._fitting = True
        self._scene: Scene | None = None
        self._targets: Targets | None = None
        self._planes: Mapping[str, Array] | None = None
        self._lifted: Lifted | None = None
        self._gesture: Gesture | None = None
        self._wire: Wire | None = None
        self._marked: frozenset[str] = frozenset()
        self._ground = Layer(self._paint_ground)
        self._state = Layer(self._paint_state)
        self._shown_state: tuple[object, ...] = ()
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMouseTracking(True)
        self.setAcceptDrops(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(QSize(160, 120))
        self._dress()
        studio.changed.connect(self._change)
        studio.moved.connect(self._move)
        studio.selected.connect(self._select)
        studio.noticed.connect(self._notice)
        studio.preferred.connect(self._prefer)

    # -- what is looked at -------------------------------------------------------------------

    @property
    def scene(self) -> Scene:
        """Where everything of the project stands."""
        if self._scene is None:
            self._scene = scene(self.studio.project, self.theme)
        return self._scene

    @property
    def targets(self) -> Targets:
        """What can be pointed at."""
        if self._targets is None or self._targets.scene is not self.scene:
            self._targets = Targets(self.scene)
        return self._targets

    def look(self, view: View) -> None:
        """Look at another part of the canvas, or at another size."""
        self._fitting = False
        self.view = view.snapped(self.devicePixelRatioF())
        self.update()

    def fit(self) -> None:
        """Show the whole network."""
        self._fitting = True
        bounds = self.scene.extent.grown(ROOM)
        instant = self.studio.shown.instant
        if self.scene.bodies and instant is not None:
            place = caption_place(self.scene, instant).grown(ROOM)
            right, bottom = max(bounds.right, place.right), max(bounds.bottom, place.bottom)
            x, y = min(bounds.x, place.x), min(bounds.y, place.y)
            bounds = Rect(x, y, right - x, bottom - y)
        found = views.fitted(bounds, self.width(), self.height())
        self.view = found.snapped(self.devicePixelRatioF())
        self.update()

    def zoom(self, factor: float) -> None:
        """Larger (above 1) or smaller, about the middle of what is seen."""
        self._zoom(views.step(self.view.scale, 4 if factor > 1 else -4), self._middle)

    def zoom_to(self, scale: float) -> None:
        """Show one canvas unit as so many pixels."""
        self._zoom(scale, self._middle)

    def _zoom(self, scale: float, at: Point) -> None:
        self.look(self.view.zoomed(scale, at))

    @property
    def _middle(self) -> Point:
        return self.width() / 2, self.height() / 2

    # -- what gestures ask for ---------------------------------------------------------------

    def lift(self, ids: Iterable[str], dx: float, dy: float) -> None:
        """Show these nodes moved by so much, with their wires."""
        before = self._lifted
        self._lifted = lifted(self.scene, ids, dx, dy)
        if before is None or before.bodies != self._lifted.bodies:
            self._spoil(self._lifted)
        self.update()

    def put_down(self) -> None:
        """Show what was lifted where it stands."""
        if self._lifted is not None:
            gone, self._lifted = self._lifted, None
            self._spoil(gone)
            self.update()

    def places_moved(self, ids: Iterable[str], dx: float, dy: float) -> dict[str, Point]:
        """The places of these nodes, and of what docks to them, moved by so much."""
        bodies = [self.scene.bodies[id] for id in ids if id in self.scene.bodies]
        return {
            id: (body.rect.centre[0] + dx, body.rect.centre[1] + dy)
            for body in bodies
            for id in body.ids
        }

    def select_wire(self, wire: Wire | None) -> None:
        """Make that wire the selected one, or none."""
        if wire != self._wire:
            self._wire = wire
            self.update()

    def _spoil(self, part: Lifted) -> None:
        self._ground.forget()
        self._state.forget()

    # -- what happens in the studio ----------------------------------------------------------

    def _change(self, change: Change) -> None:
        self._scene = None
        self._planes = None
        if self._gesture is not None:
            self._end_gesture()
        self._lifted = None
        self._ground.forget()
        self._state.forget()
        another = not self.studio.history.past and change.before.graph is not change.after.graph
        if another or (self._fitting and not change.before.graph.nodes):
            self.fit()
        self.update()

    def _move(self, shown: Showing) -> None:
        self.update()

    def _select(self, ids: frozenset[str]) -> None:
        self.update()

    def _notice(self, notice: Notice | None) -> None:
        self._marked = frozenset(notice.nodes if notice is not None else ())
        self.update()

    def _prefer(self, preferences: Preferences) -> None:
        self.theme = THEMES[preferences.theme]
        self._dress()
        self._scene = None
        self._ground.forget()
        self._state.forget()
        self.update()

    def _dress(self) -> None:
        """Take the colours of the theme and the words of the language."""
        self._ground.background = QColor(self.theme.colours["canvas"])
        self.setAccessibleName(_("Canvas"))
        self.setAccessibleDescription(
            _("The network. Tab goes from node to node, arrows follow the wires.")
        )

    # -- painting ----------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        """Everything that stands still from its pixels, everything else on top of it."""
        ratio = self.devicePixelRatioF()
        size = self.width(), self.height(), ratio
        self._follow()
        with QPainter(self) as painter:
            painter.scale(1 / ratio, 1 / ratio)
            self._ground.show(painter, self.view, *size)
            self._state.show(painter, self.view, *size)
            unit = self.view.scale * ratio
            painter.translate(-round(self.view.x * unit), -round(self.view.y * unit))
            painter.scale(unit, unit)
            self._paint_live(painter)
            if self._gesture is not None:
                self._gesture.paint(painter)

    def _follow(self) -> None:
        """Notice what has changed of what stands still between two moments."""
        shown = self.studio.shown
        instant = shown.instant
        late = instant is not None and instant.progress >= 0.8
        state = (shown.timeline, shown.weights, int(shown.position), late, shown.project)
        before, self._shown_state = self._shown_state, state
        if len(before) != len(state) or any(map(operator.is_not, before, state)):
            if not before or before[1] is not shown.weights:
                self._planes = None
            self._state.forget()

    @property
    def planes(self) -> Mapping[str, Array]:
        """What each neuron computes with the weights that are shown."""
        if self._planes is None:
            shown = self.studio.shown
            self._planes = planes(shown.project, shown.weights, recording=shown.recording)
        return self._planes

    def _moving(self, of: Scene) -> Moving:
        shown = self.studio.shown
        return Moving(of, shown.instant, shown.weights, self.planes)

    def _paint_ground(self, painter: QPainter, part: Rect) -> None:
        self._paint_grid(painter, part)
        away = self._lifted.bodies if self._lifted else frozenset()
        bodies = [
            body for body in self.targets.within(part.grown(60.0)) if body.node.id not in away
        ]
        paint_marks(painter, ground(self.scene, bodies), self.theme)

    def _paint_grid(self, painter: QPainter, part: Rect) -> None:
        pitch = GRID
        while pitch * self.view.scale < 14:
            pitch *= 2
        xs = np.arange(np.ceil(part.x / pitch), part.right / pitch) * pitch
        ys = np.arange(np.ceil(part.y / pitch), part.bottom / pitch) * pitch
        pen = QPen(QColor(self.theme.colours["grid"]), 2.0)
        pen.setCosmetic(True)
        painter.setPen(pen)
        painter.drawPoints([QPointF(x, y) for x in xs.tolist() for y in ys.tolist()])

    def _paint_state(self, painter: QPainter, part: Rect) -> None:
        seen = self.scene
        if self._lifted is not None:
            hanging = self._lifted.wires
            away = self._lifted.bodies
            seen = replace(
                seen,
                paths=tuple(path for path in seen.paths if path.wire not in hanging),
                bodies={id: body for id, body in seen.bodies.items() if body.node.id not in away},
            )
        moving = self._moving(seen)
        paint_marks(painter, (*flow.wires(moving), *flow.still(moving)), self.theme)

    def _paint_live(self, painter: QPainter) -> None:
        shown = self.studio.shown
        self._paint_selection(painter)
        moving = self._moving(self.scene)
        settled, _fading = flow._numbers(moving, self.scene.each)
        paint_marks(painter, tuple(settled), self.theme)
        paint_marks(painter, flow.live(moving), self.theme)
        if self._lifted is not None:
            paint_marks(painter, ground(self._lifted.scene, self._lifted.moving), self.theme)
            part = self._moving(self._lifted.scene)
            paint_marks(painter, flow.wires(part), self.theme)
        instant = shown.instant
        if instant is not None and self.scene.bodies:
            place = caption_place(self.scene, instant)
            paint_marks(painter, caption_marks(caption_of(instant), place, self.theme), self.theme)

    def _paint_selection(self, painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        chosen = self.studio.selection
        for role, ids in (("accent", chosen), ("gradient", self._marked)):
            for id in ids:
                body = self.scene.bodies.get(id)
                if body is not None:
                    reach = 3.0
                    painter.setPen(QPen(QColor(self.theme.colours[role]), 2.0))
                    painter.setBrush(Qt.BrushStyle.NoBrush)
                    radius = outline(body) + reach
                    painter.drawRoundedRect(QRectF(*body.rect.grown(reach)), radius, radius)

    # -- mouse and keyboard ------------------------------------------------------------------

    def _pointer(self, event: QMouseEvent) -> Pointer:
        at = event.position().x(), event.position().y()
        add = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        return Pointer(at, self.view.to_canvas(at), add)

    def _begin_gesture(self, event: QMouseEvent) -> Gesture | None:
        pointer = self._pointer(event)
        if event.button() == Qt.MouseButton.MiddleButton:
            return Pan(self, pointer)
        if event.button() != Qt.MouseButton.LeftButton:
            return None
        body = self.targets.body(pointer.place)
        if body is not None:
            return Move(self, pointer, body.node.id)
        return Band(self, pointer)

    def _end_gesture(self) -> None:
        """Give up the gesture that is going on."""
        gesture, self._gesture = self._gesture, None
        if gesture is not None:
            gesture.cancel()
            self.unsetCursor()
            self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A button begins a gesture."""
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        if self._gesture is None:
            self._gesture = self._begin_gesture(event)
        self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """The gesture follows."""
        if self._gesture is not None:
            self._gesture.move(self._pointer(event))
            self.setCursor(self._gesture.cursor)
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """The gesture does what it came for."""
        gesture, self._gesture = self._gesture, None
        if gesture is not None:
            gesture.release(self._pointer(event))
            self.unsetCursor()
            self.update()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom about the pointer."""
        steps = event.angleDelta().y() / 120
        if steps:
            at = event.position().x(), event.position().y()
            turns = round(steps) or (1 if steps > 0 else -1)
            self._zoom(views.step(self.view.scale, 2 * turns), at)
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc gives up what is going on."""
        if event.key() == Qt.Key.Key_Escape and self._gesture is not None:
            self._end_gesture()
            return
        super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """What was fitted stays fitted."""
        super().resizeEvent(event)
        if self._fitting:
            self.fit()

    def changeEvent(self, event: QEvent) -> None:
        """Nothing here depends on the application's palette."""
        super().changeEvent(event)

    def open_quick_search(self, at: Point | None = None) -> None:
        """Search for a gate to put on the canvas."""

    def edit_title(self, id: str) -> None:
        """Type another title for a node."""

    def edit_value(self, key: str) -> None:
        """Type another value of a source."""
