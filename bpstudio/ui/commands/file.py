"""The File menu."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bpstudio.language import N_
from bpstudio.ui.actions import action
from bpstudio.ui.dialogs import files

if TYPE_CHECKING:
    from bpstudio.ui.window import Window


@action(N_("&New"), menu="File", shortcut=("Ctrl+N",), icon="file-plus")
def new(window: Window) -> None:
    """Begin with an empty canvas."""
    files.new(window)


@action(N_("&Open…"), menu="File", shortcut=("Ctrl+O",), icon="folder-open")
def open_file(window: Window) -> None:
    """Open a project from a file."""
    files.open_file(window)


@action(N_("&Save"), menu="File", shortcut=("Ctrl+S",), icon="device-floppy", group=1)
def save(window: Window) -> None:
    """Save the project, training included."""
    files.save(window)


@action(N_("Save &as…"), menu="File", shortcut=("Ctrl+Shift+S",), group=1)
def save_as(window: Window) -> None:
    """Save the project under another name."""
    files.save_as(window)


@action(
    N_("&Export…"),
    menu="File",
    shortcut=("Ctrl+E",),
    icon="file-export",
    help=N_("Write the model as code or weights, or draw it, for other programs"),
    group=2,
)
def export(window: Window) -> None:
    """Write the model for another program."""
    # With all that writes files it would delay the first paint.
    from bpstudio.ui.dialogs.export import show

    show(window)


@action(N_("&Quit"), menu="File", shortcut=("Ctrl+Q",), group=3)
def quit_studio(window: Window) -> None:
    """Close the window."""
    window.close()
