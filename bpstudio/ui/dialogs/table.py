"""How a table is to be read: its cells, the roles of its columns, gaps, scale and split."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QPlainTextEdit,
    QProgressBar,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
)

from bpstudio.data import tables
from bpstudio.data.cells import WrongCells
from bpstudio.data.choices import Choices, Report, Role
from bpstudio.data.dataset import Dataset
from bpstudio.data.delimited import Layout
from bpstudio.errors import StudioError
from bpstudio.language import N_, _
from bpstudio.ui.dialogs.tables import Reading, use
from bpstudio.ui.panels.form import Choice, Form, Whole
from bpstudio.ui.panels.panel import label

if TYPE_CHECKING:
    from bpstudio.ui.window import Window

MOST_COLUMNS, MOST_ROWS = 200, 50
"""What is shown of a table; further columns are used as they seem to be meant."""
LONGEST = 60

ROLES: tuple[tuple[str, Role], ...] = (
    (N_("Input: numbers"), Role("input", "number")),
    (N_("Input: categories"), Role("input", "category")),
    (N_("To learn"), Role("target", "")),
    (N_("To learn: classes"), Role("target", "category")),
    (N_("To learn: values"), Role("target", "number")),
    (N_("Left out"), Role("ignore", "")),
)
ENCODINGS = ((N_("found out"), None), ("UTF-8", "utf-8-sig"), ("CP949", "cp949"))
DELIMITERS = ((N_("found out"), None), (",", ","), (";", ";"), (N_("tab"), "\t"), ("|", "|"))
HEADERS = ((N_("found out"), None), (N_("names"), True), (N_("data"), False))
DECIMALS = ((N_("found out"), ""), ("1.5", "."), ("1,5", ","))
GAPS = (
    (N_("name them"), "refuse"),
    (N_("leave the rows out"), "drop"),
    (N_("fill with the mean"), "fill"),
)


class TableDialog(QDialog):
    """Shows the first rows of a table as they would be read, and reads it beside the window."""

    def __init__(self, window: Window, file: str, name: str, source: Callable[[], bytes]) -> None:
        super().__init__(window)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(_("Table: {file}").format(file=file))
        self._window, self._file, self._name = window, file, name
        self._source = source
        self._content = b""
        self._reading: Reading | None = None
        self._seen: tables.Preview | None = None
        self.cut, self.rows = Form(), Form()
        self._make_rows()
        self.grid = QTableWidget()
        self.grid.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.grid.setAccessibleName(_("The first rows of the table"))
        self.grid.verticalHeader().setVisible(False)
        self.grid.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        self.said = label("muted")
        self.said.setWordWrap(True)
        self.wrong = QPlainTextEdit()
        self.wrong.setReadOnly(True)
        self.wrong.setMaximumHeight(90)
        self.wrong.setAccessibleName(_("What can't be read"))
        self.wrong.hide()
        self.bar = QProgressBar()
        self.bar.setRange(0, 100)
        self.bar.setTextVisible(False)
        self.bar.setMaximumHeight(8)
        self.bar.hide()
        self.accepting = QPushButton(_("Use this table"))
        self.accepting.setProperty("role", "primary")
        self.accepting.setDefault(True)
        self.accepting.clicked.connect(self._read)
        self.cancelling = QPushButton(_("Cancel"))
        self.cancelling.clicked.connect(self._cancel)
        self._lay_out()
        self.resize(min(760, window.width() - 20), min(540, window.height() - 20))
        self._look()

    def roles(self) -> tuple[Role, ...]:
        """What each column is for, as it is chosen now."""
        assert self._seen is not None
        guessed = list(self._seen.roles)
        for index in range(self.grid.columnCount()):
            field = self.grid.cellWidget(0, index)
            if isinstance(field, Choice):
                guessed[index] = ROLES[field.currentData()][1]
        return tuple(guessed)

    def choose(self, column: int, role: Role) -> None:
        """Make a column play that role; one column of classes is learned, or several of values."""
        self._show_role(column, role)
        self._one_target(column)

    def choices(self) -> Choices:
        """All that is chosen."""
        fields = self.rows.fields
        return Choices(
            self._layout(),
            _data(self.cut.fields["decimal"]),
            self.roles(),
            _data(fields["gaps"]),
            bool(_data(fields["normalise"])),
            _number(fields["share"]) / 100,
            _number(fields["seed"]),
        )

    def closeEvent(self, event: QCloseEvent) -> None:
        """Nothing goes on behind a closed dialog."""
        self._stop()
        super().closeEvent(event)

    def reject(self) -> None:
        """Escape gives it up."""
        self._stop()
        super().reject()

    def _make_rows(self) -> None:
        offered = (
            ("encoding", _("Encoding"), ENCODINGS, self.cut),
            ("delimiter", _("Between cells"), DELIMITERS, self.cut),
            ("header", _("First line"), HEADERS, self.cut),
            ("decimal", _("Decimal mark"), DECIMALS, self.cut),
            ("gaps", _("Missing cells"), GAPS, self.rows),
            ("normalise", _("Normalise"), ((N_("no"), False), (N_("yes"), True)), self.rows),
        )
        for key, words, values, form in offered:
            field = Choice()
            field.offer([_(text) for text, _value in values], [value for _text, value in values])
            field.setCurrentIndex(0)
            form.row(key, field)
            form.say(key, words, _HELP.get(key, "") and _(_HELP[key]))
            if form is self.cut and key != "decimal":
                field.activated.connect(lambda _index: self._look())
        for key, words, low, high, value in (
            ("share", _("Kept for testing (%)"), 0, 90, 20),
            ("seed", _("Seed of the split"), 0, 2**31 - 1, 1),
        ):
            whole = Whole(low, high)
            whole.setValue(value)
            self.rows.row(key, whole)
            self.rows.say(key, words)
        theme = self._window.studio.theme
        self.cut.dress(theme)
        self.rows.dress(theme)

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 14, 16, 12)
        column.setSpacing(8)
        forms = QHBoxLayout()
        forms.setSpacing(24)
        forms.addWidget(self.cut, 1, Qt.AlignmentFlag.AlignTop)
        forms.addWidget(self.rows, 1, Qt.AlignmentFlag.AlignTop)
        column.addLayout(forms)
        column.addWidget(self.grid, 1)
        column.addWidget(self.said)
        column.addWidget(self.wrong)
        column.addWidget(self.bar)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(self.cancelling)
        row.addWidget(self.accepting)
        column.addLayout(row)

    def _layout(self) -> Layout:
        fields = self.cut.fields
        return Layout(*(_data(fields[key]) for key in ("encoding", "delimiter", "header")))

    def _look(self) -> None:
        """Show the first rows as they are cut now."""
        layout = self._layout()

        def task(report: Report) -> tuple[bytes, tables.Preview]:
            content = self._content or self._source()
            return content, tables.look(content, self._file, layout, MOST_ROWS, report)

        self._begin(Reading(task, self), self._show)

    def _read(self) -> None:
        """Read all of it."""
        content, file, name, choices = self._content, self._file, self._name, self.choices()
        self.bar.setValue(0)
        reading = Reading(
            lambda report: tables.dataset(content, file, name, choices, report=report), self
        )
        reading.told.connect(lambda part: self.bar.setValue(round(100 * part)))
        self._begin(reading, self._take)
        self.bar.show()

    def _begin(self, reading: Reading, then: Callable[[Any], None]) -> None:
        self._stop()
        self._reading = reading
        self.accepting.setEnabled(False)
        self.wrong.hide()

        def ended(found: object) -> None:
            self._reading = None
            self.bar.hide()
            self.accepting.setEnabled(self._seen is not None)
            if isinstance(found, StudioError):
                self._complain(found)
            else:
                then(found)

        reading.done.connect(ended)

    def _stop(self) -> None:
        if self._reading is not None:
            self._reading.drop()
            self._reading = None
            self.bar.hide()
            self.accepting.setEnabled(self._seen is not None)

    def _cancel(self) -> None:
        """Give up the reading that goes on, or else the dialog."""
        if self._reading is not None and self._seen is not None:
            self._stop()
        else:
            self.reject()

    def _show(self, found: tuple[bytes, tables.Preview]) -> None:
        self._content, seen = found
        self._seen = seen
        self.accepting.setEnabled(True)
        count = min(len(seen.names), MOST_COLUMNS)
        self.grid.clear()
        self.grid.setColumnCount(count)
        self.grid.setRowCount(len(seen.rows) + 1)
        self.grid.setHorizontalHeaderLabels([name[:LONGEST] for name in seen.names[:count]])
        for index in range(count):
            field = Choice()
            field.offer([_(words) for words, _role in ROLES], list(range(len(ROLES))))
            field.setAccessibleName(_("What {column} is for").format(column=seen.names[index]))
            field.activated.connect(lambda _chosen, column=index: self._one_target(column))
            self.grid.setCellWidget(0, index, field)
            self._show_role(index, seen.roles[index])
            for row, cells in enumerate(seen.rows, 1):
                cell = cells[index] if index < len(cells) else ""
                self.grid.setItem(row, index, QTableWidgetItem(cell[:LONGEST]))
            self.grid.setColumnWidth(index, 150)
        self._say(seen)

    def _say(self, seen: tables.Preview) -> None:
        names: dict[str | None, str] = {
            value: text for text, value in (*ENCODINGS, *DELIMITERS) if value
        }
        self.said.setText(
            _(
                "{columns} columns, read as {encoding}; what stands between cells: {delimiter}"
            ).format(
                encoding=names.get(seen.layout.encoding, seen.layout.encoding or ""),
                delimiter=_(names.get(seen.layout.delimiter, seen.layout.delimiter or "")),
                columns=len(seen.names),
            )
        )

    def _show_role(self, column: int, role: Role) -> None:
        field = self.grid.cellWidget(0, column)
        assert isinstance(field, Choice)
        known = [each for _words, each in ROLES]
        same = known.index(role) if role in known else 0
        field.setCurrentIndex(len(ROLES) - 1 if role.use == "ignore" else same)

    def _one_target(self, column: int) -> None:
        assert self._seen is not None
        roles = self.roles()
        chosen = roles[column]
        if chosen.use != "target":
            return
        for index, role in enumerate(roles[: self.grid.columnCount()]):
            both_values = chosen.kind == role.kind == "number"
            if index != column and role.use == "target" and not both_values:
                self._show_role(
                    index, Role("input", "category" if role.kind == "category" else "number")
                )

    def _take(self, data: Dataset) -> None:
        if use(self._window, data):
            self.accept()

    def _complain(self, error: StudioError) -> None:
        cells = error.cells if isinstance(error, WrongCells) else (error,)
        self.wrong.setPlainText("\n".join(map(str, cells)))
        self.wrong.show()


_HELP = {
    "gaps": N_("What becomes of a row in which a cell is empty, NA or ?"),
    "normalise": N_(
        "(x − mean) / deviation of the rows to train on; kept with the project and done for new "
        "rows and in what is exported"
    ),
}


def _data(field: object) -> Any:
    assert isinstance(field, Choice)
    return field.currentData()


def _number(field: object) -> int:
    assert isinstance(field, Whole)
    return field.value()
