"""Formulas typeset as in a textbook, and equations as coloured text.

The library that typesets takes a third of a second to import, so it is loaded when it is first
needed, after the window stands; until then a formula is shown as plain text.
"""

from __future__ import annotations

import html
import warnings
from collections.abc import Sequence
from functools import lru_cache
from importlib import import_module
from typing import Any

from PySide6.QtCore import QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QSizePolicy, QWidget

from bpstudio.engine.tree import (
    Binary,
    Call,
    Expression,
    Name,
    Negate,
    Number,
    fold,
)
from bpstudio.playback.marks import Span
from bpstudio.playback.palette import THEMES, Theme
from bpstudio.ui.soon import soon

LATER = 350
"""Milliseconds after which the library is loaded, once something asks for it."""
SIZE = 16.0

_loaded: list[Any] = []


class Formula(QWidget):
    """One line of mathematics; too wide a one is drawn smaller."""

    def __init__(self) -> None:
        super().__init__()
        self._tex, self._plain = "", ""
        self._theme: Theme = THEMES["light"]
        self._pixmap: QPixmap | None = None
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def show_formula(self, tex: str, plain: str, theme: Theme) -> None:
        """Show this TeX, or while it can't be typeset these words."""
        if (tex, plain, theme) == (self._tex, self._plain, self._theme) and self._pixmap:
            return
        self._tex, self._plain, self._theme = tex, plain, theme
        self.setAccessibleName(plain)
        self._draw()

    def sizeHint(self) -> QSize:
        """The height of one line."""
        return QSize(100, round(24 * self._theme.type))

    def paintEvent(self, event: QPaintEvent) -> None:
        """The line, at the left."""
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            if self._pixmap is None:
                painter.drawText(self.rect(), Qt.AlignmentFlag.AlignVCenter, self._plain)
                return
            ratio = self._pixmap.devicePixelRatio()
            wide, high = self._pixmap.width() / ratio, self._pixmap.height() / ratio
            scale = min(1.0, self.width() / wide, self.height() / high)
            top = (self.height() - high * scale) / 2
            source = QRectF(self._pixmap.rect())
            painter.drawPixmap(QRectF(0, top, wide * scale, high * scale), self._pixmap, source)

    def _draw(self) -> None:
        if not _loaded:
            soon(self, self._load, LATER)
            self._pixmap = None
        elif self._tex:
            size = SIZE * self._theme.type
            colour = self._theme.colours["text"]
            self._pixmap = _typeset(self._tex, size, colour, self.devicePixelRatioF())
        self.updateGeometry()
        self.update()

    def _load(self) -> None:
        load()
        self._draw()


def load() -> None:
    """Import the library, if it was not yet."""
    if not _loaded:
        with warnings.catch_warnings():
            # The library finds its fonts in a way that Python 3.11 calls deprecated.
            warnings.simplefilter("ignore", DeprecationWarning)
            library = import_module("ziamath")
        library.config.svg2 = False  # Qt loses the letters of SVG 2
        _loaded.append(library)


def derivative(of: str, by: str) -> str:
    """∂of/∂by in TeX."""
    return rf"\partial {name(of)}/\partial {name(by)}"


def name(word: str) -> str:
    """A name in TeX: one letter slanted, a word upright."""
    plain = "".join(c for c in word if c.isalnum())
    return plain if len(plain) == 1 else rf"\mathrm{{{plain}}}"


def coloured(tex: str, colour: str) -> str:
    """TeX in that colour, `#rrggbb`."""
    return rf"\textcolor{{{colour}}}{{{tex}}}"


def tex_of(expression: Expression, upstream: str) -> str | None:
    """An expression in TeX, with that TeX for `g`; None for one with conditions in it."""

    def visit(part: Expression, parts: Sequence[str | None]) -> str | None:
        if any(each is None for each in parts):
            return None
        return _write(part, [str(each) for each in parts], upstream)

    return fold(expression, visit)


def rich(spans: Sequence[Span], theme: Theme) -> str:
    """An equation as text that Qt shows in colours."""
    return "".join(
        f'<span style="color:{theme.colours[span.role]};white-space:pre">'
        f"{html.escape(span.text)}</span>"
        for span in spans
    )


@lru_cache(maxsize=512)
def _typeset(tex: str, size: float, colour: str, ratio: float) -> QPixmap:
    formula = _loaded[0].Latex(tex, size=size, color=colour, inline=True)
    renderer = QSvgRenderer(QByteArray(formula.svg().encode()))
    box = renderer.viewBoxF()
    pixmap = QPixmap(round(box.width() * ratio) + 1, round(box.height() * ratio) + 1)
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    with QPainter(pixmap) as painter:
        renderer.render(painter, QRectF(0, 0, box.width(), box.height()))
    return pixmap


def _write(part: Expression, parts: list[str], upstream: str) -> str | None:
    match part:
        case Number(value):
            return f"{value:g}"
        case Name("g"):
            return upstream
        case Name(word):
            return name(word)
        case Negate():
            return f"-{_grouped(part.operand, parts[0])}"
        case Binary("^"):
            return f"{{{_grouped(part.left, parts[0])}}}^{{{parts[1]}}}"
        case Binary("/"):
            return f"{_grouped(part.left, parts[0])}/{_grouped(part.right, parts[1])}"
        case Binary("*" | "@"):
            return rf"{_grouped(part.left, parts[0])}\cdot {_grouped(part.right, parts[1])}"
        case Binary(sign):
            return f"{parts[0]}{sign}{parts[1]}"
        case Call("transpose"):
            return f"{{{_grouped(part.arguments[0], parts[0])}}}^{{T}}"
        case Call(function):
            return rf"\mathrm{{{function}}}({','.join(parts)})"
    return None


def _grouped(inner: Expression, tex: str) -> str:
    loose = isinstance(inner, Binary) and inner.sign in "+-"
    return f"({tex})" if loose or isinstance(inner, Negate) else tex
