"""The Edit menu."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bpstudio.language import N_, _
from bpstudio.project import edits
from bpstudio.ui.actions import action

if TYPE_CHECKING:
    from bpstudio.ui.window import Window


def _some_selected(window: Window) -> bool:
    return bool(window.studio.selection)


def _one_selected(window: Window) -> bool:
    return len(window.studio.selection) == 1


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
    N_("Add a &gate…"),
    menu="Edit",
    icon="plus",
    help=N_("Search for a gate, a layer or a formula and put it on the canvas"),
    group=1,
)
def add_gate(window: Window) -> None:
    """Open the quick search on the canvas."""
    window.canvas.open_quick_search()


@action(
    N_("&Delete"),
    menu="Edit",
    shortcut=("Delete", "Backspace"),
    icon="trash",
    when=_some_selected,
    group=1,
)
def delete(window: Window) -> None:
    """Remove what is selected, with the wires of nodes and the activations that dock to them."""
    window.canvas.delete()


@action(N_("Re&name…"), menu="Edit", shortcut=("F2",), icon="pencil", when=_one_selected, group=1)
def rename(window: Window) -> None:
    """Type another title for the selected node."""
    (id,) = window.studio.selection
    window.canvas.edit_title(id)


@action(N_("Select &all"), menu="Edit", shortcut=("Ctrl+A",), group=2)
def select_all(window: Window) -> None:
    """Select every node."""
    window.studio.select(window.studio.project.graph.nodes)


@action(
    N_("&Tidy up"),
    menu="Edit",
    shortcut=("Ctrl+L",),
    icon="sitemap",
    help=N_("Arrange the network from left to right"),
    when=lambda window: bool(window.studio.project.graph.nodes),
    group=2,
)
def tidy(window: Window) -> None:
    """Arrange all nodes in layers."""
    window.studio.do(_("Tidy up"), edits.tidy)
    window.canvas.fit()
