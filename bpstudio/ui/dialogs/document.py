"""A document of the guide on the screen: Markdown in the colours of the theme, with its pictures.

Nothing in a document is ever run: HTML in it is shown as text, and of the disk only pictures within
the guide are read.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import QEvent, Qt, QTimer, QUrl, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QImage,
    QResizeEvent,
    QTextBlock,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextFormat,
    QTextFrameFormat,
    QTextLength,
    QTextTable,
)
from PySide6.QtWidgets import QFrame, QTextBrowser

from bpstudio.lessons import guide
from bpstudio.playback.palette import Theme
from bpstudio.ui import style

MARGIN, ABOVE = 26, 10
"""Pixels around a page, and above a heading to which one went."""
PICTURE = "\ufffc"
"""What stands in a text where a picture is."""
_DIALECT = (
    QTextDocument.MarkdownFeature.MarkdownDialectGitHub
    | QTextDocument.MarkdownFeature.MarkdownNoHTML
)
_SIZES = {1: 24, 2: 18, 3: 15, 4: 13}
"""Pixels of a heading by its level, before the theme's factor."""


class Document(QTextBrowser):
    """One page at a time."""

    followed = Signal(str)
    """A link was chosen: where it leads, as the page says it."""

    _path: Path | None = None

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setFrameShape(QFrame.Shape.NoFrame)
        # A bar that comes and goes would change the width, and with it the pictures.
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setOpenLinks(False)
        self.setOpenExternalLinks(False)
        self.anchorClicked.connect(lambda url: self.followed.emit(url.toString()))
        self._theme = theme
        self._fitted = 0
        self._stood = 0, 0
        self._refit = QTimer(self)
        self._refit.setSingleShot(True)
        self._refit.setInterval(120)
        self._refit.timeout.connect(self._fit)

    def dress(self, theme: Theme) -> None:
        """Take the colours of that theme."""
        if theme is not self._theme:
            self._theme = theme
            self._fit()

    def read(self, path: Path) -> None:
        """Show a page from its beginning."""
        self._path = path
        self._render()
        self.go_to(0)

    def go_to(self, place: int) -> None:
        """Bring the heading of that place on the page to the top, as far as the page goes."""
        tops = self._tops()
        if place < len(tops):
            self.verticalScrollBar().setValue(round(tops[place]) - ABOVE if place else 0)
        self._stood = place, self.verticalScrollBar().value()

    def here(self) -> int:
        """The place of the heading under which the reader is."""
        value = self.verticalScrollBar().value()
        if value == self._stood[1]:
            return self._stood[0]
        return max(0, sum(top <= value + 2 * ABOVE for top in self._tops()) - 1)

    def loadResource(self, kind: int, name: QUrl | str) -> Any:
        """A picture within the guide, no wider than the page; nothing else is ever loaded."""
        link = name.toString() if isinstance(name, QUrl) else name
        if kind != QTextDocument.ResourceType.ImageResource.value or self._path is None:
            return None
        found = guide.linked(self._path, link)
        if found is None or found[0].suffix != ".png":
            return None
        image = QImage(str(found[0]))
        room = self._room()
        if image.width() > room:
            image = image.scaledToWidth(room, Qt.TransformationMode.SmoothTransformation)
        return image

    def changeEvent(self, event: QEvent) -> None:
        """Another size of type is that of the page too."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and self._path is not None:
            self._refit.start()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Pictures follow the width, once it rests."""
        super().resizeEvent(event)
        if self._path is not None and self._room() != self._fitted:
            self._refit.start()

    def _room(self) -> int:
        return max(120, self.viewport().width() - 2 * MARGIN)

    def _fit(self) -> None:
        """The same page at another width; what was read stays where it was."""
        place, bar = self.here(), self.verticalScrollBar()
        beyond = bar.value() - self._stood[1] if place == self._stood[0] else 0
        self._render()
        self.go_to(place)
        bar.setValue(bar.value() + beyond)

    def _tops(self) -> list[float]:
        """How far down each heading of the page stands."""
        layout, found, block = self.document().documentLayout(), [], self.document().begin()
        while block.isValid():
            if block.blockFormat().headingLevel():
                found.append(layout.blockBoundingRect(block).top())
            block = block.next()
        return found

    def _render(self) -> None:
        if self._path is None:
            return
        self._fitted = self._room()
        document = self.document()
        document.clear()
        document.setDocumentMargin(MARGIN)
        font = self.font()
        font.setFeature(QFont.Tag("calt"), 0)  # two hyphens are to be seen as two
        document.setDefaultFont(font)
        document.setMarkdown(self._path.read_text("utf-8"), _DIALECT)
        self._dress_blocks()
        self._dress_tables()
        self.moveCursor(QTextCursor.MoveOperation.Start)

    def _dress_blocks(self) -> None:
        block = self.document().begin()
        while block.isValid():
            self._dress_block(QTextCursor(block), block)
            block = block.next()

    def _dress_block(self, cursor: QTextCursor, block: QTextBlock) -> None:
        format, colours = QTextBlockFormat(), self._theme.colours
        level = block.blockFormat().headingLevel()
        if level:
            format.setTopMargin((0, 0, 22, 16, 12)[level])
            format.setBottomMargin(8)
            self._dress_words(block, size=_SIZES.get(level, 13))
        elif _fence(block):
            format.setBackground(QColor(colours["canvas"]))
            format.setTopMargin(8 if _fence(block.previous()) != _fence(block) else 0)
            format.setBottomMargin(12 if _fence(block.next()) != _fence(block) else 0)
            format.setNonBreakableLines(False)
        elif cursor.currentTable() is None and PICTURE not in block.text():
            format.setLineHeight(132, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
            listed = block.textList() is not None
            format.setTopMargin(1 if listed else 4)
            format.setBottomMargin(3 if listed else 8)
        cursor.mergeBlockFormat(format)
        self._dress_code(block)

    def _dress_words(self, block: QTextBlock, size: int) -> None:
        # Markdown says a heading's size by an adjustment that no other size wins over, so its
        # words get a format of their own.
        format = QTextCharFormat()
        format.setProperty(QTextFormat.Property.FontPixelSize, round(size * self._theme.type))
        format.setFontWeight(600)
        cursor = QTextCursor(block)
        cursor.movePosition(QTextCursor.MoveOperation.EndOfBlock, QTextCursor.MoveMode.KeepAnchor)
        cursor.setCharFormat(format)

    def _dress_code(self, block: QTextBlock) -> None:
        """What is code takes the font of code, a little smaller than the prose around it."""
        format = QTextCharFormat()
        format.setFontFamilies([style.CODE, style.PROSE])
        format.setProperty(QTextFormat.Property.FontPixelSize, round(12 * self._theme.type))
        for start, length in _code(block):
            cursor = QTextCursor(self.document())
            cursor.setPosition(start)
            cursor.setPosition(start + length, QTextCursor.MoveMode.KeepAnchor)
            cursor.mergeCharFormat(format)

    def _dress_tables(self) -> None:
        for frame in self.document().rootFrame().childFrames():
            if isinstance(frame, QTextTable):
                format = frame.format()
                format.setBorder(1)
                format.setBorderCollapse(True)
                format.setBorderStyle(QTextFrameFormat.BorderStyle.BorderStyle_Solid)
                format.setBorderBrush(QColor(self._theme.colours["border"]))
                format.setCellPadding(6)
                format.setTopMargin(6)
                format.setBottomMargin(14)
                format.setWidth(QTextLength(QTextLength.Type.PercentageLength, 100))
                frame.setFormat(format)


def _fence(block: QTextBlock) -> str:
    """The block of code that a line belongs to, by the ticks and the language that begin it."""
    format, names = block.blockFormat(), QTextFormat.Property
    if not block.isValid() or not format.hasProperty(names.BlockCodeFence):
        return ""
    return f"{format.property(names.BlockCodeFence)} {format.property(names.BlockCodeLanguage)}"


def _code(block: QTextBlock) -> list[tuple[int, int]]:
    """The stretches of a block that are code: where they begin, and how long they are."""
    if _fence(block):
        return [(block.position(), block.length() - 1)]
    found = []
    pieces = block.begin()
    while not pieces.atEnd():
        piece = pieces.fragment()
        if piece.charFormat().fontFixedPitch():
            found.append((piece.position(), piece.length()))
        pieces += 1
    return found
