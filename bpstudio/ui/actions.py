"""The table of everything that can be commanded.

A command is a function next to its announcement:

    @action("Undo", menu="Edit", shortcut=("Ctrl+Z",), when=lambda window: window.studio.can_undo)
    def undo(window: Window) -> None: ...

Menus, toolbar, shortcuts and the sheet of shortcuts are built from the table, so a command is
announced once and found everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtGui import QAction, QKeySequence

from bpstudio.language import _
from bpstudio.ui import icons

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from bpstudio.ui.window import Window

MENUS = ("File", "Edit", "View", "Play", "Train", "Lessons", "Help")
"""The menus from left to right; `language.py` marks their names in `window.py`."""

UNHELD = ("Play", "Lessons")
"""The menus whose commands can be given while a speaker has locked the network."""


@dataclass(frozen=True)
class Action:
    """What is known of a command: its texts, its keys, and when it can be given."""

    id: str
    text: str
    run: Callable[[Window], None]
    menu: str
    shortcut: tuple[str, ...]
    icon: str
    help: str
    when: Callable[[Window], bool]
    checked: Callable[[Window], bool] | None
    group: int
    under: str = ""


table: dict[str, Action] = {}
"""Every command by its id, in the order of the menus. Importing `ui.commands` fills it."""


def _always(_window: Window) -> bool:
    return True


def action(
    text: str,
    *,
    menu: str,
    shortcut: tuple[str, ...] = (),
    icon: str = "",
    help: str = "",
    when: Callable[[Window], bool] = _always,
    checked: Callable[[Window], bool] | None = None,
    group: int = 0,
    under: str = "",
) -> Callable[[Callable[[Window], None]], Callable[[Window], None]]:
    """Announce a function as a command.

    `text` and `help` are marked with `N_`. `when` says whether it can be given now, and `checked`
    makes it a switch that shows a state. A menu draws a line where the `group` changes; with
    `under` a command stands in a menu of that title within it.
    """

    def announce(run: Callable[[Window], None]) -> Callable[[Window], None]:
        id = run.__name__
        if id in table:
            raise TypeError(f"two commands are called {id}")
        table[id] = Action(id, text, run, menu, shortcut, icon, help, when, checked, group, under)
        return run

    return announce


def make(window: Window, parent: QWidget) -> dict[str, QAction]:
    """A QAction for each command, which `keys.bind` has listen in the whole window."""
    made = {}
    for entry in table.values():
        act = QAction(parent)
        act.setObjectName(entry.id)
        act.setCheckable(entry.checked is not None)
        # `triggered` hands over whether it is checked; the command reads the state itself.
        act.triggered.connect(partial(_give, entry, window))
        made[entry.id] = act
    return made


def retitle(actions: dict[str, QAction]) -> None:
    """Say every command in the current language."""
    for id, act in actions.items():
        entry = table[id]
        keys = act.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        text, help = _(entry.text), plain(_(entry.help or entry.text))
        act.setText(text)
        act.setIconText(plain(text))
        act.setToolTip(f"{help} ({keys})" if keys else help)
        act.setStatusTip(help)


def draw_icons(actions: dict[str, QAction]) -> None:
    """Give every command its icon, in the colour of the text around it."""
    for id, act in actions.items():
        if table[id].icon:
            act.setIcon(icons.icon(table[id].icon))


def plain(text: str) -> str:
    """What stands in a menu without accelerator and dots: both `&Save…` and `저장(&S)…`."""
    return re.sub(r"\(&.\)|&", "", text).rstrip("…")


def refresh(actions: dict[str, QAction], window: Window) -> None:
    """Show which commands can be given now, and which switches are on."""
    held = bool(window.property("held"))
    for id, act in actions.items():
        entry = table[id]
        act.setEnabled((entry.menu in UNHELD or not held) and entry.when(window))
        if entry.checked is not None:
            act.setChecked(entry.checked(window))


def presents(window: Window) -> bool:
    """Whether the window is presenting."""
    return bool(window.property("presenting"))


def _give(entry: Action, window: Window, _checked: bool = False) -> None:
    window.give(entry)
