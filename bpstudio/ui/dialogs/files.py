"""New, open and save: what is asked, and what happens to the answer.

Whoever asks goes on in a function, so that nothing waits while a dialog is open. The dialogs
themselves are `ask_to_save`, `ask_about_change`, `choose_to_open` and `choose_to_save`; a test puts
answers in their place.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QFileDialog, QInputDialog, QMessageBox

from bpstudio.errors import StudioError
from bpstudio.language import N_, _
from bpstudio.project import file
from bpstudio.project.document import Document, fingerprint
from bpstudio.project.project import Project
from bpstudio.project.versions import any_older
from bpstudio.ui import preferences, templates
from bpstudio.ui.saving import Follow
from bpstudio.ui.studio import Notice, Studio
from bpstudio.ui.style import set_property

if TYPE_CHECKING:
    from bpstudio.ui.window import Window

Choice = Literal["save", "discard", "cancel"]
Answer = Literal["overwrite", "save_as", "reload", "cancel"]

Answered = TypeVar("Answered", bound=str)

TABLES = (".csv", ".tsv", ".txt")
"""Endings of files that are read as a table."""
DRAWN_ANEW = 80
"""Networks of up to so many nodes are drawn for the picture in their file; of a larger one it is
what the canvas shows."""
PICTURE = QSize(320, 200)

HELD = N_("{file} is open in another window of Backprop Studio. Save under another name.")

log = logging.getLogger(__name__)


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
    if window.studio.saving.after("save", partial(save, window, then)):
        return
    path = window.studio.path
    if path is None:
        save_as(window, then)
    elif not _of_newer(window):
        _save(window, path, then)


def save_as(window: Window, then: Callable[[], None] | None = None) -> None:
    """Ask for a file and save to it; `then` goes on if it was saved."""
    if not _of_newer(window):
        choose_to_save(window, lambda path: _save(window, path, then))


def settle(window: Window, then: Callable[[], None]) -> None:
    """Go on with `then` when nothing can be lost by it: at once, or after asking."""
    studio = window.studio
    if studio.saving.after("settle", partial(settle, window, then)):
        return
    studio.come_back()
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

    An example or a template is opened as a copy without a file, so that it stays what it is. A
    file of a newer version is shown as far as it is understood, and can only be looked at.
    """
    locked: StudioError | None = None
    held = fingerprint(path)
    try:
        try:
            project = file.load(path)
        except file.NewerFormat as error:
            project, locked = file.load(path, allow_newer=True), error
    except StudioError as error:
        studio.unread = path
        studio.complain(error, "open_older" if any_older(path) else "")
        return False
    if templates.is_one(path):
        studio.begin(project)
        return True
    studio.begin(project, Document(path, held))
    _remember(studio, path)
    if locked is not None:
        studio.lock(locked)
    return True


def save_template(window: Window) -> None:
    """Ask for a name and keep the project as a template."""
    dialog = QInputDialog(window)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.setWindowTitle(_("Save as a template"))
    dialog.setLabelText(_("Name of the template:"))
    dialog.setTextValue(window.studio.project.title)
    dialog.textValueSelected.connect(lambda name: _keep_template(window, name))
    dialog.open()


def open_copy(window: Window) -> None:
    """What is shown, as a project of its own without a file."""
    studio = window.studio
    studio.begin(studio.project, saved=not studio.dirty)


def _open(window: Window, path: Path) -> None:
    if load_into(window.studio, path):
        window.canvas.fit()


def _of_newer(window: Window) -> bool:
    """Whether a newer studio made it, so that it can be saved nowhere; that is said."""
    locked = window.studio.document.locked
    if not isinstance(locked, file.NewerFormat):
        return False
    window.studio.complain(locked)
    return True


def _save(window: Window, path: Path, then: Callable[[], None] | None) -> None:
    """Save there, unless somebody else has the file, or has changed it: then it is asked."""
    if window.studio.saving.after(f"save {path}", partial(_save, window, path, then)):
        return
    if not window.guard.may_write(path):
        sentence = _(HELD).format(file=file.shown(path.name))
        window.studio.noticed.emit(Notice(sentence, "problem", (), "save_as"))
        return

    def go_on(answer: Answer) -> None:
        if answer == "overwrite":
            _write(window, path, then)
        elif answer == "save_as":
            save_as(window, then)
        elif answer == "reload":
            _open(window, path)

    _write(window, path, then, lambda: ask_about_change(window, path, go_on))


