"""The Edit menu."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtGui import QGuiApplication

from bpstudio.engine.inside import GATES, MATRICES, NEURONS
from bpstudio.language import N_, _
from bpstudio.playback.scene import tidied
from bpstudio.ui import clipping, openings
from bpstudio.ui.actions import action
from bpstudio.ui.canvas import lines

if TYPE_CHECKING:
    from bpstudio.ui.window import Window


def some_selected(window: Window) -> bool:
    return bool(window.studio.selection)


def _something_chosen(window: Window) -> bool:
    return bool(window.studio.chosen)


def _can_be_named(window: Window) -> bool:
    studio = window.studio
    return len(studio.chosen) == 1 or bool(openings.box_filled(studio))


def _one_selected(window: Window) -> bool:
    return len(window.studio.selection) == 1


def _holds_value(window: Window) -> bool:
    if not _one_selected(window):
        return False
    (id,) = window.studio.selection
    return lines.value_key(window.studio.project, id) is not None


@action(
    N_("&Undo"),
    menu="Edit",
    shortcut=("Ctrl+Z",),
    icon="arrow-back-up",
    when=lambda window: window.studio.history.undo_name is not None,
)
def undo(window: Window) -> None:
    """Take the last edit back."""
    window.studio.undo()


@action(
    N_("&Redo"),
    menu="Edit",
    shortcut=("Ctrl+Shift+Z", "Ctrl+Y"),
    icon="arrow-forward-up",
    when=lambda window: window.studio.history.redo_name is not None,
)
def redo(window: Window) -> None:
    """Make the undone edit again."""
    window.studio.redo()


@action(
    N_("Cut"),
    menu="Edit",
    shortcut=("Ctrl+X",),
    help=N_("Copy what is selected as text, and remove it"),
    when=_something_chosen,
    group=1,
)
def cut(window: Window) -> None:
    """Put what is selected on the clipboard, and remove it."""
    if clipping.copy(window.studio, window.canvas.chosen_whole):
        clipping.remove(window.studio, window.canvas.chosen_whole)


@action(
    N_("Copy"),
    menu="Edit",
    shortcut=("Ctrl+C",),
    help=N_("Copy what is selected as text, for this studio or another one"),
    when=_something_chosen,
    group=1,
)
def copy(window: Window) -> None:
    """Put what is selected on the clipboard, as text."""
    clipping.copy(window.studio, window.canvas.chosen_whole)


@action(
    N_("&Paste"),
    menu="Edit",
    shortcut=("Ctrl+V",),
    help=N_("Put in what was copied; a formula becomes its gates, cells a data set"),
    group=1,
)
def paste(window: Window) -> None:
    """Put in what the clipboard holds."""
    if clipping.holds_table():
        from bpstudio.ui.dialogs import tables

        tables.paste_table(window)
    else:
        clipping.paste(window.studio)


@action(
    N_("Duplicate"),
    menu="Edit",
    shortcut=("Ctrl+D",),
    help=N_("Put a copy of what is selected beside it"),
    when=_something_chosen,
    group=1,
)
def duplicate(window: Window) -> None:
    """Put a copy of what is selected beside it."""
    clipping.duplicate(window.studio, window.canvas.chosen_whole)


@action(
    N_("Add a &gate…"),
    menu="Edit",
    icon="plus",
    help=N_("Search for a gate, a layer or a formula and put it on the canvas"),
    group=2,
)
def add_gate(window: Window) -> None:
    """Open the quick search on the canvas."""
    window.canvas.search_here()


@action(
    N_("Connect to…"),
    menu="Edit",
    shortcut=("Ctrl+J",),
    help=N_("Connect the selected node to a port or to a new gate that you search for"),
    when=_one_selected,
    group=2,
)
def connect(window: Window) -> None:
    """Choose what the selected node feeds, or what feeds it."""
    (id,) = window.studio.selection
    window.canvas.open_connect(id)


@action(
    N_("&Wires of the node…"),
    menu="Edit",
    shortcut=("Ctrl+Shift+J",),
    help=N_("Select one of its wires, to remove it or to put a gate into it"),
    when=_one_selected,
    group=2,
)
def choose_wire(window: Window) -> None:
    """Choose one of the selected node's wires."""
    (id,) = window.studio.selection
    window.canvas.open_wires(id)


@action(
    N_("&Delete"),
    menu="Edit",
    shortcut=("Delete", "Backspace"),
    icon="trash",
    when=lambda window: bool(window.studio.chosen) or window.canvas.wire is not None,
    group=2,
)
def delete(window: Window) -> None:
    """Remove what is selected, with the wires of nodes and the activations that dock to them."""
    window.canvas.delete()


@action(
    N_("Delete and join the wire"),
    menu="Edit",
    shortcut=("Ctrl+Delete",),
    help=N_("Remove what is selected; what fed it then feeds what it fed"),
    when=some_selected,
    group=2,
)
def heal(window: Window) -> None:
    """Take the selected nodes out of their wire."""
    clipping.heal(window.studio, window.canvas.chosen_whole)


