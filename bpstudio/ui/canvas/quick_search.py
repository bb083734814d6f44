"""The quick search: type what something is called, or a formula, and Enter puts it there."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from PySide6.QtCore import QEvent, QObject, QPoint, QSize, Qt
from PySide6.QtGui import QFocusEvent, QIcon, QKeyEvent
from PySide6.QtWidgets import (
    QFrame,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from bpstudio.engine.formula import build
from bpstudio.errors import FormulaError
from bpstudio.language import _, ngettext
from bpstudio.playback.palette import THEMES
from bpstudio.ui.panels.entries import Entry, called, found
from bpstudio.ui.panels.tiles import HEIGHT, WIDTH, tile

ENTRY, FORMULA = Qt.ItemDataRole.UserRole, Qt.ItemDataRole.UserRole + 1
SIZE = QSize(300, 320)
GAP = 8
_POPUP, _OTHER_WINDOW = Qt.FocusReason.PopupFocusReason, Qt.FocusReason.ActiveWindowFocusReason


class QuickSearch(QFrame):
    """A line and what it finds; `take` gets the entry, or the formula that was typed.

    Only entries that fit are offered, and formulas only where one is wanted.
    """

    def __init__(
        self,
        over: QWidget,
        theme: str,
        take: Callable[[Entry | str], None],
        fits: Callable[[Entry], bool],
        formulas: bool,
    ) -> None:
        super().__init__(over)
        self._canvas = over
        self._theme, self._take, self._fits, self._formulas = theme, take, fits, formulas
        self._over = False
        self.setProperty("role", "banner")
        self.line = QLineEdit()
        self.line.setObjectName("quick-search")
        asked = _("Search, or type a formula…") if formulas else _("Search for what fits…")
        self.line.setPlaceholderText(asked)
        self.line.setAccessibleName(asked)
        self.list = QListWidget()
        self.list.setObjectName("quick-search-list")
        self.list.setAccessibleName(_("Found"))
        self.list.setIconSize(QSize(WIDTH, HEIGHT))
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.list.setWordWrap(True)
        self.list.itemClicked.connect(self._take_item)
        column = QVBoxLayout(self)
        column.setContentsMargins(GAP, GAP, GAP, GAP)
        column.addWidget(self.line)
        column.addWidget(self.list, 1)
        self.line.textChanged.connect(self._fill)
        self.line.installEventFilter(self)
        self._fill("")

    @property
    def open(self) -> bool:
        """Whether it is still there."""
        return not self._over

    def open_at(self, at: QPoint) -> None:
        """Show it there, moved so far that all of it is seen."""
        over = self._canvas.rect()
        self.resize(SIZE.boundedTo(over.size()))
        x = max(0, min(at.x(), over.width() - self.width()))
        y = max(0, min(at.y(), over.height() - self.height()))
        self.move(x, y)
        self.show()
        self.raise_()
        self.line.setFocus(Qt.FocusReason.PopupFocusReason)

    def close_it(self) -> None:
        """Go away."""
        if self._over:
            return
        self._over = True
        if self.line.hasFocus():
            self._canvas.setFocus(Qt.FocusReason.OtherFocusReason)
        self.hide()
        self.deleteLater()

    def focusNextPrevChild(self, next: bool) -> bool:
        """Tab stays: there is only the line."""
        return True

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The line keeps the keyboard; arrows walk through the list."""
        if event.type() == QEvent.Type.FocusOut and not self._over:
            reason = cast(QFocusEvent, event).reason()
            if reason not in (_POPUP, _OTHER_WINDOW):
                self.close_it()
        if event.type() == QEvent.Type.KeyPress:
            key = cast(QKeyEvent, event).key()
            if key == Qt.Key.Key_Escape:
                self.close_it()
                return True
            if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._take_item(self.list.currentItem())
                return True
            if key in (Qt.Key.Key_Down, Qt.Key.Key_Up):
                row = self.list.currentRow() + (1 if key == Qt.Key.Key_Down else -1)
                self.list.setCurrentRow(max(0, min(row, self.list.count() - 1)))
                return True
        return super().eventFilter(watched, event)

    def _fill(self, text: str) -> None:
        text = text.strip()
        self.list.clear()
        offered = [entry for entry in found(text) if self._fits(entry)]
        sentence = self._offer_formula(text, offered) if text and self._formulas else ""
        theme, ratio = THEMES[self._theme], self.devicePixelRatioF()
        for entry in offered:
            item = QListWidgetItem(QIcon(tile(entry, theme, ratio)), entry.title, self.list)
            item.setData(ENTRY, entry)
            item.setToolTip(entry.help)
        if not self.list.count():
            item = QListWidgetItem(sentence or _("Nothing that fits is called so."), self.list)
            item.setFlags(Qt.ItemFlag.NoItemFlags)
        self.list.setCurrentRow(0)

    def _offer_formula(self, text: str, offered: list[Entry]) -> str:
        """A row for a formula, unless it is just what something is called; else what is wrong."""
        if offered and called(offered[0], text):
            return ""
        try:
            nodes = build(text).graph.nodes.values()
        except FormulaError as error:
            return str(error)
        if all(node.op.category == "source" for node in nodes):
            return ""
        words = ngettext("Add {count} node", "Add {count} nodes", len(nodes))
        item = QListWidgetItem(f"{text}  ·  {words.format(count=len(nodes))}", self.list)
        item.setData(FORMULA, text)
        return ""

    def _take_item(self, item: QListWidgetItem | None) -> None:
        chosen = None if item is None else item.data(FORMULA) or item.data(ENTRY)
        if chosen is not None:
            self.close_it()
            self._take(chosen)
