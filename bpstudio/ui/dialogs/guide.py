"""The guide in a window of its own: contents at the left, a document at the right."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, QUrl
from PySide6.QtGui import QDesktopServices, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QSplitter,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from bpstudio.language import _, current_language
from bpstudio.lessons import guide
from bpstudio.ui.dialogs.document import Document

if TYPE_CHECKING:
    from bpstudio.ui.window import Window

DEEPEST = 2
"""Headings down to this level stand in the contents."""
SIZE = QSize(1000, 700)
WHERE = Qt.ItemDataRole.UserRole
"""Which of the entries an item of the contents is."""


class Guide(QDialog):
    """Beside the window's other work; one at a time."""

    def __init__(self, window: Window) -> None:
        super().__init__(window, Qt.WindowType.Window)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setObjectName("guide")
        self._studio = window.studio
        self._past: list[tuple[Path, int]] = []
        self._entries: list[tuple[QTreeWidgetItem, Path, int]] = []
        self._path, self._spoken = guide.first(), ""
        self.search, self.tree = QLineEdit(), QTreeWidget()
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._find)
        self.search.returnPressed.connect(self._take_first)
        self.tree.setHeaderHidden(True)
        self.tree.setIndentation(14)
        self.tree.setStyleSheet("QTreeView { show-decoration-selected: 0; }")
        self.tree.currentItemChanged.connect(self._choose)
        self.page = Document(self._studio.theme)
        self.page.followed.connect(self.follow)
        self.back = QPushButton()
        self.back.setAutoDefault(False)
        self.back.clicked.connect(self.go_back)
        backwards = QShortcut(QKeySequence(QKeySequence.StandardKey.Back), self)
        backwards.activated.connect(self.go_back)
        self._lay_out()
        self.resize(SIZE.boundedTo(self.screen().availableSize() * 0.94))
        self._studio.preferred.connect(self._follow_preferences)
        self._say()
        self.read(guide.first())

    def read(self, path: Path, place: int = 0) -> None:
        """Show a page from one of its headings on; the way back remembers where one was."""
        if path != self._path:
            self._past.append((self._path, self.page.here()))
        self._go(path, place)

    def follow(self, link: str) -> None:
        """Go where a link leads: to a page, a heading, or by the system's browser out of here."""
        if link.startswith("https://"):
            QDesktopServices.openUrl(QUrl(link))
            return
        found = guide.linked(self._path, link)
        if found is not None and found[0].suffix == ".md":
            path, anchor = found
            anchors = [section.anchor for section in guide.sections(path)]
            self.read(path, anchors.index(anchor) if anchor in anchors else 0)

    def go_back(self) -> None:
        """To the page before, where it was left."""
        if self._past:
            self._go(*self._past.pop())

    def _go(self, path: Path, place: int) -> None:
        if path != self._path or not place:
            self.page.read(path)
        self._path = path
        self.page.go_to(place)
        self.back.setEnabled(bool(self._past))
        self._mark(path, place)

    def _lay_out(self) -> None:
        left, right, halves = QWidget(), QWidget(), QSplitter()
        column = QVBoxLayout(left)
        column.setContentsMargins(12, 12, 6, 12)
        head = QHBoxLayout()
        head.addWidget(self.back)
        head.addWidget(self.search, 1)
        column.addLayout(head)
        column.addWidget(self.tree, 1)
        other = QVBoxLayout(right)
        other.setContentsMargins(0, 0, 0, 0)
        other.addWidget(self.page)
        halves.addWidget(left)
        halves.addWidget(right)
        halves.setSizes([280, 720])
        halves.setStretchFactor(1, 1)
        halves.setChildrenCollapsible(False)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(halves)

    def _say(self) -> None:
        """Everything in the current language."""
        self._spoken = current_language()
        self.setWindowTitle(_("Guide"))
        self.back.setText(_("Back"))
        self.search.setPlaceholderText(_("Find in the guide"))
        self.search.setAccessibleName(_("Find in the guide"))
        self.tree.setAccessibleName(_("Contents"))
        self.page.setAccessibleName(_("Page of the guide"))
        self._fill()

    def _follow_preferences(self, _preferences: object = None) -> None:
        """Take the theme; a page stays the same page in another language."""
        self.page.dress(self._studio.theme)
        if self._spoken == current_language():
            return
        paths = [page.path for page in guide.pages(self._spoken)]
        self._past.clear()
        place = paths.index(self._path) if self._path in paths else None
        self._say()
        self._go(guide.first() if place is None else guide.pages()[place].path, 0)

    def _fill(self) -> None:
        """The contents; while something is looked for, only what holds it."""
        wanted = self.search.text().casefold().split()
        self.tree.blockSignals(True)
        self.tree.clear()
        self._entries.clear()
        for chapter in guide.contents():
            found = [(page, _places(page, wanted)) for page in chapter.pages]
            if not any(places for _page, places in found):
                continue
            top = QTreeWidgetItem(self.tree, [chapter.title])
            top.setFlags(Qt.ItemFlag.ItemIsEnabled)
            top.setExpanded(True)
            for page, places in found:
                if places:
                    self._list(top, page, places).setExpanded(bool(wanted))
        self.tree.blockSignals(False)

    def _list(self, top: QTreeWidgetItem, page: guide.Page, places: list[int]) -> QTreeWidgetItem:
        """A page, and below it its headings at those places."""
        whole = QTreeWidgetItem(top, [page.title])
        self._enter(whole, page.path, 0)
        parts = guide.sections(page.path)
        for place in places:
            if place:
                self._enter(QTreeWidgetItem(whole, [parts[place].title]), page.path, place)
        return whole

    def _enter(self, item: QTreeWidgetItem, path: Path, place: int) -> None:
        item.setData(0, WHERE, len(self._entries))
        self._entries.append((item, path, place))

    def _find(self, _typed: str) -> None:
        self._fill()
        if not self.search.text():
            self._mark(self._path, self.page.here())

    def _take_first(self) -> None:
        """Go to the first thing that was found, a heading before the page that it is on."""
        if self.search.text() and self._entries:
            below = self._entries[1:2]
            first = below[0] if below and below[0][2] else self._entries[0]
            self.tree.setCurrentItem(first[0])

    def _choose(self, item: QTreeWidgetItem | None, _before: QTreeWidgetItem | None) -> None:
        number = None if item is None else item.data(0, WHERE)
        if number is not None:
            _item, path, place = self._entries[number]
            self.read(path, place)

    def _mark(self, path: Path, place: int) -> None:
        """Show in the contents where the reader is: the heading, else its page."""
        self.tree.blockSignals(True)
        self.tree.clearSelection()
        for item, where, number in self._entries:
            if where == path and number in (0, place):
                self.tree.setCurrentItem(item)
        self.tree.blockSignals(False)


def show(window: Window, path: Path | None = None, place: int = 0) -> Guide:
    """Open it, at a heading of a page if one is named; one that is open is brought to the front."""
    found = window.findChild(QDialog, "guide")
    made = found if isinstance(found, Guide) else Guide(window)
    made.show()
    made.raise_()
    made.activateWindow()
    if path is not None:
        made.read(path, place)
    return made


def _places(page: guide.Page, wanted: list[str]) -> list[int]:
    """Where on a page every wanted word is: 0 for its beginning, else a heading's place."""
    found = []
    for place, part in enumerate(guide.sections(page.path)):
        text = f"{part.title}\n{part.text}".casefold()
        if part.level <= DEEPEST and all(word in text for word in wanted):
            found.append(place)
    return found
