"""Typing on the canvas: titles, values, notes and searches, each in a line or box over it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from bpstudio.playback.bodies import SOURCE
from bpstudio.project.opening import levels
from bpstudio.ui import openings
from bpstudio.ui.canvas import lines, notes
from bpstudio.ui.canvas.editors import Editor
from bpstudio.ui.canvas.keyboard import Keyboard
from bpstudio.ui.canvas.notes import NoteEditor
from bpstudio.ui.canvas.view import Point
from bpstudio.ui.studio import Studio

if TYPE_CHECKING:
    from types import ModuleType

    from bpstudio.ui.canvas.quick_search import Where
    from bpstudio.ui.canvas.search_box import SearchBox


class Typing(Keyboard):
    """The part of a canvas on which something is typed; one thing at a time."""

    def __init__(self, studio: Studio, parent: QWidget | None) -> None:
        super().__init__(studio, parent)
        self._editor: Editor | NoteEditor | None = None
        self._search: SearchBox | None = None

    def open_quick_search(self, at: Point | None = None, port: Where = None) -> None:
        """Search for something to put there, in pixels of the widget; where there is room without.

        With a port only what fits it is offered, and is connected to it at once; with a wire it
        goes into it.
        """
        self.leave_editors()
        self._search = _searches().open_add(self._canvas, at, port)

    def open_connect(self, id: str) -> None:
        """Search for what a node can be connected to."""
        self.leave_editors()
        self._canvas.bring_into_view(id)
        self._search = _searches().open_connect(self._canvas, id)

    def open_wires(self, id: str) -> None:
        """Choose one of the wires of a node, to remove it or to put a gate into it."""
        self.leave_editors()
        self._canvas.bring_into_view(id)
        self._search = _searches().open_wires(self._canvas, id)

    def edit_title(self, id: str) -> None:
        """Type another title for a node, in its place."""
        if id in self._canvas.scene.bodies:
            self.leave_editors()
            self._canvas.bring_into_view(id)
            self._editor = lines.title_editor(self._canvas, id)

    def edit_value(self, key: str, at: Point | None = None) -> None:
        """Type another value of a source, by its key such as `x.value`, in its place, or where its
        number stands."""
        id = key.partition(".")[0]
        if id in self._canvas.scene.bodies:
            self.leave_editors()
            self._canvas.bring_into_view(id)
            self._editor = lines.value_editor(self._canvas, key, at)

    def edit_entry(self, key: str, index: tuple[int, ...], at: Point) -> None:
        """Type another number in a weight's array, at that place of the canvas."""
        self.leave_editors()
        self._editor = lines.entry_editor(self._canvas, key, index, at)

    def edit_box(self, id: str) -> None:
        """Type another title for a box, on its frame or on its folded body."""
        if id in self.studio.project.boxes:
            self.leave_editors()
            self._editor = lines.box_editor(self._canvas, id)

    def write_note(self, place: Point | None = None) -> None:
        """A new note at a place, or in the middle of what is seen; its text is typed at once."""
        x, y = self._canvas.view.to_canvas(self._canvas.middle) if place is None else place
        self.leave_editors()
        self._editor = notes.new_note_editor(self._canvas, (float(round(x)), float(round(y))))

    def edit_note(self, id: str) -> None:
        """Type another text for a note, over several lines, in its place."""
        if any(slip.note.id == id for slip in self._canvas.scene.slips):
            self.leave_editors()
            self._editor = notes.note_editor(self._canvas, id)

    def edit_answer(self, place: Point) -> bool:
        """Type the hidden number at that place of the canvas; whether one is there."""
        if self.studio.shown.veil is None:
            return False
        from bpstudio.ui.canvas import answering  # with the lessons, which most never open

        self.leave_editors()
        self._editor = answering.answer_editor(self._canvas, place)
        return self._editor is not None

    def open_node(self, id: str) -> None:
        """What Enter or a double click on a node does: it opens into what it is made of.

        A folded box opens too. Of a source its value is typed; of what is made of nothing smaller
        its title.
        """
        if self._canvas.scene.bodies[id].box:
            openings.toggle(self.studio, self._canvas.scene.bodies[id].box)
        elif lines.value_key(self.studio.project, id) is None and levels(self.studio.project, id):
            openings.open_node(self.studio, id)
        else:
            self._open_editor(id)

    def _open_editor(self, id: str) -> None:
        """Type the value of a source, or else the title."""
        key = lines.value_key(self.studio.project, id)
        if key is not None:
            self.edit_value(key)
        elif self._canvas.scene.bodies[id].kind != SOURCE:
            self.edit_title(id)

    @property
    def editor(self) -> Editor | NoteEditor | None:
        """The line in which something is being typed."""
        return self._editor if self._editor is not None and self._editor.open else None

    @property
    def search(self) -> SearchBox | None:
        """The quick search, while it is open."""
        return self._search if self._search is not None and self._search.open else None

    def leave_editors(self) -> None:
        """Nothing is typed any more; what a line holds is given up."""
        editor, self._editor = self.editor, None
        search, self._search = self.search, None
        if editor is not None:
            editor.close_it()
        if search is not None:
            search.close_it()


def _searches() -> ModuleType:
    """With it comes all that can be searched for; the first paint would wait for that."""
    from bpstudio.ui.canvas import searches

    return searches
