"""A line to type in, and below it what is found: Enter takes what the arrows have chosen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

from PySide6.QtCore import QEvent, QObject, QPoint, QSize, Qt, Signal
from PySide6.QtGui import (
    QAccessible,
    QAccessibleAnnouncementEvent,
    QFocusEvent,
    QGuiApplication,
    QIcon,
    QInputMethodEvent,
    QKeyEvent,
)
from PySide6.QtWidgets import (
    QFrame,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from bpstudio.language import _
from bpstudio.ui.panels.tiles import HEIGHT, WIDTH

SIZE = QSize(300, 320)
GAP = 8
PAGE = 6
"""How many rows Page Up and Page Down go."""
_POPUP, _OTHER_WINDOW = Qt.FocusReason.PopupFocusReason, Qt.FocusReason.ActiveWindowFocusReason
_STEPS = {
    Qt.Key.Key_Down: 1,
    Qt.Key.Key_Up: -1,
    Qt.Key.Key_PageDown: PAGE,
    Qt.Key.Key_PageUp: -PAGE,
}


@dataclass(frozen=True)
class Offer:
    """A row: what it says, a second line of further words, and what taking it does.

    One without `take` can't be chosen; its further words say why.
    """

    text: str
    take: Callable[[], None] | None = None
    more: str = ""
    icon: QIcon | None = None
    help: str = ""


class SearchBox(QFrame):
    """A line and the offers for what was typed into it; it goes away when one is taken."""

    def __init__(self, over: QWidget, asked: str, offers: Callable[[str], Sequence[Offer]]) -> None:
        super().__init__(over)
        self._canvas, self._offers = over, offers
        self._shown: tuple[Offer, ...] = ()
        self._over = False
        self.setProperty("role", "banner")
        self.line = SearchLine()
        self.line.setObjectName("quick-search")
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
        self.list.currentRowChanged.connect(self._tell)
        column = QVBoxLayout(self)
        column.setContentsMargins(GAP, GAP, GAP, GAP)
        column.addWidget(self.line)
        column.addWidget(self.list, 1)
        # A click on a row would else hand the keyboard to the canvas, and the box would be gone.
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setFocusProxy(self.line)
        self.line.asked.connect(self._fill)
        self.line.installEventFilter(self)
        self._fill("")

    @property
    def open(self) -> bool:
        """Whether it is still there."""
        return not self._over

    def open_at(self, at: QPoint) -> None:
        """Show it there, moved so far that all of it is seen, in place of one that is open."""
        for other in self._canvas.findChildren(SearchBox):
            if other is not self:
                other.close_it()
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
                if self.line.composing:
                    QGuiApplication.inputMethod().commit()
                self._take_item(self.list.currentItem())
                return True
            if key in _STEPS:
                self._walk(_STEPS[Qt.Key(key)])
                return True
        return super().eventFilter(watched, event)

    def _walk(self, steps: int) -> None:
        """So many rows up or down; those that can't be taken are passed over."""
        can = [row for row, offer in enumerate(self._shown) if offer.take is not None]
        if can:
            here = can.index(self.list.currentRow()) if self.list.currentRow() in can else 0
            self.list.setCurrentRow(can[max(0, min(here + steps, len(can) - 1))])

    def _fill(self, text: str) -> None:
        if self._over:
            return
        self._shown = tuple(self._offers(text.strip()))
        self.list.clear()
        for offer in self._shown:
            words = f"{offer.text}\n{offer.more}" if offer.more else offer.text
            item = QListWidgetItem(words, self.list)
            if offer.icon is not None:
                item.setIcon(offer.icon)
            if offer.take is None:
                item.setFlags(Qt.ItemFlag.NoItemFlags)
            item.setToolTip(offer.help)
        first = (row for row, offer in enumerate(self._shown) if offer.take is not None)
        self.list.setCurrentRow(next(first, 0))

    def _tell(self, row: int) -> None:
        """The line keeps the keyboard, so it says which row is chosen."""
        if self._over:
            return
        said = self._shown[row] if 0 <= row < len(self._shown) else None
        words = "" if said is None else f"{said.text} {said.more}".strip()
        self.line.setAccessibleDescription(words)
        if QAccessible.isActive() and words:
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self.line, words))

    def _take_item(self, item: QListWidgetItem | None) -> None:
        offer = None if item is None else self._shown[self.list.row(item)]
        if offer is not None and offer.take is not None:
            self.close_it()
            offer.take()


class SearchLine(QLineEdit):
    """A line that asks for what is typed, a syllable that is still being composed included."""

    asked = Signal(str)
    """The text, as it would be if the syllable were complete."""

    def __init__(self) -> None:
        super().__init__()
        self.composing = ""
        self.textChanged.connect(self._ask)

    def inputMethodEvent(self, event: QInputMethodEvent) -> None:
        """What is being composed counts too."""
        self.composing = event.preeditString()
        super().inputMethodEvent(event)
        self._ask()

    def _ask(self) -> None:
        text, at = self.text(), self.cursorPosition()
        self.asked.emit(text[:at] + self.composing + text[at:])
