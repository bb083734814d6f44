"""The colours of code: what its words are, told apart by role, in each language that we write."""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping
from dataclasses import dataclass

from PySide6.QtGui import QColor, QFont, QSyntaxHighlighter, QTextCharFormat, QTextDocument

from bpstudio.playback.palette import LIGHT, Theme

ROLES = {"comment": "muted", "string": "class6", "keyword": "accent", "number": "class8"}
INSIDE = 1
"""The state of a line that ends within a remark of several lines."""
STRING = r"(?P<string>\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*')"
NUMBER = r"(?P<number>(?<![\w.])\d+(?:\.\d*)?(?:e[-+]?\d+)?)"


@dataclass(frozen=True)
class Tongue:
    """A language: the words that are coloured, and what stands around a remark of several lines."""

    words: re.Pattern[str]
    opens: str = ""
    closes: str = ""


def _tongue(*parts: str, between: tuple[str, str] = ("", "")) -> Tongue:
    return Tongue(re.compile("|".join(parts)), *between)


def _keywords(words: str) -> str:
    return rf"\b(?P<keyword>{'|'.join(words.split())})\b"


PYTHON = _tongue(
    r"(?P<comment>#.*)",
    STRING,
    r"\b(?:class|def)\s+(?P<named>\w+)",
    _keywords(" ".join(keyword.kwlist)),
    NUMBER,
    between=('"""', '"""'),
)
PLAIN = _tongue(STRING, NUMBER)
TONGUES: Mapping[str, Tongue] = {
    ".py": PYTHON,
    ".h": _tongue(
        r"(?P<comment>//.*)",
        r"(?P<keyword>^#\w+|\b(?:static|const|double|int|void|for|if|else|return|sizeof)\b)",
        STRING,
        NUMBER,
        between=("/*", "*/"),
    ),
    ".dot": _tongue(
        r"(?P<comment>//.*)", STRING, _keywords("digraph graph node edge subgraph"), NUMBER
    ),
    ".mmd": _tongue(r"(?P<comment>%%.*)", STRING, _keywords("flowchart graph LR TD subgraph end")),
    ".tex": _tongue(r"(?P<comment>(?<!\\)%.*)", r"(?P<keyword>\\[A-Za-z]+)", NUMBER),
    ".md": _tongue(r"(?P<keyword>^#.*)", r"(?P<comment>^\|[-| ]+$)"),
}
"""The language of a file by its ending; of any other only texts and numbers are told apart."""


class Highlighter(QSyntaxHighlighter):
    """Dresses the words of a document."""

    def __init__(self, document: QTextDocument, tongue: Tongue = PYTHON) -> None:
        super().__init__(document)
        self._formats = _formats(LIGHT)
        self._tongue = tongue

    def dress(self, theme: Theme, tongue: Tongue | None = None) -> None:
        """Take the colours of that theme, and read the text in that language from now on."""
        self._formats = _formats(theme)
        self._tongue = tongue or self._tongue
        self.rehighlight()

    def highlightBlock(self, text: str) -> None:
        """One line."""
        begin = self._rest_of_remark(text)
        if begin is None:
            return
        for found in self._tongue.words.finditer(text, begin):
            kind = found.lastgroup or "comment"
            if kind == "named":
                self.setFormat(found.start(), 5 if text[found.start()] == "c" else 3, self._word())
            self.setFormat(found.start(kind), len(found.group(kind)), self._formats[kind])

    def _word(self) -> QTextCharFormat:
        return self._formats["keyword"]

    def _rest_of_remark(self, text: str) -> int | None:
        """Where the code begins in the line; None if all of it is a remark of several lines."""
        opens, closes = self._tongue.opens, self._tongue.closes
        inside = self.previousBlockState() == INSIDE
        begin = text.find(opens) if opens else -1
        self.setCurrentBlockState(0)
        if not inside and begin < 0:
            return 0
        end = text.find(closes, 0 if inside else begin + len(opens))
        first = 0 if inside else begin
        last = len(text) if end < 0 else end + len(closes)
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
