"""The colours of Python: what its words are, told apart by role."""

from __future__ import annotations

import keyword
import re

from PySide6.QtGui import QColor, QFont, QSyntaxHighlighter, QTextCharFormat, QTextDocument

from bpstudio.playback.palette import LIGHT, Theme

WORDS = re.compile(
    r"(?P<comment>#.*)"
    r"|(?P<string>\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*')"
    r"|\b(?:class|def)\s+(?P<named>\w+)"
    rf"|\b(?P<keyword>{'|'.join(keyword.kwlist)})\b"
    r"|(?<![\w.])(?P<number>\d+(?:\.\d*)?(?:e[-+]?\d+)?)"
)
TRIPLE = '"""'
ROLES = {"comment": "muted", "string": "class6", "keyword": "accent", "number": "class8"}
INSIDE = 1
"""The state of a line that ends within a string of several lines."""


class Highlighter(QSyntaxHighlighter):
    """Dresses the words of a document that holds Python."""

    def __init__(self, document: QTextDocument) -> None:
        super().__init__(document)
        self._formats = _formats(LIGHT)

    def dress(self, theme: Theme) -> None:
        """Take the colours of that theme."""
        self._formats = _formats(theme)
        self.rehighlight()

    def highlightBlock(self, text: str) -> None:
        """One line."""
        begin = self._rest_of_string(text)
        if begin is None:
            return
        for found in WORDS.finditer(text, begin):
            kind = found.lastgroup or "comment"
            if kind == "named":
                self.setFormat(found.start(), 5 if text[found.start()] == "c" else 3, self._word())
            self.setFormat(found.start(kind), len(found.group(kind)), self._formats[kind])

    def _word(self) -> QTextCharFormat:
        return self._formats["keyword"]

    def _rest_of_string(self, text: str) -> int | None:
        """Where Python begins in the line; None if all of it is a string of several lines."""
        inside = self.previousBlockState() == INSIDE
        begin = text.find(TRIPLE)
        self.setCurrentBlockState(0)
        if not inside and begin < 0:
            return 0
        end = text.find(TRIPLE, 0 if inside else begin + len(TRIPLE))
        first = 0 if inside else begin
        last = len(text) if end < 0 else end + len(TRIPLE)
        self.setFormat(first, last - first, self._formats["comment"])
        if end < 0:
            self.setCurrentBlockState(INSIDE)
            return None
        return last


def _formats(theme: Theme) -> dict[str, QTextCharFormat]:
    formats = {}
    for kind, role in ROLES.items():
        formats[kind] = QTextCharFormat()
        formats[kind].setForeground(QColor(theme.colours[role]))
    formats["named"] = QTextCharFormat()
    formats["named"].setForeground(QColor(theme.colours["text"]))
    formats["named"].setFontWeight(QFont.Weight.Bold)
    return formats
