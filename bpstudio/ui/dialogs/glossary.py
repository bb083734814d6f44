"""The glossary: the words of the lessons beside what they mean, found by typing."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QVBoxLayout,
    QWidget,
)

from bpstudio.language import _
from bpstudio.lessons import glossary


class Glossary(QDialog):
    """All terms at the left, the meaning of the chosen one at the right."""

    def __init__(self, parent: QWidget, term: str = "") -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setObjectName("glossary")
        self.setWindowTitle(_("Glossary"))
        self.resize(560, 380)
        self._terms = glossary.current()
        self.search, self.list = QLineEdit(), QListWidget()
        self.search.setPlaceholderText(_("Find a word"))
        self.search.setAccessibleName(_("Find a word"))
        self.list.setAccessibleName(_("Words"))
        self.name, self.other, self.text = QLabel(), QLabel(), QLabel()
        for label, role in ((self.name, "title"), (self.other, "muted"), (self.text, "")):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
            label.setProperty("role", role)
        for each in self._terms:
            self.list.addItem(each.name)
        self.list.currentRowChanged.connect(self._show)
        self.search.textChanged.connect(self._find)
        self.search.returnPressed.connect(self.list.setFocus)
        left, right, row = QVBoxLayout(), QVBoxLayout(), QHBoxLayout(self)
        left.addWidget(self.search)
        left.addWidget(self.list, 1)
        for label in (self.name, self.other, self.text):
            right.addWidget(label)
        right.addStretch(1)
        row.setSpacing(18)
        row.addLayout(left, 2)
        row.addLayout(right, 3)
        names = [each.name for each in self._terms]
        self.list.setCurrentRow(names.index(term) if term in names else 0)

    def _show(self, row: int) -> None:
        if 0 <= row < len(self._terms):
            term = self._terms[row]
            self.name.setText(term.name)
            self.other.setText(term.other)
            self.text.setText(term.text)

    def _find(self, typed: str) -> None:
        """Hide what does not fit, and choose the first that does."""
        wanted, first = typed.strip().casefold(), None
        for row, term in enumerate(self._terms):
            forms = (term.name, term.other, *term.also)
            fits = any(wanted in form.casefold() for form in forms)
            self.list.item(row).setHidden(not fits)
            first = row if fits and first is None else first
        if first is not None:
            self.list.setCurrentRow(first)


def show(parent: QWidget, term: str = "") -> Glossary:
    """Open it, at a term if one is named."""
    made = Glossary(parent, term)
    made.open()
    return made
