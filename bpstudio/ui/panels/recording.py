"""The recording as a table: each step with its gate, its value and its gradient."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
from PySide6.QtCore import (
    QAbstractTableModel,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QSignalBlocker,
    QSize,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPalette, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from bpstudio.engine.op import Array
from bpstudio.engine.run import Update
from bpstudio.language import N_, _
from bpstudio.playback import digits
from bpstudio.playback.chain import label_of
from bpstudio.playback.palette import THEMES, Theme
from bpstudio.playback.timeline import BACKWARD, CLEAR, UPDATE, Clear, Moment, Timeline
from bpstudio.ui.panels.panel import Panel, label, present
from bpstudio.ui.showing import Showing
from bpstudio.ui.studio import Studio
from bpstudio.ui.style import code_font

STEP, GATE, VALUE, GRADIENT = range(4)
NOT_YET = "·"
DONE = 0.05
"""How long before its end a moment is shown that was jumped to: all of it has happened by then."""
HORIZONTAL = Qt.Orientation.Horizontal
WIDEST, SHORTEST = "‖8.0e−3‖", "−8.0e−3"
NARROW = 330
"""Below this width, before the theme's factor, names are short and steps have no numbers."""
NAMES = 84
"""The least room for the names of gates, before the theme's factor."""
Index = QModelIndex | QPersistentModelIndex


class RecordingPanel(Panel):
    """The table; a click, or the arrow keys, go to a step."""

    title = N_("Recording")
    pause = 1 / 4

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(studio, parent)
        self.steps = Steps(self)
        self._both = 0
        self.table = Table()
        self.table.setItemDelegate(Cell(self.table))
        self.table.resized.connect(lambda: self._choose_columns(self.studio.shown))
        self.table.setModel(self.steps)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setTabKeyNavigation(False)
        self.table.setShowGrid(False)
        self.table.setWordWrap(False)
        self.table.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.table.verticalHeader().hide()
        head = self.table.horizontalHeader()
        head.setHighlightSections(False)
        head.setSectionsClickable(False)
        head.setMinimumSectionSize(36)
        head.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        for column in (STEP, VALUE, GRADIENT):
            head.setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
        head.setSectionResizeMode(GATE, QHeaderView.ResizeMode.Stretch)
        self.table.selectionModel().currentRowChanged.connect(self._jump)
        self.table.clicked.connect(self._jump)
        self.nothing = label("muted")
        self.nothing.setWordWrap(True)
        self.nothing.setAlignment(Qt.AlignmentFlag.AlignTop)
        column_layout = QVBoxLayout(self)
        column_layout.setContentsMargins(8, 0, 4, 4)
        column_layout.addWidget(self.nothing)
        column_layout.addWidget(self.table, 1)
        self.retitle()

    def minimumSizeHint(self) -> QSize:
        """It gets by with little room."""
        return QSize(100, 70)

    def retitle(self) -> None:
        """Say everything in the current language and the current colours."""
        theme = self.theme
        self.table.setAccessibleName(_("Steps of the recording"))
        self.nothing.setText(_("Nothing runs yet, so there is nothing to walk through."))
        self.steps.dress(theme)
        self.table.verticalHeader().setDefaultSectionSize(round(22 * theme.type))
        self._fit()
        palette = self.table.palette()
        palette.setColor(QPalette.ColorRole.Highlight, QColor(theme.colours["canvas"]))
        palette.setColor(QPalette.ColorRole.HighlightedText, QColor(theme.colours["text"]))
        self.table.setPalette(palette)
        self.table.setStyleSheet(
            f"QTableView::item {{ padding: 0 6px; }}"
            f"QTableView::item:selected {{ background: {theme.colours['canvas']}; }}"
        )
        self.refresh()

    def refresh(self) -> None:
        """The steps of the recording that is shown; the present one is chosen and in sight."""
        shown = self.studio.shown
        self.steps.follow(shown)
        empty = not self.steps.rowCount()
        self.nothing.setVisible(empty)
        self.table.setVisible(not empty)
        moment = present(shown)
        self._choose_columns(shown)
        if moment is None or self.table.currentIndex().row() == moment.number - 1:
            return
        index = self.steps.index(moment.number - 1, GATE)
        with QSignalBlocker(self.table.selectionModel()):
            flags = QItemSelectionModel.SelectionFlag
            self.table.selectionModel().setCurrentIndex(index, flags.ClearAndSelect | flags.Rows)
        self.table.viewport().update()
        self.table.keep_in_sight()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Use the width that there is."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Give names the room that numbers leave; where that is little, leave numbers of steps."""
        type = self.theme.type
        narrow = self.width() < NARROW * type
        font = code_font((10.5 if narrow else 11.5) * type)
        self.table.setFont(font)
        metrics = QFontMetricsF(font)
        widest = metrics.horizontalAdvance(SHORTEST) + 19 if narrow else 0.0
        longest = max((WIDEST, digits.tabular(-1.0)), key=len)
        widest = widest or metrics.horizontalAdvance(longest) + 20
        self.table.setColumnHidden(STEP, narrow)
        self.table.setColumnWidth(STEP, round(52 * type))
        self._both = 0
        for column in (VALUE, GRADIENT):
            wide = round(max(widest, self._head_width(column)))
            self.table.setColumnWidth(column, wide)
            self._both += wide  # a hidden column says that it has no width
        self.steps.shorten(narrow)
        self._choose_columns(self.studio.shown)

    def _choose_columns(self, shown: Showing) -> None:
        """Where there is no room for both, the column of the phase: values, then gradients."""
        tight = self.table.viewport().width() < self._both + NAMES * self.theme.type
        forward = shown.instant is None or not shown.instant.returning
        self.table.setColumnHidden(VALUE, tight and not forward)
        self.table.setColumnHidden(GRADIENT, tight and forward)

    def _head_width(self, column: int) -> float:
        font = QFont(self.font())
        font.setPixelSize(round(11 * self.theme.type))
        font.setWeight(QFont.Weight.DemiBold)
        words = str(self.steps.headerData(column, HORIZONTAL, Qt.ItemDataRole.DisplayRole))
        return QFontMetricsF(font).horizontalAdvance(words) + 15

    def _jump(self, index: QModelIndex, _before: QModelIndex | None = None) -> None:
        if index.isValid():
            self.studio.show_position(index.row() + 1 - DONE)


