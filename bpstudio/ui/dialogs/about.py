"""What this is, its version, and whose work it rests on."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from bpstudio import __version__, plugins, resources
from bpstudio.language import _
from bpstudio.ui import icons
from bpstudio.ui.style import code_font

if TYPE_CHECKING:
    from bpstudio.ui.window import Window

LIBRARIES = (
    ("PySide6-Essentials", "Qt 6 · LGPL-3.0"),
    ("numpy", "BSD-3-Clause"),
    ("pyqtgraph", "MIT"),
    ("networkx", "BSD-3-Clause"),
    ("msgspec", "BSD-3-Clause"),
    ("platformdirs", "MIT"),
    ("filelock", "MIT"),
    ("superqt", "BSD-3-Clause"),
    ("ziamath", "MIT"),
    ("pillow", "MIT-CMU"),
)
"""The libraries that the studio needs, with their licences."""

BUNDLED = (
    ("Pretendard 1.3.9", "OFL-1.1"),
    ("JetBrains Mono", "OFL-1.1"),
    ("Tabler Icons 3.51", "MIT"),
)
"""Fonts and icons that come with the studio."""


def show(window: Window) -> None:
    """Show it all in one small dialog."""
    dialog = QDialog(window)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.setObjectName("about")
    dialog.setWindowTitle(_("About Backprop Studio"))
    column = QVBoxLayout(dialog)
    column.setContentsMargins(24, 22, 24, 18)
    column.setSpacing(14)
    column.addLayout(_head())
    column.addWidget(
        _prose(
            _(
                "See back-propagation happen: build a network, walk through it "
                "forward and backward, train it."
            )
        )
    )
    column.addWidget(_prose(_("Licensed under Apache-2.0. Nothing is sent anywhere.")))
    column.addWidget(_credits(), 1)
    buttons = QDialogButtonBox()
    texts = buttons.addButton(_("Licences…"), QDialogButtonBox.ButtonRole.ActionRole)
    texts.clicked.connect(partial(_show_licences, dialog))
    buttons.addButton(_("Close"), QDialogButtonBox.ButtonRole.RejectRole)
    buttons.rejected.connect(dialog.close)
    column.addWidget(buttons)
    dialog.resize(460, 540)
    dialog.open()


def _show_licences(parent: QDialog, _checked: bool = False) -> None:
    """The text of every licence of all that it comes with."""
    dialog = QDialog(parent)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.setObjectName("licences")
    dialog.setWindowTitle(_("Licences"))
    column = QVBoxLayout(dialog)
    text = QPlainTextEdit()
    text.setReadOnly(True)
    text.setTabChangesFocus(True)
    text.setAccessibleName(_("Licences"))
    text.setFont(code_font(12))
    text.setPlainText(resources.path("LICENCES.txt").read_text("utf-8"))
    column.addWidget(text, 1)
    buttons = QDialogButtonBox()
    buttons.addButton(_("Close"), QDialogButtonBox.ButtonRole.RejectRole)
    buttons.rejected.connect(dialog.close)
    column.addWidget(buttons)
    dialog.resize(800, 560)
    dialog.open()


def _head() -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(14)
    picture = QLabel()
    picture.setPixmap(icons.application_icon().pixmap(QSize(48, 48)))
    row.addWidget(picture)
    name = QLabel(f"Backprop Studio {__version__}")
    name.setProperty("role", "title")
    row.addWidget(name, 1)
    return row


def _credits() -> QScrollArea:
    """Everything that it is made of, with versions and licences."""
    inside = QWidget()
    grid = QGridLayout(inside)
    grid.setContentsMargins(0, 0, 8, 0)
    grid.setColumnStretch(0, 1)
    versions = {name: resources.version_of(name) or "" for name, _licence in LIBRARIES}
    entries = [(f"{name} {versions[name]}", licence) for name, licence in LIBRARIES]
    for row, (name, licence) in enumerate([*entries, *BUNDLED, *_plugins()]):
        grid.addWidget(QLabel(name), row, 0)
        label = _prose(licence)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setProperty("role", "muted")
        grid.addWidget(label, row, 1)
    grid.setRowStretch(grid.rowCount(), 1)
    area = QScrollArea()
    area.setAccessibleName(_("Licences"))
    area.setWidgetResizable(True)
    area.setWidget(inside)
    return area


def _plugins() -> list[tuple[str, str]]:
    """What other packages add: each thing, its package, and why it is left out if it is."""
    wrong = {fault.plugin: fault.sentence for fault in plugins.faults()}
    return [
        (
            _("Plugin {name}").format(name=each.name),
            wrong.get(each) or f"{each.package} {each.version} · {each.group}",
        )
        for each in plugins.installed()
    ]


def _prose(text: str) -> QLabel:
    label = QLabel(text)
    label.setWordWrap(True)
    return label
