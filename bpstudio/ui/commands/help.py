"""The Help menu."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bpstudio.language import N_
from bpstudio.ui.actions import action

if TYPE_CHECKING:
    from bpstudio.ui.window import Window


def _gate_meant(window: Window) -> str | None:
    """The selected node, else the one at which something happens now."""
    studio = window.studio
    if len(studio.selection) == 1:
        return next(iter(studio.selection))
    instant = studio.shown.instant
    node = instant.moment.node if instant is not None and instant.moment is not None else None
    return node if node in studio.project.graph.nodes else None


@action(
    N_("Help on the &gate"),
    menu="Help",
    shortcut=("F1",),
    help=N_("What the selected gate does, its formula and its gradients"),
    when=lambda window: _gate_meant(window) is not None,
)
def help_on_gate(window: Window) -> None:
    """The help on the gate that is selected, or at which something happens."""
    from bpstudio.ui.dialogs import gate

    id = _gate_meant(window)
    if id is not None:
        gate.show(window, window.studio.project.graph[id].op)


@action(
    N_("G&uide…"),
    menu="Help",
    shortcut=("Shift+F1",),
    icon="book",
    help=N_("How to build, play, train and teach, how files look, and how it is made"),
)
def guide(window: Window) -> None:
    """The documents, in a window of their own."""
    from bpstudio.ui.dialogs.guide import show

    show(window)


@action(N_("&Welcome…"), menu="Help", help=N_("Ways to begin, on one screen"))
def welcome(window: Window) -> None:
    """Lessons, examples, a formula, or data."""
    from bpstudio.ui.dialogs.welcome import show

    show(window)


@action(N_("&Tour…"), menu="Help", help=N_("Two minutes that end with XOR learned"))
def tour(window: Window) -> None:
    """From one control to the next."""
    from bpstudio.ui import touring

    touring.begin(window)


@action(
    N_("&Search everything…"),
    menu="Help",
    shortcut=("Ctrl+K",),
    help=N_("Commands, gates, examples, lessons, panels, nodes and the guide, by any name"),
)
def search_everything(window: Window) -> None:
    """One line that finds everything."""
    from bpstudio.ui.anything import open_search

    open_search(window)


@action(N_("&Keyboard"), menu="Help", shortcut=("Ctrl+/",), icon="keyboard")
def shortcut_sheet(window: Window) -> None:
    """All shortcuts on one sheet."""
    from bpstudio.ui.dialogs import keys  # opened seldom, and the window begins sooner without

    keys.show(window)


@action(N_("&About"), menu="Help", icon="info-circle")
def about_studio(window: Window) -> None:
    """What this is, its version, and whose work it rests on."""
    from bpstudio.ui.dialogs import about

    about.show(window)
