"""A node's value and its gradient as pictures, with a switch for the kind of picture."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QGridLayout,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from bpstudio.engine.op import Array
from bpstudio.language import _
from bpstudio.playback import array_views
from bpstudio.playback.array_views import HEAT, HISTOGRAM, KINDS, NUMBER, VECTOR
from bpstudio.playback.marks import Mark, Rect
from bpstudio.playback.palette import THEMES, Theme
from bpstudio.ui.painter import paint_marks

ROLES = ("value", "gradient")
GAP = 6.0


class ArrayPictures(QWidget):
    """The switch, and below it the value above the gradient.

    Until a person chooses a kind, it is the one that says most of the array.
    """

    def __init__(self) -> None:
        super().__init__()
        self.chosen = ""
        self._usual = NUMBER
        self.buttons: dict[str, QToolButton] = {}
        self._group = QButtonGroup(self)
        self._switch = QGridLayout()
        self._switch.setSpacing(2)
        for kind in KINDS:
            button = QToolButton()
            button.setCheckable(True)
            button.clicked.connect(lambda _checked=False, kind=kind: self._choose(kind))
            self.buttons[kind] = button
            self._group.addButton(button)
        self.picture = Picture()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 6, 0)
        column.setSpacing(4)
        column.addLayout(self._switch)
        column.addWidget(self.picture)

    @property
    def kind(self) -> str:
        """The kind that is shown."""
        return self.chosen or self._usual

    def retitle(self, theme: Theme) -> None:
        """Take the current language and the current colours."""
        names = {
            NUMBER: _("numbers"),
            VECTOR: _("vector"),
            HEAT: _("heat map"),
            HISTOGRAM: _("histogram"),
        }
        for kind, button in self.buttons.items():
            button.setText(names[kind])
        self._place_buttons()
        self.picture.dress(theme)
        self.picture.setAccessibleName(_("Value and gradient as a picture"))

    def show_arrays(self, value: Array | None, gradient: Array | None) -> bool:
        """Show these, as far as they are known; whether there is more than one number to show."""
        several = value is not None and value.size > 1
        if value is not None and several:
            self._usual = array_views.usual(value)
            self.picture.show_arrays(self.kind, (value, gradient))
            self.buttons[self.kind].setChecked(True)
        return several

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The switch in one row, or in two where that is too narrow."""
        super().resizeEvent(event)
        self._place_buttons()

    def _place_buttons(self) -> None:
        needed = sum(button.sizeHint().width() + 2 for button in self.buttons.values())
        columns = len(KINDS) if needed <= self.width() else len(KINDS) // 2
        for place, button in enumerate(self.buttons.values()):
            self._switch.addWidget(button, place // columns, place % columns)

    def _choose(self, kind: str) -> None:
        self.chosen = kind
        self.picture.show_arrays(kind, self.picture.arrays)


class Picture(QWidget):
    """Draws both arrays, the one below the other; a click chooses an entry."""

    pointed = Signal(tuple)
    """An entry was clicked, of the value or of the gradient."""

    def __init__(self) -> None:
        super().__init__()
        self._theme: Theme = THEMES["light"]
        self._kind = NUMBER
        self.arrays: tuple[Array | None, Array | None] = (None, None)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def dress(self, theme: Theme) -> None:
        """Take the colours of that theme."""
        self._theme = theme
        self._fit()

    def show_arrays(self, kind: str, arrays: tuple[Array | None, Array | None]) -> None:
        """Show these as that kind of picture."""
        self._kind, self.arrays = kind, arrays
        self._fit()

    def marks(self) -> list[Mark]:
        """What is drawn, in pixels."""
        found: list[Mark] = []
        for array, role, rect in self._placed():
            found += array_views.marks(self._kind, array, rect, role, self._theme)
        return found

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """An entry is chosen."""
        place = event.position().x(), event.position().y()
        for array, _role, rect in self._placed():
            entry = array_views.entry_at(self._kind, array, rect, place, self._theme)
            if entry is not None and event.button() == Qt.MouseButton.LeftButton:
                self.pointed.emit(entry)
                return
        super().mousePressEvent(event)

    def _placed(self) -> Iterator[tuple[Array, str, Rect]]:
        """Each array that is known, its role, and where it is drawn."""
        y = 0.0
        for array, role in zip(self.arrays, ROLES, strict=True):
            if array is not None:
                high = array_views.height(self._kind, array, self.width(), self._theme)
                yield array, role, Rect(0.0, y, self.width(), high)
                y += high + GAP

    def minimumSizeHint(self) -> QSize:
        """It gets by with any width."""
        return QSize(60, self.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another width may need another height."""
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self._fit()

    def paintEvent(self, event: QPaintEvent) -> None:
        """The marks."""
        with QPainter(self) as painter:
            paint_marks(painter, tuple(self.marks()), self._theme)

    def _fit(self) -> None:
        known = [array for array in self.arrays if array is not None]
        highs = [array_views.height(self._kind, a, self.width(), self._theme) for a in known]
        self.setFixedHeight(round(sum(highs) + GAP * max(0, len(highs) - 1)))
        self.update()
