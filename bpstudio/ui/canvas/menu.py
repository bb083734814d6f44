"""The menu of the right button, built from the table of commands."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from bpstudio.language import _
from bpstudio.project import edits
from bpstudio.ui.canvas import lines
from bpstudio.ui.canvas.view import Point

if TYPE_CHECKING:
    from bpstudio.ui.canvas.canvas import Canvas

OPENINGS = ("open_into_neurons", "open_into_matrices", "open_into_gates", "close_opened", "fuse")
"""What is only in the menu where it can be done."""
OF_NODES = ("rename", "delete", "", "undo", "redo", "", "tidy")
OF_NOTHING = ("select_all", "tidy", "fit", "", "undo", "redo")


def make(canvas: Canvas, at: Point, commands: dict[str, QAction]) -> QMenu:
    """The menu for what is selected; on nothing for the canvas at that pixel of the widget."""
    studio, made = canvas.studio, QMenu(canvas)
    if canvas.wire is not None:
        made.addAction(_("Remove the wire")).triggered.connect(partial(_delete, canvas))
        return made
    if studio.selection:
        ids = sorted(studio.selection)
        if len(ids) == 1:
            key = lines.value_key(studio.project, ids[0])
            if key is not None:
                change = made.addAction(_("Change the value…"))
                change.triggered.connect(partial(_edit_value, canvas, key))
            if len(studio.project.graph[ids[0]].feeding) == 1:
                heal = made.addAction(_("Take out of its wire"))
                heal.triggered.connect(partial(_heal, canvas, ids[0]))
        can = tuple(id for id in OPENINGS if id in commands and commands[id].isEnabled())
        if can:
            made.addSeparator()
            _add(made, commands, (*can, ""))
        _add(made, commands, OF_NODES)
    else:
        made.addAction(_("Add here…")).triggered.connect(partial(_search, canvas, at))
        _add(made, commands, OF_NOTHING)
    return made


def show(canvas: Canvas, at: Point, global_at: QPoint) -> None:
    """Open the menu there; it goes away by itself."""
    commands = getattr(canvas.window(), "actions_by_id", {})
    made = make(canvas, at, commands)
    made.aboutToHide.connect(made.deleteLater)
    made.popup(global_at)


def _add(menu: QMenu, commands: dict[str, QAction], ids: tuple[str, ...]) -> None:
    for id in ids:
        if not id:
            menu.addSeparator()
        elif id in commands:
            menu.addAction(commands[id])


def _delete(canvas: Canvas, _checked: bool = False) -> None:
    canvas.delete()


def _edit_value(canvas: Canvas, key: str, _checked: bool = False) -> None:
    canvas.edit_value(key)


def _heal(canvas: Canvas, id: str, _checked: bool = False) -> None:
    canvas.studio.do(_("Take out of its wire"), edits.heal, id)


def _search(canvas: Canvas, at: Point, _checked: bool = False) -> None:
    canvas.open_quick_search(at)
