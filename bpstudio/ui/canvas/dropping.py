"""Dropping on the canvas: gates and data sets that are dragged onto it from the palette."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDragMoveEvent, QDropEvent
from PySide6.QtWidgets import QWidget

from bpstudio.errors import StudioError
from bpstudio.ui.canvas import adding
from bpstudio.ui.canvas.gestures.gesture import Gesture, Pointer
from bpstudio.ui.canvas.gestures.place import Place
from bpstudio.ui.canvas.typing_on import Typing
from bpstudio.ui.studio import Studio


class Dropping(Typing):
    """The part of a canvas that takes what is dragged onto it."""

    def __init__(self, studio: Studio, parent: QWidget | None) -> None:
        super().__init__(studio, parent)
        self.setAcceptDrops(True)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Gates and data sets of the palette are welcome."""
        if adding.carries(event.mimeData()):
            try:
                what = adding.dragged(event.mimeData())
            except StudioError as error:
                self.studio.complain(error)
                return
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()
            self.begin(Place(self._canvas, self._pointer_of(event), what))
        else:
            event.ignore()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        """Show what would become of it here."""
        if self.gesture is not None:
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()
            self.gesture.move(self._pointer_of(event))
            self.update()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        """It was taken away again."""
        self.give_up()

    def dropEvent(self, event: QDropEvent) -> None:
        """Put it there."""
        gesture: Gesture | None = self.gesture
        if gesture is not None:
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()
            self.finish(self._pointer_of(event))
            self.setFocus(Qt.FocusReason.OtherFocusReason)

    def _pointer_of(self, event: QDropEvent) -> Pointer:
        at = event.position().x(), event.position().y()
        return Pointer(at, self._canvas.view.to_canvas(at))
