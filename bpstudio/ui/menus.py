"""The menu bar, built from the table of commands."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QMenuBar

from bpstudio.language import N_, _
from bpstudio.ui import actions, templates
from bpstudio.ui.dialogs import files

if TYPE_CHECKING:
    from bpstudio.ui.window import Window

TITLES = {
    "File": N_("&File"),
    "Edit": N_("&Edit"),
    "View": N_("&View"),
    "Play": N_("&Play"),
    "Train": N_("&Train"),
    "Lessons": N_("&Lessons"),
    "Help": N_("&Help"),
}

RECENT, EXAMPLES, PANELS = N_("Open &recent"), N_("E&xamples"), N_("Pa&nels")
TEMPLATES, PLOTS = N_("New from te&mplate"), N_("Plot&s")


class Menus:
    """The menus of a window; `retitle` says them in the current language."""

    def __init__(self, window: Window, made: dict[str, QAction]) -> None:
        self._window = window
        bar: QMenuBar = window.menuBar()
        self._menus = {name: bar.addMenu("") for name in actions.MENUS}
        self._recent, self._examples, self._panels = (QMenu(window) for _menu in range(3))
        self._templates = QMenu(window)
        self._templates.aboutToShow.connect(self._list_templates)
        self._recent.aboutToShow.connect(self._list_recent)
        self._examples.aboutToShow.connect(self._list_examples)
        self._inner: dict[str, QMenu] = {}
        group: dict[str, int] = {}
        for id, act in made.items():
            entry = actions.table[id]
            menu = self._menus[entry.menu]
            if group.setdefault(entry.menu, entry.group) != entry.group:
                menu.addSeparator()
                group[entry.menu] = entry.group
            self._within(menu, entry.under).addAction(act)
            if id == "new":
                menu.addMenu(self._templates)
            if id == "open_file":
                menu.addMenu(self._recent)
                menu.addMenu(self._examples)
        self._plots = QMenu(window)
        for dock in window.docks.by_name.values():
            menu = self._plots if dock.panel.is_plot else self._panels
            menu.addAction(dock.toggleViewAction())
        self._panels.addSeparator()
        self._back = self._panels.addAction("")
        self._back.triggered.connect(self._put_back)
        view = self._menus["View"]
        view.insertMenu(made["light"], self._panels)
        view.insertMenu(made["light"], self._plots)
        view.insertSeparator(made["light"])
        self._save_template = made["save_template"]
        self.retitle()

    def _within(self, menu: QMenu, title: str) -> QMenu:
        """The menu of that title in a menu; without a title the menu itself."""
        if not title:
            return menu
        if title not in self._inner:
            self._inner[title] = menu.addMenu("")
        return self._inner[title]

    def retitle(self) -> None:
        """Say every title in the current language."""
        for name, menu in self._menus.items():
            menu.setTitle(_(TITLES[name]))
        for title, menu in self._inner.items():
            menu.setTitle(_(title))
        self._recent.setTitle(_(RECENT))
        self._examples.setTitle(_(EXAMPLES))
        self._templates.setTitle(_(TEMPLATES))
        self._panels.setTitle(_(PANELS))
        self._plots.setTitle(_(PLOTS))
        self._back.setText(_("&Put all back"))

    def _put_back(self, _checked: bool = False) -> None:
        self._window.restore_docks()

    def _list_recent(self) -> None:
        self._recent.clear()
        paths = [Path(path) for path in self._window.studio.preferences.recent]
        for path in (path for path in paths if os.path.exists(path)):
            self._add(self._recent, path.name, path).setToolTip(str(path))
        if self._recent.isEmpty():
            self._recent.addAction(_("Nothing yet")).setEnabled(False)

    def _list_examples(self) -> None:
        self._examples.clear()
        for name, path in templates.examples():
            self._add(self._examples, name, path)

    def _list_templates(self) -> None:
        self._templates.clear()
        for name, path in templates.own():
            self._add(self._templates, name, path)
        if not self._templates.isEmpty():
            self._templates.addSeparator()
        self._templates.addAction(self._save_template)

    def _add(self, menu: QMenu, name: str, path: Path) -> QAction:
        act = menu.addAction(name.replace("&", "&&"))
        act.triggered.connect(partial(self._open, path))
        return act

    def _open(self, path: Path, _checked: bool = False) -> None:
        files.open_path(self._window, path)
