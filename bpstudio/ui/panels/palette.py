"""The palette: every gate, layer, loss and data set, to be searched and put on the canvas.

A formula typed into the search field and Enter puts its gates on the canvas.
"""

from __future__ import annotations

import json
from typing import Any, cast

from PySide6.QtCore import (
    QEvent,
    QMimeData,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRectF,
    QSize,
    Qt,
)
from PySide6.QtGui import (
    QColor,
    QFont,
    QKeyEvent,
    QPainter,
    QPen,
    QStandardItem,
    QStandardItemModel,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QLineEdit,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from bpstudio.engine.formula import build
from bpstudio.errors import FormulaError
from bpstudio.language import N_, _, ngettext
from bpstudio.playback.bodies import node_sizes
from bpstudio.playback.scene import room_taken
from bpstudio.project import placing
from bpstudio.project.project import Project
from bpstudio.ui.canvas import adding
from bpstudio.ui.canvas.adding import DATA_TYPE, OP_TYPE
from bpstudio.ui.panels.entries import SECTIONS, Entry, called, found
from bpstudio.ui.panels.panel import Panel
from bpstudio.ui.panels.tiles import HEIGHT, WIDTH, tile
from bpstudio.ui.studio import Studio

ENTRY, FORMULA = Qt.ItemDataRole.UserRole, Qt.ItemDataRole.UserRole + 1
Index = QModelIndex | QPersistentModelIndex
SIGNS = "+-*/^()=×·÷−²"
"""What makes a text look like a formula."""


class PalettePanel(Panel):
    """A search field over the list of everything there is."""

    title = N_("Palette")

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(studio, parent)
        self.search = QLineEdit()
        self.search.setObjectName("palette-search")
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._fill)
        self.search.installEventFilter(self)
        self.list = QListView()
        self.list.setObjectName("palette-list")
        self.list.setModel(Offers(self.list))
        self.list.setItemDelegate(Row(self))
        self.list.setUniformItemSizes(False)
        self.list.setDragEnabled(True)
        self.list.setDragDropMode(QAbstractItemView.DragDropMode.DragOnly)
        self.list.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.list.setMouseTracking(True)
        self.list.activated.connect(self._take)
        self.list.installEventFilter(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 2, 6, 0)
        column.setSpacing(6)
        column.addWidget(self.search)
        column.addWidget(self.list, 1)
        self.retitle()

    def refresh(self) -> None:
        """It shows the same whatever is current."""

    def retitle(self) -> None:
        """Say everything in the current language and the current colours."""
        self.search.setPlaceholderText(_("Search or type a formula…"))
        self.search.setAccessibleName(_("Search the palette, or type a formula"))
        self.list.setAccessibleName(_("Palette"))
        self._fill(self.search.text())

    def add(self, entry: Entry) -> None:
        """Put it on the canvas: beside what is selected, or where there is room.

        What takes one input is wired to the one node that is selected and feeds nothing yet.
        """
        project, sizes = self.studio.project, node_sizes(self.studio.project)
        beside = () if entry.is_data else self.studio.selection
        place = placing.free_place(project, beside, sizes=sizes)
        if entry.is_data:
            adding.add_data(self.studio, entry.name, place)
        elif (end := adding.open_end(self.studio)) and adding.takes_one_input(entry):
            adding.add_at(self.studio, entry.op, place, end)
        else:
            adding.add_op(self.studio, entry.op, place)

    def add_formula(self, text: str) -> None:
        """Put the gates of a formula on the canvas, in one edit, and select them."""
        before: Project = self.studio.project
        if self.studio.do(_("Formula"), placing.add_formula, text, measure=room_taken):
            new = self.studio.project.graph.nodes.keys() - before.graph.nodes.keys()
            self.studio.select(new)
            self.search.clear()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """In the search field Enter takes the first find, and the arrow leads into the list.

        In the list Space takes, as on a button; from its first row the arrow leads back.
        """
        if watched is self.list and event.type() == QEvent.Type.KeyPress:
            key, row = cast(QKeyEvent, event).key(), self.list.currentIndex().row()
            if key == Qt.Key.Key_Space:
                self._take(self.list.currentIndex())
                return True
            if key == Qt.Key.Key_Up and row <= self._first_row():
                self.search.setFocus(Qt.FocusReason.TabFocusReason)
                return True
        if watched is self.search and event.type() == QEvent.Type.KeyPress:
            key = cast(QKeyEvent, event).key()
            if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                if self.search.text().strip():
                    self._take(self.list.currentIndex())
                return True
            if key == Qt.Key.Key_Down:
                if not self.list.currentIndex().isValid():
                    first = self.list.model().index(self._first_row(), 0)
                    self.list.setCurrentIndex(first)
                self.list.setFocus(Qt.FocusReason.TabFocusReason)
                return True
            if key == Qt.Key.Key_Escape and self.search.text():
                self.search.clear()
                return True
        return super().eventFilter(watched, event)

    def _first_row(self) -> int:
        """The first row that can be taken."""
        model = self.list.model()
        rows = range(model.rowCount())
        taken = (
            r for r in rows if model.index(r, 0).data(ENTRY) or model.index(r, 0).data(FORMULA)
        )
        return next(taken, 0)

    def _fill(self, text: str) -> None:
        text = text.strip()
        model = cast(Offers, self.list.model())
        model.clear()
        offered = found(text)
        if text:
            self._fill_formula(model, text, offered)
        for section in SECTIONS:
            of_it = [entry for entry in offered if entry.section == section]
            if of_it:
                model.head(_(section).upper())
                for entry in of_it:
                    model.offer(entry)
        if not model.rowCount():
            model.say(self._why_nothing(text))
        self.list.scrollToTop()
        if text:
            self.list.setCurrentIndex(model.first(offered[0] if offered else None))

    def _fill_formula(self, model: Offers, text: str, offered: tuple[Entry, ...]) -> None:
        """A row for the formula, unless the text is just what something is called."""
        if offered and called(offered[0], text):
            return
        try:
            nodes = build(text).graph.nodes.values()
        except FormulaError:
            return
        if all(node.op.category == "source" for node in nodes):
            return
        count = len(nodes)
        words = ngettext("Add {count} node", "Add {count} nodes", count)
        model.head(_("Formula").upper())
        model.offer_formula(text, words.format(count=count))

    def _why_nothing(self, text: str) -> str:
        if any(sign in text for sign in SIGNS):
            try:
                build(text)
            except FormulaError as error:
                return str(error)
        return _("Nothing here is called so. Type a formula such as (x+y)*z, or a shorter word.")

    def _take(self, index: QModelIndex) -> None:
        entry, formula = index.data(ENTRY), index.data(FORMULA)
        if formula:
            self.add_formula(formula)
        elif entry is not None:
            self.add(entry)


