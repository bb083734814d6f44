"""The page of the settings with every command and its keys, which can be changed here."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QGridLayout,
    QHeaderView,
    QKeySequenceEdit,
    QLineEdit,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from bpstudio.language import _, everywhere
from bpstudio.ui import actions, finding, keys, menus
from bpstudio.ui.panels.panel import label
from bpstudio.ui.studio import Studio

ID = Qt.ItemDataRole.UserRole


class KeysPage(QWidget):
    """A list of commands, menu by menu; below it the keys of the one that is chosen.

    A combination that another command has is taken from it, and the page says so before.
    """

    def __init__(self, studio: Studio) -> None:
        super().__init__()
        self._studio = studio
        self.search, self.list = QLineEdit(), QTreeWidget()
        self.name, self.words = label("title"), label("muted")
        self.pressed = QKeySequenceEdit()
        self.pressed.setMaximumSequenceLength(1)
        self.use, self.add = QPushButton(), QPushButton()
        self.clear, self.usual = QPushButton(), QPushButton()
        self._rows: dict[str, QTreeWidgetItem] = {}
        self._lay_out()
        self.search.textChanged.connect(self._filter)
        self.list.currentItemChanged.connect(self._choose)
        self.pressed.keySequenceChanged.connect(self._tell)
        self.use.clicked.connect(self.use_pressed)
        self.add.clicked.connect(self.add_pressed)
        self.clear.clicked.connect(self.take_all)
        self.usual.clicked.connect(self.give_usual)

    @property
    def chosen(self) -> str:
        """The id of the command that is chosen; empty on a heading."""
        item = self.list.currentItem()
        return "" if item is None else str(item.data(0, ID) or "")

    @property
    def combination(self) -> str:
        """What was pressed."""
        return self.pressed.keySequence().toString(QKeySequence.SequenceFormat.PortableText)

    def choose(self, id: str) -> None:
        """Choose a command."""
        self.list.setCurrentItem(self._rows[id])

    def retitle(self) -> None:
        """Say everything in the current language, with the keys that hold now."""
        shortcuts = keys.held(self._studio.preferences.keys)
        for row in range(self.list.topLevelItemCount()):
            heading = self.list.topLevelItem(row)
            if heading is not None:
                heading.setText(0, actions.plain(_(menus.TITLES[actions.MENUS[row]])))
        for id, item in self._rows.items():
            entry = actions.table[id]
            item.setText(0, actions.plain(_(entry.text)))
            item.setToolTip(0, actions.plain(_(entry.help or entry.text)))
            item.setText(1, "   ".join(map(keys.native, shortcuts[id])))
            font = item.font(1)
            font.setBold(id in self._studio.preferences.keys)
            item.setFont(1, font)
        self.list.setHeaderLabels([_("Command"), _("Keys")])
        self.search.setPlaceholderText(_("Search for a command or for keys"))
        self.search.setAccessibleName(_("Search for a command or for keys"))
        self.list.setAccessibleName(_("Commands and their keys"))
        self.pressed.setAccessibleName(_("Press the new keys"))
        self.use.setText(_("Use instead"))
        self.add.setText(_("Use as well"))
        self.clear.setText(_("No keys"))
        self.usual.setText(_("Back to the default"))
        self._filter(self.search.text())
        self._tell()

    def use_pressed(self) -> None:
        """The combination in place of the command's keys."""
        self._give((self.combination,))

    def add_pressed(self) -> None:
        """The combination beside the command's keys."""
        self._give((*self._now(), self.combination))

    def take_all(self) -> None:
        """No keys for the command."""
        self._give(())

    def give_usual(self) -> None:
        """The keys that the command has at first, from whoever has them now."""
        self._give(actions.table[self.chosen].shortcut)

    def _now(self) -> tuple[str, ...]:
        return keys.held(self._studio.preferences.keys)[self.chosen]

    def _give(self, wanted: tuple[str, ...]) -> None:
        changed = keys.given(self._studio.preferences.keys, self.chosen, wanted)
        self.pressed.clear()
        self._studio.prefer(keys=changed)

    def _choose(self, *_items: object) -> None:
        self.pressed.clear()
        self._tell()

    def _tell(self, *_pressed: object) -> None:
        """Whose the combination is, and what can be done with it."""
        id, combination = self.chosen, self.combination
        fixed = owner = ""
        if id and combination:
            fixed = keys.fixed(combination, id)
            owner = keys.owner(combination, self._studio.preferences.keys)
        free = bool(id and keys.spelled(combination)) and not fixed and owner != id
        self.use.setEnabled(free)
        self.add.setEnabled(free)
        self.pressed.setEnabled(bool(id))
        self.clear.setEnabled(bool(id) and bool(self._now()))
        self.usual.setEnabled(id in self._studio.preferences.keys)
        self.name.setText(actions.plain(_(actions.table[id].text)) if id else "")
        self.words.setText(self._said(id, combination, fixed, owner))

    def _said(self, id: str, combination: str, fixed: str, owner: str) -> str:
        pressed = keys.native(combination)
        if not id:
            return _("Choose a command to change its keys.")
        if not combination:
            return _("Click into the field and press the new keys.")
        if fixed:
            template = _("{keys} belongs to the canvas: {meaning}. Press others.")
            return template.format(keys=pressed, meaning=fixed)
        if owner == id:
            return _("{keys} gives this command already.").format(keys=pressed)
        if owner:
            other = actions.plain(_(actions.table[owner].text))
            template = _("{keys} belongs to “{command}”, which would lose it.")
            return template.format(keys=pressed, command=other)
        return _("{keys} is free.").format(keys=pressed)

    def _filter(self, text: str) -> None:
        """Show the commands whose name in any language, or whose keys, have what was typed."""
        for id, item in self._rows.items():
            names = [actions.plain(name) for name in everywhere(actions.table[id].text)]
            found = finding.rank(names, (), text.split()) is not None
            pressed = text.strip().casefold() in item.text(1).casefold()
            item.setHidden(not (found or pressed))
        for row in range(self.list.topLevelItemCount()):
            heading = self.list.topLevelItem(row)
            if heading is not None:
                inside = [item for item in self._rows.values() if item.parent() is heading]
                heading.setHidden(all(item.isHidden() for item in inside))

    def _lay_out(self) -> None:
        for menu in actions.MENUS:
            heading = QTreeWidgetItem(self.list, [""])
            heading.setFlags(Qt.ItemFlag.ItemIsEnabled)
            for entry in actions.table.values():
                if entry.menu == menu:
                    item = QTreeWidgetItem(heading, [""])
                    item.setData(0, ID, entry.id)
                    self._rows[entry.id] = item
        self.list.expandAll()
        self.list.setRootIsDecorated(False)
        self.list.setIndentation(10)
        self.list.setStyleSheet("QTreeView::branch { background: transparent; }")
        self.list.header().setResizeContentsPrecision(-1)
        self.list.header().setStretchLastSection(False)
        self.list.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.list.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self.words.setWordWrap(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 12, 8, 4)
        column.addWidget(self.search)
        column.addWidget(self.list, 1)
        column.addWidget(self.name)
        column.addWidget(self.pressed)
        column.addWidget(self.words)
        grid = QGridLayout()
        for place, button in enumerate((self.use, self.add, self.clear, self.usual)):
            button.setAutoDefault(False)
            grid.addWidget(button, *divmod(place, 2))
        column.addLayout(grid)
