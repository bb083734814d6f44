"""The outline: the network as a tree that can be read aloud, walked and edited by keys alone.

It shows what the canvas shows: the same selection, the same step, the same numbers.
"""

from __future__ import annotations

from typing import Any, cast

from PySide6.QtCore import (
    QAbstractItemModel,
    QEvent,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QSignalBlocker,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QFont, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTreeView, QVBoxLayout, QWidget

from bpstudio.language import N_, _
from bpstudio.playback import describing
from bpstudio.project import boxing, edits
from bpstudio.ui.canvas import lines
from bpstudio.ui.panels import rows
from bpstudio.ui.panels.panel import Panel, label, present
from bpstudio.ui.panels.rows import BOX, NODE, PORT, Row
from bpstudio.ui.showing import Showing
from bpstudio.ui.studio import Studio

NAME, VALUE, GRADIENT = range(3)
DONE = 0.05
"""How long before its end a step is shown that was gone to: all of it has happened by then."""
Index = QModelIndex | QPersistentModelIndex
ROOT = QModelIndex()


class OutlinePanel(Panel):
    """The tree. Enter goes to the step of a row, F2 edits its title or its value."""

    title = N_("Outline")
    pause = 1 / 4

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(studio, parent)
        self.model = Outline(studio, self)
        self.tree = Tree()
        self.tree.setObjectName("outline-tree")
        self.tree.setModel(self.model)
        self.tree.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.tree.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.tree.setEditTriggers(
            QAbstractItemView.EditTrigger.EditKeyPressed
            | QAbstractItemView.EditTrigger.DoubleClicked
        )
        self.tree.setUniformRowHeights(True)
        self.tree.setIndentation(16)
        self.tree.setAllColumnsShowFocus(True)
        self.tree.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        head = self.tree.header()
        head.setStretchLastSection(False)
        head.setSectionsMovable(False)
        head.setMinimumSectionSize(40)
        for column, mode in ((NAME, "Stretch"), (VALUE, "Fixed"), (GRADIENT, "Fixed")):
            head.setSectionResizeMode(column, getattr(QHeaderView.ResizeMode, mode))
        self.tree.selectionModel().selectionChanged.connect(self._select)
        self.tree.stepped.connect(self._go_to_step)
        self.nothing = label("muted")
        self.nothing.setWordWrap(True)
        self.nothing.setAlignment(Qt.AlignmentFlag.AlignTop)
        column_layout = QVBoxLayout(self)
        column_layout.setContentsMargins(8, 0, 4, 4)
        column_layout.addWidget(self.nothing)
        column_layout.addWidget(self.tree, 1)
        self.retitle()

    def minimumSizeHint(self) -> QSize:
        """It gets by with little room."""
        return QSize(100, 70)

    def retitle(self) -> None:
        """Say everything in the current language and the current colours."""
        self.tree.setAccessibleName(_("Outline of the network"))
        self.tree.setAccessibleDescription(
            _("Arrows walk and unfold, Enter goes to the step of a node, F2 edits.")
        )
        self.nothing.setText(_("Nothing here yet"))
        self.tree.widest = round(86 * self.theme.type)
        self.tree.share()
        self.model.speak_anew()
        self.refresh()

    def refresh(self) -> None:
        """The rows of the project; those of the selected nodes are selected, and in sight."""
        unfolded = {row.key for row in self.model.rows if self.tree.isExpanded(self.model.at(row))}
        known = {row.key for row in self.model.rows}
        self.tree.quiet = True
        if self.model.follow(self.studio.shown):
            for row in self.model.rows:
                # What holds nodes is open at first, nodes are closed.
                new = row.key not in known and row.kind not in (NODE, PORT)
                if new or row.key in unfolded:
                    self.tree.setExpanded(self.model.at(row), True)
        empty = not self.model.rowCount()
        self.nothing.setVisible(empty)
        self.tree.setVisible(not empty)
        self._mirror()
        self.tree.quiet = False

    def _mirror(self) -> None:
        """Select what the studio has selected; keep it, or the present step, in sight."""
        chosen = self.studio.selection
        if chosen != self._chosen():
            picked = QItemSelection()
            wanted = [row for row in self.model.rows if row.kind == NODE and row.id in chosen]
            for row in wanted:
                picked.select(self.model.at(row), self.model.at(row, GRADIENT))
            flags = QItemSelectionModel.SelectionFlag
            with QSignalBlocker(self.tree.selectionModel()):
                if wanted:
                    here = self.model.at(wanted[0])
                    self.tree.selectionModel().setCurrentIndex(here, flags.NoUpdate)
                self.tree.selectionModel().select(picked, flags.ClearAndSelect | flags.Rows)
            if wanted:
                self.tree.scrollTo(self.model.at(wanted[0]))
            self.tree.viewport().update()
        elif self.model.present is not None and not self.tree.hasFocus():
            self.tree.scrollTo(self.model.at(self.model.present))

    def _chosen(self) -> frozenset[str]:
        """The nodes of the rows that are selected."""
        picked = self.tree.selectionModel().selectedRows()
        project = self.studio.project
        return frozenset(
            id for index in picked for id in rows.nodes(project, self.model.row(index))
        )

    def _select(self, _new: QItemSelection, _old: QItemSelection) -> None:
        if not self.tree.quiet:
            self.studio.select(self._chosen())

    def _go_to_step(self, index: QModelIndex) -> None:
        """Show the step that gave the node its value, or in that column its gradient."""
        timeline, row = self.studio.shown.timeline, self.model.row(index)
        if timeline is not None and row.kind in (NODE, PORT):
            times = timeline.arrived_at if index.column() == GRADIENT else timeline.known_at
            number = times.get(row.id)
            if number:
                self.studio.show_position(number - DONE)


class Tree(QTreeView):
    """A tree in which Enter goes to a step, and F2 is its own and not the window's.

    `quiet` says that what is selected changes because something else was selected first, and
    `widest` how wide a column of numbers is where there is room.
    """

    stepped = Signal(QModelIndex)
    """Enter was pressed at that place."""

    def __init__(self) -> None:
        super().__init__()
        self.quiet = False
        self.widest = 86

    def share(self) -> None:
        """Give numbers as much room as they take, but never so much that no name can be read."""
        wide = min(self.widest, round(0.29 * self.viewport().width()))
        for column in (VALUE, GRADIENT):
            self.setColumnWidth(column, wide)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another width is shared anew."""
        super().resizeEvent(event)
        self.share()

    def event(self, event: QEvent) -> bool:
        """F2 edits the row that is current, wherever in the window it would do so otherwise."""
        asked = isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride
        if asked and cast(QKeyEvent, event).key() == Qt.Key.Key_F2:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter goes to a step; Ctrl with left or right goes to another column."""
        key, here = event.key(), self.currentIndex()
        sideways = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
        control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        editing = self.state() == QAbstractItemView.State.EditingState
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and here.isValid() and not editing:
            self.stepped.emit(here)
        elif control and key in sideways and here.isValid():
            column = max(NAME, min(here.column() + sideways[Qt.Key(key)], GRADIENT))
            flags = QItemSelectionModel.SelectionFlag.NoUpdate
            self.selectionModel().setCurrentIndex(here.siblingAtColumn(column), flags)
        else:
            super().keyPressEvent(event)


class Outline(QAbstractItemModel):
    """The rows of a project with their values and gradients, as Qt and screen readers ask for them.

    `rows` are all rows, `present` the one at which something happens now.
    """

    def __init__(self, studio: Studio, parent: QObject) -> None:
        super().__init__(parent)
        self._studio = studio
        self._shown: Showing = studio.shown
        self._graph: object = None
        self._boxes: object = None
        self._top: list[Row] = []
        self._places: dict[Row, int] = {}
        self.rows: list[Row] = []
        self.present: Row | None = None

    def speak_anew(self) -> None:
        """Another language: every row says something else."""
        self._graph = None

    def follow(self, shown: Showing) -> bool:
        """Show what is shown; whether there are other rows now."""
        project = shown.project
        parts = project.graph, (project.boxes, project.groups)
        new = parts[0] is not self._graph or parts[1] != self._boxes
        if new:
            self.beginResetModel()
            self._graph, self._boxes = parts
            self._top = rows.tree(project)
            self.rows = list(rows.each(self._top))
            self._places = {row: place for place, row in enumerate(self.rows)}
        self._shown = shown
        moment = present(shown)
        here = None if moment is None else moment.node
        self.present = next((r for r in self.rows if r.kind == NODE and r.id == here), None)
        if new:
            self.endResetModel()
        else:
            self._say_changed(self._top)
        return new

    def at(self, row: Row, column: int = NAME) -> QModelIndex:
        """The index of a row."""
        siblings = self._top if row.parent is None else row.parent.children
        return self.createIndex(siblings.index(row), column, self._places[row])

    def row(self, index: Index) -> Row:
        """The row of a valid index."""
        return self.rows[index.internalId()]

    def index(self, row: int, column: int, parent: Index = ROOT) -> QModelIndex:
        """As Qt has it."""
        siblings = self.row(parent).children if parent.isValid() else self._top
        if not (0 <= row < len(siblings) and 0 <= column <= GRADIENT):
            return QModelIndex()
        return self.createIndex(row, column, self._places[siblings[row]])

    def parent(self, index: Index = ROOT) -> Any:
        """As Qt has it; without an index, the object that this belongs to."""
        above = self.row(index).parent if index.isValid() else None
        return QModelIndex() if above is None else self.at(above)

    def rowCount(self, parent: Index = ROOT) -> int:
        """How many rows lie below."""
        if not parent.isValid():
            return len(self._top)
        return len(self.row(parent).children) if parent.column() == NAME else 0

    def columnCount(self, parent: Index = ROOT) -> int:
        """Name, value, gradient."""
        return GRADIENT + 1

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        """The names of the columns."""
        if role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return (_("node"), _("value"), _("gradient"))[section]
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Titles of nodes and boxes can be edited, and the values of sources."""
        flags = Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsEnabled
        if index.isValid() and self._can_edit(self.row(index), index.column()):
            flags |= Qt.ItemFlag.ItemIsEditable
        return flags

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Texts, colours, and what a screen reader says."""
        row, column, shown = self.row(index), index.column(), self._shown
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            spoken = role == Qt.ItemDataRole.AccessibleTextRole
            return self._spoken(row, column) if spoken else self._text(row, column)
        if role == Qt.ItemDataRole.EditRole:
            return self._edited(row, column)
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleDescriptionRole):
            return rows.sentence(shown.project, row, self._held, shown.instant)
        if role == Qt.ItemDataRole.ForegroundRole and column != NAME:
            theme = self._studio.theme
            return QColor(theme.colours["forward" if column == VALUE else "gradient"])
        if role == Qt.ItemDataRole.FontRole and row is self.present and column == NAME:
            font = QFont()
            font.setBold(True)
            return font
        return None

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """What was typed, as an edit; whether it could be made."""
        row, studio, text = self.row(index), self._studio, str(value).strip()
        if role != Qt.ItemDataRole.EditRole or text == self._edited(row, index.column()):
            return False
        if index.column() == VALUE:
            key = lines.value_key(studio.project, row.id)
            return key is not None and lines.take_value(studio, key, text)
        if row.kind == BOX:
            return studio.do(_("Rename"), boxing.name_box, row.id, text)
        return studio.do(_("Rename"), edits.rename, row.id, text)

    @property
    def _held(self) -> rows.Held:
        project = self._shown.project
        return {**project.statistics, **project.given, **self._shown.weights}

    def _text(self, row: Row, column: int) -> str:
        shown = self._shown
        if column == NAME:
            mark = "▸ " if row is self.present else ""
            return mark + rows.title(shown.project, row)
        both = rows.numbers(shown.project, row, self._held, shown.instant, describing.short)
        return both[column - VALUE]

    def _spoken(self, row: Row, column: int) -> str:
        """In its first column a row says all about itself."""
        shown = self._shown
        if column == NAME:
            return rows.sentence(shown.project, row, self._held, shown.instant)
        words = _("value {value}") if column == VALUE else _("gradient {value}")
        both = rows.numbers(shown.project, row, self._held, shown.instant)
        return words.format(value=both[column - VALUE] or _("none yet"))

    def _edited(self, row: Row, column: int) -> str:
        """What is edited: the title as it was given, or the value as it is typed."""
        project = self._shown.project
        if column == VALUE:
            key = lines.value_key(project, row.id) if self._can_edit(row, column) else None
            return "" if key is None else lines.typed_value(project, key)
        if row.kind == BOX:
            return project.boxes[row.id].title
        return project.graph[row.id].title if row.kind == NODE else ""

    def _can_edit(self, row: Row, column: int) -> bool:
        if column == NAME:
            return row.kind in (NODE, BOX)
        project = self._shown.project
        return column == VALUE and row.kind == NODE and lines.value_key(project, row.id) is not None

    def _say_changed(self, siblings: list[Row]) -> None:
        """Numbers may have changed in these rows and below them."""
        if siblings:
            first, last = self.at(siblings[0]), self.at(siblings[-1], GRADIENT)
            self.dataChanged.emit(first, last)
        for row in siblings:
            self._say_changed(row.children)