class Offers(QStandardItemModel):
    """The rows of the palette: headings, entries, and sentences."""

    def head(self, text: str) -> None:
        """The name of a section."""
        self._say(text, heading=True)

    def say(self, text: str) -> None:
        """A sentence where there is nothing to offer."""
        self._say(text, heading=False)

    def offer(self, entry: Entry) -> None:
        """A gate or a data set."""
        item = QStandardItem(entry.title)
        item.setData(entry, ENTRY)
        item.setToolTip(entry.help)
        item.setData(entry.help, Qt.ItemDataRole.AccessibleDescriptionRole)
        self.appendRow(item)

    def offer_formula(self, text: str, words: str) -> None:
        """A formula that was typed."""
        item = QStandardItem(words)
        item.setData(text, FORMULA)
        item.setDragEnabled(False)
        self.appendRow(item)

    def first(self, best: Entry | None) -> QModelIndex:
        """The row of a formula, else that of the best find."""
        rows = (self.index(row, 0) for row in range(self.rowCount()))
        taken = (i for i in rows if i.data(FORMULA) or (best and i.data(ENTRY) == best))
        return next(taken, QModelIndex())

    def mimeTypes(self) -> list[str]:
        """What the canvas knows."""
        return [OP_TYPE, DATA_TYPE]

    def mimeData(self, indexes: Any) -> QMimeData:
        """What is dragged: a gate with its settings, or a data set by its name."""
        made = QMimeData()
        entries_there = [index.data(ENTRY) for index in indexes]
        for entry in entries_there[:1]:
            if entry is not None and entry.is_data:
                made.setData(DATA_TYPE, json.dumps({"data": entry.name}).encode())
            elif entry is not None:
                content = {"op": entry.name, "settings": entry.op.settings}
                made.setData(OP_TYPE, json.dumps(content).encode())
        return made

    def _say(self, text: str, *, heading: bool) -> None:
        item = QStandardItem(text)
        item.setFlags(Qt.ItemFlag.ItemIsEnabled if heading else Qt.ItemFlag.NoItemFlags)
        self.appendRow(item)


