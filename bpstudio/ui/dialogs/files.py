"""New, open and save: what is asked, and what happens to the answer.

Whoever asks goes on in a function, so that nothing waits while a dialog is open. The dialogs
themselves are `ask_to_save`, `choose_to_open` and `choose_to_save`; a test puts answers in their
place.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QMessageBox

from bpstudio import resources
from bpstudio.errors import StudioError
from bpstudio.language import _
from bpstudio.project import file
from bpstudio.project.project import Project
from bpstudio.ui import preferences
from bpstudio.ui.studio import Studio
from bpstudio.ui.style import set_property

if TYPE_CHECKING:
    from bpstudio.ui.window import Window

Choice = Literal["save", "discard", "cancel"]


def new(window: Window) -> None:
    """An empty canvas, once what is there is saved or given up."""
    settle(window, lambda: window.studio.begin(Project()))


def open_file(window: Window) -> None:
    """Ask for a project and open it."""
    settle(window, lambda: choose_to_open(window, lambda path: _open(window, path)))


def open_path(window: Window, path: Path) -> None:
    """Open that project, once what is there is saved or given up."""
    settle(window, lambda: _open(window, path))


def save(window: Window, then: Callable[[], None] | None = None) -> None:
    """Save to the project's file, or ask for one; `then` goes on if it was saved."""
    if window.studio.path is None:
        save_as(window, then)
    else:
        _save(window, window.studio.path, then)


def save_as(window: Window, then: Callable[[], None] | None = None) -> None:
    """Ask for a file and save to it; `then` goes on if it was saved."""
    choose_to_save(window, lambda path: _save(window, path, then))


def settle(window: Window, then: Callable[[], None]) -> None:
    """Go on with `then` when nothing can be lost by it: at once, or after asking."""
    studio = window.studio
    studio.land()
    if not studio.dirty:
        then()
        return

    def go_on(choice: Choice) -> None:
        if choice == "save":
            save(window, then)
        elif choice == "discard":
            then()

    ask_to_save(window, go_on)


def load_into(studio: Studio, path: Path) -> bool:
    """Put the project of a file in the place of what is there; whether that was possible.

    An example is opened as a copy without a file, so that it stays what it is. A file of a newer
    version is shown as far as it is understood, and can't be saved.
    """
    notice = ""
    try:
        try:
            project = file.load(path)
        except file.NewerFormat as error:
            project, notice = file.load(path, allow_newer=True), str(error)
    except StudioError as error:
        studio.complain(error)
        return False
    ours = path.resolve().is_relative_to(resources.path("examples").resolve())
    studio.begin(project, None if ours else path)
    if not ours:
        _remember(studio, path)
    if notice:
        studio.notice(notice)
    return True


def _open(window: Window, path: Path) -> None:
    if load_into(window.studio, path):
        window.canvas.fit()


def _save(window: Window, path: Path, then: Callable[[], None] | None) -> None:
    if window.studio.save(path):
        _remember(window.studio, path)
        if then is not None:
            then()


def _remember(studio: Studio, path: Path) -> None:
    recent = preferences.with_recent(studio.preferences, path).recent
    if recent != studio.preferences.recent:
        studio.prefer(recent=recent)


def _ask_to_save(window: Window, answer: Callable[[Choice], None]) -> None:
    """Ask what is to become of what is not saved."""
    box = QMessageBox(window)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.setIcon(QMessageBox.Icon.NoIcon)
    box.setWindowTitle(_("Backprop Studio"))
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setText(_("There are changes that are not saved."))
    box.setInformativeText(_("Without saving they are lost."))
    choices: dict[object, Choice] = {}
    for text, role, choice in (
        (_("&Save"), QMessageBox.ButtonRole.AcceptRole, "save"),
        (_("&Discard"), QMessageBox.ButtonRole.DestructiveRole, "discard"),
        (_("Cancel"), QMessageBox.ButtonRole.RejectRole, "cancel"),
    ):
        button = box.addButton(text, role)
        choices[button] = choice  # type: ignore[assignment]
        if choice == "save":
            set_property(button, "role", "primary")
            box.setDefaultButton(button)
        if choice == "cancel":
            box.setEscapeButton(button)
    box.buttonClicked.connect(lambda button: answer(choices[button]))
    box.open()


def _choose_to_open(window: Window, got: Callable[[Path], None]) -> None:
    """Ask for a project file that exists."""
    dialog = _dialog(window, _("Open a project"))
    dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
    dialog.fileSelected.connect(lambda name: got(Path(name)))
    dialog.open()


def _choose_to_save(window: Window, got: Callable[[Path], None]) -> None:
    """Ask for the name of a project file; an existing one is replaced only if confirmed."""
    studio = window.studio
    dialog = _dialog(window, _("Save the project"))
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setDefaultSuffix("bps")
    dialog.selectFile(
        studio.path.name if studio.path else f"{studio.project.title or 'network'}.bps"
    )
    dialog.fileSelected.connect(lambda name: got(Path(name)))
    dialog.open()


def _dialog(window: Window, title: str) -> QFileDialog:
    studio = window.studio
    recent = studio.preferences.recent
    folder = (
        studio.path.parent if studio.path else Path(recent[0]).parent if recent else Path.home()
    )
    dialog = QFileDialog(window, title, str(folder))
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.setNameFilters([_("Projects (*.bps)"), _("All files (*)")])
    return dialog


ask_to_save: Callable[[Window, Callable[[Choice], None]], None] = _ask_to_save
choose_to_open: Callable[[Window, Callable[[Path], None]], None] = _choose_to_open
choose_to_save: Callable[[Window, Callable[[Path], None]], None] = _choose_to_save
