"""The numbers that a node holds, to be edited: one number, or a small table."""

from __future__ import annotations

from functools import partial

import numpy as np
from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QSizePolicy,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from bpstudio.engine.op import Array, Kind
from bpstudio.language import _
from bpstudio.playback import digits
from bpstudio.playback.palette import Theme
from bpstudio.project import edits
from bpstudio.project.project import TYPED
from bpstudio.ui.panels.form import Form, Number, Words, put
from bpstudio.ui.showing import Showing
from bpstudio.ui.studio import Studio
from bpstudio.ui.style import code_font

MOST_CELLS = 256
MOST_ROWS_SEEN = 6
HELD = (*TYPED, Kind.WEIGHT, Kind.STATISTIC)


class Values(QWidget):
    """All that one node holds, port by port."""

    def __init__(self, studio: Studio) -> None:
        super().__init__()
        self._studio = studio
        self._keys: tuple[tuple[str, tuple[int, ...]], ...] = ()
        self._editors: dict[str, Number | Table | Words] = {}
        self._form = Form()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(4)
        self._column.addWidget(self._form)

    def show_node(self, shown: Showing, id: str, theme: Theme) -> bool:
        """Show what this node holds; whether it holds anything."""
        held = _held(shown, id)
        keys = tuple((key, array.shape) for key, array in held.items())
        if keys != self._keys:
            self._make(held)
            self._keys = keys
            self.dress(theme)
        for key, array in held.items():
            editor = self._editors[key]
            if isinstance(editor, Number):
                put(editor, array.item())
            elif isinstance(editor, Table):
                editor.show_array(array)
        return bool(held)

    def dress(self, theme: Theme) -> None:
        """Take the current language and the current colours."""
        self._form.dress(theme)
        for key, editor in self._editors.items():
            port = key.partition(".")[2]
            if isinstance(editor, Number):
                self._form.say(key, _(port))
                editor.setAccessibleName(_("{port} of {node}").format(port=port, node=_node(key)))
            elif isinstance(editor, Table):
                editor.dress(theme)
                editor.setAccessibleName(_("{port} of {node}").format(port=port, node=_node(key)))

    def _make(self, held: dict[str, Array]) -> None:
        for key, editor in self._editors.items():
            if isinstance(editor, Number):
                self._form.drop(key)
            else:
                editor.hide()
                editor.deleteLater()
        self._editors = {}
        for widget in self.findChildren(Words, options=Qt.FindChildOption.FindDirectChildrenOnly):
            widget.hide()
            widget.deleteLater()
        for key, array in held.items():
            self._editors[key] = self._editor(key, array)

    def _editor(self, key: str, array: Array) -> Number | Table | Words:
        if array.size == 1:
            number = Number(None, None)
            number.valueChanged.connect(partial(self._set_number, key))
            number.editingFinished.connect(self._studio.settle)
            self._form.row(key, number)
            return number
        head = Words()
        head.setText(f"{key.partition('.')[2]}  {digits.size_of(array)}")
        self._column.addWidget(head)
        if array.size > MOST_CELLS or array.ndim > 2:
            return head
        table = Table(partial(self._set_entry, key), array.shape)
        self._column.addWidget(table)
        return table

    def _set_number(self, key: str, value: float) -> None:
        array = _held(self._studio.shown, _node(key)).get(key)
        if array is not None and array.item() != value:
            name = _("Value of {node}").format(node=_node(key))
            self._studio.do_merged(
                name, f"value {key}", edits.set_value, key, np.full(array.shape, value)
            )

    def _set_entry(self, key: str, index: tuple[int, ...], value: float) -> None:
        name = _("Value of {node}").format(node=_node(key))
        self._studio.do(name, edits.set_entry, key, index, value)


class Table(QTableWidget):
    """A small matrix; a vector is one row."""

    def __init__(self, change: partial[None], shape: tuple[int, ...]) -> None:
        rows, columns = (1, *shape) if len(shape) == 1 else shape
        super().__init__(rows, columns)
        self._change, self._flat = change, len(shape) == 1
        self._shown: Array | None = None
        self.horizontalHeader().hide()
        self.verticalHeader().hide()
        self.setTabKeyNavigation(False)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        for row in range(rows):
            for column in range(columns):
                item = QTableWidgetItem()
                item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                self.setItem(row, column, item)
        self.itemChanged.connect(self._edit)

    def dress(self, theme: Theme) -> None:
        """Take the colours of that theme."""
        self.setFont(code_font(11.5 * theme.type))
        self.setStyleSheet("QTableWidget::item { padding: 0 4px; }")
        high, wide = round(22 * theme.type), round(72 * theme.type)
        self.verticalHeader().setDefaultSectionSize(high)
        self.horizontalHeader().setDefaultSectionSize(wide)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Room for the bar below, where there are more columns than fit."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        header = self.horizontalHeader()
        scrolls = header.length() > self.width() - 4
        rows = min(self.rowCount(), MOST_ROWS_SEEN)
        high = self.verticalHeader().defaultSectionSize() * rows + (14 if scrolls else 4)
        if high != self.minimumHeight():
            self.setFixedHeight(high)

    def show_array(self, array: Array) -> None:
        """Show these numbers, but where one is being typed."""
        if array is self._shown or self.state() == QAbstractItemView.State.EditingState:
            return
        self._shown = array
        flat = array.reshape(self.rowCount(), self.columnCount())
        with QSignalBlocker(self):
            for row in range(self.rowCount()):
                for column in range(self.columnCount()):
                    item = self.item(row, column)
                    assert item is not None
                    value = float(flat[row, column])
                    item.setText(_cell(value))
                    item.setToolTip(f"{value!r}")
        self.viewport().update()

    def _edit(self, item: QTableWidgetItem) -> None:
        index = (item.column(),) if self._flat else (item.row(), item.column())
        try:
            value = float(item.text().replace(digits.MINUS, "-").replace(",", "."))
        except ValueError:
            value = float("nan")  # which the edit refuses, with a sentence
        assert self._shown is not None
        shown, self._shown = self._shown, None
        if _cell(float(shown[index])) != item.text():
            self._change(index, value)
        if self._shown is None:
            self.show_array(shown)


def _cell(value: float) -> str:
    """A number of a table, as narrow as a column; the whole of it is in the tooltip."""
    return f"{value:.4f}" if abs(value) < 1000 else f"{value:.3g}"


def _held(shown: Showing, id: str) -> dict[str, Array]:
    project = shown.project
    node = project.graph[id]
    arrays = {**project.given, **project.statistics, **project.weights, **shown.weights}
    keys = (f"{id}.{port.name}" for port in node.owned(*HELD))
    return {key: arrays[key] for key in keys if key in arrays and arrays[key].size}


def _node(key: str) -> str:
    return key.partition(".")[0]
