"""The runs of a project side by side: what they came to, and in what they differ."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, QSize, Qt
from PySide6.QtGui import QColor, QKeyEvent, QPalette
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QHBoxLayout,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from bpstudio.language import N_, _
from bpstudio.project.comparing import differences, name_of
from bpstudio.project.past import saved_along
from bpstudio.training.line import Run
from bpstudio.ui.panels.form import RIGHT
from bpstudio.ui.panels.panel import Panel, label
from bpstudio.ui.panels.run_lines import SAMPLE, sample
from bpstudio.ui.readout import grouped, loss_text
from bpstudio.ui.studio import Studio

FIXED = 5
"""Columns that are always there: name, steps, loss, accuracy, test accuracy."""


ROOM = 14
"""What the margins of a cell take, which its size does not count."""


class RunsPanel(Panel):
    """A line for each run; a tick draws it in the loss plot, Enter shows what it came to."""

    title = N_("Runs")
    pause = 1 / 2

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(studio, parent)
        self._key: object = None
        self.nothing = label("muted")
        self.nothing.setWordWrap(True)
        self.nothing.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.table = RunTable()
        self.table.itemChanged.connect(self._tick)
        self.table.itemActivated.connect(lambda _item: self._go())
        self.table.itemSelectionChanged.connect(self._enable)
        self.go, self.forget, self.keep = QPushButton(), QPushButton(), QCheckBox()
        self.go.clicked.connect(lambda _checked=False: self._go())
        self.forget.clicked.connect(lambda _checked=False: self._forget())
        buttons = QHBoxLayout()
        buttons.addWidget(self.go)
        buttons.addWidget(self.forget)
        self.keep.clicked.connect(self._keep)
        buttons.addStretch(1)
        buttons.addWidget(self.keep)
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 0, 10, 8)
        column.setSpacing(6)
        column.addWidget(self.nothing)
        column.addWidget(self.table, 1)
        column.addLayout(buttons)
        self.retitle()

    def minimumSizeHint(self) -> QSize:
        """It gets by with little room."""
        return QSize(120, 70)

    def retitle(self) -> None:
        """Say everything in the current language and the current colours."""
        theme = self.theme
        self.nothing.setText(
            _("What you train is listed here, to be compared. Nothing was trained yet.")
        )
        self.table.setAccessibleName(_("Runs"))
        self.go.setText(_("Show its end"))
        self.go.setToolTip(_("Show the weights that this run came to"))
        self.forget.setText(_("Forget"))
        self.forget.setToolTip(_("Take this run out of the project"))
        self.keep.setText(_("Keep in the file"))
        self.keep.setToolTip(_("Save the newest runs with the project, to compare them later"))
        self.table.verticalHeader().setDefaultSectionSize(round(24 * theme.type))
        palette = self.table.palette()
        palette.setColor(QPalette.ColorRole.Highlight, QColor(theme.colours["canvas"]))
        palette.setColor(QPalette.ColorRole.HighlightedText, QColor(theme.colours["text"]))
        self.table.setPalette(palette)
        self.table.setStyleSheet("QTableWidget::item { padding: 0 6px; }")
        self._key = None
        self.refresh()

    def refresh(self) -> None:
        """The runs that there are; the one that is looked at has the solid line."""
        past = self.studio.past
        runs = tuple(self.studio.project.runs.values())
        key = (runs, past.run, past.unseen, self.studio.project.saves_runs)
        if key == self._key:
            return
        self._key = key
        chosen = self._chosen()
        self.nothing.setVisible(not runs)
        for part in (self.table, self.go, self.forget, self.keep):
            part.setVisible(bool(runs))
        self.keep.setChecked(self.studio.project.saves_runs)
        with QSignalBlocker(self.table):
            self._fill(runs)
            for row, run in enumerate(runs):
                if run.id == chosen:
                    self.table.selectRow(row)
        self._enable()

    def _fill(self, runs: Sequence[Run]) -> None:
        rows = differences(runs)
        table, past = self.table, self.studio.past
        table.setRowCount(len(runs))
        table.setColumnCount(FIXED + len(rows))
        names = (_("Run"), _("Steps"), _("Loss"), _("Accuracy"), _("Test accuracy"))
        table.setHorizontalHeaderLabels([*names, *(row.name for row in rows)])
        for place, run in enumerate(runs):
            here = run.id == past.run
            name = QTableWidgetItem(sample(run, self.theme, here), name_of(run))
            name.setData(Qt.ItemDataRole.UserRole, run.id)
            seen = here or run.id not in past.unseen
            name.setCheckState(Qt.CheckState.Checked if seen else Qt.CheckState.Unchecked)
            if here:
                name.setFlags(name.flags() & ~Qt.ItemFlag.ItemIsUserCheckable)
            if run.parent in self.studio.project.runs:
                parent = name_of(self.studio.project.runs[run.parent])
                name.setToolTip(
                    _("From step {step} of {run}").format(step=grouped(run.start), run=parent)
                )
            table.setItem(place, 0, name)
            texts = (*_results(run), *(row.values[place] for row in rows))
            for column, text in enumerate(texts, start=1):
                item = QTableWidgetItem(text)
                item.setTextAlignment(RIGHT if column < FIXED else Qt.AlignmentFlag.AlignVCenter)
                item.setToolTip(text)
                table.setItem(place, column, item)
        table.resizeColumnsToContents()
        for column in range(table.columnCount()):
            table.setColumnWidth(column, table.columnWidth(column) + ROOM)
        tested = any(run.metrics is not None and run.metrics.test_accuracy for run in runs)
        judged = any(run.metrics is not None and run.metrics.accuracy is not None for run in runs)
        table.setColumnHidden(3, not judged)
        table.setColumnHidden(4, not tested)

    def _chosen(self) -> str:
        """The id of the run in the chosen line; empty where none is chosen."""
        rows = self.table.selectionModel().selectedRows()
        item = self.table.item(rows[0].row(), 0) if rows else None
        return "" if item is None else str(item.data(Qt.ItemDataRole.UserRole))

    def _enable(self) -> None:
        chosen = self._chosen()
        self.go.setEnabled(bool(chosen))
        self.forget.setEnabled(bool(chosen) and chosen != self.studio.project.trained.run)

    def _tick(self, item: QTableWidgetItem) -> None:
        if item.column() == 0 and item.flags() & Qt.ItemFlag.ItemIsUserCheckable:
            on = item.checkState() == Qt.CheckState.Checked
            self.studio.past.compare(str(item.data(Qt.ItemDataRole.UserRole)), on)

    def _go(self) -> None:
        run = self.studio.project.runs.get(self._chosen())
        if run is not None:
            self.studio.past.go_to(run.end, run.id)

    def _keep(self, on: bool) -> None:
        self.studio.do(_("Keep runs in the file"), saved_along, on)

    def _forget(self) -> None:
        self.studio.past.forget(self._chosen())


class RunTable(QTableWidget):
    """Lines to be chosen; Enter activates the chosen one."""

    def __init__(self) -> None:
        super().__init__(0, FIXED)
        self.verticalHeader().hide()
        self.setShowGrid(False)
        self.setIconSize(SAMPLE)
        self.setTabKeyNavigation(False)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.horizontalHeader().setHighlightSections(False)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter activates on every system."""
        item = self.currentItem()
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and item is not None:
            self.itemActivated.emit(item)
        else:
            super().keyPressEvent(event)


def _results(run: Run) -> tuple[str, str, str, str]:
    """Steps, loss, accuracy and test accuracy, as far as they are known."""
    metrics = run.metrics
    if metrics is None:
        return grouped(run.end), "", "", ""
    shares = [
        "" if share is None else f"{share:.0%}"
        for share in (metrics.accuracy, metrics.test_accuracy)
    ]
    return grouped(run.end), loss_text(metrics.loss), shares[0], shares[1]