class Table(QTableView):
    """A table that keeps its present row in sight."""

    resized = Signal()
    """There is another width for its cells: its own, or a scroll bar came or went."""

    def __init__(self) -> None:
        super().__init__()
        # Rows may get their heights, or their number, after one of them was scrolled to.
        self.verticalScrollBar().rangeChanged.connect(self.keep_in_sight)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Whatever its height, the present row is seen."""
        super().resizeEvent(event)
        self.resized.emit()
        self.keep_in_sight()

    def keep_in_sight(self, *_range: int) -> None:
        """Scroll to the present row, once rows are where they will be."""
        QTimer.singleShot(0, self, lambda: self.scrollTo(self.currentIndex()))


class Cell(QStyledItemDelegate):
    """A cell that keeps its colour when its row is the present one.

    What tells weight and bias of a layer apart stands at the end of their names.
    """

    def initStyleOption(self, option: QStyleOptionViewItem, index: Index) -> None:
        """The colour of a chosen text is the colour that it has."""
        super().initStyleOption(option, index)
        palette: QPalette = cast(Any, option).palette  # the stubs know no members of options
        role = QPalette.ColorRole
        palette.setColor(role.HighlightedText, palette.color(role.Text))
        if index.column() == GATE and "." in str(index.data()):
            cast(Any, option).textElideMode = Qt.TextElideMode.ElideLeft


class Steps(QAbstractTableModel):
    """The moments of a timeline as rows: number, gate, value, gradient."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._timeline: Timeline | None = None
        self._shown: Showing | None = None
        self._theme: Theme = THEMES["light"]
        self._place = -1.0
        self._short = False

    def shorten(self, short: bool) -> None:
        """Leave away the ids beside the signs of gates, and the marks of norms."""
        self._short = short

    def dress(self, theme: Theme) -> None:
        """Take the colours of that theme, and the current language."""
        self._theme = theme
        self.beginResetModel()
        self.endResetModel()

    def follow(self, shown: Showing) -> None:
        """Show the timeline that is shown, as far as it has come."""
        before, self._shown = self._timeline, shown
        if shown.timeline is not before:
            same = (
                before is not None and shown.timeline is not None and _alike(before, shown.timeline)
            )
            if not same:
                self.beginResetModel()
            self._timeline = shown.timeline
            if not same:
                self.endResetModel()
        elif shown.position == self._place:
            return
        self._place = shown.position
        if self.rowCount():
            self.dataChanged.emit(self.index(0, 0), self.index(self.rowCount() - 1, GRADIENT))

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - as Qt has it
        """How many moments there are."""
        return 0 if parent.isValid() or self._timeline is None else len(self._timeline)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - as Qt has it
        """Step, gate, value, gradient."""
        return 4

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        """The names of the columns."""
        if role == Qt.ItemDataRole.DisplayRole and orientation == HORIZONTAL:
            return (_("step"), _("gate"), _("value"), _("gradient"))[section]
        return None

    def data(self, index: Index, role: int = 0) -> Any:
        """The text of a cell, and its colour."""
        if self._timeline is None or self._shown is None:
            return None
        moment = self._timeline.moments[index.row()]
        column = index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(moment, column)
        if role == Qt.ItemDataRole.ForegroundRole:
            return QColor(self._theme.colours[_role(moment, column)])
        if role == Qt.ItemDataRole.FontRole and column == STEP and self._is_present(moment):
            font = QFont(code_font(11.5 * self._theme.type))
            font.setBold(True)
            return font
        if role == Qt.ItemDataRole.ToolTipRole:
            if column == GATE:
                return _name(self._timeline, moment, ids=True)
            return _shape(self._timeline, moment, column) if column != STEP else None
        return None

    def _text(self, moment: Moment, column: int) -> str:
        assert self._timeline is not None and self._shown is not None
        if column == STEP:
            return f"{moment.number} ▸" if self._is_present(moment) else str(moment.number)
        if column == GATE:
            return _name(self._timeline, moment, not self._short)
        if column == GRADIENT and not _has_gradient(moment):
            return NOT_YET
        instant = self._shown.instant
        done = instant is not None and instant.done(moment.number) > 0
        # What arrives at a gate is there before its step: it is what the step begins with.
        going_on = self._is_present(moment) and moment.phase == BACKWARD
        known = done or going_on or (column == VALUE and moment.phase == BACKWARD)
        array = _array(self._timeline, moment, column)
        return _written(array, self._short) if known and array is not None else NOT_YET

    def _is_present(self, moment: Moment) -> bool:
        assert self._shown is not None
        now = present(self._shown)
        return now is not None and now.number == moment.number


