"""The sheet of shortcuts, made from the table of commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QGridLayout, QHBoxLayout, QLabel, QVBoxLayout

from bpstudio.language import _
from bpstudio.ui import actions, menus
from bpstudio.ui.canvas.keyboard import KEYS
from bpstudio.ui.keys import held, native

if TYPE_CHECKING:
    from bpstudio.ui.window import Window

COLUMNS = 3


def show(window: Window) -> None:
    """Show all keys at once, menu by menu."""
    sheet = QDialog(window)
    sheet.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    sheet.setObjectName("keys")
    sheet.setWindowTitle(_("Keyboard"))
    columns = QHBoxLayout(sheet)
    columns.setContentsMargins(22, 20, 22, 20)
    columns.setSpacing(34)
    stacks = [QVBoxLayout() for _column in range(COLUMNS)]
    for stack in stacks:
        stack.setSpacing(8)
        columns.addLayout(stack)
    heights = [0] * COLUMNS
    shortcuts = held(window.studio.preferences.keys)
    for menu in actions.MENUS:
        entries = [entry for entry in actions.table.values() if entry.menu == menu]
        entries = [entry for entry in entries if shortcuts[entry.id]]
        if not entries:
            continue
        lowest = heights.index(min(heights))
        heights[lowest] += len(entries) + 2
        heading = QLabel(actions.plain(_(menus.TITLES[menu])).upper())
        heading.setProperty("role", "heading")
        stacks[lowest].addWidget(heading)
        rows = [(_(entry.text), shortcuts[entry.id]) for entry in entries]
        stacks[lowest].addLayout(
            _grid([(actions.plain(text), "  ".join(map(native, each))) for text, each in rows])
        )
        stacks[lowest].addSpacing(10)
    shortest = stacks[heights.index(min(heights))]
    heading = QLabel(_("On the canvas").upper())
    heading.setProperty("role", "heading")
    shortest.addWidget(heading)
    shortest.addLayout(_grid([(_(words), keys) for words, keys in KEYS]))
    for stack in stacks:
        stack.addStretch(1)
    sheet.open()


def _grid(rows: list[tuple[str, str]]) -> QGridLayout:
    """Words at the left, keys at the right."""
    grid = QGridLayout()
    grid.setHorizontalSpacing(22)
    grid.setColumnStretch(0, 1)
    for row, (words, shortcut) in enumerate(rows):
        grid.addWidget(QLabel(words), row, 0)
        keys = QLabel(shortcut)
        keys.setProperty("role", "number")
        grid.addWidget(keys, row, 1, Qt.AlignmentFlag.AlignRight)
    return grid