def _write(window: Window, path: Path, then: Callable[[], None] | None, ask: Follow = None) -> None:
    def go_on() -> None:
        _remember(window.studio, path)
        if then is not None:
            # What was edited while it was written is not saved: then it is asked again.
            settle(window, then)

    window.studio.save(path, _picture(window), then=go_on, ask=ask)


def _keep_template(window: Window, name: str) -> None:
    window.studio.land()
    try:
        path = templates.save(window.studio.project, name, _picture(window))
    except StudioError as error:
        window.studio.complain(error)
        return
    window.studio.notice(_("Saved as the template {name}.").format(name=path.stem))


def _picture(window: Window) -> bytes | None:
    """The small PNG picture in a file; None where drawing it fails."""
    # What draws into files delays the first paint, and is first needed here.
    from bpstudio.ui import film, render

    project = window.studio.project
    try:
        if len(project.graph.nodes) <= DRAWN_ANEW:
            return render.thumbnail(project, (PICTURE.width(), PICTURE.height()))
        shot = window.canvas.grab().toImage()
        small = shot.scaled(
            PICTURE,
            Qt.AspectRatioMode.KeepAspectRatio,
            Qt.TransformationMode.SmoothTransformation,
        )
        return film.png(small)
    except Exception:
        # A fault in a picture must not keep the work from being saved.
        log.exception("no picture for the file")
        return None


def _remember(studio: Studio, path: Path) -> None:
    recent = preferences.with_recent(studio.preferences, path).recent
    if recent != studio.preferences.recent:
        studio.prefer(recent=recent)


def _ask_to_save(window: Window, answer: Callable[[Choice], None]) -> None:
    """Ask what is to become of what is not saved."""
    choices: dict[Choice, tuple[str, QMessageBox.ButtonRole]] = {
        "save": (_("&Save"), QMessageBox.ButtonRole.AcceptRole),
        "discard": (_("&Discard"), QMessageBox.ButtonRole.DestructiveRole),
        "cancel": (_("Cancel"), QMessageBox.ButtonRole.RejectRole),
    }
    text = _("There are changes that are not saved.")
    _ask(window, text, _("Without saving they are lost."), choices, answer)


def _ask_about_change(window: Window, path: Path, answer: Callable[[Answer], None]) -> None:
    """Ask what is to become of a file that somebody else has changed meanwhile."""
    choices: dict[Answer, tuple[str, QMessageBox.ButtonRole]] = {
        "save_as": (_("Save &as…"), QMessageBox.ButtonRole.AcceptRole),
        "overwrite": (_("&Overwrite"), QMessageBox.ButtonRole.DestructiveRole),
        "reload": (_("&Reload"), QMessageBox.ButtonRole.DestructiveRole),
        "cancel": (_("Cancel"), QMessageBox.ButtonRole.RejectRole),
    }
    text = _("{file} was changed by somebody else since you opened it.")
    detail = _(
        "Overwrite puts your version in its place; the other one stays beside it as an older "
        "version. Reload takes the other one and gives up your changes."
    )
    _ask(window, text.format(file=file.shown(path.name)), detail, choices, answer)


def _ask(
    window: Window,
    text: str,
    detail: str,
    choices: Mapping[Answered, tuple[str, QMessageBox.ButtonRole]],
    answer: Callable[[Answered], None],
) -> None:
    """A question over the window; the first choice is the default, the last is Escape."""
    box = QMessageBox(window)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.setIcon(QMessageBox.Icon.NoIcon)
    box.setWindowTitle(_("Backprop Studio"))
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setText(text)
    box.setInformativeText(detail)
    buttons: dict[object, Answered] = {}
    for choice, (label, role) in choices.items():
        button = box.addButton(label, role)
        if not buttons:
            set_property(button, "role", "primary")
            box.setDefaultButton(button)
        box.setEscapeButton(button)
        buttons[button] = choice
    box.buttonClicked.connect(lambda button: answer(buttons[button]))
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


ask_about_change: Callable[[Window, Path, Callable[[Answer], None]], None] = _ask_about_change
ask_to_save: Callable[[Window, Callable[[Choice], None]], None] = _ask_to_save
choose_to_open: Callable[[Window, Callable[[Path], None]], None] = _choose_to_open
choose_to_save: Callable[[Window, Callable[[Path], None]], None] = _choose_to_save