@action(N_("Re&name…"), menu="Edit", shortcut=("F2",), icon="pencil", when=_can_be_named, group=2)
def rename(window: Window) -> None:
    """Type another title for the selected node or box, or another text for the note."""
    studio, canvas = window.studio, window.canvas
    box = openings.box_filled(studio)
    if box and (len(studio.chosen) > 1 or studio.project.boxes[box].folded):
        canvas.edit_box(box)
    elif studio.noted:
        (id,) = studio.noted
        canvas.edit_note(id)
    else:
        (id,) = studio.selection
        canvas.edit_title(id)


@action(
    N_("Change the &value…"),
    menu="Edit",
    shortcut=("Shift+F2",),
    help=N_("Type another value for the selected source"),
    when=_holds_value,
    group=2,
)
def change_value(window: Window) -> None:
    """Type the value of the selected source."""
    (id,) = window.studio.selection
    key = lines.value_key(window.studio.project, id)
    if key is not None:
        window.canvas.edit_value(key)


@action(
    N_("Open into n&eurons"),
    menu="Edit",
    shortcut=("Ctrl+Shift+N",),
    help=N_("Put a layer's neurons, one by one, in its place"),
    when=lambda window: openings.level_of(window.studio, NEURONS) is not None,
    group=3,
)
def open_into_neurons(window: Window) -> None:
    """Open the selected layer into its neurons."""
    _open(window, NEURONS)


@action(
    N_("Open into &matrices"),
    menu="Edit",
    shortcut=("Ctrl+Shift+M",),
    help=N_("Put a layer's product of matrices in its place"),
    when=lambda window: openings.level_of(window.studio, MATRICES) is not None,
    group=3,
)
def open_into_matrices(window: Window) -> None:
    """Open the selected layer into a product and a sum of matrices."""
    _open(window, MATRICES)


@action(
    N_("&Open into gates"),
    menu="Edit",
    shortcut=("Ctrl+Shift+G",),
    help=N_("Put the gates that it is made of in the place of a gate or a layer"),
    when=lambda window: openings.level_of(window.studio, GATES) is not None,
    group=3,
)
def open_into_gates(window: Window) -> None:
    """Open the selected node into single gates."""
    _open(window, GATES)


@action(
    N_("&Close"),
    menu="Edit",
    shortcut=("Ctrl+Shift+C",),
    help=N_("Put the gate back that stands opened around what is selected"),
    when=lambda window: openings.in_opened(window.studio),
    group=3,
)
def close_opened(window: Window) -> None:
    """Close the opened gates in which the selected nodes lie."""
    openings.close(window.studio, window.studio.selection)


@action(
    N_("&Fuse into one gate"),
    menu="Edit",
    shortcut=("Ctrl+Shift+F",),
    help=N_("Put the one gate that does the same in the place of several"),
    when=lambda window: len(window.studio.selection) > 1,
    group=3,
)
def fuse(window: Window) -> None:
    """Fuse the selected nodes."""
    openings.fuse(window.studio, window.studio.selection)


def _open(window: Window, level: str) -> None:
    (id,) = window.studio.selection
    openings.open_node(window.studio, id, level)


@action(
    N_("Copy picture"),
    menu="Edit",
    help=N_("Put a picture of this moment on the clipboard"),
    when=lambda window: bool(window.studio.project.graph.nodes),
    group=4,
)
def copy_picture(window: Window) -> None:
    """Put a picture of this moment on the clipboard."""
    from bpstudio.ui.render import picture_of

    QGuiApplication.clipboard().setImage(picture_of(window.studio.shown, window.canvas.theme))
    window.studio.notice(_("The picture is on the clipboard."))


@action(N_("Select &all"), menu="Edit", shortcut=("Ctrl+A",), group=4)
def select_all(window: Window) -> None:
    """Select every node and every note."""
    project = window.studio.project
    window.studio.select({*project.graph.nodes, *project.notes})


@action(
    N_("&Tidy up"),
    menu="Edit",
    shortcut=("Ctrl+L",),
    icon="sitemap",
    help=N_("Arrange the network from left to right"),
    when=lambda window: bool(window.studio.project.graph.nodes),
    group=4,
)
def tidy(window: Window) -> None:
    """Arrange all nodes in layers."""
    window.studio.do(_("Tidy up"), tidied)
    window.canvas.fit()


@action(
    N_("Mend the next pro&blem"),
    menu="Edit",
    shortcut=("F4",),
    icon="alert-triangle",
    help=N_("Go to the next problem, and there do what is offered first"),
    when=lambda window: bool(window.canvas.troubles.problems or window.canvas.troubles.refused),
    group=4,
)
def mend(window: Window) -> None:
    """Go to the next problem; with its card open, make the first fix."""
    window.canvas.troubles.mend()
