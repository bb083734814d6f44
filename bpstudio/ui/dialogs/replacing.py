"""Whoever writes over a file is asked first.

A test puts an answer of its own in the place of `ask_to_replace`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox, QWidget

from bpstudio.language import _, ngettext
from bpstudio.ui.style import set_property


def unless_kept(parent: QWidget, paths: Sequence[Path], then: Callable[[], None]) -> None:
    """Go on with `then`: at once where none of the files is there yet, else after asking."""
    there = [path for path in paths if path.exists()]
    if there:
        ask_to_replace(parent, there, then)
    else:
        then()


def _ask_to_replace(parent: QWidget, there: Sequence[Path], then: Callable[[], None]) -> None:
    box = QMessageBox(parent)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.setIcon(QMessageBox.Icon.NoIcon)
    box.setWindowTitle(_("Backprop Studio"))
    box.setTextFormat(Qt.TextFormat.PlainText)
    names = ", ".join(path.name for path in there)
    words = ngettext("{names} is there already.", "{names} are there already.", len(there))
    box.setText(words.format(names=names))
    box.setInformativeText(_("What it holds now would be lost."))
    replace = box.addButton(_("&Replace"), QMessageBox.ButtonRole.AcceptRole)
    keep = box.addButton(_("Cancel"), QMessageBox.ButtonRole.RejectRole)
    set_property(replace, "role", "primary")
    box.setDefaultButton(keep)
    box.setEscapeButton(keep)
    replace.clicked.connect(lambda _checked=False: then())
    box.open()


ask_to_replace: Callable[[QWidget, Sequence[Path], Callable[[], None]], None] = _ask_to_replace
