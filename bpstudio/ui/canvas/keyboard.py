"""What the keyboard does on the canvas: it walks, selects, moves, opens, searches and deletes."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QWidget

from bpstudio.language import N_, _
from bpstudio.project import edits, wiring
from bpstudio.ui.canvas import walking
from bpstudio.ui.canvas.hands import Hands
from bpstudio.ui.canvas.hit import Strand
from bpstudio.ui.studio import Studio

NUDGE = 8.0
"""How far Shift and an arrow move a node, in canvas units."""
PAN = 60.0
"""How far Alt and an arrow move the view, in pixels of the widget."""
ARROWS = {
    Qt.Key.Key_Left: (-1.0, 0.0),
    Qt.Key.Key_Right: (1.0, 0.0),
    Qt.Key.Key_Up: (0.0, -1.0),
    Qt.Key.Key_Down: (0.0, 1.0),
}
KEYS = (
    (N_("Search for a gate"), "Space"),
    (N_("Next node, node before"), "Tab  Shift+Tab"),
    (N_("Along the wires"), "← → ↑ ↓"),
    (N_("Walk without selecting"), "Ctrl+← → ↑ ↓"),
    (N_("Select or deselect the node"), "Ctrl+Space"),
    (N_("Move the selected nodes"), "Shift+← → ↑ ↓"),
    (N_("Pan"), "Alt+← → ↑ ↓"),
    (N_("Open a node, or type its value"), "Enter"),
)
"""What keys mean on the canvas alone, for the sheet of shortcuts."""
_BY_KEYS = (
    Qt.FocusReason.TabFocusReason,
    Qt.FocusReason.BacktabFocusReason,
    Qt.FocusReason.ShortcutFocusReason,
)


class Keyboard(Hands):
    """The part of a canvas that the keyboard reaches.

    `keyed` says whether the keyboard, and not the mouse, was used last: then it is shown where the
    keyboard is.
    """

    def __init__(self, studio: Studio, parent: QWidget | None) -> None:
        super().__init__(studio, parent)
        self.keyed = False
        self._cursor = ""
        studio.selected.connect(self._follow)

    @property
    def cursor_node(self) -> str | None:
        """The node where the keyboard is: the first of its body."""
        body = self._canvas.scene.bodies.get(self._cursor)
        return None if body is None else body.node.id

    def focusNextPrevChild(self, next: bool) -> bool:
        """Tab goes to the next node, and leaves the canvas after the last one."""
        here = self.cursor_node
        begin = (here,) if here else ()
        id = walking.following(self._canvas.scene, begin, 1 if next else -1)
        if id is None:
            return super().focusNextPrevChild(next)
        self.keyed = True
        self._go_to(id)
        return True

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Whoever comes by Tab begins at the first node, or from behind at the last."""
        super().focusInEvent(event)
        if event.reason() in _BY_KEYS:
            self.keyed = True
        if event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason):
            self._cursor = ""
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Without the keyboard nothing is held down."""
        super().focusOutEvent(event)
        self._space = False
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """The mouse was used last."""
        self.keyed = False
        super().mousePressEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Walk, select, move, open, search, delete, give up."""
        dragging = self.gesture is not None
        if not (self._arrow(event) or self._press(event)):
            super().keyPressEvent(event)
        elif not dragging and not self.keyed:
            self.keyed = True
            self.update()

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        """Space alone opens the search; a node that was moved by arrows has arrived."""
        if event.isAutoRepeat():
            return
        if event.key() == Qt.Key.Key_Space and self._space:
            self._space = False
            self.unsetCursor()
            if not self._panned and self.gesture is None:
                self.search_here()
        elif event.key() == Qt.Key.Key_Shift:
            self.studio.settle()
        else:
            super().keyReleaseEvent(event)

    def search_here(self) -> None:
        """Search for a new gate: for one that goes into the selected wire, else for any."""
        strand = None if self.wire is None else Strand(self.wire)
        self._canvas.open_quick_search(port=strand)

    def delete(self) -> None:
        """Remove the selected wire, or the selected nodes and notes; where one wire leads in
        and one out, they are joined."""
        if self.wire is not None:
            wire = self.wire
            self.select_wire(None)
            self.studio.do(_("Remove the wire"), edits.disconnect, *wire)
        elif self.studio.chosen:
            self.studio.do(_("Delete"), wiring.delete, self.chosen_whole)

    @property
    def chosen_whole(self) -> frozenset[str]:
        """The selected nodes and notes, with the activations that dock to them."""
        bodies = (self._canvas.scene.bodies[id] for id in self._bodies_chosen())
        return self.studio.chosen.union(*(body.ids for body in bodies))

    def toggle_selected(self) -> None:
        """Add the node where the keyboard is to those selected, or take it from them."""
        here = self.cursor_node
        if here is not None:
            self.select_wire(None)
            self.studio.select(self.studio.selection ^ {here})

    def _press(self, event: QKeyEvent) -> bool:
        """Whether the key means something here, but for arrows."""
        key, control = event.key(), _holds(event, Qt.KeyboardModifier.ControlModifier)
        here = self.cursor_node
        if key == Qt.Key.Key_Escape:
            self._escape()
        elif key in (Qt.Key.Key_Tab, Qt.Key.Key_Backtab) and control:
            super().focusNextPrevChild(key == Qt.Key.Key_Tab)
        elif key in (Qt.Key.Key_Home, Qt.Key.Key_End) and not control:
            id = walking.following(self._canvas.scene, (), 1 if key == Qt.Key.Key_Home else -1)
            if id is not None:
                self._go_to(id)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and here is not None and not control:
            self._canvas.open_node(here)
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace) and self.gesture is None:
            self.delete()
        elif key == Qt.Key.Key_Space and control:
            self.toggle_selected()
        elif key == Qt.Key.Key_Space:
            if not event.isAutoRepeat():
                self._space, self._panned = True, False
                self.setCursor(Qt.CursorShape.OpenHandCursor)
        else:
            return False
        return True

    def _arrow(self, event: QKeyEvent) -> bool:
        """Arrows walk along the wires; with Ctrl the selection stays, with Shift nodes move, with
        Alt the view does. Whether it was an arrow."""
        if event.key() not in ARROWS:
            return False
        key = Qt.Key(event.key())
        dx, dy = ARROWS[key]
        if _holds(event, Qt.KeyboardModifier.AltModifier):
            self._canvas.look(self._canvas.view.moved(-PAN * dx, -PAN * dy))
        elif _holds(event, Qt.KeyboardModifier.ShiftModifier):
            self._nudge(NUDGE * dx, NUDGE * dy)
        else:
            here = self.cursor_node
            scene = self._canvas.scene
            id = walking.neighbour(scene, here, key) if here else walking.following(scene, (), 1)
            if id is not None:
                self._go_to(id, select=not _holds(event, Qt.KeyboardModifier.ControlModifier))
        return True

    def _escape(self) -> None:
        if self.gesture is not None:
            self.give_up()
        else:
            self.select_wire(None)
            self.studio.select(())

    def _bodies_chosen(self) -> frozenset[str]:
        """The bodies of the selected nodes, by the nodes that give them their places."""
        bodies = self._canvas.scene.bodies
        return frozenset(bodies[id].node.id for id in self.studio.selection if id in bodies)

    def _go_to(self, id: str, *, select: bool = True) -> None:
        self._cursor = id
        self.select_wire(None)
        if select:
            self.studio.select([id])
        self._canvas.bring_into_view(id)
        self._canvas.say_where()
        self.update()

    def _follow(self, ids: frozenset[str]) -> None:
        """What alone is selected is where the keyboard goes on."""
        if len(ids) == 1:
            (self._cursor,) = ids
        elif not ids and not self.keyed:
            self._cursor = ""

    def _nudge(self, dx: float, dy: float) -> None:
        places = self._canvas.places_moved(self.studio.chosen, dx, dy)
        if places:
            self.studio.do_merged(_("Move"), "nudge", edits.move, places)


def _holds(event: QKeyEvent, modifier: Qt.KeyboardModifier) -> bool:
    return bool(event.modifiers() & modifier)