def _alike(before: Timeline, after: Timeline) -> bool:
    """Whether they have the same rows, so that only numbers differ."""
    return len(before) == len(after) and before.recording.graph is after.recording.graph


def _name(timeline: Timeline, moment: Moment, ids: bool) -> str:
    step = moment.step
    if isinstance(step, Clear):
        return _("clear gradients")
    if isinstance(step, Update):
        node = timeline.recording.graph[step.node]
        return node.label if node.op.category == "source" else f"{node.label}.{step.port}"
    name = label_of(timeline, step.node)
    return name if name == step.node or not ids else f"{name} ({step.node})"


def _role(moment: Moment, column: int) -> str:
    if column == VALUE:
        return "update" if moment.phase == UPDATE else "value"
    if moment.phase == CLEAR and column != STEP:
        return "clear"
    return {STEP: "muted", GATE: "text", GRADIENT: "gradient"}[column]


def _has_gradient(moment: Moment) -> bool:
    return moment.phase in (CLEAR, BACKWARD, UPDATE)


def _array(timeline: Timeline, moment: Moment, column: int) -> Array | None:
    step = moment.step
    if isinstance(step, Clear):
        return np.zeros(()) if column == GRADIENT else None
    if isinstance(step, Update):
        return step.after if column == VALUE else step.gradient
    recording = timeline.recording
    found = recording.values if column == VALUE else recording.gradients
    return found.get(step.node)


def _written(array: Array, short: bool) -> str:
    """One number as it is, several by the root of the sum of their squares.

    `short` is for narrow tables: two or three figures, without the marks of a norm.
    """
    if array.size == 1:
        return digits.small(array.item()) if short else digits.tabular(array.item())
    with_norm = float((array.astype(float) ** 2).sum() ** 0.5)
    norm = digits.small(with_norm)
    return norm if short else f"‖{norm}‖"


def _shape(timeline: Timeline, moment: Moment, column: int) -> str:
    array = _array(timeline, moment, column)
    return "" if array is None else digits.size_of(array)