class Row(QStyledItemDelegate):
    """Draws a row: a tile and a title, or a heading in small capitals."""

    def __init__(self, panel: PalettePanel) -> None:
        super().__init__(panel)
        self._panel = panel

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """Headings have room above them; a sentence has as many lines as it needs."""
        type = self._panel.theme.type
        if index.data(ENTRY) is not None or index.data(FORMULA):
            return QSize(0, round((HEIGHT + 6) * type))
        if index.flags() & Qt.ItemFlag.ItemIsEnabled:
            return QSize(0, round((22 if index.row() == 0 else 32) * type))
        room = QRectF(0, 0, self._panel.list.viewport().width() - 8, 1000)
        lines = option.fontMetrics.boundingRect(room.toRect(), WRAPPED, str(index.data()))
        return QSize(0, lines.height() + 12)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """The row in the colours of the theme."""
        theme = self._panel.theme
        self.initStyleOption(option, index)
        # The stubs know no members of style options.
        known = cast(Any, option)
        rect = QRectF(known.rect)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if index.data(ENTRY) is not None or index.data(FORMULA):
            self._paint_offer(painter, known, rect, index)
        elif index.flags() & Qt.ItemFlag.ItemIsEnabled:
            font = QFont(known.font)
            font.setPixelSize(round(11 * theme.type))
            font.setWeight(QFont.Weight.DemiBold)
            font.setLetterSpacing(QFont.SpacingType.AbsoluteSpacing, 1.0)
            painter.setFont(font)
            painter.setPen(QColor(theme.colours["muted"]))
            low = rect.adjusted(2, 0, 0, -5 * theme.type)
            painter.drawText(low, Qt.AlignmentFlag.AlignBottom, str(index.data()))
        else:
            painter.setPen(QColor(theme.colours["muted"]))
            painter.drawText(rect.adjusted(2, 6, -6, -6), WRAPPED, str(index.data()))
        painter.restore()

    def _paint_offer(self, painter: QPainter, known: Any, rect: QRectF, index: Index) -> None:
        theme = self._panel.theme
        state = known.state
        if state & _SELECTED or state & _OVER:
            painter.setBrush(QColor(theme.colours["canvas"]))
            painter.setPen(Qt.PenStyle.NoPen)
            if state & _SELECTED:
                painter.setPen(QPen(QColor(theme.colours["accent"]), 1.2))
            painter.drawRoundedRect(rect.adjusted(0.6, 0.6, -3, -0.6), 6, 6)
        high, wide = HEIGHT * theme.type, WIDTH * theme.type
        place = QRectF(rect.x() + 4, rect.center().y() - high / 2, wide, high)
        entry = index.data(ENTRY)
        if entry is not None:
            pixmap = tile(entry, theme, self._panel.devicePixelRatioF())
            painter.drawPixmap(place.topLeft(), pixmap)
        else:
            painter.setPen(QColor(theme.colours["accent"]))
            painter.drawText(place, Qt.AlignmentFlag.AlignCenter, "ƒ")
        painter.setPen(QColor(theme.colours["text"]))
        painter.setFont(known.font)
        text = QRectF(place.right() + 9, rect.y(), rect.right() - place.right() - 14, rect.height())
        words = known.fontMetrics.elidedText(
            str(index.data()), Qt.TextElideMode.ElideRight, int(text.width())
        )
        painter.drawText(text, Qt.AlignmentFlag.AlignVCenter, words)


WRAPPED = int(Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignLeft)
_SELECTED, _OVER = QStyle.StateFlag.State_Selected, QStyle.StateFlag.State_MouseOver
