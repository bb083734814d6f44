"""What the mouse does on the canvas: it begins gestures and asks for edits."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QEnterEvent,
    QMouseEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from bpstudio.language import _
from bpstudio.playback.bodies import DATA, HEADER
from bpstudio.playback.timeline import Wire
from bpstudio.ui import asking, openings
from bpstudio.ui.canvas import lines, menu
from bpstudio.ui.canvas.gestures.band import Band
from bpstudio.ui.canvas.gestures.close import Close
from bpstudio.ui.canvas.gestures.connect import Connect
from bpstudio.ui.canvas.gestures.gesture import Gesture, Pointer
from bpstudio.ui.canvas.gestures.move import Move
from bpstudio.ui.canvas.gestures.pan import Pan
from bpstudio.ui.canvas.hit import NEAR, REACH, Input, Output
from bpstudio.ui.canvas.view import Point
from bpstudio.ui.canvas.wheel import Wheel
from bpstudio.ui.studio import Studio

if TYPE_CHECKING:
    from bpstudio.ui.canvas.canvas import Canvas


class Hovered(NamedTuple):
    """What the pointer is over: a body or a wire, and the port at that place, if any.

    `closes` says whether it is a mark that closes what stands opened.
    """

    body: str = ""
    wire: Wire | None = None
    place: Point | None = None
    closes: bool = False


class Hands(QWidget):
    """The part of a canvas that the mouse reaches.

    `gesture` is the one that is going on, `wire` the selected wire, `hovered` what the pointer is
    over.
    """

    wire_chosen = Signal()
    """Another wire is selected, or none any more."""

    def __init__(self, studio: Studio, parent: QWidget | None) -> None:
        super().__init__(parent)
        self.studio = studio
        self.gesture: Gesture | None = None
        self.wire: Wire | None = None
        self.hovered: Hovered | None = None
        self._space = False
        self._panned = False
        self._closing = False
        self.turning = Wheel(self._canvas)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    @property
    def _canvas(self) -> Canvas:
        return cast("Canvas", self)

    # -- gestures ----------------------------------------------------------------------------

    @property
    def touched(self) -> frozenset[str]:
        """What the rubber band would select."""
        return self.gesture.touched if isinstance(self.gesture, Band) else frozenset()

    @property
    def resting(self) -> bool:
        """Whether nothing is being dragged about, but for the view."""
        return self.gesture is None or isinstance(self.gesture, Pan)

    def begin(self, gesture: Gesture) -> None:
        """Follow this gesture from now on."""
        self.give_up()
        self.gesture = gesture
        self.update()

    def finish(self, pointer: Pointer) -> None:
        """The gesture that is going on does what it came for."""
        gesture, self.gesture = self.gesture, None
        if gesture is not None:
            gesture.release(pointer)
            self.unsetCursor()
            self.update()

    def give_up(self) -> None:
        """The gesture that is going on ends without a trace."""
        gesture, self.gesture = self.gesture, None
        if gesture is not None:
            gesture.cancel()
            self.unsetCursor()
            self.update()

    def select_wire(self, wire: Wire | None) -> None:
        """Make that wire the selected one, or none; nodes are then not selected."""
        if wire != self.wire:
            self.wire = wire
            if wire is not None:
                self.studio.select(())
            self.wire_chosen.emit()
            self.update()

    def forget_hover(self) -> None:
        """What was under the pointer may be gone."""
        self.hovered = None

    def _gesture_at(self, event: QMouseEvent) -> Gesture | None:
        canvas, pointer = self._canvas, self._pointer(event)
        if event.button() == Qt.MouseButton.MiddleButton or (
            event.button() == Qt.MouseButton.LeftButton and self._space
        ):
            self._panned = True
            return Pan(canvas, pointer)
        if event.button() != Qt.MouseButton.LeftButton:
            return None
        marked = canvas.targets.marked(pointer.place)
        if marked is not None:
            self._closing = True
            return Close(canvas, marked)
        port = self._port_at(pointer.place)
        if port is not None:
            return Connect(canvas, pointer, port)
        body = canvas.targets.body(pointer.place)
        if body is not None:
            return Move(canvas, pointer, frozenset(body.selected_as))
        slip, head = canvas.targets.slip(pointer.place), canvas.targets.head(pointer.place)
        if slip is not None:
            return Move(canvas, pointer, frozenset({slip.note.id}))
        if head is not None:
            return Move(canvas, pointer, head.members)
        place = canvas.drawing.gradient_at(self.studio.shown, pointer.place)
        if place is not None:
            self.studio.ask(asking.asked(self.studio.shown, place))
            return None
        wire = canvas.targets.wire(pointer.place, NEAR / canvas.view.scale)
        if wire is not None:
            self.select_wire(wire.wire)
            return None
        return Band(canvas, pointer)

    def _port_at(self, place: Point) -> Output | Input | None:
        """The port at that place; on a small body there is room left to take hold of it."""
        targets, scale = self._canvas.targets, self._canvas.view.scale
        body = targets.body(place)
        reach = REACH / scale
        if body is not None:
            reach = min(reach, body.rect.height / 4, body.rect.width / 4)
        return targets.output(place, reach) or targets.input(place, reach)

    def _pointer(self, event: QMouseEvent) -> Pointer:
        at = event.position().x(), event.position().y()
        add = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        return Pointer(at, self._canvas.view.to_canvas(at), add)

    # -- mouse -------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A button begins a gesture."""
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        self._closing = False
        left = event.button() == Qt.MouseButton.LeftButton and not self._space
        if left and self._canvas.edit_answer(self._pointer(event).place):
            return
        if self.gesture is None:
            gesture = self._gesture_at(event)
            if gesture is not None:
                self.begin(gesture)
        self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """The gesture follows, or else what is under the pointer shows itself."""
        pointer = self._pointer(event)
        if self.gesture is not None:
            self.gesture.move(pointer)
            self.setCursor(self.gesture.cursor)
            self.update()
        else:
            self._hover(pointer.place)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """The gesture does what it came for."""
        if event.buttons() == Qt.MouseButton.NoButton:
            self.finish(self._pointer(event))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """A node is opened, or its value or title typed; on nothing the quick search opens."""
        # The first click of the two may have closed what stood there.
        if event.button() != Qt.MouseButton.LeftButton or self._closing:
            return
        canvas, pointer = self._canvas, self._pointer(event)
        self.give_up()
        body = canvas.targets.body(pointer.place)
        if body is not None:
            titled = body.title and pointer.place[1] < body.rect.y + HEADER * body.type
            if titled and body.kind != DATA and not body.box:
                canvas.edit_title(body.node.id)
            else:
                canvas.open_node(body.node.id)
        elif not self._open_beside(pointer.place):
            canvas.open_quick_search(pointer.at)

    def _open_beside(self, place: Point) -> bool:
        """What a double click does beside the bodies: a number or a note is typed, a frame closed.
        Whether there was anything."""
        canvas = self._canvas
        reach = NEAR / canvas.view.scale
        label = canvas.drawing.number_at(self.studio.shown.instant, place)
        if label is not None and label.role == "forward":
            key = lines.value_key(self.studio.project, label.node)
            if key is not None:
                canvas.edit_value(key, (label.x, label.y))
            else:
                self.studio.notice(_("This number is computed. Change a value that feeds it."))
        elif (slip := canvas.targets.slip(place)) is not None:
            canvas.edit_note(slip.note.id)
        elif (head := canvas.targets.head(place)) is not None:
            openings.toggle(self.studio, head.id)
        elif (entry := canvas.targets.entry(place, reach)) is not None:
            canvas.edit_entry(*entry, place)
        else:
            return canvas.targets.wire(place, reach) is not None
        return True

    def wheelEvent(self, event: QWheelEvent) -> None:
        """A wheel zooms about the pointer, a touchpad moves the view."""
        self.turning.turn(event)

    def enterEvent(self, event: QEnterEvent) -> None:
        """The pointer comes: nothing is under it yet."""
        super().enterEvent(event)
        self.forget_hover()

    def leaveEvent(self, event: QEvent) -> None:
        """The pointer goes: nothing is under it any more."""
        super().leaveEvent(event)
        self.forget_hover()
        self.update()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """What can be done here."""
        canvas = self._canvas
        self.give_up()
        if event.reason() == QContextMenuEvent.Reason.Mouse:
            at = float(event.pos().x()), float(event.pos().y())
            place = canvas.view.to_canvas(at)
            box = self._select_under(place)
        else:
            at, box = canvas.middle, openings.box_filled(self.studio)
        menu.show(canvas, at, event.globalPos(), box)

    def _select_under(self, place: Point) -> str:
        """Select what is at that place, unless it is selected already; the box that it is."""
        canvas, targets = self._canvas, self._canvas.targets
        body, slip = targets.body(place), targets.slip(place)
        if body is not None:
            if not self.studio.selection & set(body.ids):
                self.select_wire(None)
                self.studio.select(body.selected_as)
            return body.box
        if slip is not None:
            if slip.note.id not in self.studio.noted:
                self.select_wire(None)
                self.studio.select([slip.note.id])
            return ""
        wire = targets.wire(place, NEAR / canvas.view.scale)
        head = targets.head(place)
        if wire is not None:
            self.select_wire(wire.wire)
        else:
            self.select_wire(None)
            self.studio.select(head.members if head is not None else ())
        if head is not None and head.id in self.studio.project.boxes:
            return head.id
        return ""

    def _hover(self, place: Point) -> None:
        canvas = self._canvas
        targets = canvas.targets
        body = targets.body(place)
        port = self._port_at(place)
        wire = None
        if body is None and port is None:
            found = targets.wire(place, NEAR / canvas.view.scale)
            wire = None if found is None else found.wire
        at = None
        if isinstance(port, Output):
            at = canvas.scene.bodies[port.node].exit(port.node)
        elif isinstance(port, Input):
            at = canvas.scene.bodies[port.node].entries[port.node, port.port, port.slot]
        under = body.node.id if body is not None else port.node if port is not None else ""
        closes = targets.marked(place) is not None
        hovered = Hovered(under, wire, at, closes)
        if hovered != self.hovered:
            self.hovered = hovered
            cursor = Qt.CursorShape.ArrowCursor
            if self._space:
                cursor = Qt.CursorShape.OpenHandCursor
            elif at is not None:
                cursor = Qt.CursorShape.CrossCursor
            elif wire is not None or closes:
                cursor = Qt.CursorShape.PointingHandCursor
            self.setCursor(cursor)
            self.update()
