"""The File menu."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bpstudio.errors import StudioError
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


@action(N_("Open a &table…"), menu="File", help=N_("Learn from a table of numbers in a file"))
def open_table(window: Window) -> None:
    """Read a table and learn from it."""
    from bpstudio.ui.dialogs.tables import choose_table

    choose_table(window)


@action(
    N_("Paste a ta&ble…"),
    menu="File",
    help=N_("Learn from the cells on the clipboard, as a spreadsheet copies them"),
)
def paste_table(window: Window) -> None:
    """Learn from the table on the clipboard."""
    from bpstudio.ui.dialogs import tables

    tables.paste_table(window)


@action(
    N_("Open a cop&y"),
    menu="File",
    help=N_("What is shown, as a project of its own that can be changed"),
    when=lambda window: window.studio.document.locked is not None and window.studio.can_copy,
)
def open_copy(window: Window) -> None:
    """A project that can only be looked at, as one that can be changed."""
    files.open_copy(window)


@action(
    N_("Reco&ver unsaved work…"),
    menu="File",
    help=N_("What was not saved when the studio ended"),
    when=lambda window: bool(window.guard.orphans),
)
def recover(window: Window) -> None:
    """Offer again what a crash has left behind."""
    from bpstudio.ui.dialogs import recovery

    recovery.offer(window, [])


@action(
    N_("Open an o&lder version…"),
    menu="File",
    help=N_("What the file held before it was saved last: three versions are kept"),
)
def open_older(window: Window) -> None:
    """Offer the versions that saving has kept: of the file that could not be read, or of this."""
    from bpstudio.ui.dialogs import older

    path, window.studio.unread = window.studio.unread or window.studio.path, None
    if path is None:
        raise StudioError(N_("The project has no file yet, so there are no older versions of it."))
    older.show(window, path)


@action(N_("&Save"), menu="File", shortcut=("Ctrl+S",), icon="device-floppy", group=1)
def save(window: Window) -> None:
    """Save the project, training included."""
    files.save(window)


@action(N_("Save &as…"), menu="File", shortcut=("Ctrl+Shift+S",), group=1)
def save_as(window: Window) -> None:
    """Save the project under another name."""
    files.save_as(window)


@action(
    N_("Save as tem&plate…"),
    menu="File",
    help=N_("Keep the project to begin others with it"),
    when=lambda window: window.studio.can_copy,
    group=1,
)
def save_template(window: Window) -> None:
    """Keep the project as a template."""
    files.save_template(window)


@action(
    N_("I&mport…"),
    menu="File",
    help=N_("A model of another tool: ONNX, PyTorch, scikit-learn, TensorFlow Playground"),
    group=2,
)
def import_model(window: Window) -> None:
    """Make a project of another tool's model."""
    from bpstudio.ui.dialogs.importing import show

    show(window)


@action(
    N_("&Export…"),
    menu="File",
    shortcut=("Ctrl+E",),
    icon="file-export",
    help=N_("Write the model as code or weights, for other programs"),
    group=2,
)
def export(window: Window) -> None:
    """Write the model for another program."""
    # With all that writes files it would delay the first paint.
    from bpstudio.ui.dialogs.export import show

    show(window)


@action(
    N_("Export p&icture or film…"),
    menu="File",
    help=N_("Draw a moment or a stretch of it, for slides"),
    when=lambda window: bool(window.studio.project.graph.nodes),
    group=2,
)
def export_picture(window: Window) -> None:
    """Draw the network for slides."""
    from bpstudio.ui.dialogs.picture import show

    show(window)


@action(
    N_("&Worksheet…"),
    menu="File",
    help=N_("The network or the lesson as pages to print, with empty boxes, and the solution"),
    when=lambda window: bool(window.studio.project.graph.nodes),
    group=2,
)
def save_worksheet(window: Window) -> None:
    """Pages as PDF."""
    from bpstudio.ui.dialogs import worksheet

    worksheet.save(window)


@action(
    N_("Print the wor&ksheet…"),
    menu="File",
    shortcut=("Ctrl+P",),
    when=lambda window: bool(window.studio.project.graph.nodes),
    group=2,
)
def print_worksheet(window: Window) -> None:
    """Pages on paper."""
    from bpstudio.ui.dialogs import worksheet

    worksheet.print_it(window)


@action(N_("&Quit"), menu="File", shortcut=("Ctrl+Q",), group=3)
def quit_studio(window: Window) -> None:
    """Close the window."""
    window.close()
