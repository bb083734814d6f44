"""The menu of the right button, built from the table of commands."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from bpstudio.language import N_, _
from bpstudio.project.boxes import COLOURS
from bpstudio.ui import clipping
from bpstudio.ui.canvas import lines
from bpstudio.ui.canvas.hit import Strand
from bpstudio.ui.canvas.view import Point

COLOUR, ALIGN = N_("Colour of the box"), N_("Align")

if TYPE_CHECKING:
    from bpstudio.ui.canvas.canvas import Canvas

OPENINGS = ("open_into_neurons", "open_into_matrices", "open_into_gates", "close_opened", "fuse")
BOXES = ("fold_box", "rename_box", "take_out_of_box", "dissolve_box")
"""What is only in the menu where it can be done."""
COPYING = ("cut", "copy", "paste", "duplicate")
OF_NODES = ("why", "", "rename", "heal", "delete", "", *COPYING, "", "group", "freeze")
OF_NOTES = ("rename", "delete", "", *COPYING, "", "undo", "redo")
AROUND = ("", "undo", "redo", "", "tidy")
OF_NOTHING = ("", "select_all", "tidy", "fit", "", "undo", "redo")
COLOURED = tuple(f"box_{colour}" for colour in COLOURS)
ALIGNED = ("left", "centres", "right", "top", "middles", "bottom")
ALIGNING = (*(f"align_{how}" for how in ALIGNED), "", "distribute_across", "distribute_down")


def make(canvas: Canvas, at: Point, commands: dict[str, QAction], box: str = "") -> QMenu:
    """The menu for what is selected, or for a box that is pointed at; on nothing for the canvas at
    that pixel of the widget."""
    studio, made = canvas.studio, QMenu(canvas)
    if canvas.wire is not None:
        insert = made.addAction(_("Put a gate into it…"))
        insert.triggered.connect(partial(_insert, canvas, at))
        made.addAction(_("Remove the wire")).triggered.connect(partial(_delete, canvas))
        if _possible(commands, ("why",)):
            _add(made, commands, ("", "why"))
    elif box:
        _add(made, commands, ("fold_box", "rename_box"))
        _add_inside(made, commands, COLOUR, COLOURED)
        _add(made, commands, ("dissolve_box", "", "delete", "", *COPYING, "", "group", *AROUND))
    elif studio.selection:
        ids = sorted(studio.selection)
        key = lines.value_key(studio.project, ids[0]) if len(ids) == 1 else None
        if key is not None:
            change = made.addAction(_("Change the value…"))
            change.triggered.connect(partial(_edit_value, canvas, key))
        can = _possible(commands, OPENINGS)
        if can:
            made.addSeparator()
            _add(made, commands, (*can, ""))
        _add(made, commands, OF_NODES)
        _add(made, commands, _possible(commands, BOXES))
        if len(studio.chosen) > 1:
            _add_inside(made, commands, ALIGN, ALIGNING)
        _add(made, commands, AROUND)
    elif studio.noted:
        _add(made, commands, OF_NOTES)
    else:
        made.addAction(_("Add here…")).triggered.connect(partial(_search, canvas, at))
        made.addAction(_("Paste here")).triggered.connect(partial(_paste, canvas, at))
        made.addAction(_("Write a note here…")).triggered.connect(partial(_write, canvas, at))
        _add(made, commands, OF_NOTHING)
    return made


def show(canvas: Canvas, at: Point, global_at: QPoint, box: str = "") -> None:
    """Open the menu there; it goes away by itself."""
    commands = getattr(canvas.window(), "actions_by_id", {})
    made = make(canvas, at, commands, box)
    made.aboutToHide.connect(made.deleteLater)
    made.popup(global_at)


def _possible(commands: dict[str, QAction], ids: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(id for id in ids if id in commands and commands[id].isEnabled())


def _add_inside(
    menu: QMenu, commands: dict[str, QAction], title: str, ids: tuple[str, ...]
) -> None:
    if commands:
        _add(menu.addMenu(_(title)), commands, ids)


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


def _insert(canvas: Canvas, at: Point, _checked: bool = False) -> None:
    wire = canvas.wire
    canvas.open_quick_search(at, None if wire is None else Strand(wire))


def _paste(canvas: Canvas, at: Point, _checked: bool = False) -> None:
    commands: dict[str, QAction] = getattr(canvas.window(), "actions_by_id", {})
    if clipping.holds_table() and "paste_table" in commands:
        commands["paste_table"].trigger()
    else:
        clipping.paste(canvas.studio, canvas.view.to_canvas(at))


def _write(canvas: Canvas, at: Point, _checked: bool = False) -> None:
    canvas.write_note(canvas.view.to_canvas(at))


def _search(canvas: Canvas, at: Point, _checked: bool = False) -> None:
    canvas.open_quick_search(at)
